"""`synqc recommend`: a configuration from the runs of the service's database, and how far to trust it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from synqc.cli.options import parse_whole
from synqc.cli.service_extra import require_service_extra
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.recommender import Evaluation, Recommendation

__all__ = ["add_command", "text_of"]

_GOALS = ("maximize-fidelity", "minimize-latency", "info-vs-damage", "stability-window")


def add_command(commands: Any) -> None:
    """Declare it."""
    parser = commands.add_parser(
        "recommend",
        description="Recommend a configuration from the runs of the service's database (SYNQC_STATE_DIR or "
        "SYNQC_DATABASE_URL), which may be in use. Nothing is applied. --evaluate judges every method by the simulator "
        "on sessions and presets that it has not seen, and keeps what came of it for the service.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--goal", default=_GOALS[0], choices=_GOALS, metavar="NAME",
        help=f"objective: {', '.join(_GOALS)}; default: {_GOALS[0]}",
    )  # fmt: skip
    parser.add_argument("--preset", default="transmon-default", metavar="NAME", help="default: transmon-default")
    parser.add_argument("--target", default="sim-local", metavar="NAME", help="default: sim-local")
    parser.add_argument("--evaluate", action="store_true", help="judge the methods before")
    parser.add_argument("--sessions", type=parse_whole, default=10, metavar="N", help="to judge on; default: 10")
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    parser.set_defaults(act=_act)


def _act(arguments: argparse.Namespace) -> bool:
    require_service_extra()
    from synqc.apps.tds.recommendations import EVALUATIONS, RunHistory, evaluate_goals, read_evaluations
    from synqc.apps.tds.settings import TdsSettings
    from synqc.jobs.tables.schema import COMPONENT
    from synqc.recommender import recommend, usual_settings
    from synqc.storage import sqlite
    from synqc.storage.database import open_shared

    settings = TdsSettings.from_environment()
    location = settings.location
    if location.url is None and not (location.state_dir / sqlite.NAME).is_file():
        raise InputError(
            f"There is no database at {location.state_dir / sqlite.NAME}: set SYNQC_STATE_DIR or SYNQC_DATABASE_URL."
        )
    with closing(open_shared(location, [COMPONENT])) as database:
        history = RunHistory(database).read()
    if arguments.evaluate:
        evaluate_goals(history, [arguments.goal], settings, most_sessions=arguments.sessions)
    evaluation = read_evaluations(location.state_dir / EVALUATIONS)[0].get(arguments.goal)
    found = recommend(
        history, arguments.goal, device=arguments.preset, target=arguments.target, evaluation=evaluation,
        candidates=usual_settings(
            max_probe_strength=settings.max_probe_strength, max_probe_duration_ns=settings.max_probe_duration_ns
        ),
    )  # fmt: skip
    if arguments.json:
        document = dataclasses.asdict(found) | {"evaluation": None if evaluation is None else evaluation.to_dict()}
        sys.stdout.write(json_text(document) + "\n")
    else:
        sys.stdout.write(text_of(found, evaluation) + "\n")
    return False


def text_of(found: Recommendation, evaluation: Evaluation | None) -> str:
    """A recommendation and the regrets of all methods, for a person."""
    lines = [f"{found.method}: {_words(found.setting)}", found.why, ""]
    rows = [[name, _words(setting)] for name, setting in found.baselines.items()]
    lines.append(table(("method", "would choose"), rows))
    if evaluation is not None:
        regrets = [
            [protocol, name, str(tries), f"{regret.mean:.3f}",
             "" if regret.standard_error is None else f"{regret.standard_error:.3f}", str(regret.sessions)]
            for protocol, of_tries in evaluation.regrets.items()
            for tries, methods in of_tries.items() for name, regret in methods.items()
        ]  # fmt: skip
        lines += ["", table(("judged by", "method", "tries", "regret", "±", "sessions"), regrets, numbers=(2, 3, 4, 5))]
        lines += evaluation.notes
    return "\n".join(lines)


def _words(setting: Any) -> str:
    return (
        f"probe_strength {setting.probe_strength:g}, probe_duration_ns {setting.probe_duration_ns:g}, "
        f"{setting.envelope}, rule {setting.adaptive_rule}"
    )
