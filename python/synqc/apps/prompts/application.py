"""Application service: generations of synthetic prompts, submitted, watched, read and corrected.

A generation is a job of kind `generation`: its payload is the request, whole. Where another process does it
(`synqc worker --kinds generation`), everything here reads the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from synqc import json
from synqc.apps.prompts.acceptance import GuardReport
from synqc.apps.prompts.acceptance.share import exact_share
from synqc.apps.prompts.benchmarks import Benchmarks
from synqc.apps.prompts.causes import RowStatus, StopReason
from synqc.apps.prompts.checks import check_text, check_whole
from synqc.apps.prompts.draws import Draws
from synqc.apps.prompts.embedders import Embedders
from synqc.apps.prompts.equivalence import Verdict, judge_equivalence, start_judges
from synqc.apps.prompts.errors import GenerationBegun, PriceUnknown, UnknownGeneration, UnknownRow
from synqc.apps.prompts.forgotten_jobs import forgotten_job
from synqc.apps.prompts.funnel import Estimate, Funnel, GenerationStatus, SemanticReport
from synqc.apps.prompts.funnel_reading import estimate_of, funnel_of
from synqc.apps.prompts.generation_work import FALSE_ALARMS, KIND, Judge, generation_work, sources_of
from synqc.apps.prompts.guard_trials import check_same_guard, report_of, trial_request
from synqc.apps.prompts.prices import PricedModel, PriceTable
from synqc.apps.prompts.providers import Answers, Providers
from synqc.apps.prompts.replaying import Replay, replay
from synqc.apps.prompts.request import MOST_ROWS, MOST_WORKERS, GenerationRequest, ModelName, most_attempts_of
from synqc.apps.prompts.row import RecordedCall, Row, RowFilter
from synqc.apps.prompts.settings import PromptsSettings
from synqc.apps.prompts.tables import call_records, generations, row_records
from synqc.apps.prompts.tables.schema import COMPONENT
from synqc.errors import InputError
from synqc.jobs import Budget, Job, JobEvent, JobState, Ledger, RetryPolicy, UnknownJob, Work, Worker
from synqc.jobs.ledgers import Ledgers
from synqc.llm.embed import Embedder

__all__ = ["PromptsApplication", "work_of"]

_RESTARTS = RetryPolicy(attempts=10_000, first_s=1.0, most_s=60.0)
"""A generation goes on however often its worker is killed."""
_LONGEST_LIST = 10_000
_LONGEST_REASON = 100_000
_CANCELLED = "Somebody ended it."


def _by_computation(reference: str, answer: str, problem: str) -> Verdict:
    return judge_equivalence(reference, answer, question=problem)


def work_of(settings: PromptsSettings) -> Work:
    """What does generations in a process without the application, such as `synqc worker`."""
    providers = Providers(settings)
    providers.load()
    return generation_work(
        providers, PriceTable.of(settings.prices_path), _by_computation,
        Benchmarks(settings.benchmarks_path).texts, embedders=Embedders(settings).find,
        concurrency=settings.generations_at_once, start_judge=start_judges,
    )  # fmt: skip


class PromptsApplication:
    """Generations on one database, and what is asked about them. Methods block on the database; any thread may call.

    Args:
        settings: Settings of the service.
        ledgers: Ledgers of the process, where other applications share it.
        providers: Providers that answer, by name, beside those of the settings.
        judge: Compares answers with references, by computation; None: in judging processes, `judge_equivalence`.
        embedders: Embedders, by name, beside those of this machine.

    Examples:
        >>> import pathlib, tempfile
        >>> from synqc.apps.prompts.request import GenerationRequest, ModelName, RoleModels
        >>> model = ModelName("local", "qwen2.5-coder-1.5b")
        >>> request = GenerationRequest(
        ...     rows=2, models=RoleModels(model, model, model), taxonomy={"Arithmetic": ["Fractions"]}
        ... )
        >>> folder = tempfile.TemporaryDirectory()
        >>> application = PromptsApplication(PromptsSettings(state_dir=pathlib.Path(folder.name)))
        >>> job_id = application.submit(request)
        >>> application.status(job_id).state.value, application.cancel(job_id).state.value
        ('queued', 'cancelled')
        >>> application.close(); folder.cleanup()
    """

    def __init__(
        self, settings: PromptsSettings, ledgers: Ledgers | None = None, *,
        providers: Mapping[str, Answers] | None = None, judge: Judge | None = None,
        embedders: Mapping[str, Embedder] | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.embedders = Embedders(settings, embedders)
        self.providers = Providers(settings, providers)
        self.prices = PriceTable.of(settings.prices_path)
        self.benchmarks = Benchmarks(settings.benchmarks_path)
        self._judge = judge
        self._worker: Worker | None = None
        self._owned = Ledgers() if ledgers is None else None
        self.ledger: Ledger = (self._owned or ledgers).at(settings.location, [COMPONENT])  # type: ignore[union-attr]

    def start(self, *, lease_s: float = 10.0) -> None:
        """Work generations in this process, until `close`, and go on with those that a process before this one had.

        Without it other processes' workers do.
        """
        if self._worker is None:
            threading.Thread(target=self.providers.load, name="synqc-prompts-load", daemon=True).start()
            self._worker = Worker(
                self.ledger, {KIND: self.work()}, lease_s=lease_s, keep_ended_s=self.settings.keep_ended_s,
                takes_over=True,
            )  # fmt: skip

    def work(self) -> Work:
        """What does generations, for a worker that is the caller's."""
        options: dict[str, Any] = {"concurrency": self.settings.generations_at_once}
        if self._judge is None:
            options["start_judge"] = start_judges
        return generation_work(
            self.providers,
            self.prices,
            self._judge or _by_computation,
            self.benchmarks.texts,
            embedders=self.embedders.find,
            **options,
        )

    def drain(self) -> None:
        """Begin no more, and give back what is under way; returns at once."""
        if self._worker is not None:
            self._worker.drain()

    def close(self) -> None:
        """Drain, wait, and let go of models, and of the database if this application opened it."""
        if self._worker is not None:
            self._worker.close()
        self.providers.close()
        if self._owned is not None:
            self._owned.close()

    # Those who want rows

    def submit(self, request: GenerationRequest, *, idempotency_key: str | None = None) -> str:
        """Have rows made; returns the job's id when that is stored for good.

        Args:
            request: What is wanted.
            idempotency_key: Key of this request: one that is repeated with it is answered with the first one's job.

        Raises:
            InputError: A part of the request cannot be done here; the message names it.
            PriceUnknown: A budget is given, but a model's price is not known.
            IdempotencyConflict: The key was used for another request.
            StorageUnavailable: It could not be stored.
        """
        self._check(request)
        document = request.to_dict()
        job_id = self.ledger.submit(
            KIND, document, idempotency_key=idempotency_key, retry=_RESTARTS,
            budget=Budget(usd_micros=request.limits.usd_micros, tokens=request.limits.tokens),
        )  # fmt: skip
        self.ledger.writer.call(generations.note, generations.note_of(job_id, request)).result()
        return job_id

    def preview(self, request: GenerationRequest, *, attempts: int = 3, idempotency_key: str | None = None) -> str:
        """Have a few attempts made to look at, with everything that the models say (`calls`), and to estimate from.

        Its rows are no rows of the store, and nobody waits for a batch interface. A generation of the same request with
        `reuse_from` of this one does not pay for their answers again.
        """
        check_whole("attempts", attempts, 1, 100)
        limits = replace(request.limits, attempts=attempts)
        few = replace(
            request, limits=limits, is_preview=True, rows=attempts, on_exhaustion="return_partial", batch=False
        )
        return self.submit(few, idempotency_key=idempotency_key)

    def try_guard(self, request: GenerationRequest, *, idempotency_key: str | None = None) -> str:
        """Have the guard of reference answers tried on the request's seeds, whose answers are known.

        The engineer solves each seed; its solution, right or wrong, is then a reference, of which the guard decides as
        it would of one that the engineer wrote: by independent solutions of the judge. `guard_report` tells the rest.
        Its rows are no rows of the store.

        Args:
            request: The generation that the guard is of; its target and topics are not asked.
            idempotency_key: As for `submit`.

        Raises:
            InputError: A seed has no answer, the request has no guard, or as `submit`.
        """
        return self.submit(trial_request(request), idempotency_key=idempotency_key)

    def guard_report(self, trial: str | int, *, of: str | int | None = None) -> GuardReport:
        """How many wrong references the guard refuses, and right ones it trusts, by a trial, with exact intervals.

        Args:
            trial: What `try_guard` returned.
            of: A generation of the same models and rule: the report then says how many of its accepted rows are likely
                to have a wrong reference.

        Raises:
            UnknownGeneration: There is none.
            InputError: One is no trial, or the other is of another guard.
        """
        request = GenerationRequest.from_dict(self.status(trial).request)
        if not request.is_guard_trial:
            raise InputError(f"Argument `trial` must be a trial of a guard, but {trial!r} makes problems.")
        if of is not None:
            check_same_guard(request, GenerationRequest.from_dict(self.status(of).request))
        rows = self.export_rows(trial, statuses=tuple(RowStatus))
        return report_of(request, rows, None if of is None else self.funnel(of))

    def _check(self, request: GenerationRequest) -> None:
        """Refuse what cannot be done, before it is a job."""
        Draws(request)
        for model in request.models.all:
            self.providers.check(model)
        if request.batch and not any(map(self.providers.has_batches, request.models.all)):
            names = ", ".join(map(str, request.models.all))
            raise InputError(
                f"Argument `batch` must be for a model whose provider has a batch interface, not for {names}."
            )
        for name in ("usd_micros", "usd_micros_per_new_row"):
            if getattr(request.limits, name) is not None:
                prices = self.prices.of_models(request.models.all, worst=request.unknown_price == "worst")
                for model, price in prices.items():
                    if price is None:
                        raise PriceUnknown(model, f"limits.{name}")
        for name in request.duplicates.benchmarks:
            if name not in request.duplicates.benchmark_rows:
                self.benchmarks.problems(name)
        if request.duplicates.semantic is not None:
            rule = request.duplicates.semantic
            embedder = self.embedders.find(rule.embedder)
            embedder.languages.require(rule.language, embedder.name)
        if request.reuse_from is not None:
            self.status(request.reuse_from)

    def change_target(self, generation: str | int, target: ModelName) -> GenerationStatus:
        """Ask for problems that another model fails; of a generation that has begun that cannot be changed any more.

        Raises:
            UnknownGeneration: There is none.
            GenerationBegun: Its rows are tried on the target that it has.
            InputError: The model's provider cannot be asked.
            PriceUnknown: A budget is given, but the model's price is not known.
        """
        status = self.status(generation)
        request = GenerationRequest.from_dict(status.request)
        if target == request.models.target:
            return status
        changed = replace(request, models=replace(request.models, target=target))
        if status.started_at is None:
            self._check(changed)
            note = generations.note_of(status.job_id, changed)
            if self.ledger.writer.call(generations.change, note).result():
                return self.status(status.job_id)
        raise GenerationBegun(
            f"Batch {status.id} has begun: its rows are problems that {request.models.target} fails, which nobody "
            f'knows of {target}. Ask for a new batch with that target, and with "reuse_from": "{status.job_id}", which '
            "pays for no recorded answer again."
        )

    def cancel(self, generation: str | int) -> GenerationStatus:
        """End a generation; what it has is kept. One that has ended stays as it is.

        Raises:
            UnknownGeneration: There is none.
        """
        status = self.status(generation)
        job_id = status.job_id
        if status.ended_at is not None:
            return status
        if self.ledger.cancel(job_id).state is JobState.CANCELLED:
            stop = generations.Stop(job_id, StopReason.CANCELLED, _CANCELLED)
            if self.status(job_id).stop_reason is None:
                self.ledger.writer.call(generations.stop, stop).result()
        return self.status(job_id)

    def wait(self, generation: str | int, timeout_s: float | None = None) -> GenerationStatus:
        """A generation once it has ended.

        Raises:
            UnknownGeneration: There is none.
            TimedOut: It has not ended by then.
        """
        status = self.status(generation)
        if status.ended_at is not None:
            return status
        self.ledger.wait(status.job_id, timeout_s)
        return self.status(status.job_id)

    def delete(self, generation: str | int) -> None:
        """Forget a generation that has ended, with its rows and calls; its job stays in the ledger, with what it cost.

        Raises:
            UnknownGeneration: There is none.
            InputError: It has not ended.
        """
        found = self.status(generation)
        if found.state in (JobState.QUEUED, JobState.RUNNING):
            raise InputError(
                f"Generation {found.job_id} must have ended to be deleted, but is {found.state}: cancel it."
            )
        self.ledger.writer.call(generations.forget, found.job_id).result()

    # Those who watch

    def status(self, generation: str | int) -> GenerationStatus:
        """A generation at this moment.

        Args:
            generation: Id of its job, or number of the batch.

        Raises:
            UnknownGeneration: There is none.
        """
        with self.ledger.database.reading() as connection:
            found = generations.find_generation(connection, _possible(generation))
        if found is None:
            raise UnknownGeneration(generation)
        return _status(found, self._job_of(found))

    def batches(self, *, skip: int = 0, limit: int = 1000) -> list[GenerationStatus]:
        """Generations, newest first; previews are none."""
        _check_page(skip, limit)
        with self.ledger.database.reading() as connection:
            found = generations.find_generations(connection, skip, limit)
        return [_status(one, self._job_of(one)) for one in found]

    def _job_of(self, found: Any) -> Job:
        """Of a generation, as its table has it: also of one whose job the ledger was told to forget."""
        try:
            return self.ledger.job(found.job_id)
        except UnknownJob:
            with self.ledger.database.reading() as connection:
                return forgotten_job(KIND, found, call_records.call_costs(connection, found.job_id))

    def funnel(self, generation: str | int) -> Funnel:
        """Where its attempts ended, and what they cost.

        Raises:
            UnknownGeneration: There is none.
        """
        status = self.status(generation)
        with self.ledger.database.reading() as connection:
            found = generations.find_generation(connection, status.job_id)
            counted = row_records.count_by_topic(connection, status.job_id)
            costs = call_records.call_costs(connection, status.job_id)
            came = row_records.count_repeats(connection, status.job_id)
        spending = self._job_of(found).spending
        return funnel_of(
            status.rows_wanted, counted, costs, spending, is_priced=status.usd_micros is not None, came=came,
            semantic=self._semantic_of(status),
        )  # fmt: skip

    def _semantic_of(self, status: GenerationStatus) -> SemanticReport | None:
        rule = status.request["duplicates"].get("semantic")
        if rule is None:
            return None
        kept = self.ledger.parts(status.job_id).get(FALSE_ALARMS)
        counts = {"count": 0, "of": 0} if kept is None else json.loads(kept)
        return SemanticReport(rule["embedder"], rule["threshold"], exact_share(counts["count"], counts["of"]))

    def estimate(self, generation: str | int, *, rows: int | None = None, workers: int | None = None) -> Estimate:
        """What a number of rows will take, by the attempts that a generation has made: a preview, or any other.

        Args:
            generation: It.
            rows: How many; None: as many as it was asked for.
            workers: Calls at a time; None: as it was asked.

        Raises:
            UnknownGeneration: There is none.
            InputError: A number is out of its range.
        """
        status = self.status(generation)
        rows = status.rows_wanted if rows is None else rows
        workers = status.request["workers"] if workers is None else workers
        check_whole("rows", rows, 1, MOST_ROWS)
        check_whole("workers", workers, 1, MOST_WORKERS)
        with self.ledger.database.reading() as connection:
            seconds = call_records.seconds_of_calls(connection, status.job_id)
        funnel = self.funnel(status.job_id)
        made = funnel.attempted - funnel.by_status[RowStatus.STOPPED]
        return estimate_of(funnel, seconds / made if made else 0.0, rows=rows, workers=workers)

    def prices_of(self, generation: str | int) -> list[PricedModel]:
        """What its models cost by the table of this process, each with its date and source; those that somebody bills.

        Raises:
            UnknownGeneration: There is none.
        """
        request = GenerationRequest.from_dict(self.status(generation).request)
        stated = self.prices.stated(request.models.all)
        return [one.in_batches if request.batch and self.providers.has_batches(one.model) else one for one in stated]

    def calls(self, generation: str | int, *, attempt: int | None = None) -> list[RecordedCall]:
        """Everything that models were asked and said, for a generation or for one attempt of it.

        Raises:
            UnknownGeneration: There is none.
        """
        if attempt is not None:
            check_whole("attempt", attempt, 0, 2**31 - 1)
        job_id = self.status(generation).job_id
        with self.ledger.database.reading() as connection:
            return [one.told() for one in call_records.find_calls(connection, job_id, attempt)]

    def replay(self, generation: str | int) -> Replay:
        """Make a generation that has ended again from the store, without network, and hold it against what is stored.

        Raises:
            UnknownGeneration: There is none.
            InputError: It has not ended.
            ReplayDiffers: A row comes out different.
        """
        status = self.status(generation)
        if status.state in (JobState.QUEUED, JobState.RUNNING):
            raise InputError(f"Generation {status.job_id} must have ended to be replayed, but is {status.state}.")
        request = GenerationRequest.from_dict(status.request)
        with self.ledger.database.reading() as connection:
            calls = call_records.find_calls(connection, status.job_id)
        rows = list(self._parts(RowFilter(job_id=status.job_id)))
        return replay(request, rows, calls, sources_of(request, self.benchmarks.texts), self._store_of(request, status))

    def _store_of(
        self, request: GenerationRequest, status: GenerationStatus
    ) -> Callable[[int], Sequence[tuple[int, str]]]:
        def store(until: int) -> Sequence[tuple[int, str]]:
            if not until:
                return ()
            with self.ledger.database.reading() as connection:
                made_again = call_records.family_of(connection, status.job_id, request.reuse_from)
                return row_records.store_texts(connection, made_again, until=until)

        return store

    def export_rows(
        self, generation: str | int, *, statuses: Sequence[RowStatus] = (RowStatus.ACCEPTED,)
    ) -> Iterator[Row]:
        """Rows of a generation in the order of their ids, read in parts.

        Raises:
            UnknownGeneration: There is none.
        """
        return self._parts(RowFilter(job_id=self.status(generation).job_id, statuses=tuple(statuses)))

    def _parts(self, wanted: RowFilter) -> Iterator[Row]:
        while part := self.rows(wanted):
            yield from part
            wanted = replace(wanted, after=part[-1].id)

    def events(self, generation: str | int, after: int = 0) -> list[JobEvent]:
        """History of its job after an entry."""
        return self.ledger.events(self.status(generation).job_id, after)

    def rows(self, wanted: RowFilter = RowFilter()) -> list[Row]:  # noqa: B008 - frozen
        """Rows, in the order of their ids.

        Raises:
            InputError: `skip` or `limit` is out of its range.
        """
        _check_page(wanted.skip, wanted.limit)
        with self.ledger.database.reading() as connection:
            return row_records.find_rows(connection, wanted)

    def count_rows(self, wanted: RowFilter = RowFilter()) -> int:  # noqa: B008 - frozen
        """How many there are, whatever `skip` and `limit` say."""
        with self.ledger.database.reading() as connection:
            return row_records.count_rows(connection, wanted)

    def row(self, row_id: int) -> Row:
        """One row.

        Raises:
            UnknownRow: There is none of that id.
        """
        with self.ledger.database.reading() as connection:
            found = row_records.find_row(connection, row_id) if _is_number(row_id) else None
        if found is None:
            raise UnknownRow(row_id)
        return found

    # Those who correct

    def accept(self, row_id: int, reason: str) -> Row:
        """Make a row an accepted one by hand; the generation may then have more of them than were asked for.

        Raises:
            UnknownRow: There is none of that id.
            InputError: There is no reason, or no problem in the row.
        """
        if not self.row(row_id).problem:
            raise InputError(f"Row {row_id} must hold a problem to be accepted, but holds none.")
        return self._decide(row_id, reason, accepted=True)

    def discard(self, row_id: int, reason: str) -> Row:
        """Discard a row by hand; a generation that still runs makes another one in its place.

        Raises:
            UnknownRow: There is none of that id.
            InputError: There is no reason.
        """
        return self._decide(row_id, reason, accepted=False)

    def _decide(self, row_id: int, reason: str, *, accepted: bool) -> Row:
        check_text("reason", reason, 1, _LONGEST_REASON)
        if not _is_number(row_id):
            raise UnknownRow(row_id)
        decision = row_records.Decision(row_id, accepted, reason)
        return self.ledger.writer.call(row_records.decide_by_hand, decision).result()


def _status(found: Any, job: Job) -> GenerationStatus:
    spent, request = job.spending, json.loads(bytes(found.request))
    reason, words = None if found.stop_reason is None else StopReason(found.stop_reason), found.stop_words
    if reason is None and job.state is JobState.CANCELLED:  # by the ledger, before its work had begun
        reason, words = StopReason.CANCELLED, _CANCELLED
    return GenerationStatus(
        id=found.id, job_id=found.job_id, name=found.name, state=job.state,
        stop_reason=reason, stop_words=words,
        rows_wanted=found.rows_wanted, accepted=found.accepted, surplus=found.surplus, discarded=found.discarded,
        failed=found.failed, stopped=found.stopped,
        most_attempts=most_attempts_of(request["limits"]["attempts"], found.rows_wanted),
        usd_micros=spent.usd_micros.spent if found.is_priced else None,
        reserved_usd_micros=spent.usd_micros.reserved, tokens=spent.tokens.spent,
        error=job.cause if job.state in (JobState.FAILED, JobState.DEAD) else None, job_attempt=job.attempt,
        created_at=found.created_at, updated_at=max(found.updated_at, job.ended_at or 0.0),
        started_at=found.started_at, ended_at=job.ended_at, request=request,
    )  # fmt: skip


def _possible(generation: str | int) -> str | int:
    """What may name a generation; everything else names none."""
    if isinstance(generation, str) and generation.isprintable() and "\0" not in generation:
        return generation
    if _is_number(generation):
        return generation
    raise UnknownGeneration(generation)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31


def _check_page(skip: int, limit: int) -> None:
    check_whole("skip", skip, 0, 2**31 - 1)
    check_whole("limit", limit, 1, _LONGEST_LIST)
