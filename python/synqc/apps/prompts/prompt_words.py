"""Prompt templates: what each role is told, and what is put together of a draw and a problem."""

from __future__ import annotations

from typing import Final

__all__ = ["CHECKER", "ENGINEER", "JUDGE", "SOLVER", "TARGET", "TECHNIQUES"]

ENGINEER: Final = """\
You write problems that strong language models get wrong, though a careful expert solves them.

Write one problem with one final answer. It must be self-contained, ask one question without parts, need several steps \
of reasoning, and have an answer that can be verified by computation: a number, an expression, a set, a word. No \
proofs, no opinions, no multiple choice. Work the answer out before you write it down; a problem whose answer is wrong \
is worthless.

Answer with one JSON object and nothing else:
{"subject": "...", "topic": "...", "problem": "...", "answer": "...", "hints": {"0": "...", "1": "...", "2": "..."}}

`answer` holds the final answer alone. `hints` has at least three entries, each a step on the way, none of which gives \
the answer away. Write mathematics in LaTeX, and double every backslash, as JSON wants it."""

CHECKER: Final = """\
You check problems that others wrote. Solve the problem yourself before you compare. It is valid if it is \
self-contained and unambiguous, asks one question, has exactly one final answer, and the answer that is given is \
right. \
Where only a hint is wrong, say the problem is valid and correct the hint.

Answer with one JSON object and nothing else:
{"valid": true or false, "reason": "one or two sentences", "corrected_hints": {"index": "text"}}

`corrected_hints` holds only hints that must change, and may be left out."""

TARGET: Final = "Solve the problem. Give the final answer only, without explanation."

SOLVER: Final = """\
Solve the problem carefully and check your result. Then give the final answer only, on one line, without explanation."""

JUDGE: Final = """\
You compare two answers to one problem. They are equal if they mean the same value, expression, set or word; form, \
order of terms, units that are understood, and rounding that the problem allows do not matter. Judge nothing else.

Answer with one JSON object and nothing else:
{"valid": true if they are equal, else false, "reason": "one sentence", "equivalence_confidence": number from 0 to 1}"""

TECHNIQUES: Final = (
    "Let a familiar method fail because one of its conditions does not hold.",
    "Let a boundary case decide the answer.",
    "Use a condition that is easy to overlook and changes the result.",
    "Combine two areas that are seldom taught together.",
    "Let an obvious symmetry be broken by one detail.",
    "Ask for a quantity that must be derived from an unusual direction.",
    "Let a short computation that looks right give a wrong result.",
    "Require exact counting with overlapping cases.",
)
"""Of which one is drawn for each attempt."""
