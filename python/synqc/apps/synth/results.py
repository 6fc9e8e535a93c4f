"""Results: one text, a data set, a batch, a stream; field names also in camelCase, and so in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from synqc.apps.synth.data_card import DataCard
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.option_names import CamelCase
from synqc.apps.synth.row_arrow import arrow_table
from synqc.apps.synth.row_formats import columns_of, with_columns

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from numpy.typing import NDArray

__all__ = [
    "BatchGenerationResult", "CachedResult", "DataMetadata", "DataResult", "GenerationFailure", "GenerationResult",
    "StreamingResult",
]  # fmt: skip


@dataclass(frozen=True)
class GenerationResult(CamelCase):
    """One text.

    Args:
        data: The text.
        tokens_used: Tokens of prompt and answer, as the server counted; what a kept answer cost then.
        latency_ms: From the request to here.
        cached: Whether no call was made for this request.
        model_used: As the server names it.
        timestamp: ISO 8601, UTC.
        age_ms: Since a kept answer was made; 0 of a new one.
        key: Under which it is kept; "" where nothing is.
    """

    ok: ClassVar[bool] = True
    data: str
    tokens_used: int
    latency_ms: float
    cached: bool
    model_used: str
    timestamp: str
    age_ms: float = 0.0
    key: str = ""


@dataclass(frozen=True)
class DataMetadata(CamelCase):
    """How a data set was made.

    Args:
        count: Rows.
        generated_at: ISO 8601, UTC.
        provider: "generator", or whose model.
        model: As the server names it; of the generator, its version.
        cached: Whether it was kept.
        duration: Milliseconds.
        cost: US dollars; None: not known.
        tokens_used: As servers counted.
        calls: Calls of models.
        candidates: Rows made in all.
        refused: Those that were not taken, by reason.
    """

    count: int
    generated_at: str
    provider: str
    model: str
    cached: bool
    duration: float
    cost: float | None = None
    tokens_used: int = 0
    calls: int = 0
    candidates: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def cache_hit(self) -> bool:
        """`cached`, by the name of the original's guide."""
        return self.cached


@dataclass(frozen=True)
class DataResult(CamelCase):
    """A data set.

    Args:
        data: Rows, or one text of CSV.
        metadata: How they were made.
        card: The same and more for whoever uses them; see `DataCard`.

    Examples:
        >>> from synqc.apps.synth.agentic_synth import AgenticSynth
        >>> with AgenticSynth() as synth:
        ...     made = synth.generate_data_sync("timeseries", count=3, startDate="2026-01-01", noise=0)
        >>> made.to_numpy()["value"]
        array([100., 100., 100.])
        >>> made.to_arrow().schema.names
        ['timestamp', 'value']
    """

    ok: ClassVar[bool] = True
    data: Any
    metadata: DataMetadata
    card: DataCard

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        return {"data": self.data, "metadata": self.metadata.to_dict(), "card": self.card.to_dict()}

    def to_arrow(self) -> pyarrow.Table:
        """Rows as an Arrow table, columns as their schema says; see `arrow_schema`.

        Raises:
            ValidationError: The rows are no mappings, for they were asked as CSV or lists.
            MissingExtra: pyarrow is not installed.
        """
        rows = self.data
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise ValidationError('Option `format` must be "json" for rows that become a table, but is not.')
        card = self.card.to_dict()
        return arrow_table(rows, with_columns(card["schema"] or {}, columns_of(rows)), card=card)

    def to_pandas(self) -> pandas.DataFrame:
        """Rows as a data frame, by way of Arrow; needs pandas, and raises as `to_arrow`."""
        return self.to_arrow().to_pandas()

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Columns by name, by way of Arrow; raises as it.

        Returns:
            float64, int64, bool, datetime64 (UTC; days for dates), or object; a missing number is nan.
        """
        table = self.to_arrow()
        return {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}


@dataclass(frozen=True)
class GenerationFailure(CamelCase):
    """An item of a batch that failed, in its place.

    Args:
        index: In the input.
        code: Code of the error's class.
        message: Why.
        error: The exception; not in JSON.
    """

    ok: ClassVar[bool] = False
    index: int
    code: str
    message: str
    error: BaseException = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {"index": self.index, "code": self.code, "message": self.message}


@dataclass(frozen=True)
class BatchGenerationResult(CamelCase):
    """A batch, in the order of its input.

    Args:
        results: `GenerationResult`s or `DataResult`s, and a `GenerationFailure` where one failed.
        total_tokens: Tokens of calls that were made, each counted once.
        avg_latency_ms: Mean latency of those that succeeded; 0 if none did.
        cache_hit_rate: Share of all for which no call of their own was made, 0 to 1.
        total_duration_ms: Whole duration of the batch.
        repeated: Items that repeat another one of the batch.
        resumed: Items that an earlier run had made.
    """

    results: Sequence[Any]
    total_tokens: int
    avg_latency_ms: float
    cache_hit_rate: float
    total_duration_ms: float
    repeated: int = 0
    resumed: int = 0

    @property
    def failures(self) -> list[GenerationFailure]:
        """Those that failed."""
        return [one for one in self.results if not one.ok]


@dataclass(frozen=True)
class StreamingResult(CamelCase):
    """A stream that has ended.

    Args:
        chunks: In their order.
        total_chunks: Their number.
        total_tokens: As the server counted; 0: it did not.
        stream_duration_ms: From the first wish to the end.
        first_chunk_latency_ms: To the first chunk.
        cached: Whether it was replayed from the cache.
    """

    chunks: Sequence[str]
    total_chunks: int
    total_tokens: int
    stream_duration_ms: float
    first_chunk_latency_ms: float
    cached: bool = False


@dataclass(frozen=True)
class CachedResult(CamelCase):
    """What the cache says of a key.

    Args:
        hit: Whether it holds it.
        key: The key.
        data: What is kept.
        ttl: Milliseconds it has left; None: for ever.
    """

    hit: bool
    key: str
    data: Any = None
    ttl: float | None = None
