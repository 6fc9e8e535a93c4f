"""The work of a generation, as jobs do it: attempts side by side on a pipeline, each row committed as it ends.

A later attempt at the job has the rows that are there, and the answers of attempts that have none yet.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from synqc import json
from synqc.apps.prompts.acceptance import worth_more
from synqc.apps.prompts.admission import Admission
from synqc.apps.prompts.asking import Asking, CallAccount
from synqc.apps.prompts.attempt import Attempt
from synqc.apps.prompts.causes import RowStatus, StopReason
from synqc.apps.prompts.draws import Draws
from synqc.apps.prompts.equivalence import Verdict
from synqc.apps.prompts.errors import GenerationStopped
from synqc.apps.prompts.gathered_writes import GatheredWrites
from synqc.apps.prompts.job_batches import JobBatches
from synqc.apps.prompts.novelty import Novelty, digest_of
from synqc.apps.prompts.prices import PriceTable
from synqc.apps.prompts.providers import Providers
from synqc.apps.prompts.request import GenerationRequest
from synqc.apps.prompts.roles import Roles
from synqc.apps.prompts.semantic.meaning import RowMeanings
from synqc.apps.prompts.stopping import Stopping, call_on
from synqc.apps.prompts.tables import call_records, generations, row_records
from synqc.apps.prompts.tables.row_records import Committed, NewRow
from synqc.errors import InputError, MissingExtra
from synqc.jobs import RunningJob, Work
from synqc.jobs import StopReason as JobStop
from synqc.jobs.errors import JobStopped
from synqc.jobs.executors import thread_pool
from synqc.llm.conversation_loop import run_on_conversation_loop
from synqc.llm.embed import Embedder
from synqc.pipeline import Pipeline, Stage

__all__ = ["FALSE_ALARMS", "KIND", "Judge", "generation_work", "sources_of"]

KIND = "generation"
FALSE_ALARMS = "semantic_false_alarms"
"""Name of what the job keeps of them."""
_JUDGES = 8
"""Answers that are compared at a time."""
_SPARE = 2
"""To so many workers one attempt more is under way, so that no worker waits for the ledger: a call is written down
before it begins, by a thread that has to wait for the interpreter at every statement while others use it."""
_PASSED = (RowStatus.ACCEPTED, RowStatus.SURPLUS)
_LOOK_AGAIN_S = 1.0
_LOOK_EVERY = 25
"""Attempts after which it is looked whether a further row is worth its price."""


Judge = Callable[[str, str, str], Verdict]
"""judge(reference, answer, problem): whether two answers are equal, by computation; on any thread."""


def _nothing() -> None:
    pass


def generation_work(
    providers: Providers, prices: PriceTable, judge: Judge, benchmarks: Callable[[str], Sequence[str]], *,
    embedders: Callable[[str], Embedder], concurrency: int, start_judge: Callable[[], None] = _nothing,
) -> Work:  # fmt: skip
    """Makes rows.

    Args:
        providers: Providers that answer.
        prices: What that costs.
        judge: Compares answers.
        benchmarks: Texts of a benchmark by name; raises InputError for one that is not there.
        embedders: Make vectors of problems, by name; raises InputError for one that is not there.
        concurrency: Generations at a time.
        start_judge: Called when a generation begins, ahead of the first comparison; must not block.
    """

    def work(job: RunningJob) -> dict[str, Any]:
        generation = _Generation(job, _claimed(job), providers, prices, judge, benchmarks, embedders)
        start_judge()
        return generation.make()

    return Work(work, concurrency=concurrency, permanent=(InputError, GenerationStopped, MissingExtra))


def _claimed(job: RunningJob) -> generations.Begun:
    """Note the claim; what is asked may have changed since the job was submitted, and does not from now on."""
    writer = job.ledger.writer
    writer.call(generations.note, generations.note_of(job.id, GenerationRequest.from_dict(job.payload))).result()
    begun: generations.Begun = writer.call(generations.begin, generations.Begin(job.id)).result()
    return begun


class _Generation:
    """One attempt at the job."""

    def __init__(
        self, job: RunningJob, begun: generations.Begun, providers: Providers, prices: PriceTable, judge: Judge,
        benchmarks: Callable[[str], Sequence[str]], embedders: Callable[[str], Embedder],
    ) -> None:  # fmt: skip
        self._job, self._begun = job, begun
        self._embedders = embedders
        self._writer = job.ledger.writer
        self._judge = judge
        self._request = request = GenerationRequest.from_dict(json.loads(begun.request))
        known = prices.of_models(request.models.all, worst=request.unknown_price == "worst")
        self._batches = {
            model: providers.batches_of(model, JobBatches(job, model))
            for model in request.models.all
            if request.batch and providers.has_batches(model)
        }
        self._prices = {
            model: price.in_batches if price is not None and model in self._batches else price
            for model, price in known.items()
        }
        self._providers = {model: self._batches.get(model) or providers.find(model) for model in request.models.all}
        self._sources = sources_of(request, benchmarks)
        self._roles, self._draws = Roles(request), Draws(request)
        self._stopping = Stopping(request.limits)
        self._room = asyncio.Event()
        self._writes = GatheredWrites(self._writer)

    def make(self) -> dict[str, Any]:
        """Make rows until there are enough, or there is a reason to stop."""
        pricing = generations.Pricing(self._job.id, None not in self._prices.values())
        self._writer.call(generations.price, pricing).result()
        with self._job.ledger.database.reading() as connection:
            self._load(connection, is_begun_anew=self._begun.is_anew)
        self._judges = thread_pool("prompts-judge", min(_JUDGES, self._request.workers))
        try:
            run_on_conversation_loop(self._run(self._begun.started_s))
        finally:
            for models in self._batches.values():
                run_on_conversation_loop(models.leave(cancelling=self._stopping.reason is not None))
                models.close()
            self._judges.shutdown(wait=False, cancel_futures=True)
        return self._concluded()

    def _load(self, connection: Any, *, is_begun_anew: bool) -> None:
        job_id, request = self._job.id, self._request
        ended = row_records.finished_attempts(connection, job_id)
        self._ended = {attempt for attempt, _, _ in ended}
        self._accepted = sum(status is RowStatus.ACCEPTED for _, status, _ in ended)
        self._admission = Admission(status in _PASSED for _, status, _ in ended)
        for _, status, cause in [] if is_begun_anew else ended:  # what stopped it then need not stop it now
            self._stopping.note(status, cause, may_stop=False)
        others = request.duplicates.against_store and not request.is_preview
        made_again = call_records.family_of(connection, job_id, request.reuse_from) if others else []
        store = row_records.store_texts(connection, made_again) if others else []
        own = row_records.own_texts(connection, job_id)
        self._novelty = Novelty(
            request.duplicates, store + own, self._sources, own=len(own), load=self._job.attempt
        )  # fmt: skip
        self._meanings = self._read_meanings(store + own, own=len(own))
        self._asking = Asking(
            self._job, self._providers, self._prices, call_records.unfinished_calls(connection, job_id),
            request.reuse_from, self._stopping, self._writes, most_at_once=request.workers,
            is_limited=(request.limits.usd_micros, request.limits.tokens) != (None, None),
        )  # fmt: skip

    def _read_meanings(self, rows: Sequence[tuple[int, str]], *, own: int) -> RowMeanings | None:
        """Vectors of what must not be said in other words, and how often that is said of what differs."""
        rule = self._request.duplicates.semantic
        if rule is None:
            return None
        meanings = RowMeanings(
            self._embedders(rule.embedder), threshold=rule.threshold, language=rule.language, rows=rows, own=own,
            sources=self._sources,
        )  # fmt: skip
        alarms = meanings.false_alarms()
        self._job.keep(FALSE_ALARMS, {"count": alarms.count, "of": alarms.of}).result()
        return meanings

    async def _run(self, begun_s: float) -> None:
        """Drive attempts; `begun_s` is the moment of the first claim, relative to now."""
        loop = self._loop = asyncio.get_running_loop()
        self._job.on_stop(lambda: call_on(loop, self._hear))
        deadline_s = self._request.limits.deadline_s
        timer = None
        if deadline_s is not None:
            words = f"{deadline_s:g} s since it was begun are over."
            timer = loop.call_later(max(0.0, begun_s + deadline_s), self._stop, StopReason.DEADLINE, words)
        if self._accepted >= self._request.rows:
            self._stop(StopReason.ENOUGH, self._enough())
        attempts = self._request.workers
        if not self._request.batch:  # for whose calls the disk is nothing
            attempts += attempts // _SPARE
        stage = Stage(self._attempt, concurrency=attempts, name="attempt")
        pipeline = Pipeline([stage], order="completion", max_in_flight=attempts)
        self._job.progress(min(self._accepted, self._request.rows), self._request.rows)
        try:
            async with contextlib.aclosing(pipeline.astream(self._numbers())) as stream:
                async for _ in stream:
                    pass
        finally:
            if timer is not None:
                timer.cancel()
            self._writes.write()  # whoever goes on must not ask again for what was answered
        if not self._stopping.is_ending:
            self._stop(StopReason.ATTEMPTS, f"All {self._request.most_attempts:,} attempts that it may make were made.")

    def _numbers(self) -> Iterator[int]:
        """Numbers of attempts that have no row, for as long as there is no reason to stop."""
        for number in range(self._request.most_attempts):
            if self._stopping.is_ending:
                return
            if number not in self._ended:
                yield number

    async def _attempt(self, number: int) -> None:
        if not await self._admitted():
            return
        self._admission.begin(number)
        try:
            await self._made(number)
        finally:
            self._room.set()

    async def _admitted(self) -> bool:
        """Wait until one attempt more is likely to be needed; False: none is."""
        while not self._stopping.is_ending:
            if self._admission.wants_more(self._request.rows - self._accepted):
                return True
            self._room.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):  # one that is under way may take too long
                    await self._room.wait()
        return False

    async def _made(self, number: int) -> None:
        account = CallAccount()
        attempt = Attempt(
            self._request, self._roles, number, self._draws.of(number), self._asking.of(number, account), self._compare,
            meaning=None if self._meanings is None else self._meanings.of_problem(),
        )  # fmt: skip
        await attempt.write()
        await attempt.compare_with(self._novelty)
        await attempt.examine()
        if attempt.status is RowStatus.STOPPED and self._stopping.is_leaving:
            return  # the next worker goes on with it
        committed = await self._committed(attempt, account)
        self._ended.add(number)
        self._accepted = committed.accepted
        self._admission.end(number, passed=committed.status in _PASSED)
        self._stopping.note(committed.status, committed.cause)
        self._job.progress(min(self._accepted, self._request.rows), self._request.rows)
        if self._accepted >= self._request.rows:
            self._stop(StopReason.ENOUGH, self._enough())
        elif self._request.limits.usd_micros_per_new_row is not None and len(self._ended) % _LOOK_EVERY == 0:
            await asyncio.to_thread(self._look_whether_rows_are_worth_it, self._request.limits.usd_micros_per_new_row)

    def _look_whether_rows_are_worth_it(self, most_usd_micros: int) -> None:
        """Stop where a further distinct row is surely dearer than it may be."""
        with self._job.ledger.database.reading() as connection:
            came = row_records.count_repeats(connection, self._job.id)
            usd_micros = row_records.cost_of_rows(connection, self._job.id)
        if came:
            found = worth_more(
                came, cost_per_row=usd_micros / sum(came) / 1e6, most_cost_per_distinct_row=most_usd_micros / 1e6
            )
            if not found.worth:
                words = f"A further row is not worth its price in dollars: {found.reason}"
                call_on(self._loop, lambda: self._stop(StopReason.EXHAUSTED, words))

    async def _committed(self, attempt: Attempt, account: CallAccount) -> Committed:
        row: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if attempt.status is RowStatus.ACCEPTED:
            assert attempt.problem is not None
            # Nothing is awaited between these two and the call of the writer: rows are committed in the order in
            # which they were held against each other.
            if not attempt.is_taken(self._novelty, row):
                attempt.repeat(await self._novelty.repeats(attempt.problem.problem, attempt.meaning))
        try:
            committed: Committed = await self._writes.call(
                row_records.commit_rows, self._new_row(attempt, account),
                durable=attempt.status is RowStatus.ACCEPTED,
            )  # fmt: skip
            await self._asking.stored(attempt.number)
        except BaseException as error:
            if not row.done():
                row.set_exception(error if isinstance(error, Exception) else JobStopped("The row was not stored."))
                row.exception()  # somebody may wait for it, or nobody
            raise
        row.set_result(committed.id)
        return committed

    def _new_row(self, attempt: Attempt, account: CallAccount) -> NewRow:
        problem, draw = attempt.problem, attempt.draw
        assert attempt.status is not None
        return NewRow(
            job_id=self._job.id, owner=self._job.claimed.owner, job_attempt=self._job.attempt, attempt=attempt.number,
            status=attempt.status, cause=attempt.cause, reason=attempt.reason,
            subject=draw.subject or ("" if problem is None else problem.subject),
            topic=draw.topic or ("" if problem is None else problem.topic), difficulty=draw.difficulty,
            problem="" if problem is None else problem.problem, answer="" if problem is None else problem.answer,
            digest=None if problem is None else digest_of(problem.problem), repeats=attempt.repeats_row,
            document=json.dumps(attempt.document()),
            usd_micros=account.usd_micros, tokens=account.tokens,
        )  # fmt: skip

    async def _compare(self, of: str, number: int, problem: str, reference: str, answer: str) -> Verdict:
        loop = asyncio.get_running_loop()
        with self._stopping.endable():
            return await loop.run_in_executor(self._judges, self._judge, reference, answer, problem)

    def _hear(self) -> None:
        """The job shall stop: it was cancelled, or its worker leaves or lost it."""
        if self._job.stop_reason is JobStop.CANCELLED:
            self._stop(StopReason.CANCELLED, "Somebody ended it.")
            return
        self._stopping.leave()
        self._room.set()

    def _stop(self, reason: StopReason, words: str) -> None:
        self._stopping.stop(reason, words)
        self._room.set()

    def _enough(self) -> str:
        return f"There are {self._accepted:,} rows, and {self._request.rows:,} were asked for."

    def _concluded(self) -> dict[str, Any]:
        """Say why it stopped, for good, and then how it ended."""
        stopping, request = self._stopping, self._request
        if stopping.reason is None:
            raise JobStopped(f"Job {self._job.id} shall stop: {self._job.stop_reason}.")
        stop = generations.Stop(self._job.id, stopping.reason, stopping.words)
        self._writer.call(generations.stop, stop).result()
        is_short = stopping.reason not in (StopReason.ENOUGH, StopReason.CANCELLED)
        if is_short and request.on_exhaustion == "raise":
            raise GenerationStopped(
                f"There are {self._accepted:,} of {request.rows:,} rows, and no more will come: {stopping.words}"
            )
        return {"stop_reason": stopping.reason.value, "accepted": self._accepted, "rows": request.rows}


def sources_of(request: GenerationRequest, benchmarks: Callable[[str], Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """What rows must not repeat beside rows: texts by name of their source.

    Raises:
        InputError: A benchmark is not there.
    """
    rule = request.duplicates
    found = {name: benchmarks(name) for name in rule.benchmarks if name not in rule.benchmark_rows}
    seeds = [seed.problem for seed in request.seeds]
    return {**found, **rule.benchmark_rows, **({request.benchmark_name or "seeds": seeds} if seeds else {})}
