"""How often a job is tried and what it may spend: arguments that check themselves."""

from __future__ import annotations

from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Budget", "RetryPolicy", "check_seconds", "check_whole"]


@dataclass(frozen=True)
class RetryPolicy:
    """How often a job is tried, and how long is waited between attempts.

    Args:
        attempts: Attempts in all, those included that end with their worker.
        first_s: Wait after the first failure, s; doubled after each further one, and spread over its upper half.
        most_s: Longest wait, s.
    """

    attempts: int = 3
    first_s: float = 1.0
    most_s: float = 300.0

    def __post_init__(self) -> None:
        check_whole("attempts", self.attempts, 1, 1_000_000)
        for name in ("first_s", "most_s"):
            check_seconds(name, getattr(self, name))


@dataclass(frozen=True)
class Budget:
    """What a job, with everything that is part of it, may spend; None: anything."""

    usd_micros: int | None = None
    tokens: int | None = None

    def __post_init__(self) -> None:
        for name in ("usd_micros", "tokens"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), 0, 2**62)


def check_whole(name: str, value: int, least: int, most: int) -> None:
    """Raises InputError unless an argument is a whole number of a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InputError(f"Argument `{name}` must be a whole number from {least} to {most}, but is {value!r}.")


def check_seconds(name: str, value: float) -> None:
    """Raises InputError unless an argument is a number of seconds."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e12:
        raise InputError(f"Argument `{name}` must be seconds, 0 or more, but is {value!r}.")
