"""Kinds of columns, each a frozen value that says how its values are made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from synqc import _core
from synqc.errors import InputError
from synqc.generate._arguments import (
    bounds_of,
    form_of,
    interval_of,
    moment_of,
    named_numbers,
    numbers_of,
    share_of,
    whole_number,
)
from synqc.generate._documents import Configuration
from synqc.generate.locale_text import sampler_of

if TYPE_CHECKING:
    from synqc.generate.table import Table

__all__ = [
    "Boolean",
    "Category",
    "Column",
    "ForeignKey",
    "Integer",
    "LocaleText",
    "Moment",
    "Number",
    "Pattern",
    "Sequence",
    "UniqueInteger",
    "Uuid",
    "distributions",
]

_LONGEST = 2**63


def distributions(whole: bool = False) -> dict[str, dict[str, str]]:
    """Names of distributions with their parameters and what these mean; of whole numbers if `whole`.

    Examples:
        >>> distributions()["gamma"]
        {'shape': 'number of them, above 0', 'scale': 'mean of each, above 0'}
        >>> sorted(distributions(whole=True))[:3]
        ['binomial', 'geometric', 'hypergeometric']
    """
    listed = _core.count_distributions() if whole else _core.number_distributions()
    return {
        name: {parameter: words + (", above 0" if positive else "") for parameter, words, positive in parameters}
        for name, _, parameters in listed
    }


@dataclass(frozen=True)
class Column(Configuration, ABC):
    """What every kind of column has.

    Args:
        null_rate: How likely a value is missing, 0 to 1.
    """

    null_rate: float = field(default=0.0, kw_only=True)

    def _make_after(self, seed: int, places: Mapping[str, int]) -> _core.GeneratedColumnKind:
        """The column of the core, which may use the columns before it, whose places these are."""
        return self._make(seed)

    @abstractmethod
    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        """The column of the core. Raises InputError for what is out of its range."""

    def _missing_share(self) -> float:
        return share_of("null_rate", self.null_rate)


@dataclass(frozen=True)
class Number(Column):
    """Real numbers of a distribution, with exact marginals.

    Args:
        distribution: One of `distributions()`.
        parameters: Its parameters by name.
        decimals: Places after the point to round to (ties to even), 0 to 15; None keeps all.
        bounds: Least and greatest value, at which the distribution is cut: between them it keeps its shape (a truncated
            distribution), nothing gathers at its ends. Of rounded numbers, bounds are rounded, too.
        null_rate: How likely a value is missing.

    Examples:
        >>> from synqc import generate
        >>> heights = generate.Number("normal", {"mean": 170, "deviation": 10}, decimals=1, bounds=(150, 190))
        >>> generate.make(generate.Table({"cm": heights}), rows=4, seed=7).column("cm").tolist()
        [180.7, 172.6, 158.6, 163.8]
    """

    kind: ClassVar[str] = "number"

    distribution: str = "uniform"
    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"low": 0.0, "high": 1.0}))
    decimals: int | None = None
    bounds: tuple[float, float] | None = None

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        decimals = None if self.decimals is None else whole_number("decimals", self.decimals, 0, 15)
        bounds = None if self.bounds is None else bounds_of(self.bounds)
        if bounds is not None and decimals is not None and any(round(bound, decimals) != bound for bound in bounds):
            raise InputError(
                f"Argument `bounds` must have at most {decimals} decimals, as the numbers have, but is {self.bounds!r}."
            )
        return _core.number_column(self.distribution, named_numbers("parameters", self.parameters), decimals, bounds)


@dataclass(frozen=True)
class Integer(Column):
    """Whole numbers of a distribution; `uniform` from `low` to `high`, both included, unless another is named.

    Args:
        distribution: One of `distributions(whole=True)`.
        parameters: Its parameters by name.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "integer"

    distribution: str = "uniform"
    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"low": 0, "high": 100}))

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        if self.distribution == "uniform" and set(self.parameters) == {"low", "high"}:
            low, high = (whole_number(name, self.parameters[name], -_LONGEST, _LONGEST - 1) for name in ("low", "high"))
            return _core.integer_range_column(low, high)
        return _core.integer_column(self.distribution, named_numbers("parameters", self.parameters))


@dataclass(frozen=True)
class Boolean(Column):
    """True with a probability.

    Args:
        probability: Probability of True.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "boolean"

    probability: float = 0.5

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        return _core.truth_column(share_of("probability", self.probability))


@dataclass(frozen=True)
class Category(Column):
    """One of some values; the same text is held once.

    Args:
        values: Texts, or numbers: all of one type.
        weights: How likely each is, in any unit; None for all alike.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "category"

    values: SequenceOf[str] | SequenceOf[int] | SequenceOf[float] = ()
    weights: SequenceOf[float] | None = None

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        values = list(self.values) if isinstance(self.values, SequenceOf) else []
        kinds = {type(value) for value in values}
        if isinstance(self.values, str) or len(kinds) != 1 or not kinds <= {str, int, float}:
            raise InputError(f"Argument `values` must be texts or numbers, all of one type, but is {self.values!r}.")
        are_numbers = kinds != {str}
        words = [repr(value) if are_numbers else str(value) for value in values]
        weights = None if self.weights is None else numbers_of("weights", self.weights)
        return _core.category_column(words, are_numbers, weights)


@dataclass(frozen=True)
class Pattern(Column):
    """Texts that match a regular expression as a whole; every choice of it is drawn alike.

    Args:
        pattern: Pattern of the regular subset: letters, escapes, classes, groups, alternatives, repetitions.
            Look-around, references and properties are refused by name.
        extra_repeats: Repetitions without end (`*`, `+`, `{3,}`) stop so many above their least number.
        unique: Never the same text twice; for patterns of one length. More rows than texts are refused.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "pattern"

    pattern: str = "[a-z]{8}"
    extra_repeats: int = 8
    unique: bool = False

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        if not isinstance(self.pattern, str):
            raise InputError(f"Argument `pattern` must be a regular expression as text, but is {self.pattern!r}.")
        sampler = _core.TextSampler.pattern(self.pattern, whole_number("extra_repeats", self.extra_repeats, 0, 10_000))
        return _core.unique_text_column(sampler) if self.unique else _core.text_column(sampler)


@dataclass(frozen=True)
class LocaleText(Column):
    """Names, places and words of a language, from the tables of mimesis; needs the extra `generate`.

    Args:
        field: What: see `synqc.generate.locale_text.FIELDS`.
        locale: Which language or country, such as `en`, `de-at`, `ja`.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "locale_text"

    field: str = "full_name"
    locale: str = "en"

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        return _core.text_column(sampler_of(self.field, self.locale))


@dataclass(frozen=True)
class Moment(Column):
    """Moments in [start, end), every multiple of the resolution alike; UTC.

    Args:
        start: First possible moment: a datetime, a date, or a text in ISO 8601.
        end: Moment after the last possible one.
        resolution: Distance of possible moments: a timedelta, or digits and a unit (us, ms, s, m, h, d, w). Days from a
            midnight on are held and written as dates.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "moment"

    start: datetime | date | str = "2020-01-01"
    end: datetime | date | str = "2025-01-01"
    resolution: timedelta | str = "1s"

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        start, end = moment_of("start", self.start), moment_of("end", self.end)
        step = interval_of("resolution", self.resolution)
        form = form_of(start, step)
        if form == "day":
            day = interval_of("resolution", "1d")
            return _core.moment_column(start // day, -(-end // day), step // day, form)
        return _core.moment_column(start, end, step, form)


@dataclass(frozen=True)
class Sequence(Column):
    """start, start + step, ...: the row's number as a key.

    Args:
        start: Value of row 0.
        step: Difference of neighbours.
    """

    kind: ClassVar[str] = "sequence"

    start: int = 1
    step: int = 1

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        start = whole_number("start", self.start, -_LONGEST, _LONGEST - 1)
        return _core.sequence_column(start, whole_number("step", self.step, -(2**31), 2**31))


@dataclass(frozen=True)
class UniqueInteger(Column):
    """Distinct whole numbers in no order, without a list of them: a keyed permutation. More rows are refused.

    Args:
        low: Least number.
        high: Greatest number, included.
    """

    kind: ClassVar[str] = "unique_integer"

    low: int = 1
    high: int = 2**31 - 1

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        low, high = (whole_number(name, getattr(self, name), -_LONGEST, _LONGEST - 1) for name in ("low", "high"))
        return _core.unique_integer_column(low, high)


@dataclass(frozen=True)
class Uuid(Column):
    """Identifiers of RFC 9562, version 4: 122 random bits."""

    kind: ClassVar[str] = "uuid"

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        return _core.uuid_column()


@dataclass(frozen=True)
class ForeignKey(Column):
    """Keys of rows of another table that is made with the same seed.

    Args:
        table: The other table.
        column: Its column of distinct values: Sequence, UniqueInteger, Uuid or a unique Pattern.
        rows: How many rows the other table has.
        distribution: Which row, from the first: one of `distributions(whole=True)`; None for all rows alike. Numbers
            past the last row mean the last row.
        parameters: Parameters of the distribution.
        null_rate: How likely a value is missing.
    """

    kind: ClassVar[str] = "foreign_key"

    table: Table | None = None
    column: str = "id"
    rows: int = 1
    distribution: str | None = None
    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def _make(self, seed: int) -> _core.GeneratedColumnKind:
        if self.table is None or self.column not in self.table.columns:
            known = "no table" if self.table is None else ", ".join(self.table.columns)
            raise InputError(
                f"Argument `column` must name a column of the other table ({known}), but is {self.column!r}."
            )
        keys = self.table.columns[self.column]
        rows = whole_number("rows", self.rows, 1, 2**62)
        return _core.foreign_key_column(
            keys._make(seed),
            self.table.name,
            self.column,
            seed,
            rows,
            self.distribution,
            named_numbers("parameters", self.parameters),
        )
