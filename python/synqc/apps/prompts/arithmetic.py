"""Problems of arithmetic by rules in code: an engineer, checker and judge for whom no model is needed.

They show the whole of a generation on any machine, with a model of that machine as the target alone.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any, Final

from synqc.apps.prompts.request import GenerationRequest, Limits, ModelName, PromptTexts, RoleModels
from synqc.llm import Completion, MalformedAnswer, Request, Spent

__all__ = ["ARITHMETIC", "ArithmeticRules", "demonstration"]

ARITHMETIC: Final = ModelName("arithmetic", "rules")
"""Who plays the roles."""

_TARGET: Final = "Answer with one number and nothing else: no words, no working."
_TOPICS: Final = {
    "Arithmetic": ["Sums of three numbers", "Products of two numbers", "Remainders", "Percentages"],
}
_HINTS: Final = {"0": "Do it step by step.", "1": "Estimate the result first.", "2": "Check the last digit."}


def _sum(chance: random.Random) -> str:
    first, second, third = (chance.randrange(1000, 10000) for _ in range(3))
    return f"{_person(chance)} counts {first} {_things(chance)}, then {second} and {third} more. How many are that?"


def _product(chance: random.Random) -> str:
    first, second = chance.randrange(23, 99), chance.randrange(123, 999)
    return f"{_person(chance)} fills {first} boxes with {second} {_things(chance)} each. How many are that?"


def _remainder(chance: random.Random) -> str:
    whole, part = chance.randrange(10_000, 99_999), chance.randrange(13, 97)
    return f"{_person(chance)} packs {whole} {_things(chance)} in bags of {part}. How many are left over?"


def _percentage(chance: random.Random) -> str:
    part, whole = chance.randrange(11, 89), 100 * chance.randrange(37, 997)
    return f"{_person(chance)} sells {part} percent of {whole} {_things(chance)}. How many are sold?"


_WRITERS: Final[dict[str, Callable[[random.Random], str]]] = {
    "Sums of three numbers": _sum, "Products of two numbers": _product, "Remainders": _remainder,
    "Percentages": _percentage,
}  # fmt: skip
_READERS: Final[tuple[tuple[str, Callable[..., int]], ...]] = (
    (r"counts (\d+) .*, then (\d+) and (\d+) more", lambda *numbers: sum(numbers)),
    (r"fills (\d+) boxes with (\d+) ", lambda boxes, each: boxes * each),
    (r"packs (\d+) .* in bags of (\d+)", lambda whole, part: whole % part),
    (r"sells (\d+) percent of (\d+) ", lambda part, whole: part * whole // 100),
)
_PEOPLE: Final = (
    "Ada", "Bhaskara", "Chen", "Dirac", "Emmy", "Fermat", "Grace", "Hypatia", "Ibn Sina", "Jia", "Kovalevskaya",
    "Lagrange", "Maryam", "Noether", "Omar", "Pascal", "Ramanujan", "Sophie", "Turing", "Ulam",
)  # fmt: skip
_THINGS: Final = (
    "acorns", "beads", "candles", "dominoes", "eggs", "feathers", "grains of rice", "hazelnuts", "ink pens",
    "jars of honey", "keys", "lemons", "marbles", "needles", "oranges", "pebbles", "quills", "ribbons", "stamps",
    "tiles",
)  # fmt: skip


class ArithmeticRules:
    """Provider that writes problems, recomputes them and compares answers, all by rules.

    Examples:
        >>> computed("Ada fills 24 boxes with 125 beads each. How many are that?")
        3000
    """

    name, most_at_once, is_local = "arithmetic", 64, True

    async def acomplete(self, request: Request, read: Callable[[str], Any] = str, **_: Any) -> Completion[Any]:
        """Answer as the role that the form of the answer tells."""
        told = str(request.messages[-1].content)
        form = "" if request.form is None else request.form.name
        text = {"problem": _written, "check": _checked, "equality": _compared, "": _solved}[form](told)
        try:
            value = read(text)
        except ValueError as error:
            raise MalformedAnswer(str(error), answer=text) from None
        return Completion(value, text, request.model, "stop", Spent(1, 0, 0))

    def close(self) -> None:
        """Nothing is open."""


def computed(problem: str) -> int | None:
    """What the answer to a problem is, read from its words; None for words of others."""
    for words, compute in _READERS:
        found = re.search(words, problem)
        if found is not None:
            return compute(*map(int, found.groups()))
    return None


def demonstration(target: ModelName, *, rows: int, deadline_s: float, seed: int = 0) -> GenerationRequest:
    """A generation that needs no other model than its target.

    Args:
        target: Shall fail.
        rows: How many problems.
        deadline_s: When to stop.
        seed: Seed of every draw.
    """
    return GenerationRequest(
        rows=rows, models=RoleModels(ARITHMETIC, ARITHMETIC, target), taxonomy=_TOPICS,
        limits=Limits(deadline_s=deadline_s, duplicate_rate=None, error_rate=None), workers=2, seed=seed,
        most_tokens=24, prompts=PromptTexts(target=_TARGET),
        name="Demonstration",
    )  # fmt: skip


def _written(told: str) -> str:
    told_lines = dict(line.split(": ", 1) for line in told.splitlines() if ": " in line)
    problem = _WRITERS[told_lines["Topic"]](random.Random(told_lines["Variation"]))
    return json.dumps(
        {"subject": told_lines["Subject"], "topic": told_lines["Topic"], "problem": problem,
         "answer": str(computed(problem)), "hints": _HINTS}
    )  # fmt: skip


def _checked(told: str) -> str:
    given = json.loads(told)
    valid = str(computed(given["problem"])) == given["answer"].strip()
    return json.dumps(
        {"valid": valid, "reason": "Computed anew, it is so." if valid else "Computed anew, it is not so."}
    )


def _compared(told: str) -> str:
    """Where computation could not tell: the last number of an answer counts."""
    given = json.loads(told)
    numbers = re.findall(r"-?\d+(?:\.\d+)?", given["model_answer"].replace(",", ""))
    equal = bool(numbers) and float(numbers[-1]) == float(given["true_answer"])
    reason = f"Its last number is {numbers[-1]}." if numbers else "It holds no number."
    return json.dumps({"valid": equal, "reason": reason, "equivalence_confidence": 0.9})


def _solved(problem: str) -> str:
    return str(computed(problem))


def _person(chance: random.Random) -> str:
    return chance.choice(_PEOPLE)


def _things(chance: random.Random) -> str:
    return chance.choice(_THINGS)
