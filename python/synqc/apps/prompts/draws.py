"""Draws: what chance decides about an attempt, from the generation's seed and the attempt's number alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from synqc.apps.prompts.prompt_words import TECHNIQUES
from synqc.apps.prompts.request import GenerationRequest
from synqc.apps.prompts.topics import CoverageSchedule, Taxonomy

__all__ = ["Draw", "Draws", "number_of"]


@dataclass(frozen=True)
class Draw:
    """What an attempt is about.

    Args:
        subject, topic: "" where the seed decides.
        difficulty: A level's name, or "".
        description: Description of the topic, as the taxonomy has it.
        technique: How the problem shall mislead.
        seed_index: Place of the seed problem; None without.
        seed: Seed of sampling, for servers that take one.
    """

    subject: str
    topic: str
    difficulty: str
    description: str
    technique: str
    seed_index: int | None
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return dict(vars(self))


class Draws:
    """Draws of a generation: topics by the schedule that covers them evenly, seeds each once per round.

    The same attempt has the same draw on any number of workers.

    Args:
        request: The generation.

    Raises:
        InputError: The taxonomy has a form that is not known, or is empty.
        UnknownName: There is no such level.

    Examples:
        >>> from synqc.apps.prompts.request import ModelName, RoleModels
        >>> model = ModelName("local", "m")
        >>> draws = Draws(GenerationRequest(
        ...     rows=1, models=RoleModels(model, model, model), taxonomy={"Algebra": ["Roots", "Groups"]}, seed=1
        ... ))
        >>> sorted(draws.of(attempt).topic for attempt in (4, 5)), draws.of(4) == draws.of(4)
        (['Groups', 'Roots'], True)
    """

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._schedule = None
        if request.taxonomy is not None:
            self._schedule = CoverageSchedule(
                Taxonomy.of(request.taxonomy), difficulties=request.difficulties or None,
                override=bool(request.difficulties), seed=request.seed,
            )  # fmt: skip

    def of(self, attempt: int) -> Draw:
        """The draw of an attempt."""
        seed, subject, topic, level, description, seed_index = self._request.seed, "", "", "", "", None
        if self._schedule is not None:
            assigned = self._schedule.at(attempt)
            subject, topic, level = assigned.topic.subject, assigned.topic.name, assigned.level
            description = assigned.topic.description
        if self._request.seeds:
            seed_index = self._seed_of(attempt)
            if self._schedule is None:
                subject, topic = self._request.seeds[seed_index].subject, self._request.seeds[seed_index].topic
        technique = TECHNIQUES[number_of(seed, attempt, "technique") % len(TECHNIQUES)]
        sampling = number_of(seed, attempt, "sampling") % 2**31
        return Draw(subject, topic, level, description, technique, seed_index, sampling)

    def _seed_of(self, attempt: int) -> int:
        """Each seed once in every round, in an order of the round's own."""
        size = len(self._request.seeds)
        turn, place = divmod(attempt, size)
        return sorted(range(size), key=lambda one: number_of(self._request.seed, turn, f"seed {one}"))[place]


def number_of(seed: int, number: int, purpose: str) -> int:
    """64 bits that depend on nothing else.

    >>> number_of(0, 0, "topic") == number_of(0, 0, "topic") != number_of(0, 1, "topic")
    True
    """
    return int.from_bytes(hashlib.sha256(f"{seed} {number} {purpose}".encode()).digest()[:8], "big")
