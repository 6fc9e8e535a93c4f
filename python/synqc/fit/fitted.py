"""What a fit found: quantities with intervals, a verdict, and the curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synqc.errors import InputError, UnknownKey
from synqc.lab._near_words import unknown_name
from synqc.lab.estimate import Estimate
from synqc.lab.html_cards import html_table_of
from synqc.lab.units import unit_of
from synqc.protocols import Analysis

if TYPE_CHECKING:
    import plotly.graph_objects

__all__ = ["Fitted"]

_SIGMAS = (1, 2)


@dataclass(frozen=True, repr=False)
class Fitted(Mapping[str, Estimate]):
    """What a fit found; a mapping of names to `Estimate`s that shows itself as a table.

    Args:
        name: Name of the fit.
        values_found: By name, with half the width of the 68 % interval as standard error.
        intervals: Where each is with a probability of 68 %.
        wide_intervals: The same with 95 %.
        verdict: "good"; "suspicious", if a test speaks against the curve; "not determined", if the data leave open what
            was asked.
        reasons: Why the verdict is not "good".
        settings (float64, (points,)): What was set.
        shares (float64, (points,)): What was measured there.
        errors (float64, (points,)): And how far that may be off.
        curve: The fitted curve of settings; None where there is none.

    Examples:
        >>> import numpy as np
        >>> from synqc import fit
        >>> delays_us = np.linspace(0.0, 200.0, 21)
        >>> found = fit.t1(delays_us, 0.3 + 2 * np.exp(-delays_us / 50) + 0.01 * np.cos(9 * delays_us))
        >>> found["t1_us"].value.__round__(), found.interval("t1_us", 2)[0] < 50 < found.interval("t1_us", 2)[1]
        (50, True)
    """

    name: str
    values_found: dict[str, Estimate]
    intervals: dict[str, tuple[float, float]]
    wide_intervals: dict[str, tuple[float, float]]
    verdict: str
    reasons: tuple[str, ...]
    settings: NDArray[np.float64] = field(compare=False)
    shares: NDArray[np.float64] = field(compare=False)
    errors: NDArray[np.float64] = field(compare=False)
    curve: Callable[[ArrayLike], Any] | None = field(default=None, compare=False)
    axes: tuple[str, str] = ("", "")

    def __getitem__(self, name: str) -> Estimate:
        if name not in self.values_found:
            raise unknown_name("name", name, self.values_found, kind=UnknownKey)
        return self.values_found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_found)

    def __len__(self) -> int:
        return len(self.values_found)

    def interval(self, name: str, sigmas: int = 1) -> tuple[float, float]:
        """Profile interval, which need not have the value in its middle.

        Args:
            name: Name of the quantity.
            sigmas: 1 holds the truth in 68 % of all measurements, 2 in 95 %.

        Raises:
            UnknownKey: There is no such quantity.
            InputError: `sigmas` is neither.
        """
        self[name]
        if sigmas not in _SIGMAS:
            raise InputError(f"Argument `sigmas` must be 1 or 2, but is {sigmas!r}.")
        return (self.intervals if sigmas == 1 else self.wide_intervals)[name]

    def plot(self) -> plotly.graph_objects.Figure:
        """A Plotly figure of what was measured and the fitted curve.

        Raises:
            InputError: There is no curve.
            MissingExtra: Plotly is not installed.
        """
        from synqc.lab.plots import style

        if self.curve is None:
            raise InputError(f"A fit of {self.name} has no curve to show; its numbers are in `values_found`.")
        told = ", ".join(f"{name} = {estimate}" for name, estimate in self.items())
        figure = style.blank(f"Fit of {self.name}", told + ("" if self.verdict == "good" else f" ({self.verdict})"))
        bars = {"type": "data", "array": self.errors, "visible": True}
        figure.add_scatter(x=self.settings, y=self.shares, error_y=bars, mode="markers", name="measured")
        along = np.linspace(self.settings.min(), self.settings.max(), 400)
        figure.add_scatter(x=along, y=self.curve(along), mode="lines", name="fitted")
        figure.update_xaxes(title_text=self.axes[0])
        figure.update_yaxes(title_text=self.axes[1])
        return figure

    def _table(self) -> list[tuple[str, str, str, str]]:
        rows = [("quantity", "value", "68 %", "95 %")]
        for name, estimate in self.items():
            unit = "" if (found := unit_of(name)) == "1" else f" {found}"
            ends = [f"{low:.6g} to {high:.6g}" for low, high in (self.intervals[name], self.wide_intervals[name])]
            rows.append((name, f"{estimate}{unit}", *ends))  # type: ignore[arg-type]
        return rows

    def __repr__(self) -> str:
        rows = self._table()
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([f"{self.name}: {self.verdict}", *lines, *(f"  {reason}" for reason in self.reasons)])

    def _repr_html_(self) -> str:
        head, *rows = self._table()
        return html_table_of(head, rows, title=f"{self.name}: {self.verdict}", notes=self.reasons)


def fitted_from(
    name: str,
    analysis: Analysis,
    *,
    settings: ArrayLike = (),
    shares: ArrayLike = (),
    errors: ArrayLike = (),
    curve: Callable[[ArrayLike], Any] | None = None,
    axes: tuple[str, str] = ("", ""),
) -> Fitted:
    """An analysis of a protocol as a fit."""
    values = {
        name: Estimate(value, (analysis.intervals[name][1] - analysis.intervals[name][0]) / 2)
        for name, value in analysis.values.items()
    }
    return Fitted(
        name,
        values,
        dict(analysis.intervals),
        dict(analysis.wide_intervals),
        analysis.verdict,
        analysis.reasons,
        np.asarray(settings, np.float64),
        np.asarray(shares, np.float64),
        np.asarray(errors, np.float64),
        curve,
        axes,
    )
