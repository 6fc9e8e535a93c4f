"""Settings from the environment: read once, clamped, frozen, and each says where it came from."""

from __future__ import annotations

import difflib
import logging
import os
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, Union, get_args, get_origin

from annotated_types import Interval
from dotenv import dotenv_values
from pydantic import ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from synqc.errors import InputError

__all__ = ["Environment", "EnvironmentSettings", "SettingInUse", "Variable"]

_log = logging.getLogger("synqc.settings")
_READ_ELSEWHERE = {
    "SYNQC_API_BASE", "SYNQC_UI_URL", "SYNQC_SIMD_LEVEL", "SYNQC_BARE_BODY", "SYNQC_CHROMIUM", "SYNQC_KILL_ROUNDS",
    "SYNQC_SERVICE_KILL_ROUNDS", "SYNQC_LOAD_SECONDS", "SYNQC_SCHEMATHESIS_EXAMPLES", "SYNQC_RANDOM_CONFIGURATIONS",
}  # fmt: skip
"""Variables that clients, the core, benchmarks and tests read."""
_READ_APART = ("SYNQC_ENRICHMENT_",)
"""What the variables of programs begin with that are no part of the service, and name their unknown ones themselves."""


@dataclass(frozen=True)
class Variable:
    """The environment variable of a field; stands in its annotation, beside the `Interval` it is kept within.

    Args:
        name: Name of the variable.
        older_name: Read if the newer one is not set.
        secret: Whether its value is shown nowhere.
        secrets_sent: Variables whose values are sent to the address this one holds: a `.env` file may not redirect
            secrets that it does not hold itself.
        read: Makes a value of the text, instead of what the field's type says; asked whenever the variable is set.
    """

    name: str
    older_name: str | None = None
    secret: bool = False
    secrets_sent: tuple[str, ...] = ()
    read: Callable[[str], Any] | None = field(default=None, compare=False)


class Environment:
    """Variables of a process, and below them those of a `.env` file in its working directory.

    What is wrong with a variable is said once, whoever asks for it.

    Args:
        given: Used instead of both.
        told: What was said already, of an environment that is read anew; it is added to.
    """

    def __init__(self, given: Mapping[str, str] | None = None, told: set[str] | None = None) -> None:
        self._outside: Mapping[str, str] = os.environ if given is None else given
        self._file: dict[str, str] = _dotenv() if given is None else {}
        self._told: set[str] = set() if told is None else told

    def text(self, variable: Variable) -> tuple[str | None, str, str]:
        """What is set, or None; under which name; and where: `environment`, `.env` or `default`."""
        newer = self._found(variable.name, variable)
        older = self._found(variable.older_name, variable) if variable.older_name else (None, "default")
        if variable.older_name and older[0] and older[0].strip():
            if not (newer[0] and newer[0].strip()):
                return older[0], variable.older_name, older[1]
            if newer[0].strip() != older[0].strip():
                self.warn("%s and %s differ: using the first.", variable.name, variable.older_name)
        return newer[0], variable.name, newer[1]

    def warn(self, words: str, *arguments: object) -> None:
        """Say it, unless it was said."""
        line = words % arguments
        if line not in self._told:
            self._told.add(line)
            _log.warning("%s", line)

    def name_unknown_variables(
        self, classes: Iterable[type[EnvironmentSettings]], *, apart: str = "", page: str = "docs/service.md"
    ) -> None:
        """Name those that no setting has: a misspelt one would be taken for one that is not set.

        Args:
            classes: All settings there are.
            apart: Only of variables that begin so, which are a program's of its own.
            page: Where the settings are listed.
        """
        known = {
            name
            for one in classes
            for variable in one.variables().values()
            for name in (variable.name, variable.older_name)
            if name is not None and name.startswith("SYNQC_")
        }
        for name in sorted({*self._outside, *self._file} - known - _READ_ELSEWHERE):
            upper = name.upper()
            if not upper.startswith(apart) or (not apart and upper.startswith(_READ_APART)):
                continue
            near = difflib.get_close_matches(upper, known, n=1, cutoff=0.9)
            if upper.startswith("SYNQC"):
                last = upper.removeprefix("SYNQC").lstrip("_")
                rests = [one.removeprefix("SYNQC_") for one in sorted(known)]
                near = near or [f"SYNQC_{rest}" for rest in difflib.get_close_matches(last, rests, n=1, cutoff=0.6)]
            elif not near:
                continue
            hint = f"did you mean {near[0]}?" if near else f"{page} lists the settings."
            self.warn("%s is no setting and does nothing: %s", name, hint)

    def _found(self, name: str, variable: Variable) -> tuple[str | None, str]:
        if name in self._outside:
            return self._outside[name], "environment"
        if name not in self._file:
            return None, "default"
        for secret in variable.secrets_sent:
            if self._outside.get(secret):
                self.warn("%s of .env is not used: %s is set outside that file and would go there.", name, secret)
                return None, "default"
        return self._file[name], ".env"


@dataclass(frozen=True)
class SettingInUse:
    """A setting as it is: `value` is text, and stars where it is secret."""

    variable: str
    value: str
    origin: str
    description: str


class EnvironmentSettings(BaseSettings):
    """Base of the settings of a room: frozen, and complete without any variable.

    A field is declared with its `Variable`, its default, and its words below it. Made by name it must be
    right, or InputError says what is wrong; read from the environment it is clamped, or its default is taken, and the
    log says so.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _refusal(type(self), error) from None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is made by name is made of nothing else."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, environment: Environment | Mapping[str, str] | None = None) -> Self:
        """Settings of this process.

        Args:
            environment: Read instead of the process's.

        Raises:
            InputError: A variable holds what nothing can stand in for.
        """
        if not isinstance(environment, Environment):
            environment = Environment(environment)
        return cls(**_EnvironmentSource(cls, environment)())

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The variable of each field."""
        return {
            name: variable
            for name, information in cls.model_fields.items()
            for variable in information.metadata
            if isinstance(variable, Variable)
        }

    def in_use(self, environment: Environment) -> list[SettingInUse]:
        """Every setting with its origin, as it was read from an environment."""
        return [
            SettingInUse(
                variable.name,
                _shown(getattr(self, name), variable.secret),
                environment.text(variable)[2],
                type(self).model_fields[name].description or "",
            )
            for name, variable in self.variables().items()
        ]

    @field_validator("*", mode="after")
    @classmethod
    def _absolute(cls, value: Any) -> Any:
        return value.expanduser().absolute() if isinstance(value, Path) else value

    def __repr__(self) -> str:
        """Without secrets, and without what is as usual: this is logged."""
        shown = [
            f"{name}={getattr(self, name)!r}"
            for name, variable in self.variables().items()
            if not variable.secret and getattr(self, name) != type(self).model_fields[name].default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    __str__ = __repr__


class _EnvironmentSource(PydanticBaseSettingsSource):
    """Values of the fields whose variables are set to something that can be read."""

    def __init__(self, settings: type[EnvironmentSettings], environment: Environment) -> None:
        super().__init__(settings)
        self._fields = settings.model_fields
        self._variables = settings.variables()
        self._environment = environment

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(self._fields[name], name)[0] for name in self._variables}
        return {name: value for name, value in values.items() if value is not None}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = self._variables[field_name]
        text, name, _ = self._environment.text(variable)
        if text is None:
            return None, field_name, False
        value = variable.read(text) if variable.read else self._value(name, text, field)
        return value, field_name, False

    def _value(self, name: str, text: str, field: FieldInfo) -> Any:
        kind = _kind_of(field.annotation)
        if get_origin(kind) is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip()) or None
        stripped = text.strip()
        if not stripped:
            return None
        if get_origin(kind) is Literal:
            return self._choice(name, stripped, get_args(kind), field.default)
        if kind is bool:
            return self._switch(name, stripped, field.default)
        if kind in (int, float):
            return self._number(name, stripped, kind, field)
        return Path(text) if kind is Path else text

    def _choice(self, name: str, text: str, choices: tuple[str, ...], default: str) -> str:
        if text.upper() in choices:
            return text.upper()
        self._environment.warn("%s must be one of %s, but is %r: using %s.", name, ", ".join(choices), text, default)
        return default

    def _switch(self, name: str, text: str, default: bool) -> bool:
        if text in ("0", "1"):
            return text == "1"
        self._environment.warn("%s must be 0 or 1, but is %r: using %d.", name, text, default)
        return default

    def _number(self, name: str, text: str, kind: type[int] | type[float], field: FieldInfo) -> Any:
        least, most = _bounds(field)
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or value != value:
            words = "%s must be a number between %s and %s, but is %r: using %s."
            self._environment.warn(words, name, least, most, text, field.default)
            return None
        clamped = min(max(value, least), most)
        if clamped != value:
            self._environment.warn(
                "%s must be between %s and %s, but is %s: using %s.", name, least, most, text, clamped
            )
        return clamped


def _kind_of(annotation: Any) -> Any:
    """What a value is if it is not None."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(kind for kind in get_args(annotation) if kind is not type(None))
    return annotation


def _bounds(field: FieldInfo) -> tuple[Any, Any]:
    interval = next(one for one in field.metadata if isinstance(one, Interval))
    return interval.ge, interval.le


def _refusal(settings: type[EnvironmentSettings], error: ValidationError) -> InputError:
    problem = error.errors(include_url=False)[0]
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return cause
    name = str(problem["loc"][0])
    if name not in settings.model_fields:
        near = difflib.get_close_matches(name, settings.model_fields, n=1)
        return InputError(f"`{name}` is no setting" + (f": did you mean `{near[0]}`?" if near else "."))
    if problem["type"] in ("greater_than_equal", "less_than_equal"):
        least, most = _bounds(settings.model_fields[name])
        words = f"must be between {least} and {most}"
    else:
        words = problem["msg"].replace("Input should be", "must be")
    given = "is not" if settings.variables()[name].secret else f"is {problem['input']!r}"
    return InputError(f"Argument `{name}` {words}, but {given}.")


def _shown(value: Any, secret: bool) -> str:
    if value is None or value == ():
        return "none"
    if secret:
        return "***"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _dotenv() -> dict[str, str]:
    return {name: value for name, value in dotenv_values(Path.cwd() / ".env").items() if value is not None}
