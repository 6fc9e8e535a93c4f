"""Metrics as text for whoever asks over HTTP, in the form that the request prefers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPENMETRICS", "PROMETHEUS", "Exposition", "prefers_openmetrics"]

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True)
class Exposition:
    """Metrics as text, and what the text is.

    Args:
        text: All metrics.
        media_type: Media type of the text, for the header `Content-Type`.
    """

    text: str
    media_type: str


def prefers_openmetrics(accept: str) -> bool:
    """Whether OpenMetrics 1.0 suits an `Accept` header at least as well as Prometheus' own text.

    Only its own name asks for it: to whoever takes anything, Prometheus' text is given.

    Examples:
        >>> prefers_openmetrics("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
        True
        >>> prefers_openmetrics("*/*")
        False
    """
    open_quality = plain_quality = 0.0
    for name, version, quality in map(_range, accept.split(",")):
        if name == "application/openmetrics-text" and version in ("", "1.0.0"):
            open_quality = max(open_quality, quality)
        elif name in ("text/plain", "text/*", "*/*") and version in ("", "0.0.4"):
            plain_quality = max(plain_quality, quality)
    return open_quality > 0 and open_quality >= plain_quality


def _range(text: str) -> tuple[str, str, float]:
    """Name, version and quality of one of the types that are accepted; what cannot be understood is not wanted."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    given = dict(part.partition("=")[::2] for part in parameters)
    try:
        quality = float(given.get("q", "1"))
    except ValueError:
        quality = 0.0
    return name, given.get("version", "").strip('"'), quality if 0 <= quality <= 1 else 0.0
