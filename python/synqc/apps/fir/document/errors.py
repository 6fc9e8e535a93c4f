"""Why a report is refused, or a form of it cannot be made."""

from __future__ import annotations

from collections.abc import Sequence

from synqc.apps.fir.document.obstacle import Obstacle
from synqc.errors import InputError, SynqcError

__all__ = ["FontsMissing", "NotFinal", "NotReadBack", "UnknownField"]


class UnknownField(InputError):
    """No field of the report has that name."""

    code = "unknown_field"


class NotFinal(SynqcError):
    """The report lacks something without which it may not be filed; `obstacles` lists all of it."""

    code = "report_not_final"

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__(f"The report cannot be filed: {' '.join(one.words for one in obstacles)}")


class FontsMissing(SynqcError):
    """No font of Devanagari is installed; the message says what to install."""

    code = "fonts_missing"


class NotReadBack(SynqcError):
    """A PDF whose text, read back, is not what went in: it is not handed out. The message names the place."""

    code = "report_not_read_back"
