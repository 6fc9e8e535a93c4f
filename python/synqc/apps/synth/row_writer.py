"""Rows by a model: asked for in calls side by side, each row checked by its schema, exactly as many as were wanted."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synqc.apps.synth.errors import RowsMissing, api_error_of
from synqc.apps.synth.models import SynthModels
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.places import Places
from synqc.apps.synth.requests import RequestTicket
from synqc.apps.synth.row_scanner import RowScanner
from synqc.apps.synth.row_schema import check_row
from synqc.apps.synth.row_tasks import RowTask
from synqc.cache import content_key
from synqc.llm import Completion, JsonForm, LanguageModelError, Message, Request
from synqc.text import TextIndex

__all__ = ["Keep", "RowWriter", "Written"]

Keep = Callable[[list[dict[str, Any]], "Written"], Awaitable[None]]

_MOST_PROBLEMS = 3
_CALLS_PER_ROUND = 64
_LONGEST_PROBLEM = 200


@dataclass
class Written:
    """Rows, and what it took to have them."""

    wanted: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    candidates: int = 0
    calls: int = 0
    tokens: int = 0
    picodollars: int | None = 0
    models: dict[str, None] = field(default_factory=dict)
    providers: dict[str, None] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """All but the rows, as JSON has it."""
        return {
            "wanted": self.wanted, "candidates": self.candidates, "calls": self.calls, "tokens": self.tokens,
            "picodollars": self.picodollars, "models": list(self.models), "providers": list(self.providers),
            "refused": dict(self.refused), "problems": self.problems,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, told: Mapping[str, Any], rows: list[dict[str, Any]]) -> Written:
        """What `to_dict` told, with the rows."""
        return cls(
            told["wanted"], rows, told["candidates"], told["calls"], told["tokens"], told["picodollars"],
            dict.fromkeys(told["models"]), dict.fromkeys(told["providers"]), Counter(told["refused"]),
            list(told["problems"]),
        )  # fmt: skip

    def refuse(self, reason: str, problem: str = "", rows: int = 1) -> None:
        """Rows that are not taken."""
        self.refused[reason] += rows
        if problem and problem not in self.problems:
            self.problems.append(problem[:_LONGEST_PROBLEM])


class RowWriter:
    """Has models write the rows of one task.

    Args:
        task: What is wanted.
        options: How it is asked for.
        models: Models that can be asked.
        places: Calls under way at a time.
        ticket: Where time is counted.
        begun: What an earlier attempt has; None: nothing.
    """

    def __init__(
        self,
        task: RowTask,
        options: DataOptions,
        models: SynthModels,
        places: Places,
        ticket: RequestTicket,
        begun: Written | None = None,
    ) -> None:
        self._task, self._options = task, options
        self._models, self._places, self._ticket = models, places, ticket
        self._model = models.name_of(options.model)
        self.written = Written(task.count) if begun is None else begun
        """What there is so far."""
        self._seen: set[str] = set()
        self._index = None if options.distinct is None else TextIndex(threshold=options.distinct)
        self._most = options.max_candidates or 3 * task.count + 20
        self._next_call = self.written.calls
        for row in self.written.rows:
            self._repeats(row)

    async def write(self, keep: Keep | None = None) -> Written:
        """All rows.

        Args:
            keep: keep(rows, written) stores what a round of calls has added, for an attempt that goes on from there.

        Raises:
            RowsMissing: Too few are accepted, and `on_exhaustion` is "raise".
            APIError: No call of a round gave anything.
        """
        written, task = self.written, self._task
        while len(written.rows) < task.count and written.candidates < self._most:
            before = len(written.rows)
            sizes = self._sizes()[:_CALLS_PER_ROUND]
            asked = await _all([self._asked(size, len(written.rows) + sum(sizes[:k])) for k, size in enumerate(sizes)])
            failures = [one for one in asked if isinstance(one, LanguageModelError)]
            for size, one in zip(sizes, asked, strict=True):
                if isinstance(one, LanguageModelError):
                    written.candidates += size
                    written.refuse(one.outcome.value, rows=size)
                else:
                    self._take_all(one.value)
            if len(failures) == len(asked):
                if written.rows and self._options.on_exhaustion == "return_partial":
                    break
                raise api_error_of(failures[0]) from None
            if keep is not None:
                await keep(written.rows[before:], written)
        return self._concluded()

    async def stream(self) -> AsyncIterator[dict[str, Any]]:
        """Rows as they come, one call after another.

        Raises:
            RowsMissing: Too few are accepted, and `on_exhaustion` is "raise".
            APIError: A call failed.
        """
        written, task = self.written, self._task
        while len(written.rows) < task.count and written.candidates < self._most:
            size = self._sizes()[0]
            request = self._request(size, len(written.rows))
            scanner, before = RowScanner(), written.candidates
            async with self._places.place():
                stream = self._models.router.astream(request, routing=self._models.routing(), deadline_s=self._left_s())
                try:
                    async for part in stream:
                        for text in scanner.feed(part):
                            row = self._taken(_row_of(text))
                            if row is not None:
                                yield task.number(row, len(written.rows) - 1)
                            if len(written.rows) == task.count:
                                return
                except LanguageModelError as error:
                    raise api_error_of(error) from None
                finally:
                    await stream.aclose()
                    self._count(stream.model, stream.deployment, stream.spent, stream.receipt)
            if written.candidates == before:  # an answer without rows was a try nevertheless
                written.candidates += size
                written.refuse("malformed", "there were no rows in the answer", rows=size)
        self._concluded()

    def _concluded(self) -> Written:
        written, task = self.written, self._task
        if len(written.rows) < task.count and self._options.on_exhaustion == "raise":
            why = ", ".join(f"{count} {reason}" for reason, count in written.refused.most_common())
            raise RowsMissing(
                f"There are {len(written.rows)} of {task.count} rows after {written.candidates} candidates, and no "
                f"more are allowed; refused: {why or 'none'}. {' '.join(written.problems[:1])}".strip(),
                task.complete(written.rows), {"candidates": written.candidates, "refused": dict(written.refused)},
            )  # fmt: skip
        written.rows = task.complete(written.rows[: task.count])
        return written

    def _left_s(self) -> float | None:
        """Until the request's deadline."""
        deadline_ms = self._options.deadline_ms
        return None if deadline_ms is None else max(0.001, deadline_ms / 1000 - self._ticket.elapsed_s)

    def _sizes(self) -> list[int]:
        """Rows of each call of the next round."""
        left = min(self._task.count - len(self.written.rows), self._most - self.written.candidates)
        per_call = self._options.rows_per_call
        return [min(per_call, left - first) for first in range(0, left, per_call)]

    def _request(self, size: int, first: int) -> Request:
        task, options = self._task, self._options
        self._next_call += 1
        variation = int(content_key("synth call", [options.seed, self._next_call])[:8], 16) % 2**31
        schema = {
            "type": "object", "required": ["rows"],
            "properties": {"rows": {"type": "array", "items": dict(task.asked), "minItems": size, "maxItems": size}},
        }  # fmt: skip
        told = task.told(size, first, tuple(self.written.problems[-_MOST_PROBLEMS:]), variation)
        return Request(
            model=self._model, messages=(Message("system", task.system), Message("user", told)),
            temperature=options.temperature, seed=None if options.seed is None else variation,
            form=JsonForm("rows", schema, checked=False),
        )  # fmt: skip

    async def _asked(self, size: int, first: int) -> Completion[list[Any]] | LanguageModelError:
        request = self._request(size, first)
        began = time.perf_counter()
        async with self._places.place():
            asked = time.perf_counter()
            self._ticket.add("queue", asked - began)
            try:
                found = await self._models.router.acomplete(
                    request, _rows_of, repeats=1, routing=self._models.routing()
                )  # fmt: skip
            except LanguageModelError as error:
                self.written.calls += error.spent.calls
                return error
            finally:
                self._ticket.add("model", time.perf_counter() - asked)
        self._ticket.add("route", found.receipt.overhead_ns * 1e-9)
        self._count(found.model, found.receipt.answered_by, found.spent, found.receipt)
        return found

    def _count(self, model: str, deployment: str, spent: Any, receipt: Any) -> None:
        written = self.written
        written.calls += spent.calls
        written.tokens += (spent.prompt_tokens or 0) + (spent.completion_tokens or 0)
        written.models.setdefault(model)
        written.providers.setdefault(deployment)
        costs = [one.picodollars for one in receipt.asked]
        if written.picodollars is not None:
            written.picodollars = None if None in costs else written.picodollars + sum(costs)

    def _take_all(self, rows: list[Any]) -> None:
        began = time.perf_counter()
        for row in rows:
            if len(self.written.rows) == self._task.count:
                self.written.candidates += 1
                self.written.refuse("surplus")
            else:
                self._taken(row)
        self._ticket.add("parse", time.perf_counter() - began)

    def _taken(self, row: Any) -> dict[str, Any] | None:
        """A candidate as it is given out, or None with the reason counted."""
        written, task = self.written, self._task
        written.candidates += 1
        if not isinstance(row, dict):
            written.refuse("malformed", "a row is no object")
            return None
        problem = check_row(row, task.asked)
        if problem:
            written.refuse("schema", problem)
            return None
        try:
            taken = task.take(row)
        except ValueError as error:
            written.refuse("schema", str(error))
            return None
        if self._options.accept is not None and not self._options.accept(taken):
            written.refuse("not_accepted")
            return None
        if not task.may_repeat and self._repeats(taken):
            written.refuse("repeated", "a row repeats another one")
            return None
        written.rows.append(taken)
        return taken

    def _repeats(self, row: Mapping[str, Any]) -> bool:
        key = content_key("row", row)
        if key in self._seen:
            return True
        self._seen.add(key)
        if self._index is None:
            return False
        text = " ".join(value for value in _texts_of(row))
        return bool(text) and not len(self._index.add([text], progress=False).kept)


def _rows_of(text: str) -> list[Any]:
    """Rows of an answer; ValueError, with words for the model, if there are none."""
    rows = json.loads(text).get("rows")
    if not isinstance(rows, list) or not rows:
        raise ValueError("`rows` must be a list of rows, and is none")
    return rows


def _row_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _texts_of(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts_of(one)]


async def _all(calls: list[Any]) -> list[Any]:
    """What all give; whoever leaves, or a failure that is not told, ends those that are left."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
