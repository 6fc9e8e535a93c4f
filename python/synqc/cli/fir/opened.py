"""The application on the database of this machine's settings, as the service has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from synqc.apps.fir.application import FirApplication

__all__ = ["opened"]


@contextmanager
def opened(**settings: Any) -> Iterator[FirApplication]:
    """Let go of when the context ends.

    Args:
        settings: In the place of the environment's.

    Raises:
        MissingExtra: A package is not installed.
        StorageUnavailable: The database cannot be opened.
    """
    try:
        from synqc.apps.fir.application import FirApplication
        from synqc.apps.fir.settings import FirSettings
    except ImportError as error:
        raise MissingExtra(f"First Information Reports need {error.name}: pip install 'synqc[fir,service]'.") from None
    application = FirApplication(FirSettings.from_environment().model_copy(update=settings))
    try:
        yield application
    finally:
        application.close()
