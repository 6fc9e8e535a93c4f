"""AgenticSynth: texts and data sets from language models, through one cache, one router and one limit of calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import asdict, fields
from types import TracebackType
from typing import Any, Self

from synqc.apps.synth.answer_cache import AnswerCache
from synqc.apps.synth.batch import repetitions_in, run_batch
from synqc.apps.synth.checks import check_choice
from synqc.apps.synth.configuration import SynthConfiguration
from synqc.apps.synth.data_card import DataCard, card_of_generated, data_card
from synqc.apps.synth.domains import schema_of_domain
from synqc.apps.synth.errors import APIError, ValidationError, api_error_of
from synqc.apps.synth.generated_rows import GENERATOR_NAME, GeneratedRows, source_of
from synqc.apps.synth.models import SynthModels
from synqc.apps.synth.moments import now, stamp
from synqc.apps.synth.option_names import camel_case, fields_named, snake_case
from synqc.apps.synth.options import DATA_KINDS, BatchOptions, DataOptions, TextOptions, is_typed
from synqc.apps.synth.places import Places
from synqc.apps.synth.requests import RequestRecord, Requests, RequestTicket
from synqc.apps.synth.results import BatchGenerationResult, CachedResult, DataMetadata, DataResult, GenerationResult
from synqc.apps.synth.resumable_batch import Keep, run_resumable
from synqc.apps.synth.row_formats import csv_text, rows_as_lists
from synqc.apps.synth.row_tasks import PROMPT_VERSION, RowTask, row_task_of
from synqc.apps.synth.row_writer import Keep as KeepRows
from synqc.apps.synth.row_writer import RowWriter, Written
from synqc.apps.synth.settings import SynthSettings
from synqc.apps.synth.synth_metrics import CacheMetrics, MemoryMetrics, SynthMetrics, process_bytes, router_metrics
from synqc.apps.synth.text_stream import SynthStream
from synqc.cache import content_key
from synqc.errors import CacheMiss, TimedOut
from synqc.jobs import Ledger
from synqc.llm import LanguageModelError, Message, Provider, Request
from synqc.llm.conversation_loop import run_on_conversation_loop

__all__ = ["AgenticSynth", "create_synth"]

_BATCH_NAMES = frozenset(one.name for one in fields(BatchOptions))
_DATA_SETS_AT_ONCE = 3
_ROWS_PER_CHUNK = 1000
_LONGEST_PROMPT = 1_000_000


class AgenticSynth:
    """Synthetic data.

    Methods that make something are coroutines, of any event loop, and have a twin whose name ends in `_sync`. Every
    method and option is known in camelCase, too: `generateBatch` is `generate_batch`. Any thread may use it. Close it,
    or use it in `with` or `async with`.

    Args:
        configuration: A `SynthConfiguration`, or a mapping of its options.
        settings: Servers and keys; None: of the environment.
        providers: Further providers of models, by the name that models are asked by.
        observe: Given a `RequestRecord` of each request that has ended.
        ledger: Ledger of jobs, for batches that are resumed.
        options: Options of the configuration, as keywords.

    Raises:
        ValidationError: An option is not known, or out of its range.

    Examples:
        >>> synth = AgenticSynth({"cacheTTL": 60_000}, model="openai:phi3", settings=SynthSettings())
        >>> synth.getConfig()["cacheTtlMs"], synth.getMetrics().cache.hitRate
        (60000, 0.0)
        >>> synth.close()
    """

    def __init__(
        self,
        configuration: SynthConfiguration | Mapping[str, Any] | None = None,
        *,
        settings: SynthSettings | None = None,
        providers: Mapping[str, Provider] | None = None,
        observe: Callable[[RequestRecord], object] | None = None,
        ledger: Ledger | None = None,
        **options: Any,
    ) -> None:
        if isinstance(configuration, SynthConfiguration):
            self._configuration = configuration.changed(options) if options else configuration
        else:
            self._configuration = SynthConfiguration.of(configuration, **options)
        self._changing = threading.Lock()
        self._models = SynthModels(self._configuration, settings or SynthSettings.from_environment(), providers)
        self._cache = AnswerCache(self._configuration)
        self._places = Places(self._configuration.max_concurrency)
        self._requests = Requests(observe)
        self._ledger = ledger

    # Texts and data sets

    async def generate(
        self, first: str, options: Mapping[str, Any] | None = None, **named: Any
    ) -> GenerationResult | DataResult:
        """A data set, if `first` is exactly the name of a kind and an option is one of data sets alone; else a text.

        See `generate_text` and `generate_data`, which leave no doubt.
        """
        given = _merged(options, named)
        if is_typed(first, given):
            return await self.generate_data(first, given)
        return await self.generate_text(first, given)

    async def generate_text(
        self, prompt: str, options: Mapping[str, Any] | None = None, **named: Any
    ) -> GenerationResult:
        """What a model answers to a prompt.

        Args:
            prompt: The prompt.
            options: As `TextOptions` has them.
            named: The same, as keywords.

        Raises:
            ValidationError: An option is not known, or out of its range.
            NoModelFound: Nobody can be asked here.
            APIError: No model answered.
            RouteSelectionError: None can be asked now.
            CacheMiss: `only_if_cached`, and nothing is kept.
            TimedOut: The deadline passed.
        """
        asked = TextOptions.of(options, **named)
        _check_prompt(prompt)
        ticket = self._requests.begin("text")
        try:
            async with asyncio.timeout(None if asked.deadline_ms is None else asked.deadline_ms / 1000):
                result = await self._text(prompt, asked, ticket)
        except TimeoutError as error:
            told = error if isinstance(error, TimedOut) else _late(asked.deadline_ms)
            ticket.end(told)
            raise told from None
        except BaseException as error:
            ticket.end(error)
            raise
        ticket.end()
        return result

    async def generate_data(self, kind: str, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """A data set of a kind.

        Args:
            kind: "structured" (or "json", "csv"), "events", "timeseries" or "text".
            options: As `DataOptions` has them.
            named: The same, as keywords.

        Raises:
            ValidationError: An option is not known, out of its range, or does not fit the kind.
            RowsMissing: Fewer rows than asked for were accepted; the error has those that there are.
            NoModelFound, APIError, RouteSelectionError, CacheMiss, TimedOut: As `generate_text`.
        """
        asked = _data_options(kind, options, named)
        ticket = self._requests.begin(kind)
        try:
            async with asyncio.timeout(None if asked.deadline_ms is None else asked.deadline_ms / 1000):
                result = await self._data(kind, asked, ticket)
        except TimeoutError as error:
            told = error if isinstance(error, TimedOut) else _late(asked.deadline_ms)
            ticket.end(told)
            raise told from None
        except BaseException as error:
            ticket.end(error)
            raise
        ticket.end()
        return result

    async def generate_timeseries(self, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data` of "timeseries"."""
        return await self.generate_data("timeseries", options, **named)

    async def generate_events(self, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data` of "events"."""
        return await self.generate_data("events", options, **named)

    async def generate_structured(self, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data` of "structured"."""
        return await self.generate_data("structured", options, **named)

    async def generate_domain(self, domain: str, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data` of "structured", by the schema of a domain: users, products or transactions.

        Raises:
            ValidationError: There is no such domain, or `schema` is given, too.
        """
        given = _merged(options, named)
        return await self.generate_data("structured", _merged(given, {"schema": schema_of_domain(domain)}))

    async def generate_from_json_schema(
        self, json_schema: Mapping[str, Any], options: Mapping[str, Any] | None = None, **named: Any
    ) -> DataResult:
        """`generate_data` of "structured", by a JSON schema of an object; all of its keywords count.

        Raises:
            ValidationError: It is no mapping or no JSON schema, or `schema` is given, too.
        """
        if not isinstance(json_schema, Mapping):
            raise ValidationError(f"Argument `json_schema` must be a mapping, but is {json_schema!r:.80}.")
        whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", **json_schema}
        return await self.generate_data("structured", _merged(_merged(options, named), {"schema": whole}))

    async def generate_local(self, kind: str, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data` by the seeded generators, whatever models are configured."""
        return await self.generate_data(kind, _merged(_merged(options, named), {"source": "generator"}))

    # Many of them

    async def generate_batch(
        self, first: Iterable[str] | str, options: Any = None, concurrency: int | None = None, **named: Any
    ) -> BatchGenerationResult:
        """Texts for prompts, or data sets of one kind, in the order of the input.

        An item begins as soon as another one has ended. Equal items are made once.

        Args:
            first: Prompts; or the name of a kind of data.
            options: One mapping for all prompts; or a list with one for each data set.
            concurrency: As in `BatchOptions`.
            named: Options of the batch (`BatchOptions`) and of its items, as keywords.

        Raises:
            ValidationError: An option is not known, or out of its range.
            BatchFailed: An item failed, and `on_error` is "fail_fast".
        """
        if isinstance(first, str):
            return await self._data_batch(first, options, concurrency, named)
        if options is not None and not isinstance(options, Mapping):
            raise ValidationError(f"Argument `options` must be one mapping, but is {type(options).__name__}.")
        batch, of_items = _split({**_merged(options, named), "concurrency": concurrency})
        asked = TextOptions.of(of_items)
        if not isinstance(first, Iterable):
            raise ValidationError(f"A batch must be a list of prompts, but is {first!r:.80}.")
        prompts = list(first)
        for prompt in prompts:
            _check_prompt(prompt)
        keys = [content_key("prompt", prompt) for prompt in prompts]
        of = repetitions_in(keys, prompts, batch.dedupe)
        limit = batch.concurrency or self._configuration.max_concurrency

        async def run(made: dict[int, Any] | None = None, keep: Keep | None = None) -> BatchGenerationResult:
            return await run_batch(
                prompts, lambda prompt: self.generate_text(prompt, of_items), of, batch, concurrency=limit, made=made,
                keep=keep,
            )  # fmt: skip

        if batch.resume is None:
            return await run()
        models = self._models.identity(asked.model)
        document = {"prompts": prompts, "options": of_items, "dedupe": batch.dedupe, "models": models}
        return await self._resumed(batch.resume, document, run, lambda kept: _restored(GenerationResult, kept))

    async def _resumed(
        self, name: str, document: Mapping[str, Any], run: Any, restore: Callable[[dict[str, Any]], Any]
    ) -> BatchGenerationResult:
        if self._ledger is None:
            raise ValidationError(
                "Option `resume` must be left out where AgenticSynth has no `ledger`, but is given.",
                {"option": "resume"},
            )
        return await run_resumable(self._ledger, name, document, run, restore)

    async def _data_batch(
        self, kind: str, options: Any, concurrency: int | None, named: Mapping[str, Any]
    ) -> BatchGenerationResult:
        if isinstance(options, (list, tuple)):
            check_choice("kind", kind, DATA_KINDS)
        else:
            raise ValidationError(
                "A batch must be a list of prompts, or a kind of data with a list of options, but is a text and "
                f"{type(options).__name__}."
            )
        batch, of_items = _split({**named, "concurrency": concurrency})
        each = [_merged(one, of_items) for one in options]
        for one in each:
            _data_options(kind, one, {})
        keys = [content_key("data", sorted((name, repr(value)) for name, value in one.items())) for one in each]
        of = repetitions_in(keys, None, batch.dedupe)
        limit = batch.concurrency or _DATA_SETS_AT_ONCE

        async def run(made: dict[int, Any] | None = None, keep: Keep | None = None) -> BatchGenerationResult:
            return await run_batch(
                each, lambda one: self.generate_data(kind, one), of, batch, concurrency=limit, made=made, keep=keep
            )

        if batch.resume is None:
            return await run()
        document = {"kind": kind, "options": each, "models": self._models.identity(None)}
        return await self._resumed(batch.resume, document, run, _restored_data)

    def generate_stream(self, first: str, options: Mapping[str, Any] | None = None, **named: Any) -> SynthStream:
        """A text chunk by chunk, or a data set row by row: an asynchronous iterator. See `generate`.

        What was read to its end is kept as `generate` would keep it, and a kept text is replayed in its chunks.

        Raises:
            ValidationError: An option is not known, out of its range, or `streaming` is configured to be false.
        """
        if self._configuration.streaming is False:
            raise ValidationError("Option `streaming` must not be false for a stream, but is.", {"option": "streaming"})
        given = _merged(options, named)
        if is_typed(first, given):
            data = _data_options(first, given, {})
            for name in ("only_if_cached", "format"):
                if getattr(data, name) != getattr(DataOptions(), name):
                    raise ValidationError(f"Option `{name}` must be left out for a stream of rows, but is given.")
            if source_of(first, data, has_model=self._models.is_configured) == "generator":
                return SynthStream(lambda ticket: _generated_parts(first, data, ticket), self._requests, first)
            row_task_of(first, data)
            return SynthStream(lambda ticket: self._rows_parts(first, data, ticket), self._requests, first)
        text = TextOptions.of(given)
        _check_prompt(first)
        return SynthStream(lambda ticket: self._text_parts(first, text, ticket), self._requests, "stream")

    async def generate_few(self, kind: str, options: DataOptions) -> DataResult:
        """`generate_data` with options that were read already."""
        ticket = self._requests.begin(kind)
        try:
            result = await self._data(kind, options, ticket)
        except BaseException as error:
            ticket.end(error)
            raise
        ticket.end()
        return result

    async def write_rows(self, kind: str, options: DataOptions, *, begun: Written | None, keep: KeepRows) -> Written:
        """Rows that a model writes, past the cache, kept round by round: what a durable data set is made by.

        Args:
            kind: Kind of data.
            options: Options of it.
            begun: What an earlier attempt has; None: nothing.
            keep: keep(rows, written) stores what a round has added.

        Raises:
            RowsMissing, NoModelFound, APIError, RouteSelectionError: As `generate_data`.
        """
        ticket = self._requests.begin(kind)
        try:
            writer = RowWriter(row_task_of(kind, options), options, self._models, self._places, ticket, begun)
            written = await writer.write(keep)
        except BaseException as error:
            ticket.end(error)
            raise
        ticket.tokens, ticket.model = written.tokens, ", ".join(written.models)
        ticket.end()
        return written

    @property
    def has_model(self) -> bool:
        """Whether the configuration, or the operator, names a model."""
        return self._models.is_configured

    def models_asked(self) -> list[str]:
        """Names of the models that are asked where a request names none, the preferred one first.

        Raises:
            NoModelFound: There is none.
        """
        return self._models.names_asked()

    def licence_of(self, model: str) -> str:
        """Licence of a model's weights, where it is a known file."""
        return self._models.licence_of(model)

    # What it knows, and how it is changed

    def get_metrics(self) -> SynthMetrics:
        """Counts of requests, and what cache, memory and models are like, at this moment."""
        counts, state = self._requests.counts(), self._cache.state()
        memory = MemoryMetrics(state.bytes, self._configuration.memory_limit, process_bytes())
        return SynthMetrics(
            counts, CacheMetrics.of(counts, state), memory, router_metrics(self._models.router_there),
            self._places.taken, self._places.waiting,
        )  # fmt: skip

    async def cached(self, key: str, namespace: str | None = None) -> CachedResult:
        """Entry of the cache under the `key` of a result; not counted as a request.

        Args:
            key: Key of a `GenerationResult`.
            namespace: That it was asked in.
        """
        kept = await self._cache.kept(key, namespace)
        if kept is None:
            return CachedResult(False, key)
        return CachedResult(True, key, kept.value.get("data"), None if kept.left_s is None else 1e3 * kept.left_s)

    def observe(self, observer: Callable[[RequestRecord], object]) -> None:
        """Have somebody told of each request that has ended, with where its time went."""
        self._requests.observe(observer)

    async def optimize(self) -> dict[str, int]:
        """Let go of answers whose time is over; how many left, and what the others weigh."""
        expired = await asyncio.to_thread(self._cache.optimize)
        state = self._cache.state()
        return {"expired": expired, "size": state.size, "bytes": state.bytes}

    def configure(self, options: Mapping[str, Any] | None = None, **named: Any) -> None:
        """Change some options; what is kept, counted and known of models stays.

        Raises:
            ValidationError: An option is not known, or out of its range; nothing has changed then.
            NoModelFound: A model has no provider here; nothing has changed then.
        """
        with self._changing:
            changed = self._configuration.changed(options, **named)
            self._models.configure(changed)
            self._cache.configure(changed)
            self._places.change_limit(changed.max_concurrency)
            self._configuration = changed

    def get_config(self) -> dict[str, Any]:
        """The configuration, with names in camelCase and without keys."""
        shown = {name: value for name, value in vars(self._configuration).items() if name != "api_key"}
        shown["prices"] = {name: asdict(price) for name, price in self._configuration.prices.items()}
        return {camel_case(name): list(value) if isinstance(value, tuple) else value for name, value in shown.items()}

    def close(self) -> None:
        """End what is under way, and let go of models and the cache's file."""
        self._models.close()
        self._cache.close()

    async def aclose(self) -> None:
        """Like `close`, in a coroutine."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # Where there is no event loop

    def generate_sync(
        self, first: str, options: Mapping[str, Any] | None = None, **named: Any
    ) -> GenerationResult | DataResult:
        """`generate`, waited for."""
        return run_on_conversation_loop(self.generate(first, options, **named))

    def generate_data_sync(self, kind: str, options: Mapping[str, Any] | None = None, **named: Any) -> DataResult:
        """`generate_data`, waited for."""
        return run_on_conversation_loop(self.generate_data(kind, options, **named))

    def generate_batch_sync(self, first: Any, options: Any = None, **named: Any) -> BatchGenerationResult:
        """`generate_batch`, waited for."""
        return run_on_conversation_loop(self.generate_batch(first, options, **named))

    # As JavaScript spells them

    generateText = generate_text  # noqa: N815
    generateData = generate_data  # noqa: N815
    generateTimeSeries = generate_timeseries  # noqa: N815
    generateEvents = generate_events  # noqa: N815
    generateStructured = generate_structured  # noqa: N815
    generateDomain = generate_domain  # noqa: N815
    generateFromJSONSchema = generate_from_json_schema  # noqa: N815
    generateLocal = generate_local  # noqa: N815
    generateBatch = generate_batch  # noqa: N815
    generateStream = generate_stream  # noqa: N815
    getMetrics = get_metrics  # noqa: N815
    getConfig = get_config  # noqa: N815

    # How

    async def _text(self, prompt: str, asked: TextOptions, ticket: RequestTicket) -> GenerationResult:
        request, key = self._request(prompt, asked)
        asking_s = 0.0

        async def compute() -> tuple[dict[str, Any], bool]:
            nonlocal asking_s
            began = time.perf_counter()
            try:
                return await self._asked(request, asked, ticket)
            finally:
                asking_s = time.perf_counter() - began

        began = time.perf_counter()
        found = await self._cache.answer(key, compute, asked)
        ticket.add("cache", max(0.0, time.perf_counter() - began - asking_s))
        value = found.value
        ticket.cached, ticket.tokens, ticket.model = found.hit, value["tokens"], value["model"]
        return GenerationResult(
            value["data"], value["tokens"], 1e3 * ticket.elapsed_s, found.hit, value["model"], stamp(now()),
            1e3 * found.age_s, key,
        )  # fmt: skip

    async def _asked(self, request: Request, asked: TextOptions, ticket: RequestTicket) -> tuple[dict[str, Any], bool]:
        began = time.perf_counter()
        async with self._places.place():
            admitted = time.perf_counter()
            ticket.add("queue", admitted - began)
            try:
                found = await self._models.router.acomplete(
                    request,
                    routing=self._models.routing(asked.capabilities),
                    deadline_s=self._deadline_s(asked, ticket),
                )
            except LanguageModelError as error:
                raise api_error_of(error) from None
            finally:
                ticket.add("model", time.perf_counter() - admitted)
        ticket.add("route", found.receipt.overhead_ns * 1e-9)
        tokens = (found.spent.prompt_tokens or 0) + (found.spent.completion_tokens or 0)
        value = {"data": found.text, "tokens": tokens, "model": found.model}
        return value, not found.prompt_truncated

    async def _text_parts(self, prompt: str, asked: TextOptions, ticket: RequestTicket) -> AsyncIterator[str]:
        request, key = self._request(prompt, asked)
        began = time.perf_counter()
        found = await self._cache.look_up(key, asked)
        ticket.add("cache", time.perf_counter() - began)
        if found is None and asked.only_if_cached:
            await self._cache.answer(key, _never, asked)  # raises CacheMiss
        if found is not None:
            ticket.cached, ticket.tokens, ticket.model = True, found.value["tokens"], found.value["model"]
            for part in found.value.get("parts") or [found.value["data"]]:
                yield part
            return
        parts: list[str] = []
        async with self._places.place():
            stream = self._models.router.astream(
                request, routing=self._models.routing(asked.capabilities), deadline_s=self._deadline_s(asked, ticket)
            )
            try:
                async for part in stream:
                    parts.append(part)
                    yield part
            except LanguageModelError as error:
                raise api_error_of(error) from None
            finally:
                await stream.aclose()
                spent = stream.spent
                ticket.tokens, ticket.model = (spent.prompt_tokens or 0) + (spent.completion_tokens or 0), stream.model
                ticket.add("model", stream.receipt.provider_ns * 1e-9)
                ticket.add("route", stream.receipt.overhead_ns * 1e-9)
        if not stream.prompt_truncated:
            kept = {"data": "".join(parts), "tokens": ticket.tokens, "model": ticket.model, "parts": parts}
            await self._cache.keep(key, kept, asked)

    async def _rows_parts(self, kind: str, asked: DataOptions, ticket: RequestTicket) -> AsyncIterator[dict[str, Any]]:
        writer = RowWriter(row_task_of(kind, asked), asked, self._models, self._places, ticket)
        rows = writer.stream()
        try:
            async for row in rows:
                yield row
        finally:
            await rows.aclose()  # type: ignore[attr-defined]
            ticket.tokens, ticket.model = writer.written.tokens, ", ".join(writer.written.models)

    async def _data(self, kind: str, asked: DataOptions, ticket: RequestTicket) -> DataResult:
        if source_of(kind, asked, has_model=self._models.is_configured) == "generator":
            return await self._generated(kind, asked, ticket)
        task = row_task_of(kind, asked)

        async def compute() -> tuple[dict[str, Any], bool]:
            written = await RowWriter(task, asked, self._models, self._places, ticket).write()
            return _told(written), len(written.rows) == task.count

        key = "" if asked.accept is not None else self._data_key(task, asked)
        if key:
            found = await self._cache.answer(key, compute, asked)
            value, hit = found.value, found.hit
        else:  # nobody can tell whether another function accepts the same
            (value, _), hit = await compute(), False
        ticket.cached, ticket.tokens, ticket.model = hit, value["tokens"], value["model"]
        metadata = DataMetadata(
            len(value["rows"]), stamp(now()), value["provider"], value["model"], hit, 1e3 * ticket.elapsed_s,
            cost=value["cost"], tokens_used=value["tokens"], calls=value["calls"], candidates=value["candidates"],
            refused=value["refused"],
        )  # fmt: skip
        models = {model: self.licence_of(model) for model in value["models"]}
        card = data_card(
            kind, rows=len(value["rows"]), seed=asked.seed, schema=task.schema,
            made_by={"source": "model", "prompts": PROMPT_VERSION, "models": models},
            quality={"candidates": value["candidates"], "refused": value["refused"], "distinct": asked.distinct},
        )  # fmt: skip
        return DataResult(_formatted(value["rows"], kind, asked), metadata, card)

    async def _generated(self, kind: str, asked: DataOptions, ticket: RequestTicket) -> DataResult:
        """By the seeded generators; nothing of it is kept, for making it again is cheaper."""
        if asked.only_if_cached:
            raise CacheMiss("Data of the seeded generators are not kept.")
        began = time.perf_counter()
        made = await asyncio.to_thread(GeneratedRows, kind, asked)
        rows = await asyncio.to_thread(made.rows, 0, made.count)
        ticket.add("model", time.perf_counter() - began)
        ticket.model = GENERATOR_NAME
        metadata = DataMetadata(
            len(rows), stamp(now()), "generator", GENERATOR_NAME, False, 1e3 * ticket.elapsed_s, cost=0.0,
            candidates=len(rows),
        )  # fmt: skip
        return DataResult(_formatted(rows, kind, asked), metadata, card_of_generated(made))

    def _request(self, prompt: str, asked: TextOptions) -> tuple[Request, str]:
        messages = [Message("user", prompt)]
        if asked.system is not None:
            messages.insert(0, Message("system", asked.system))
        seed = asked.seed
        if isinstance(seed, str):
            seed = int(content_key("seed", seed)[:8], 16) % 2**31
        request = Request(
            model=self._models.name_of(asked.model), messages=tuple(messages), temperature=asked.temperature,
            max_tokens=asked.max_tokens, top_p=asked.top_p, seed=seed, stop=asked.stop, sample=asked.sample,
        )  # fmt: skip
        parameters = {
            "max_tokens": asked.max_tokens, "temperature": asked.temperature, "top_p": asked.top_p, "seed": asked.seed,
            "stop": asked.stop, "sample": asked.sample, "capabilities": sorted(asked.capabilities),
            "models": self._models.identity(asked.model),
        }  # fmt: skip
        return request, content_key("synth text", [asked.system, prompt], parameters=parameters)

    def _data_key(self, task: RowTask, asked: DataOptions) -> str:
        parameters = {
            "count": task.count, "schema": dict(task.asked), "words": task.words, "first": task.about(0),
            "seed": asked.seed, "temperature": asked.temperature, "rows_per_call": asked.rows_per_call,
            "max_candidates": asked.max_candidates, "distinct": asked.distinct, "interval": asked.interval,
            "models": self._models.identity(asked.model),
        }  # fmt: skip
        return content_key("synth data", task.kind, parameters=parameters, version=PROMPT_VERSION)

    @staticmethod
    def _deadline_s(asked: TextOptions, ticket: RequestTicket) -> float | None:
        if asked.deadline_ms is None:
            return None
        return max(0.001, asked.deadline_ms / 1000 - ticket.elapsed_s)


def create_synth(configuration: Mapping[str, Any] | None = None, **options: Any) -> AgenticSynth:
    """As the original makes one.

    >>> create_synth({"model": "openai:phi3"}, settings=SynthSettings()).getConfig()["model"]
    'openai:phi3'
    """
    return AgenticSynth(configuration, **options)


createSynth = create_synth  # noqa: N816


def _merged(options: Any, named: Mapping[str, Any]) -> dict[str, Any]:
    if options is not None and not isinstance(options, Mapping):
        raise ValidationError(f"Argument `options` must map names to values, but is {type(options).__name__}.")
    both = set(options or {}) & set(named)
    if both:
        raise ValidationError(f"Option {sorted(both)[0]!r} must be given once, but is given twice.")
    return {**(options or {}), **named}


def _split(given: Mapping[str, Any]) -> tuple[BatchOptions, dict[str, Any]]:
    """Options of the batch, and those of its items."""
    names = {*_BATCH_NAMES, *map(camel_case, _BATCH_NAMES)}
    of_batch = {name: value for name, value in given.items() if name in names and value is not None}
    of_items = {name: value for name, value in given.items() if name not in names}
    return BatchOptions(**fields_named(BatchOptions, None, of_batch, {})), of_items


def _data_options(kind: str, options: Mapping[str, Any] | None, named: Mapping[str, Any]) -> DataOptions:
    check_choice("kind", kind, DATA_KINDS)
    return DataOptions.of(options, **named)


def _check_prompt(prompt: Any) -> None:
    if not isinstance(prompt, str) or not prompt.strip() or len(prompt) > _LONGEST_PROMPT:
        raise ValidationError(
            f"A prompt must be a text of 1 to {_LONGEST_PROMPT:,} characters that is not blank, but is {prompt!r:.80}."
        )


def _told(written: Written) -> dict[str, Any]:
    return {
        "rows": written.rows, "tokens": written.tokens, "model": ", ".join(written.models),
        "provider": ", ".join(written.providers), "models": list(written.models), "calls": written.calls,
        "candidates": written.candidates, "refused": dict(written.refused),
        "cost": None if written.picodollars is None else written.picodollars / 1e12,
    }  # fmt: skip


def _formatted(rows: list[dict[str, Any]], kind: str, asked: DataOptions) -> Any:
    if kind == "csv" or asked.format == "csv":
        return csv_text(rows)
    return rows_as_lists(rows) if asked.format == "array" else rows


def _restored(kind: Any, kept: Mapping[str, Any]) -> Any:
    """A result of what `to_dict` made of it."""
    return kind(**{snake_case(name): value for name, value in kept.items()})


def _restored_data(kept: Mapping[str, Any]) -> DataResult:
    return DataResult(kept["data"], _restored(DataMetadata, kept["metadata"]), DataCard(kept["card"]))


async def _generated_parts(kind: str, asked: DataOptions, ticket: RequestTicket) -> AsyncIterator[dict[str, Any]]:
    made = await asyncio.to_thread(GeneratedRows, kind, asked)
    ticket.model = GENERATOR_NAME
    for first in range(0, made.count, _ROWS_PER_CHUNK):
        if asked.deadline_ms is not None and ticket.elapsed_s > asked.deadline_ms / 1000:
            raise _late(asked.deadline_ms)
        for row in await asyncio.to_thread(made.rows, first, _ROWS_PER_CHUNK):
            yield row


def _late(deadline_ms: float | None) -> TimedOut:
    return TimedOut(f"The request must end within {(deadline_ms or 0) / 1000:g} s, but did not.")


async def _never() -> tuple[dict[str, Any], bool]:
    raise APIError("Whoever looks for what is kept asks nobody.")
