"""Settings of a service with TDS in one flat object, for programs that make one themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from synqc.apps.tds.settings import TdsSettings
from synqc.environment import Environment
from synqc.service.applications import settings_classes
from synqc.service.settings import ServiceSettings

__all__ = ["Settings"]


class Settings(ServiceSettings, TdsSettings):
    """What an operator may set, of the service and of TDS.

    Examples:
        >>> Settings(requests_per_minute=60, max_probe_strength=0.3)  # doctest: +ELLIPSIS
        Settings(state_dir=..., max_probe_strength=0.3, requests_per_minute=60)
    """

    @classmethod
    def from_environment(cls, environment: Environment | Mapping[str, str] | None = None) -> Self:
        """Settings of this process: its environment first, then a `.env` file of the working directory.

        Args:
            environment: Used instead of both.

        Raises:
            InputError: SYNQC_API_KEYS is set and holds no key, or SYNQC_TRUSTED_PROXIES no address.
        """
        if not isinstance(environment, Environment):
            environment = Environment(environment)
        found = super().from_environment(environment)
        environment.name_unknown_variables(settings_classes())
        return found
