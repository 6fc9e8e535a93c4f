"""Roles: what each model is asked, and how its answer is read into a typed value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from synqc import json
from synqc.apps.prompts import prompt_words
from synqc.apps.prompts.draws import Draw, number_of
from synqc.apps.prompts.request import GenerationRequest, ModelName, SeedProblem
from synqc.llm import JsonForm, Message, Request

__all__ = ["Asked", "Check", "Equality", "Problem", "Roles", "final_answer_in"]

_HINTS: Final = 3
_TEXT: Final[Mapping[str, Any]] = {"type": "string", "minLength": 1}
_TEXTS: Final[Mapping[str, Any]] = {"type": "object", "additionalProperties": {"type": "string"}}
_PROBLEM = JsonForm(
    "problem",
    {
        "type": "object",
        "properties": {
            "subject": _TEXT, "topic": _TEXT, "problem": _TEXT, "answer": _TEXT,
            "hints": {**_TEXTS, "minProperties": _HINTS},
        },
        "required": ["subject", "topic", "problem", "answer", "hints"],
    },
)  # fmt: skip
_CHECK = JsonForm(
    "check",
    {
        "type": "object",
        "properties": {"valid": {"type": "boolean"}, "reason": {"type": "string"}, "corrected_hints": _TEXTS},
        "required": ["valid", "reason"],
    },
)
_EQUALITY = JsonForm(
    "equality",
    {
        "type": "object",
        "properties": {
            "valid": {"type": "boolean"}, "reason": {"type": "string"},
            "equivalence_confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["valid", "reason", "equivalence_confidence"],
    },
)  # fmt: skip
_THOUGHTS = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BROKEN_ESCAPE = re.compile("[\t\r]")
"""In a JSON text a tabulator is mostly the beginning of `\\times`, and a carriage return that of `\\rho`."""
_BROKEN_COMMANDS = re.compile(r"(?<!\\)\\\\[a-zA-Z]{2,}|\\{4,}|(?<!\\)(?:\\\\)*\\(?=\s|\Z)")
"""Backslashes that were escaped once too often or too seldom: two before a word, four in a row, one before a space."""
_LONGEST: Final = 100_000


@dataclass(frozen=True)
class Problem:
    """What the engineer wrote."""

    subject: str
    topic: str
    problem: str
    answer: str
    hints: Mapping[str, str]

    def with_hints(self, corrected: Mapping[str, str]) -> tuple[Problem, bool]:
        """With hints of the checker in the place of those that exist; whether any says something else now."""
        changed = {index: text for index, text in corrected.items() if index in self.hints and text.strip()}
        changed = {index: text for index, text in changed.items() if text != self.hints[index]}
        return replace(self, hints={**self.hints, **changed}), bool(changed)


@dataclass(frozen=True)
class Check:
    """What the checker says of a problem."""

    valid: bool
    reason: str
    corrected_hints: Mapping[str, str]


@dataclass(frozen=True)
class Equality:
    """What the judge says of two answers."""

    equal: bool
    reason: str
    confidence: float


@dataclass(frozen=True)
class Asked:
    """One call that an attempt makes.

    Args:
        step: Names it within the attempt.
        role: Role that is asked.
        model: By name.
        request: What is asked.
        repeats: How often again where the answer has not the form.
    """

    step: str
    role: str
    model: ModelName
    request: Request
    repeats: int = 1


class Roles:
    """Requests of the roles of one generation, and readers of their answers.

    Readers raise ValueError, with words that the model can learn from, for what is no answer.

    Args:
        request: The generation.
    """

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._words = request.prompts
        self._models = request.models

    def engineer(self, attempt: int, draw: Draw) -> Asked:
        """Ask for a problem."""
        lines = [f"Subject: {draw.subject}" if draw.subject else "", f"Topic: {draw.topic}" if draw.topic else ""]
        lines += [f"About the topic: {draw.description}" if draw.description else ""]
        lines += [f"Difficulty: {draw.difficulty}" if draw.difficulty else "", f"How to mislead: {draw.technique}"]
        if draw.seed_index is not None:
            lines.append(_inspiration(self._request.seeds[draw.seed_index]))
        # A number that means nothing to the model: servers without seeds then answer each attempt anew.
        lines.append(f"Variation: {draw.seed}")
        words = self._words.engineer or prompt_words.ENGINEER
        told = "\n".join(line for line in lines if line)
        return self._asked("engineer", "engineer", attempt, words, told, 1.0, _PROBLEM)

    def checker(self, attempt: int, problem: Problem) -> Asked:
        """Ask whether a problem is sound."""
        told = json.dumps({
            "problem": problem.problem, "answer": problem.answer, "hints": dict(problem.hints),
            "validation_type": "initial",
        }).decode()  # fmt: skip
        return self._asked(
            "checker", "checker", attempt, self._words.checker or prompt_words.CHECKER, told, 0.2, _CHECK
        )

    def target(self, attempt: int, problem: Problem, sample: int) -> Asked:
        """Ask the target; several samples are independent only above temperature 0."""
        hot = 0.0 if self._request.acceptance.k == 1 else 0.7
        words = self._words.target or prompt_words.TARGET
        return self._asked(f"target.{sample}", "target", attempt, words, problem.problem, hot, None)

    def solver(self, attempt: int, problem: Problem, sample: int) -> Asked:
        """Ask the judge for a solution of its own, without the reference."""
        words = self._words.solver or prompt_words.SOLVER
        return self._asked(f"solver.{sample}", "judge", attempt, words, problem.problem, 0.7, None)

    def author(self, attempt: int, problem: Problem) -> Asked:
        """Ask the engineer for a solution, which is as right or wrong as the references that it writes."""
        words = self._words.solver or prompt_words.SOLVER
        return self._asked("author", "engineer", attempt, words, problem.problem, 0.7, None)

    def judge(self, attempt: int, problem: Problem, answer: str, of: str, sample: int) -> Asked:
        """Ask whether an answer equals the reference."""
        told = json.dumps({
            "problem": problem.problem, "true_answer": problem.answer, "model_answer": answer,
            "validation_type": "equivalence_check",
        }).decode()  # fmt: skip
        words = self._words.judge or prompt_words.JUDGE
        return self._asked(f"judge.{of}.{sample}", "judge", attempt, words, told, 0.2, _EQUALITY)

    def _asked(
        self, step: str, role: str, attempt: int, words: str, told: str, temperature: float, form: JsonForm | None
    ) -> Asked:
        model = self._models.of_judge if role == "judge" else getattr(self._models, role)
        request = Request(
            model=model.model_name, messages=(Message("system", words), Message("user", told)), temperature=temperature,
            max_tokens=self._request.most_tokens, form=form,
            seed=number_of(self._request.seed, attempt, step) % 2**31,
        )  # fmt: skip
        return Asked(step, role, model, request, repeats=0 if form is None else 1)

    @staticmethod
    def problem_in(text: str) -> Problem:
        """The engineer's answer."""
        said = json.loads(text)
        for name in ("subject", "topic", "problem", "answer"):
            _check_writable(name, said[name])
        for index, hint in said["hints"].items():
            _check_writable(f"hints.{index}", hint)
            _check_writable("hints", index)
        return Problem(said["subject"], said["topic"], said["problem"], said["answer"], dict(said["hints"]))

    @staticmethod
    def check_in(text: str) -> Check:
        """The checker's answer."""
        said = json.loads(text)
        corrected = said.get("corrected_hints") or {}
        for index, hint in corrected.items():
            _check_writable(f"corrected_hints.{index}", hint, may_be_blank=True)
        _check_writable("reason", said["reason"], may_be_blank=True)
        return Check(said["valid"], said["reason"], corrected)

    @staticmethod
    def equality_in(text: str) -> Equality:
        """The judge's answer."""
        said = json.loads(text)
        _check_writable("reason", said["reason"], may_be_blank=True)
        return Equality(said["valid"], said["reason"], float(said["equivalence_confidence"]))


def final_answer_in(text: str) -> str:
    """A plain answer without the model's thoughts.

    Raises:
        ValueError: Nothing is left, or it cannot be written down.

    Examples:
        >>> final_answer_in("<think>7 or 8?</think> 7 ")
        '7'
    """
    answer = _THOUGHTS.sub("", text).strip()
    _check_plain("answer", answer)
    return answer


def _inspiration(seed: SeedProblem) -> str:
    answer = f"\nIts answer: {seed.answer}" if seed.answer else ""
    return (
        f"Take this problem as an inspiration, and write a much harder one that is not a copy:\n{seed.problem}{answer}"
    )


def _check_writable(name: str, text: str, *, may_be_blank: bool = False) -> None:
    """Raises ValueError for a member of a JSON object that cannot be written down, or is not what was meant."""
    _check_plain(name, text, may_be_blank=may_be_blank)
    escape = _BROKEN_ESCAPE.search(text)
    if escape is not None:
        raise ValueError(f"`{name}` holds the control character U+{ord(escape[0]):04X}; double backslashes in JSON")
    command = _BROKEN_COMMANDS.search(text)
    if command is not None:
        raise ValueError(
            f"`{name}` holds {command[0]!r}; in JSON write each backslash of LaTeX as two, no more, no less"
        )


def _check_plain(name: str, text: str, *, may_be_blank: bool = False) -> None:
    if not may_be_blank and not text.strip():
        raise ValueError(f"`{name}` is blank")
    if len(text) > _LONGEST:
        raise ValueError(f"`{name}` has {len(text)} characters, and may have {_LONGEST}")
    found = _UNWRITABLE.search(text)
    if found is not None:
        raise ValueError(f"`{name}` holds the control character U+{ord(found[0]):04X}; double backslashes in JSON")
