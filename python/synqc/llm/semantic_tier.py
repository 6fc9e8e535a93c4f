"""Answers of questions that ask the same in other words: off unless it is given, narrow, and measurable."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError
from synqc.llm._question_words import differ
from synqc.llm.message import Message
from synqc.llm.request import Request
from synqc.llm.wilson_interval import wilson_interval

__all__ = ["SemanticMatches", "SemanticTier", "is_searchable", "without_question"]

_log = logging.getLogger("synqc.llm")
_LEAST_THRESHOLD: Final = 0.5
Embed = Callable[[Sequence[str]], ArrayLike]


@dataclass(frozen=True)
class SemanticMatches:
    """What a tier would do with pairs of questions of which it is known whether they ask the same.

    Args:
        same: Pairs that ask the same.
        matched: Those of them it would match.
        other: Pairs that do not.
        wrong: Those of them it would match all the same, as they were given.
    """

    same: int
    matched: int
    other: int
    wrong: tuple[tuple[str, str], ...]

    @property
    def most_wrong(self) -> float:
        """Share of pairs that do not ask the same and may be matched, at 95 % (Wilson's upper bound).

        >>> round(SemanticMatches(10, 4, 50, ()).most_wrong, 3)
        0.071
        """
        return wilson_interval(len(self.wrong), self.other)[1]


class SemanticTier:
    """Finds the kept answer of a question that asks the same.

    Only the last message, which must be a user's, may be worded otherwise: model, server, account, the conversation
    before it and every option must be equal. Of it, all words that say something must be the same, in the same
    order, with the same names and quotations, and the vectors must be near. Vectors alone do not do: they put
    questions that differ in one number, in "not" or in who does what to whom nearer to each other than many that ask
    the same; `measure` tells for an embedder. An answer found so is not kept once more, so that meanings cannot drift.

    It holds questions of this process alone, the latest of them.

    Args:
        embed: embed(texts) gives an array (len(texts), d), e.g. `functools.partial(synqc.llm.embed, embedder=...)`. It
            may take its time: it runs on a thread of its own.
        threshold: Least cosine of the angle between two vectors, 0.5 to 1.
        most_questions: How many are held in all; the oldest go.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> tier = SemanticTier(lambda texts: [[1.0, 0.0] for _ in texts])
        >>> pairs = [("What is the capital of France?", "the capital of France, please", True)]
        >>> tier.measure([*pairs, ("Is 4 even?", "Is 5 even?", False)])
        SemanticMatches(same=1, matched=1, other=1, wrong=())
    """

    def __init__(self, embed: Embed, *, threshold: float = 0.95, most_questions: int = 10_000) -> None:
        if not callable(embed):
            raise InputError(f"Argument `embed` must be a function, but is {embed!r}.")
        if not _LEAST_THRESHOLD <= threshold <= 1:
            raise InputError(f"Argument `threshold` must be from {_LEAST_THRESHOLD} to 1, but is {threshold}.")
        if most_questions < 1:
            raise InputError(f"Argument `most_questions` must be at least 1, but is {most_questions}.")
        self.threshold = threshold
        self._embed, self._most = embed, most_questions
        self._lock = threading.Lock()
        self._scopes: OrderedDict[str, list[_Question]] = OrderedDict()
        self._held = 0
        self.found = self.sought = 0
        """How often a question was found, and sought."""

    async def find(self, request: Request, scope: str) -> tuple[str, float] | None:
        """Key of the nearest question that asks the same, and the cosine; None: there is none.

        Args:
            request: What is asked.
            scope: All that must be equal beside the last message.
        """
        text = _last_of(request)
        self.sought += 1
        with self._lock:
            near = [one for one in self._scopes.get(scope, ()) if not differ(one.text, text)]
        if not near:  # no vector is made for nothing
            return None
        vector = await self._vector(text)
        if vector is None:
            return None
        cosines = [float(one.vector @ vector) if one.vector.shape == vector.shape else 0.0 for one in near]
        best = int(np.argmax(cosines))
        if cosines[best] < self.threshold:
            return None
        self.found += 1
        return near[best].key, min(1.0, cosines[best])

    async def add(self, request: Request, scope: str, key: str) -> None:
        """Hold a question whose answer is kept under `key`."""
        text = _last_of(request)
        vector = await self._vector(text)
        if vector is None:
            return
        with self._lock:
            questions = self._scopes.setdefault(scope, [])
            self._scopes.move_to_end(scope)
            before = len(questions)
            questions[:] = [one for one in questions if one.key != key]
            questions.append(_Question(text, vector, key))
            self._held += len(questions) - before
            while self._held > self._most:
                oldest = next(iter(self._scopes))
                del self._scopes[oldest][0]
                self._held -= 1
                if not self._scopes[oldest]:
                    del self._scopes[oldest]

    def measure(self, pairs: Iterable[tuple[str, str, bool]]) -> SemanticMatches:
        """What this tier would do with pairs of questions; blocks.

        Args:
            pairs: Two questions and whether they ask the same.
        """
        given = list(pairs)
        vectors = _units(self._embed([text for first, second, _ in given for text in (first, second)]))
        matched = [
            not differ(first, second) and float(vectors[2 * at] @ vectors[2 * at + 1]) >= self.threshold
            for at, (first, second, _) in enumerate(given)
        ]
        return SemanticMatches(
            same=sum(same for _, _, same in given),
            matched=sum(same and found for (_, _, same), found in zip(given, matched, strict=True)),
            other=sum(not same for _, _, same in given),
            wrong=tuple(
                (one, two) for (one, two, same), found in zip(given, matched, strict=True) if found and not same
            ),
        )

    async def _vector(self, text: str) -> NDArray[np.float32] | None:
        try:
            vector: NDArray[np.float32] = _units(await asyncio.to_thread(self._embed, [text]))[0]
        except Exception as error:  # whatever an embedder does, the question can be asked
            _log.warning("An embedder fails, so that its semantic tier finds nothing: %r.", error)
            return None
        return vector


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    vector: NDArray[np.float32]
    key: str


def is_searchable(request: Request) -> bool:
    """Whether a request ends with a user's question in words alone.

    >>> is_searchable(Request(model="m", messages=(Message("user", "Why?"),)))
    True
    """
    last = request.messages[-1]
    return last.role == "user" and bool(last.content.strip()) and not last.parts


def without_question(request: Request) -> Request:
    """All of a request but its last message; what must be equal."""
    return replace(request, messages=(*request.messages[:-1], Message("user", "")))


def _last_of(request: Request) -> str:
    return request.messages[-1].content


def _units(vectors: ArrayLike) -> NDArray[np.float32]:
    found = np.asarray(vectors, dtype=np.float32)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise InputError(f"Argument `embed` must give finite vectors (n, d), but gave shape {found.shape}.")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)
