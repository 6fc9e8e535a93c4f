"""A configuration from data: which distribution each column has, how columns go together, and how well that fits."""

from __future__ import annotations

import csv
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.generate._arguments import whole_number
from synqc.generate.columns import Boolean, Category, Column, Integer, Moment, Number, Pattern, Sequence
from synqc.generate.doors import make
from synqc.generate.table import Correlations, Table

__all__ = ["ColumnFit", "Fit", "fit_csv"]

_MISSING: Final = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"})
_MOST_CATEGORIES: Final = 50
_LEAST_CORRELATION: Final = 0.05

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnFit:
    """How far made values of a column are from those of the data.

    Args:
        kind: Kind of the column.
        distance: Between the two distributions, 0 to 1: the greatest difference of their distribution functions
            (Kolmogorov and Smirnov) for numbers and moments, half the sum of differences of shares (total variation)
            for categories and truth values, of shapes of texts otherwise.
        missing: Share of values that are missing in the data.
        made_missing: The same in what was made.
    """

    kind: str
    distance: float
    missing: float
    made_missing: float


@dataclass(frozen=True)
class Fit:
    """A configuration that was fitted, and how well.

    Args:
        table: What makes rows like those of the data.
        rows: How many rows were looked at.
        columns: Per column.
        correlation_error: Greatest difference of rank correlations of two columns between the data and what is made;
            0 where fewer than two columns are numbers.
    """

    table: Table
    rows: int
    columns: Mapping[str, ColumnFit]
    correlation_error: float

    def distances(self) -> dict[str, Any]:
        """What a data card says of it: hand it to `write` as `distances`."""
        return {
            "rows": self.rows,
            "columns": {name: asdict(each) for name, each in self.columns.items()},
            "correlation_error": self.correlation_error,
        }


def fit_csv(path: str | os.PathLike[str], *, name: str | None = None, most_rows: int = 100_000, seed: int = 0) -> Fit:
    """Fit a table to a CSV file with a header.

    A column is taken for truth values, whole numbers, numbers, moments, categories (at most 50 values that repeat) or
    texts, by what all of its values can be read as. Numbers get the distribution that comes closest among normal,
    log_normal, exponential, gamma, beta, uniform, laplace and student_t; whole numbers a table of their values if they
    are few, or poisson, negative_binomial or uniform. Texts get a pattern of their commonest shapes. Columns of
    numbers, moments and truth values are correlated as in the data. None of the data's texts stay, except for
    categories: whoever must not pass these on removes the column first.

    Args:
        path: The file, in UTF-8.
        name: Name of the table; None for the file's name.
        most_rows: Rows that are looked at, from the first on.
        seed: Seed of the rows that are made for the comparison.

    Raises:
        InputError: The file has no rows, or lines of unequal length.

    Examples:
        >>> from synqc import generate
        >>> height = generate.Number("normal", {"mean": 170, "deviation": 8}, decimals=1)
        >>> card = generate.write(generate.Table({"height": height}), "people.csv", rows=5000)
        >>> fit = generate.fit_csv("people.csv")
        >>> fit.table.columns["height"].distribution, fit.columns["height"].distance < 0.03
        ('normal', True)
    """
    header, columns, rows = _read(path, whole_number("most_rows", most_rows, 1, 10_000_000))
    fitted = {title: _column_of(values) for title, values in zip(header, columns, strict=True)}
    numbers = {}
    for title, values in zip(header, columns, strict=True):
        ranked = _ranked(fitted[title], values)
        if ranked is not None:
            numbers[title] = ranked
    correlated = list(numbers)
    groups = _correlations(numbers, correlated)
    table = Table(fitted, name=os.fspath(path) if name is None else name, correlations=groups)
    made = make(table, rows=rows, seed=seed)
    found = {}
    for title, values in zip(header, columns, strict=True):
        made_again = _texts_of(made.column(title), made.valid(title), fitted[title])
        found[title] = ColumnFit(
            fitted[title].kind,
            _distance(fitted[title], values, made_again),
            sum(value is None for value in values) / rows,
            float((~made.valid(title)).mean()),
        )
    error = 0.0
    if len(correlated) > 1:
        theirs = _rank_correlations(list(numbers.values()))
        again = [_texts_of(made.column(title), made.valid(title), fitted[title]) for title in correlated]
        ours = _rank_correlations(
            [
                ranked
                for title, values in zip(correlated, again, strict=True)
                if (ranked := _ranked(fitted[title], values)) is not None
            ]
        )
        error = float(np.abs(theirs - ours).max())
    return Fit(table, rows, found, error)


def _lines(lines: Iterable[list[str]]) -> Iterator[list[str]]:
    """The same; what is no CSV of UTF-8 is the caller's to mend."""
    try:
        yield from lines
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Argument `path` must lead to CSV in UTF-8, but does not: {error}.") from error


def _read(path: str | os.PathLike[str], most_rows: int) -> tuple[list[str], list[list[str | None]], int]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        lines = _lines(reader)
        header = next(lines, None)
        if not header or len(set(header)) != len(header):
            raise InputError(f"Argument `path` must lead to CSV with a header of distinct names, but has {header!r}.")
        columns: list[list[str | None]] = [[] for _ in header]
        rows = 0
        for line in lines:
            if not line:
                continue
            if len(line) != len(header):
                raise InputError(
                    f"Argument `path` must lead to CSV of {len(header)} columns, "
                    f"but line {reader.line_num} has {len(line)}."
                )
            for column, value in zip(columns, line, strict=True):
                column.append(None if value in _MISSING else value)
            rows += 1
            if rows == most_rows:
                break
    if rows == 0:
        raise InputError("Argument `path` must lead to CSV with rows, but it has none.")
    return header, columns, rows


def _column_of(values: list[str | None]) -> Column:
    known = [value for value in values if value is not None]
    null_rate = 1 - len(known) / len(values)
    if not known:
        return Category([""], null_rate=1.0)
    counts = Counter(known)
    if set(counts) <= {"true", "false", "True", "False"}:
        yes = counts["true"] + counts["True"]
        return Boolean(yes / len(known), null_rate=null_rate)
    numbers = _numbers(known)
    if numbers is not None:
        if (numbers == np.round(numbers)).all() and not any("." in value or "e" in value.lower() for value in counts):
            return _whole(numbers, null_rate)
        return _real(numbers, max(_decimals(value) for value in counts), null_rate)
    moments = _moments(known)
    if moments is not None:
        return _moment(moments, null_rate)
    if len(counts) <= _MOST_CATEGORIES and len(known) >= 2 * len(counts):
        ordered = sorted(counts)
        return Category(ordered, [counts[value] for value in ordered], null_rate=null_rate)
    return Pattern(_pattern(known), null_rate=null_rate)


def _numbers(values: SequenceOf[str]) -> _Floats | None:
    try:
        found = np.array([float(value) for value in values])
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def _decimals(value: str) -> int:
    exponent = Decimal(value).as_tuple().exponent
    return min(15, max(0, -exponent)) if isinstance(exponent, int) else 0


def _moments(values: SequenceOf[str]) -> _Floats | None:
    """Microseconds since 1970."""
    try:
        read = [datetime.fromisoformat(value) for value in values]
    except ValueError:
        return None
    return np.array([(each if each.tzinfo else each.replace(tzinfo=UTC)).timestamp() * 1e6 for each in read])


def _moment(moments: _Floats, null_rate: float) -> Column:
    whole = moments.astype(np.int64)
    for unit, step in (("1d", 86_400_000_000), ("1s", 1_000_000), ("1ms", 1_000), ("1us", 1)):
        if (whole % step == 0).all():
            first, last = (datetime.fromtimestamp(int(each) / 1e6, UTC) for each in (whole.min(), whole.max() + step))
            return Moment(first.isoformat(), last.isoformat(), unit, null_rate=null_rate)
    raise AssertionError("every moment is a multiple of a microsecond")


def _whole(values: _Floats, null_rate: float) -> Column:
    low, high = values.min(), values.max()
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == len(values) > 1 and np.unique(np.diff(values)).size == 1:
        return Sequence(int(values[0]), int(values[1] - values[0]))
    if len(distinct) <= _MOST_CATEGORIES:
        return Category([int(value) for value in distinct], [int(count) for count in counts], null_rate=null_rate)
    tried: list[tuple[str, dict[str, float]]] = [("uniform", {"low": int(low), "high": int(high)})]
    mean, variance = values.mean(), values.var()
    if low >= 0 and 0 < mean < 1e9:
        tried.append(("poisson", {"mean": float(mean)}))
        if variance > mean and mean + 50 * variance / mean < 1e6:  # a table of its values is made
            tried.append(
                (
                    "negative_binomial",
                    {"successes": float(mean**2 / (variance - mean)), "probability": float(mean / variance)},
                )
            )
    columns: list[Column] = [Integer(name, parameters, null_rate=null_rate) for name, parameters in tried]
    if variance > 100:  # wide enough for rounding to be of no weight
        columns += _candidates(values, 0, null_rate)
    return _closest(columns, values)


def _real(values: _Floats, decimals: int, null_rate: float) -> Column:
    if values.min() == values.max():
        return Category([float(values[0])], null_rate=null_rate)
    return _closest(_candidates(values, decimals, null_rate), values)


def _candidates(values: _Floats, decimals: int, null_rate: float) -> list[Column]:
    """Distributions by their moments, or by maximum likelihood where it has a closed form."""
    mean, deviation, low, high = values.mean(), values.std(), values.min(), values.max()
    median = np.median(values)
    tried: list[tuple[str, dict[str, float]]] = [
        ("normal", {"mean": mean, "deviation": deviation}),
        ("uniform", {"low": low, "high": high}),
        ("laplace", {"location": median, "scale": np.abs(values - median).mean()}),
    ]
    kurtosis = ((values - mean) ** 4).mean() / deviation**4 - 3
    if kurtosis > 0.3:
        degrees = min(100.0, 4 + 6 / kurtosis)
        tried.append(
            ("student_t", {"degrees": degrees, "location": mean, "scale": deviation * math.sqrt(1 - 2 / degrees)})
        )
    if low > 0:
        logarithms = np.log(values)
        if logarithms.std() > 0:
            tried.append(("log_normal", {"mean": logarithms.mean(), "deviation": logarithms.std()}))
        s = math.log(mean) - logarithms.mean()
        if s > 1e-9:  # Minka's closed approximation of the likeliest shape
            shape = (3 - s + math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
            tried.append(("gamma", {"shape": shape, "scale": mean / shape}))
    if low >= 0 and mean > 0:
        tried.append(("exponential", {"scale": mean}))
    if low >= 0 and high <= 1:
        common = mean * (1 - mean) / deviation**2 - 1
        if common > 0:
            tried.append(("beta", {"first_shape": mean * common, "second_shape": (1 - mean) * common}))
    return [
        Number(name, {key: float(value) for key, value in parameters.items()}, decimals, null_rate=null_rate)
        for name, parameters in tried
    ]


def _closest(columns: SequenceOf[Column], values: _Floats) -> Column:
    """The column whose values come closest to these; of equals the first."""
    size = 20_000

    def distance(column: Column) -> float:
        plain = Table({"x": column})
        rows = make(plain, rows=size, seed=1)
        return _kolmogorov(np.asarray(rows.column("x")[rows.valid("x")], float), values)

    if len(columns) == 1:
        return columns[0]
    distances = [distance(column) for column in columns]
    # What is as near as chance can tell goes to the one that is named first, which is the plainer.
    near = min(distances) + 0.5 / math.sqrt(len(values))
    return next(column for column, each in zip(columns, distances, strict=True) if each <= near)


def _pattern(values: SequenceOf[str]) -> str:
    """The commonest shapes of texts: runs of digits, small letters and capitals with their lengths."""
    shapes = Counter(_shape(value) for value in values)
    total, seen, patterns = len(values), 0, []
    for shape, count in shapes.most_common(40):
        patterns.append("".join(_piece(kind, size) for kind, size in shape))
        seen += count
        if seen >= 0.98 * total:
            break
    return patterns[0] if len(patterns) == 1 else "|".join(f"({pattern})" for pattern in patterns)


_LETTERS: Final = (
    "0-9", "a-z", "A-Z", "а-я", "А-Я", "α-ω", "Α-ΡΣ-Ω", "א-ת", "ء-غف-ي", "अ-ह", "ก-ฮ", "ぁ-ん", "ァ-ヶ", "가-힣",
    "一-龥",
)  # fmt: skip
"""Of which runs in a text are drawn anew, by script; another letter, such as ü, is drawn like the one before it."""
_SIGN: Final = re.compile("|".join(f"([{letters}])" for letters in _LETTERS) + r"|([^\W\d_])|(.)", re.DOTALL)


def _shape(value: str) -> tuple[tuple[str, int], ...]:
    shape: list[tuple[str, int]] = []
    for found in _SIGN.finditer(value[:200]):
        place = (found.lastindex or 0) - 1
        before, size = shape[-1] if shape else ("", 0)
        if place < len(_LETTERS):
            kind = f"[{_LETTERS[place]}]"
        elif place == len(_LETTERS):
            kind = before if len(before) > 1 and before != "[0-9]" else "[a-z]"
        else:
            kind = found[0]
        if kind == before and len(kind) > 1:
            shape[-1] = (kind, size + 1)
        else:
            shape.append((kind, 1))
    return tuple(shape)


def _piece(kind: str, size: int) -> str:
    if len(kind) > 1:
        drawn = "[一-鯿]" if kind == "[一-龥]" else kind  # a class of a pattern has 20,000 letters at most
        return f"{drawn}{{{size}}}"
    return f"\\u{ord(kind):04x}" if ord(kind) < 0x10000 else kind


def _ranked(column: Column, values: list[str | None]) -> _Floats | None:
    """Numbers in the order of a column's values, nan where one is missing; None if it has no order."""
    if not column.kind or isinstance(column, (Pattern, Sequence)):
        return None
    if isinstance(column, Category) and isinstance(column.values[0], str):
        return None
    if isinstance(column, Moment):
        read = [None if value is None else _moments([value]) for value in values]
        return np.array([math.nan if each is None else each[0] for each in read])
    words = {"true": 1.0, "True": 1.0, "false": 0.0, "False": 0.0}
    return np.array(
        [math.nan if value is None else words[value] if value in words else float(value) for value in values]
    )


def _rank_correlations(columns: SequenceOf[_Floats]) -> _Floats:
    """Spearman's of each pair, over the rows that have both."""
    size = len(columns)
    found = np.eye(size)
    for i in range(size):
        for j in range(i):
            one, other = columns[i], columns[j]
            both = ~(np.isnan(one) | np.isnan(other))
            if both.sum() > 2 and one[both].std() > 0 and other[both].std() > 0:
                found[i, j] = found[j, i] = np.corrcoef(_ranks(one[both]), _ranks(other[both]))[0, 1]
    return found


def _ranks(values: _Floats) -> _Floats:
    """Ranks, of equal values their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: _Floats = (ends - (counts - 1) / 2)[inverse]
    return middle


def _correlations(numbers: Mapping[str, _Floats], names: list[str]) -> list[Correlations]:
    if len(names) < 2:
        return []
    matrix = _rank_correlations([numbers[name] for name in names])
    linked = [at for at in range(len(names)) if (np.abs(np.delete(matrix[at], at)) > _LEAST_CORRELATION).any()]
    if len(linked) < 2:
        return []
    matrix = np.clip(matrix[np.ix_(linked, linked)], -0.98, 0.98)
    np.fill_diagonal(matrix, 1)
    # Pairs with gaps need not go together: the nearest matrix of normals that does, by its eigenvalues.
    normal = 2 * np.sin(np.pi * matrix / 6)
    np.fill_diagonal(normal, 1)
    values, vectors = np.linalg.eigh(normal)
    normal = vectors @ np.diag(np.maximum(values, 1e-6)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(normal))
    normal = np.round(normal * np.outer(scale, scale), 9)
    np.fill_diagonal(normal, 1)
    return [Correlations([names[at] for at in linked], normal.tolist(), measure="normal")]


def _texts_of(values: NDArray[Any], valid: NDArray[np.bool_], column: Column) -> list[str | None]:
    """Made values as a file would have them."""
    if isinstance(column, Boolean):
        texts = ["true" if value else "false" for value in np.asarray(values).tolist()]
    else:
        texts = [str(value) for value in np.asarray(values).tolist()]
    return [text if known else None for text, known in zip(texts, valid.tolist(), strict=True)]


def _distance(column: Column, values: list[str | None], made: list[str | None]) -> float:
    known, again = ([value for value in some if value is not None] for some in (values, made))
    if not known or not again:
        return 0.0 if not known and not again else 1.0
    ranked, ranked_again = _ranked(column, list(known)), _ranked(column, list(again))
    if isinstance(column, Sequence):
        ranked, ranked_again = (np.array([float(value) for value in some]) for some in (known, again))
    if ranked is not None and ranked_again is not None and not isinstance(column, (Category, Boolean)):
        return _kolmogorov(ranked, ranked_again)
    shaped = isinstance(column, Pattern)
    shares = [
        {key: count / len(some) for key, count in Counter(_shape(each) if shaped else each for each in some).items()}
        for some in ([str(float(v)) for v in known] if ranked is not None and isinstance(column, Category) else known,
                     [str(float(v)) for v in again] if ranked is not None and isinstance(column, Category) else again)
    ]  # fmt: skip
    return sum(abs(shares[0].get(key, 0.0) - shares[1].get(key, 0.0)) for key in {*shares[0], *shares[1]}) / 2


def _kolmogorov(some: _Floats, others: _Floats) -> float:
    """Greatest difference of the two distribution functions."""
    every = np.sort(np.concatenate([some, others]))
    one, other = (np.searchsorted(np.sort(each), every, side="right") / len(each) for each in (some, others))
    return float(np.abs(one - other).max())
