"""Taxonomy: subjects and their topics, flat or with level and description."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synqc.errors import InputError, UnknownName

__all__ = ["DIFFICULTY_WEIGHTS", "LEVELS", "Taxonomy", "Topic"]

LEVELS: Final = ("Elementary School", "Middle School", "High School", "Undergraduate", "Graduate", "Research")
"""Levels of difficulty, from easy to hard."""

DIFFICULTY_WEIGHTS: Final[Mapping[str, float]] = {
    "High School": 0.3, "Undergraduate": 0.4, "Graduate": 0.25, "Research": 0.05,
}  # fmt: skip
"""How often a level is drawn where nobody says otherwise."""

_MOST_TOPICS: Final = 10_000
_LONGEST: Final = 2000


@dataclass(frozen=True)
class Topic:
    """What a problem may be about.

    Args:
        subject, name: As the taxonomy has them.
        level: One of `LEVELS`, or "" where the taxonomy says none.
        description: For the one who writes problems; may be "".
    """

    subject: str
    name: str
    level: str = ""
    description: str = ""

    def __str__(self) -> str:
        return f"{self.subject} / {self.name}"


@dataclass(frozen=True)
class Taxonomy:
    """Topics in the order in which they are written; no two have the same subject and name.

    Args:
        topics: At least one.

    Examples:
        >>> taxonomy = Taxonomy.of({"Algebra": ["Roots", "Groups"], "Analysis": {"Series": {"level": "graduate"}}})
        >>> [str(topic) for topic in taxonomy], taxonomy.topics[2].level
        (['Algebra / Roots', 'Algebra / Groups', 'Analysis / Series'], 'Graduate')
    """

    topics: tuple[Topic, ...]

    def __post_init__(self) -> None:
        if not self.topics:
            raise InputError("Argument `taxonomy` must name at least one topic, but names none.")
        if len(self.topics) > _MOST_TOPICS:
            raise InputError(
                f"Argument `taxonomy` must name at most {_MOST_TOPICS} topics, but names {len(self.topics)}."
            )

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Taxonomy:
        """The taxonomy that a document describes.

        Args:
            document: {subject: [topic, ...]}, or {subject: {topic: {"level": ..., "description": ...}}}, or a
            mixture. In
                place of level and description there may be a description alone, or None.

        Raises:
            InputError: It has another form; the message names the place.
            UnknownName: A level is none of `LEVELS`.
        """
        if not isinstance(document, Mapping):
            raise InputError(f"Argument `taxonomy` must map subjects to topics, but is {type(document).__name__}.")
        found: dict[tuple[str, str], Topic] = {}
        for topic in _topics_of(document):
            if (topic.subject, topic.name) in found:
                raise InputError(f"Argument `taxonomy` must name a topic once, but names {str(topic)!r:.120} twice.")
            found[topic.subject, topic.name] = topic
        return cls(tuple(found.values()))

    def __iter__(self) -> Iterator[Topic]:
        return iter(self.topics)

    def __len__(self) -> int:
        return len(self.topics)


def _topics_of(document: Mapping[str, Any]) -> Iterator[Topic]:
    for subject, topics in document.items():
        subject = _text("a subject", subject)
        if isinstance(topics, Mapping):
            for name, told in topics.items():
                yield _described(subject, _text(f"a topic of {subject!r:.80}", name), told)
        elif isinstance(topics, Sequence) and not isinstance(topics, str | bytes):
            for name in topics:
                yield Topic(subject, _text(f"a topic of {subject!r:.80}", name))
        else:
            raise InputError(
                f"Argument `taxonomy` must map {subject!r:.80} to a list of topics or to topics with level and "
                f"description, but maps it to {type(topics).__name__}."
            )


def _described(subject: str, name: str, told: Any) -> Topic:
    if told is None:
        return Topic(subject, name)
    if isinstance(told, str):
        return Topic(subject, name, "", told[:_LONGEST])
    if not isinstance(told, Mapping):
        raise InputError(
            f"Argument `taxonomy` must say level and description of {name!r:.80}, but says {type(told).__name__}."
        )
    for key in told:
        if key not in ("level", "description"):
            near = difflib.get_close_matches(str(key), ("level", "description"), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "there are level and description."
            raise UnknownName(f"Argument `taxonomy` has no member {key!r:.80} for {name!r:.80}: {hint}")
    level, description = told.get("level") or "", told.get("description") or ""
    if not isinstance(level, str) or not isinstance(description, str):
        raise InputError(f"Argument `taxonomy` must say level and description of {name!r:.80} in texts.")
    return Topic(subject, name, level_of(level) if level else "", description[:_LONGEST])


def level_of(words: str) -> str:
    """The level that words name, whatever their case.

    Raises:
        UnknownName: None of `LEVELS`; the message has the nearest.

    Examples:
        >>> level_of("high school")
        'High School'
    """
    for level in LEVELS:
        if words.strip().casefold() == level.casefold():
            return level
    near = difflib.get_close_matches(words.strip().title(), LEVELS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownName(f"There is no level {words!r:.80}: {hint}There are {', '.join(LEVELS)}.")


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise InputError(
            f"Argument `taxonomy` must have a text of 1 to {_LONGEST} letters as {what}, but has {value!r:.80}."
        )
    return value
