"""Text from a model, made fit for JSON, databases and logs."""

from __future__ import annotations

__all__ = ["clean"]


def clean(text: str, most: int | None = None) -> str:
    """Without halves of characters and NUL, which JSON and databases refuse, and at most so long.

    >>> clean("half a face: \\ud83d" + chr(0), most=14)
    'half a face: ?'
    """
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return whole if most is None or len(whole) <= most else whole[: most - 1] + "…"
