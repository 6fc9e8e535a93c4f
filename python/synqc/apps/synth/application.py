"""Application service: durable data sets, submitted, watched, read and exported; and a few rows to look at before.

A data set is a job of kind `dataset`: its payload is the request, whole, and its rows are what the job keeps. Where
another process does it (`synqc worker --kinds dataset`), everything here reads the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from synqc import json
from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.checks import check_choice
from synqc.apps.synth.column_statistics import column_statistics
from synqc.apps.synth.data_card import DataCard, card_of_generated, data_card
from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.apps.synth.dataset_status import DataSetStatus, status_of
from synqc.apps.synth.dataset_work import KIND, dataset_work, rows_kept
from synqc.apps.synth.errors import UnknownDataSet
from synqc.apps.synth.results import DataResult
from synqc.apps.synth.row_files import arrow_parts, parquet_parts, table_parts
from synqc.apps.synth.row_formats import columns_of, csv_parts, json_lines, with_columns
from synqc.apps.synth.row_tasks import PROMPT_VERSION, row_task_of, rows_asked
from synqc.apps.synth.settings import SynthSettings
from synqc.jobs import Job, JobFilter, Ledger, RetryPolicy, UnknownJob, Work, Worker
from synqc.jobs.ledgers import Ledgers
from synqc.jobs.policies import check_whole
from synqc.llm import Provider

__all__ = ["EXPORT_FORMATS", "SynthApplication", "work_of"]

EXPORT_FORMATS: Final = ("jsonl", "json", "csv", "parquet", "arrow")
_RESTARTS: Final = RetryPolicy(attempts=20, first_s=1.0, most_s=60.0)
"""A data set goes on after its worker was killed, or its model did not answer."""
_MOST_PREVIEWED: Final = 20
_LONGEST_LIST: Final = 10_000
_MOST_DESCRIBED: Final = 100_000


def work_of(settings: SynthSettings) -> Work:
    """What makes data sets in a process without the application, such as `synqc worker`."""
    synth = _synth_of(settings, None)
    return dataset_work(lambda: synth, concurrency=settings.sets_at_once)


def _synth_of(settings: SynthSettings, providers: Mapping[str, Provider] | None) -> AgenticSynth:
    return AgenticSynth(
        {"maxConcurrency": settings.calls_at_once, "timeout": 1000 * settings.call_timeout_s}, settings=settings,
        providers=providers,
    )  # fmt: skip


class SynthApplication:
    """Data sets on one database, and what is asked about them. Methods block on the database; any thread may call.

    Args:
        settings: Settings of the service.
        ledgers: Ledgers of the process, where other applications share it.
        providers: Further providers of models, by name.

    Examples:
        >>> import pathlib, tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> application = SynthApplication(SynthSettings(state_dir=pathlib.Path(folder.name)))
        >>> schema = {"n": {"type": "integer", "minimum": 4, "maximum": 4}}
        >>> dataset = application.submit(application.request("structured", {"schema": schema, "count": 2}))
        >>> application.status(dataset).state, application.cancel(dataset).state, application.rows(dataset)
        ('queued', 'cancelled', [{'n': 4}, {'n': 4}])
        >>> application.close(); folder.cleanup()
    """

    def __init__(
        self,
        settings: SynthSettings,
        ledgers: Ledgers | None = None,
        *,
        providers: Mapping[str, Provider] | None = None,
    ) -> None:
        self.settings = settings
        self.synth = _synth_of(settings, providers)
        self._worker: Worker | None = None
        self._owned = Ledgers() if ledgers is None else None
        self.ledger: Ledger = (self._owned or ledgers).at(settings.location)  # type: ignore[union-attr]

    def start(self, *, lease_s: float = 10.0) -> None:
        """Make data sets in this process, until `close`, and go on with those that a process before this one had.

        Without it other processes' workers do.
        """
        if self._worker is None:
            work = dataset_work(lambda: self.synth, concurrency=self.settings.sets_at_once)
            self._worker = Worker(
                self.ledger, {KIND: work}, lease_s=lease_s, keep_ended_s=self.settings.keep_ended_s, takes_over=True
            )

    def drain(self) -> None:
        """Begin no more, and give back what is under way; returns at once."""
        if self._worker is not None:
            self._worker.drain()

    def close(self) -> None:
        """Drain, wait, and let go of models, and of the database if this application opened it."""
        if self._worker is not None:
            self._worker.close()
        self.synth.close()
        if self._owned is not None:
            self._owned.close()

    # Those who want rows

    def submit(self, request: DataSetRequest, *, idempotency_key: str | None = None) -> str:
        """Have a data set made; returns its id when it is stored for good.

        Raises:
            IdempotencyConflict: The key was used for another request.
            StorageUnavailable: It could not be stored.
        """
        return self.ledger.submit(KIND, request.to_dict(), idempotency_key=idempotency_key, retry=_RESTARTS)

    async def preview(self, request: DataSetRequest, rows: int = 5) -> DataResult:
        """A few rows to look at, now; they are not stored.

        Raises:
            InputError: More rows than 20 are asked for.
            SynthError: As `AgenticSynth.generate_data`.
        """
        check_whole("rows", rows, 1, _MOST_PREVIEWED)
        options = request.options
        count = min(rows, rows_asked(request.kind, options))
        few = replace(options, count=count, end_date=None, cache=False)
        result = await self.synth.generate_few(request.kind, few)
        if request.distances is None:
            return result
        return replace(result, card=DataCard({**result.card.document, "distances": request.distances}))

    def cancel(self, dataset: str) -> DataSetStatus:
        """End a data set; what it has is kept. One that has ended stays as it is.

        Raises:
            UnknownDataSet: There is none.
        """
        self.status(dataset)
        self.ledger.cancel(dataset)
        return self.status(dataset)

    # Those who watch and read

    def status(self, dataset: str) -> DataSetStatus:
        """A data set at this moment.

        Raises:
            UnknownDataSet: There is none.
        """
        return status_of(self._job(dataset))

    def wait(self, dataset: str, timeout_s: float | None = None) -> DataSetStatus:
        """A data set once it has ended.

        Raises:
            UnknownDataSet: There is none.
            TimedOut: It has not ended by then.
        """
        self.status(dataset)
        self.ledger.wait(dataset, timeout_s)
        return self.status(dataset)

    def sets(self, limit: int = 100) -> list[DataSetStatus]:
        """Data sets, newest first."""
        check_whole("limit", limit, 1, _LONGEST_LIST)
        return [self.status(job.id) for job in self.ledger.jobs(JobFilter(kind=KIND, limit=limit))]

    def request_of(self, dataset: str) -> DataSetRequest:
        """As it was asked.

        Raises:
            UnknownDataSet: There is none.
        """
        return DataSetRequest.from_dict(self._job(dataset).payload)

    def rows(self, dataset: str, *, skip: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """Rows that there are, in the order of the data set.

        Raises:
            UnknownDataSet: There is none.
        """
        request = self.request_of(dataset)
        if request.is_generated:
            made = request.generated()
            return made.rows(skip, made.count if limit is None else limit)
        rows, _ = rows_kept(self.ledger, dataset)
        task = row_task_of(request.kind, request.options)
        ordered = task.complete(rows[: task.count])
        return ordered[skip:] if limit is None else ordered[skip : skip + limit]

    def statistics(self, dataset: str) -> list[dict[str, Any]]:
        """Of the rows that there are, of the first 100,000 at most, by column; see `column_statistics`.

        Raises:
            UnknownDataSet: There is none.
        """
        return column_statistics(self.rows(dataset, limit=_MOST_DESCRIBED))

    def card(self, dataset: str) -> DataCard:
        """How the rows that there are were made.

        Raises:
            UnknownDataSet: There is none.
        """
        request = self.request_of(dataset)
        if request.is_generated:
            return card_of_generated(request.generated(), licence=request.licence)
        rows, written = rows_kept(self.ledger, dataset)
        task, told = row_task_of(request.kind, request.options), written or {}
        models = {model: self.synth.licence_of(model) for model in told.get("models", ())}
        return data_card(
            request.kind, rows=min(len(rows), task.count), seed=request.options.seed, schema=task.schema,
            made_by={"source": "model", "prompts": PROMPT_VERSION, "models": models},
            quality={"candidates": told.get("candidates", 0), "refused": told.get("refused", {}),
                     "distinct": request.options.distinct},
            licence=request.licence,
        )  # fmt: skip

    def export(self, dataset: str, format: str = "jsonl") -> Iterator[bytes]:
        """The rows as a file, part by part.

        Raises:
            UnknownDataSet: There is none.
            ValidationError: There is no such format.
        """
        check_choice("format", format, EXPORT_FORMATS)
        request = self.request_of(dataset)
        if request.is_generated:
            made = request.generated()
            tables = made.tables()
            if tables is not None:
                return table_parts(tables, format, card=self.card(dataset).to_dict())
            rows: Iterable[dict[str, Any]] = made.all()
            asked: Mapping[str, Any] = made.schema
            columns = made.columns()
        else:
            rows = self.rows(dataset)
            asked = row_task_of(request.kind, request.options).schema
            columns = columns_of(rows)
        if format == "json":
            return _json_list(rows)
        if format in ("parquet", "arrow"):
            parts_of = parquet_parts if format == "parquet" else arrow_parts
            return parts_of(rows, with_columns(asked, columns), card=self.card(dataset).to_dict())
        parts = csv_parts(rows, columns) if format == "csv" else json_lines(rows)
        return (part.encode() for part in parts)

    def request(
        self, kind: str, options: Mapping[str, Any], *, name: str = "", licence: str | None = None
    ) -> DataSetRequest:
        """A request by what a client wrote; a model writes the rows where one is configured.

        Raises:
            ValidationError: As `DataSetRequest.of`.
        """
        return DataSetRequest.of(kind, options, name=name, licence=licence, has_model=self.synth.has_model)

    def _job(self, dataset: str) -> Job:
        try:
            job = self.ledger.job(dataset)
        except UnknownJob:
            raise UnknownDataSet(dataset) from None
        if job.kind != KIND:
            raise UnknownDataSet(dataset)
        return job


def _json_list(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One JSON array, row by row."""
    yield b"["
    for place, row in enumerate(rows):
        yield (b",\n" if place else b"\n") + json.dumps(row)
    yield b"\n]\n"
