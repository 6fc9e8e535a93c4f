"""Pictures of a report as SVG that any browser shows without a script."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

__all__ = ["bars", "latency_curve"]

_WIDTH: Final = 640
_HEIGHT: Final = 220
_LEFT: Final = 60
_BOTTOM: Final = 34
_COLOURS: Final = ("#2563eb", "#059669", "#d97706", "#7c3aed", "#dc2626", "#0891b2", "#65a30d", "#6b7280")


def latency_curve(latencies_ms: Sequence[float], title: str) -> str:
    """Share of requests that were answered by a time: a step for each, the time on a logarithmic axis.

    Args:
        latencies_ms: Sorted.
        title: What they are of.

    Examples:
        >>> latency_curve([10.0, 12.0, 50.0], "Latency").startswith("<svg")
        True
        >>> latency_curve([], "Latency")
        ''
    """
    if not latencies_ms:
        return ""
    low = 10 ** math.floor(math.log10(max(latencies_ms[0], 1e-3)))
    high = 10 ** math.ceil(math.log10(max(latencies_ms[-1], low * 1.01)))
    high = max(high, low * 10)

    def x(value: float) -> float:
        share = math.log(max(value, low) / low) / math.log(high / low)
        return _LEFT + share * (_WIDTH - _LEFT - 20)

    def y(share: float) -> float:
        return 24 + (1 - share) * (_HEIGHT - 24 - _BOTTOM)

    count = len(latencies_ms)
    every = max(1, count // 400)
    points = [f"{x(latencies_ms[at]):.1f},{y((at + 1) / count):.1f}" for at in [*range(0, count - 1, every), count - 1]]
    decades = [low * 10**k for k in range(round(math.log10(high / low)) + 1)]
    parts = [
        *(
            f'<line x1="{x(one):.1f}" x2="{x(one):.1f}" y1="24" y2="{_HEIGHT - _BOTTOM}" class="grid"/>'
            f'<text x="{x(one):.1f}" y="{_HEIGHT - 16}" text-anchor="middle">{one:g}</text>'
            for one in decades
        ),
        *(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y(share):.1f}" y2="{y(share):.1f}" class="grid"/>'
            f'<text x="{_LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>'
            for share in (0, 0.25, 0.5, 0.75, 0.9, 1.0)
        ),
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>',
        f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 2}" text-anchor="middle">ms</text>',
    ]
    return _drawn(title, parts, _HEIGHT)


def bars(values: Mapping[str, float], title: str, unit: str = "") -> str:
    """One bar per name, the longest across the picture.

    Examples:
        >>> "queue" in bars({"queue": 3.0, "generation": 1.0}, "Time by stage", "s")
        True
        >>> bars({}, "Nothing")
        ''
    """
    shown = {name: value for name, value in values.items() if value > 0}
    if not shown:
        return ""
    most = max(shown.values())
    left = 150
    parts = []
    for row, (name, value) in enumerate(shown.items()):
        top = 26 + 24 * row
        width = (_WIDTH - left - 110) * value / most
        parts.append(
            f'<text x="{left - 8}" y="{top + 13}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{top}" width="{width:.1f}" height="18" fill="{_COLOURS[row % len(_COLOURS)]}"/>'
            f'<text x="{left + width + 6:.1f}" y="{top + 13}">{value:.4g} {escape(unit)}</text>'
        )
    return _drawn(title, parts, 34 + 24 * len(shown))


def _drawn(title: str, parts: Sequence[str], height: int) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}"><text x="{_LEFT}" y="14" class="title">{escape(title)}</text>'
        f"{''.join(parts)}</svg>"
    )
