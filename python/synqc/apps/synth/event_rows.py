"""Rows of the options of events: as many as asked within a range, by the order statistics of their times."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc import generate
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.event_times import MOST_EVENTS, event_times
from synqc.apps.synth.moments import stamp
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_tasks import event_range

__all__ = ["EventRows"]


class EventRows:
    """Events of users and types that are all alike, by their time.

    A `generate.EventLog` ends after as many events as come, and begins when it begins; here both ends and the number
    are given. The k-th moment of all has what row k says beside it, which does not depend on it.

    Args:
        options: Options of events.
        count: Number of all.
        seed: Seed of the rows.

    Raises:
        ValidationError: There are more than 10,000,000.
    """

    is_open: Final = False
    """Whether rows may have columns that the schema does not name."""

    def __init__(self, options: DataOptions, count: int, seed: int | str) -> None:
        if count > MOST_EVENTS:
            raise ValidationError(f"Option `count` must be at most {MOST_EVENTS} of events, but is {count}.")
        self._options = options
        self._count = count
        self._seed = seed
        self._table = generate.Table({
            "id": generate.Uuid(), "type": generate.Category(list(options.event_types)),
            "user": generate.Integer("uniform", {"low": 1, "high": options.user_count}), "session": generate.Uuid(),
        }, name="events")  # fmt: skip

    @property
    def configurations(self) -> tuple[generate.Table, ...]:
        """What makes them."""
        return (self._table,)

    def rows(self, first: int, count: int) -> list[dict[str, Any]]:
        """Rows from a number on."""
        start, _ = event_range(self._options)
        made = self._made(first, count)
        ids, kinds, users, sessions = (made.column(name).tolist() for name in ("id", "type", "user", "session"))
        moments = (start + timedelta(milliseconds=after) for after in self._times[first : first + count].tolist())
        return [
            {"eventId": one, "eventType": kind, "timestamp": stamp(moment), "userId": f"user_{user}",
             "metadata": {"sessionId": session}}
            for one, kind, moment, user, session in zip(ids, kinds, moments, users, sessions, strict=True)
        ]  # fmt: skip

    def _made(self, first: int, count: int) -> generate.Rows:
        return generate.make(self._table, rows=count, seed=self._seed, first_row=first)

    @cached_property
    def _times(self) -> NDArray[np.int64]:
        start, end = event_range(self._options)
        return event_times(start, end, self._options.distribution, self._count, self._seed)
