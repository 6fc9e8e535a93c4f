"""A whole job with a small model of this machine: arithmetic problems that it fails, their time and their rates."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from synqc.cli.outputs import note
from synqc.cli.prompts.generation import ended, made, summary_of
from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.row_card import harmless
from synqc.cli.tables import json_text
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.request import ModelName

__all__ = ["add_options", "demo"]

_USUAL_PROBLEMS = 20
_USUAL_SECONDS = 300.0


def add_options(parser: Any) -> None:
    """Declare them."""
    parser.add_argument("--model", metavar="NAME", help="of `synqc models list`; default the best on this machine")
    parser.add_argument("--num-problems", type=int, default=_USUAL_PROBLEMS, metavar="N", help="default 20")
    parser.add_argument(
        "--deadline", type=float, default=_USUAL_SECONDS, metavar="SECONDS", help="stop then; default 300"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of every draw; default 0")


def demo(arguments: argparse.Namespace) -> bool:
    """Make them, and print what they are, how long that took and how many came of how many attempts."""
    from synqc.apps.prompts.arithmetic import ArithmeticRules, demonstration

    with opened(providers={"arithmetic": ArithmeticRules()}) as application:
        model = _model(application, arguments.model)
        request = demonstration(
            model, rows=arguments.num_problems, deadline_s=arguments.deadline, seed=arguments.seed
        )  # fmt: skip
        if not arguments.quiet and not arguments.json:
            note(f"The target is {model}. Problems are written, checked and solved anew by rules in code.")
        code, status = made(application, application.submit(request), shown=not arguments.quiet)
        if arguments.json:
            funnel = application.funnel(status.job_id)
            print(json_text({**status.to_dict(), "funnel": funnel.to_dict()}))
            return ended(code)
        for row in application.export_rows(status.job_id):
            target = row.target_answers[0] if row.target_answers else ""
            problem, answer, said = (" ".join(harmless(one, 300).split()) for one in (row.problem, row.answer, target))
            print(f"{problem}\n  is {answer}; the model says {said}")
        if not arguments.quiet:
            note(summary_of(status))
            note(_rates(application, status))
    return ended(code)


def _rates(application: PromptsApplication, status: Any) -> str:
    funnel = application.funnel(status.job_id)
    seconds = (status.ended_at or 0.0) - (status.started_at or status.ended_at or 0.0)
    per_row = f"{seconds / status.accepted:.1f} s" if status.accepted else "no time that is known"
    causes = ", ".join(f"{count} {cause.value}" for cause, count in funnel.by_cause.items() if count) or "none"
    return f"{seconds:.0f} s, {per_row} for each accepted; of {funnel.attempted} attempts, not accepted: {causes}."


def _model(application: PromptsApplication, name: str | None) -> ModelName:
    from synqc.apps.prompts.request import ModelName
    from synqc.llm.choice import choose

    if name is not None:
        return ModelName("local", name)
    choice = choose(application.settings.model_copy(update=_WITHOUT_SERVERS), model="")
    if choice.path is None:
        raise InputError(f"The demonstration needs a model of this machine. {choice.words}")
    return ModelName("local", choice.model)


_WITHOUT_SERVERS: dict[str, Any] = {"openai_api_key": None, "openai_base_url": None, "ollama_host": None}
