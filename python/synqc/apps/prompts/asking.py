"""Asks models for one generation: each call is found in the store, or reserved, made, recorded and settled."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from synqc import json
from synqc.apps.prompts.attempt import Ask, CallFailed, Interrupted
from synqc.apps.prompts.causes import DiscardCause, StopReason
from synqc.apps.prompts.gathered_writes import GatheredWrites
from synqc.apps.prompts.prices import PICODOLLARS, PricedModel
from synqc.apps.prompts.providers import Answers
from synqc.apps.prompts.request import ModelName
from synqc.apps.prompts.roles import Asked
from synqc.apps.prompts.stopping import Stopping
from synqc.apps.prompts.tables import call_records
from synqc.apps.prompts.tables.call_records import Call, Recording, Refused
from synqc.apps.prompts.tracing import call_span
from synqc.jobs import Amount, BudgetExceeded, RunningJob
from synqc.jobs.tables.charges import Reservation, Settlement
from synqc.llm import Completion, LanguageModelError, LanguageModels, Outcome, Spent, structured_in
from synqc.llm.providers.openai_batch import BatchCall, BatchModels, batch_call
from synqc.llm.router.size import Size

__all__ = ["Asking", "CallAccount", "key_of", "question_of", "value_of"]

_Value = TypeVar("_Value")
_CAUSES = {
    Outcome.EMPTY: DiscardCause.MALFORMED, Outcome.MALFORMED: DiscardCause.MALFORMED, Outcome.CUT: DiscardCause.CUT,
    Outcome.FILTERED: DiscardCause.FILTERED, Outcome.REFUSED: DiscardCause.REFUSED,
    Outcome.IN_BAND_ERROR: DiscardCause.REFUSED, Outcome.CANCELLED: DiscardCause.UNREACHABLE,
    Outcome.TIMED_OUT: DiscardCause.TIMED_OUT, Outcome.UNREACHABLE: DiscardCause.UNREACHABLE,
    Outcome.PROTOCOL_ERROR: DiscardCause.UNREACHABLE,
}  # fmt: skip
_ENDED = "The generation ended first, or its worker left."
_LONGEST_ERROR = 2000
_ANY_WINDOW = 2**40
"""Nothing is asked of a window, so that words need not be counted."""


class CallAccount:
    """What the calls of one attempt came to, of this and earlier workers."""

    def __init__(self) -> None:
        self.usd_micros: int | None = 0
        self.tokens: int | None = 0

    def add(self, call: Call) -> None:
        """Count a call; an answer that was taken from another generation cost nothing."""
        if call.reused_from is not None:
            return
        self.usd_micros = _sum(self.usd_micros, call.usd_micros)
        self.tokens = _sum(self.tokens, _sum(call.prompt_tokens, call.completion_tokens))


class Asking:
    """Metered door to the models.

    Money is in the ledger before a call begins, at the most that it may cost, and at what it did cost when its answer
    is stored: both in transactions of their own, so that whoever is killed leaves a call that is charged at its most,
    or one that need not be made again.

    Args:
        job: The generation's job.
        providers: Provider that answers for each model.
        prices: Prices of each model; None: unknown.
        kept: Calls of attempts that have not ended, by earlier workers.
        reuse_from: Job whose answers to the same questions are taken.
        stopping: Says when no call begins any more.
        writes: To the ledger and its tables.
        most_at_once: Calls under way at a time; others have their money reserved, and wait for a place.
        is_limited: Whether calls may have to wait for what is left of a budget.
    """

    def __init__(
        self, job: RunningJob, providers: Mapping[ModelName, Answers],
        prices: Mapping[ModelName, PricedModel | None], kept: Iterable[Call], reuse_from: str | None,
        stopping: Stopping, writes: GatheredWrites, *, most_at_once: int, is_limited: bool,
    ) -> None:  # fmt: skip
        self._job = job
        self._providers = providers
        self._prices = prices
        self._kept = {(one.attempt, one.step, one.key): one for one in kept if one.outcome != Outcome.CANCELLED}
        self._reuse_from = reuse_from
        self._stopping = stopping
        self._writes = writes
        self._places = asyncio.Semaphore(most_at_once)
        self._open = self._settled = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._stored: dict[int, list[asyncio.Future[Any]]] = {}
        self._taken_back: dict[int, list[asyncio.Future[Any]]] = {}
        self._is_limited = is_limited

    def of(self, attempt: int, account: CallAccount) -> Ask:
        """The door for one attempt."""

        async def ask(asked: Asked, read: Callable[[str], _Value]) -> _Value:
            call, answered = await self._call(attempt, asked, read)
            account.add(call)
            return value_of(call, asked, read) if answered is None else answered.value

        return ask

    async def _call(
        self, attempt: int, asked: Asked, read: Callable[[str], Any]
    ) -> tuple[Call, Completion[Any] | None]:
        """The call as it is recorded, and what was answered just now if that need not be read again."""
        key = key_of(asked)
        kept = self._kept.get((attempt, asked.step, key))
        if kept is not None:
            return kept, None
        self._stopping.raise_if_ending()
        if self._reuse_from is not None:
            reused = await asyncio.to_thread(self._find_reusable, self._reuse_from, key)
            if reused is not None:
                return await self._reused(attempt, asked, key, reused), None
        most = self._most(asked)
        await self._reserve(attempt, asked, most)
        try:
            async with self._places:
                is_made = not self._stopping.is_ending
                if is_made:
                    call, recording, answered = await self._made(attempt, asked, read, key, most)
        except BaseException:
            self._close_one()
            raise
        if not is_made:  # it stopped while the reservation was stored, or others had all places
            await self._give_back(attempt, asked)
            raise Interrupted
        # Nobody waits for it but the attempt's row, and calls that wait for what is left of a budget: who is killed
        # before it is stored asks again, and says so.
        stored = self._writes.call(call_records.book, recording, durable=False)
        self._stored.setdefault(attempt, []).append(stored)
        if self._is_limited:
            stored.add_done_callback(lambda _: self._close_one())
        else:
            self._close_one()
        if call.outcome == Outcome.CANCELLED:
            raise Interrupted
        return call, answered

    async def stored(self, attempt: int) -> None:
        """Wait until the calls of an attempt are stored.

        Raises:
            StorageUnavailable: One could not be.
        """
        for one in self._stored.pop(attempt, ()):
            await self._told(one)
        for one in self._taken_back.pop(attempt, ()):
            await one

    def _close_one(self) -> None:
        """A call is settled: one of those that wait for what is left may try again."""
        self._open -= 1
        self._settled += 1
        self._wake_one()

    def _wake_one(self) -> None:
        while self._waiting:
            one = self._waiting.popleft()
            if not one.done():
                one.set_result(None)
                return

    async def _wait_for_settlement(self) -> None:
        """Wait for a call that is settled; where the generation ends, all that wait learn of it, one from the other."""
        one = asyncio.get_running_loop().create_future()
        self._waiting.append(one)
        await one
        if self._stopping.is_ending:
            self._wake_one()
            raise Interrupted

    def _find_reusable(self, job_id: str, key: str) -> Call | None:
        with self._job.ledger.database.reading() as connection:
            return call_records.find_reusable(connection, job_id, key)

    async def _reused(self, attempt: int, asked: Asked, key: str, found: Call) -> Call:
        call = Call(
            **{
                **vars(found), "job_id": self._job.id, "attempt": attempt, "step": asked.step, "key": key,
                "job_attempt": self._job.attempt, "requests": 0, "prompt_tokens": 0, "completion_tokens": 0,
                "cached_prompt_tokens": 0, "reasoning_tokens": 0, "picodollars": 0, "usd_micros": 0,
                "reserved_usd_micros": 0, "reserved_tokens": 0, "latency_s": 0.0, "ended_at": 0.0,
                "reused_from": found.reused_from or found.job_id,
            }
        )  # fmt: skip
        await self._told(self._writes.call(call_records.book, Recording(call, None), durable=False))
        return call

    def _most(self, asked: Asked) -> Amount:
        size = Size.of(asked.request, asked.repeats, smallest_window=_ANY_WINDOW)
        assert size.most_prompt is not None  # there are no pictures
        assert size.completion is not None  # each request names its limit
        price = self._prices[asked.model]
        picodollars = 0 if price is None else price.most_cost(size.most_prompt, size.completion)
        return Amount(_up(picodollars), size.most_prompt + size.completion)

    async def _reserve(self, attempt: int, asked: Asked, most: Amount) -> None:
        """Reserve; where nothing is left but what calls under way have reserved, wait for them.

        Raises:
            Interrupted: The generation ends.
        """
        of = call_records.charge_of(
            self._job.id, self._job.claimed.owner, self._job.attempt, attempt, asked.step
        )  # fmt: skip
        while True:
            self._open += 1
            settled = self._settled
            try:
                await self._told(self._writes.call(call_records.book, Reservation(of, most), durable=False))
                return
            except BudgetExceeded as error:
                self._open -= 1
                if self._settled != settled:  # since it was refused something has become free, perhaps
                    continue
                if self._open == 0:
                    self._stopping.stop(StopReason.BUDGET, str(error))
                    self._wake_one()
                    raise Interrupted from None
            except BaseException:
                self._close_one()
                raise
            await self._wait_for_settlement()

    async def _give_back(self, attempt: int, asked: Asked) -> None:
        of = call_records.charge_of(self._job.id, self._job.claimed.owner, self._job.attempt, attempt, asked.step)
        try:
            await self._told(self._writes.call(call_records.book, Settlement(of, Amount()), durable=False))
        finally:
            self._close_one()

    async def _made(
        self, attempt: int, asked: Asked, read: Callable[[str], Any], key: str, most: Amount
    ) -> tuple[Call, Recording, Completion[Any] | None]:
        answer, error, text = Outcome.OK, "", ""
        spent: Spent
        answered: Completion[Any] | None = None
        provider, named = self._providers[asked.model], BatchCall(f"{attempt}.{asked.step}")
        batch_call.set(named)
        with call_span(self._job.id, attempt, asked) as span:
            try:
                with self._stopping.endable():
                    completion: Completion[Any] = await provider.acomplete(asked.request, read, repeats=asked.repeats)
                spent, text = completion.spent, completion.text
                # Read by the rules of `value_of` already, which are stricter where something was mended.
                if isinstance(provider, LanguageModels) and not completion.repaired:
                    answered = completion
            except LanguageModelError as failure:
                answer, error, text, spent = failure.outcome, str(failure), failure.answer, failure.spent
            except Interrupted:  # it ends the call, not the attempt, whose row is still to be stored
                if self._stopping.is_leaving and isinstance(provider, BatchModels):
                    if not named.is_sent:
                        self._take_back(attempt, asked, self._job.attempt)
                    raise  # its batch goes on, and the next worker has its answer
                answer, error, spent = Outcome.CANCELLED, _ENDED, Spent(1)
            span.ended(answer, spent, text)
        if named.made_by is not None:  # of earlier workers, each of whom reserved for it: it is billed once
            for earlier in range(named.made_by, self._job.attempt):
                self._take_back(attempt, asked, earlier)
        call, settled = self._accounted(attempt, asked, key, most, (answer, error, text, spent))
        recording = Recording(call, call_records.settlement_of(call, self._job.claimed.owner, settled))
        return call, recording, answered

    def _take_back(self, attempt: int, asked: Asked, job_attempt: int) -> None:
        """Nothing was spent by that attempt at the job on this call; it may have reserved nothing for it, either."""
        of = call_records.charge_of(self._job.id, self._job.claimed.owner, job_attempt, attempt, asked.step)
        taken_back = self._writes.call(call_records.book, Settlement(of, Amount()), durable=False)
        self._taken_back.setdefault(attempt, []).append(taken_back)

    def _accounted(
        self, attempt: int, asked: Asked, key: str, most: Amount, came: tuple[Outcome, str, str, Spent]
    ) -> tuple[Call, Amount]:
        """The call with its cost, and what is settled: where nobody counted, the most that it may have cost."""
        outcome, error, text, spent = came
        price = self._prices[asked.model]
        picodollars = None if price is None else price.cost(spent)
        usd_micros = None if picodollars is None else _up(picodollars)
        tokens = _sum(spent.prompt_tokens, spent.completion_tokens) if spent.calls else 0
        call = Call(
            job_id=self._job.id, attempt=attempt, step=asked.step, job_attempt=self._job.attempt, key=key,
            role=asked.role, model=str(asked.model), question=question_of(asked),
            answer=text.encode(errors="surrogatepass"), outcome=outcome.value, error=_writable(error),
            requests=spent.calls, prompt_tokens=spent.prompt_tokens if spent.calls else 0,
            completion_tokens=spent.completion_tokens if spent.calls else 0,
            cached_prompt_tokens=spent.cached_prompt_tokens, reasoning_tokens=spent.reasoning_tokens,
            picodollars=picodollars, usd_micros=usd_micros,
            reserved_usd_micros=None if price is None else most.usd_micros, reserved_tokens=most.tokens,
            latency_s=spent.latency_s, ended_at=0.0, reused_from=None,
        )  # fmt: skip
        return call, Amount(
            most.usd_micros if usd_micros is None else usd_micros, most.tokens if tokens is None else tokens
        )  # fmt: skip

    @staticmethod
    async def _told(future: asyncio.Future[Any]) -> Any:
        """What the writer answers; a refusal is raised."""
        answer = await future
        if isinstance(answer, Refused):
            raise answer.error
        return answer


def key_of(asked: Asked) -> str:
    """Names everything that decides the answer: the model, and every field of the request."""
    return asked.request.key(str(asked.model))


def question_of(asked: Asked) -> bytes:
    """What was asked, as it is recorded."""
    return json.dumps([[one.role, one.content] for one in asked.request.messages])


def value_of(call: Call, asked: Asked, read: Callable[[str], _Value]) -> _Value:
    """What a recorded call came to: the same today as when it was made.

    Raises:
        CallFailed: It came to no answer.
    """
    outcome = Outcome(call.outcome)
    if not outcome.is_success:
        raise CallFailed(_CAUSES[outcome], call.error)
    try:
        return _read(call.text, asked, read)
    except ValueError as error:  # recorded by a SynQc that took more
        raise CallFailed(DiscardCause.MALFORMED, str(error)) from None


def _read(text: str, asked: Asked, read: Callable[[str], _Value]) -> _Value:
    form = asked.request.form
    if form is None:
        return read(text)
    values: list[_Value] = []

    def accept(found: str) -> None:
        values.append(read(found))

    try:
        structured_in(text, form.schema, accept=accept)
    except ValueError:
        mended = structured_in(text, form.schema, accept=accept, repair=form.repair).repaired
        if "\\\\" in text and any("backslash" in one for one in mended):
            raise ValueError("some of its backslashes are doubled, and some are not") from None
    return values[-1]


def _writable(error: str) -> str:
    return error[:_LONGEST_ERROR].replace("\0", " ").encode(errors="replace").decode()


def _up(picodollars: int) -> int:
    return -(-picodollars // PICODOLLARS)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
