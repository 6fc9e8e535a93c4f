"""Which applications there are, and which of them a process serves: the one table that a new application joins."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from synqc.environment import Environment, EnvironmentSettings, SettingInUse
from synqc.errors import InputError, MissingExtra
from synqc.service.settings import ServiceSettings

if TYPE_CHECKING:
    from synqc.service.mount import Mount
    from synqc.service.resources import Resources

__all__ = [
    "APPLICATIONS",
    "Application",
    "chosen_applications",
    "read_settings",
    "settings_classes",
    "settings_in_use",
    "settings_of_process",
]


_IN_CLUSTERS = "tds"
"""The one application whose nodes may share a database."""

_Settings = TypeVar("_Settings", bound=EnvironmentSettings)


@dataclass(frozen=True)
class Application:
    """An application that may be mounted; nothing of it is loaded before that.

    Args:
        name: Its prefix, and what `SYNQC_APPLICATIONS` calls it.
        settings: Its class of settings, as `module:name`.
        mount: The function that makes its mount of its settings and the shared resources, as `module:name`.
        extra: What pip installs for it.
        packages: Those of the extra; without one of them it is not mounted unless it is named.
        by_name: Whether it is mounted only where `SYNQC_APPLICATIONS` names it.
    """

    name: str
    settings: str
    mount: str
    extra: str = "service"
    packages: tuple[str, ...] = ()
    by_name: bool = False

    @property
    def missing(self) -> str | None:
        """A package that it needs and that is not installed."""
        return next((package for package in self.packages if find_spec(package) is None), None)

    def settings_class(self) -> type[EnvironmentSettings]:
        """Loads the module of its settings."""
        found: type[EnvironmentSettings] = _named(self.settings)
        return found

    def mounted(self, settings: EnvironmentSettings, resources: Resources) -> Mount:
        """Loads the application, and starts what must be ready before the first request."""
        made: Mount = _named(self.mount)(settings, resources)
        return made


APPLICATIONS: tuple[Application, ...] = (
    Application("tds", "synqc.apps.tds.settings:TdsSettings", "synqc.service.tds.mount:mount_of"),
    Application(
        "enrichment",
        "synqc.apps.enrichment.settings:EnrichmentSettings",
        "synqc.service.enrichment.mount:mount_of",
        extra="service,enrichment",
        packages=("httpx",),
        by_name=True,
    ),
    Application(
        "prompts",
        "synqc.apps.prompts.settings:PromptsSettings",
        "synqc.service.prompts.mount:mount_of",
        extra="service,prompts",
        packages=("flint", "latex2mathml", "openai", "pyarrow", "scipy", "sympy"),
    ),
    Application(
        "fir",
        "synqc.apps.fir.settings:FirSettings",
        "synqc.service.fir.mount:mount_of",
        extra="service,fir",
        packages=("docx", "openai", "pikepdf", "pypdfium2", "python_multipart", "typst"),
    ),
    Application(
        "synth",
        "synqc.apps.synth.settings:SynthSettings",
        "synqc.service.synth.mount:mount_of",
        extra="service,synth",
        packages=("mimesis", "openai", "pyarrow"),
    ),
)


def settings_classes() -> list[type[EnvironmentSettings]]:
    """Of the service and of every application, mounted or not."""
    return [ServiceSettings, *(application.settings_class() for application in APPLICATIONS)]


def read_settings(kind: type[_Settings]) -> _Settings:
    """Settings of one class, as this process has them; variables that no setting has are named in the log.

    Raises:
        InputError: A variable holds what nothing can stand in for.
    """
    environment = Environment()
    environment.name_unknown_variables(settings_classes())
    return kind.from_environment(environment)


def settings_of_process() -> tuple[EnvironmentSettings, ...]:
    """Of the service, and of each application that it serves; variables that no setting has are named in the log.

    Raises:
        InputError: An application is named that there is not, or a variable holds what nothing can stand in for.
        MissingExtra: A named application is not installed.
    """
    environment = Environment()
    of_service = ServiceSettings.from_environment(environment)
    environment.name_unknown_variables(settings_classes())
    applications = chosen_applications(of_service)
    return (of_service, *(one.settings_class().from_environment(environment) for one in applications))


def settings_in_use(environment: Environment) -> list[SettingInUse]:
    """Every setting of every room with its origin, each once.

    Raises:
        InputError: A variable holds what nothing can stand in for.
    """
    environment.name_unknown_variables(settings_classes())
    found: dict[str, SettingInUse] = {}
    for one in settings_classes():
        for setting in one.from_environment(environment).in_use(environment):
            found.setdefault(setting.variable, setting)
    return list(found.values())


def chosen_applications(settings: ServiceSettings, given: Sequence[EnvironmentSettings] = ()) -> list[Application]:
    """Those that a process serves: the named ones; else those whose settings are given; else all that are installed.

    Raises:
        InputError: No application has a name, or the server is a node of a cluster and one that is named is not TDS.
        MissingExtra: One that is named is not installed.
    """
    known = {application.name: application for application in APPLICATIONS}
    if settings.cluster:
        if set(settings.applications) - {_IN_CLUSTERS}:
            named = ", ".join(settings.applications)
            raise InputError(f"With SYNQC_CLUSTER, SYNQC_APPLICATIONS must be {_IN_CLUSTERS} alone, but is {named!r}.")
        return [known[_IN_CLUSTERS]]
    if settings.applications:
        return [_named_one(known, name) for name in dict.fromkeys(settings.applications)]
    if given:
        return [one for one in APPLICATIONS if any(isinstance(each, one.settings_class()) for each in given)]
    return [application for application in APPLICATIONS if application.missing is None and not application.by_name]


def _named_one(known: dict[str, Application], name: str) -> Application:
    if name not in known:
        raise InputError(f"SYNQC_APPLICATIONS must name applications, but names {name!r}{_hint(name, known)}")
    missing = known[name].missing
    if missing is not None:
        raise MissingExtra(f"Application {name} needs {missing}: pip install 'synqc[{known[name].extra}]'.")
    return known[name]


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {near[0]}?" if near else f": there are {', '.join(known)}."


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
