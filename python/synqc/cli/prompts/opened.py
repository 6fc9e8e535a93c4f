"""The application on the database of this machine's settings, as the service has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from synqc.cli.service_extra import require_service_extra
from synqc.errors import MissingExtra

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.providers import Answers
    from synqc.apps.prompts.settings import PromptsSettings

__all__ = ["opened"]


@contextmanager
def opened(
    settings: PromptsSettings | None = None, *, providers: Mapping[str, Answers] | None = None
) -> Iterator[PromptsApplication]:
    """Let go of when the context ends.

    Args:
        settings: Settings of the application; None: of the environment.
        providers: Providers beside those of the settings, by name.

    Raises:
        MissingExtra: A package is not installed.
        StorageUnavailable: The database cannot be opened.
    """
    require_service_extra()
    try:
        from synqc.apps.prompts.application import PromptsApplication
        from synqc.apps.prompts.settings import PromptsSettings
    except ImportError as error:
        raise MissingExtra(f"Synthetic prompts need {error.name}: pip install 'synqc[prompts]'.") from None
    application = PromptsApplication(settings or PromptsSettings.from_environment(), providers=providers)
    try:
        yield application
    finally:
        application.close()
