"""Options by either spelling: `maxTokens` of JavaScript and `max_tokens` of Python name one thing."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from synqc.apps.synth.errors import ValidationError

__all__ = ["CamelCase", "camel_case", "fields_named", "read_options", "snake_case"]

_Options = TypeVar("_Options")


def snake_case(name: str) -> str:
    """As Python spells a name.

    >>> [snake_case(name) for name in ("firstChunkLatencyMs", "cacheTTL", "p99LatencyMs", "memoryUsageMB")]
    ['first_chunk_latency_ms', 'cache_ttl', 'p99_latency_ms', 'memory_usage_mb']
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def camel_case(name: str) -> str:
    """As JavaScript spells a name.

    >>> camel_case("first_chunk_latency_ms"), camel_case("memory_usage_mb")
    ('firstChunkLatencyMs', 'memoryUsageMB')
    """
    head, *rest = name.split("_")
    return head + "".join("MB" if word == "mb" else word.capitalize() for word in rest)


class CamelCase:
    """A frozen dataclass whose fields can be read in either spelling, and which JSON has in camelCase."""

    def __getattr__(self, name: str) -> Any:
        """Fields by the spelling of JavaScript.

        Raises:
            AttributeError: There is no such field in either spelling.
        """
        snake = snake_case(name)
        if snake != name and not name.startswith("_") and snake in dir(type(self)) + list(vars(self)):
            return getattr(self, snake)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}.")

    def to_dict(self) -> dict[str, Any]:
        """As plain values with names in camelCase."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {camel_case(one.name): _plain(getattr(self, one.name)) for one in fields}


def read_options(
    kind: type[_Options], given: Mapping[str, Any] | None, named: Mapping[str, Any], aliases: Mapping[str, str]
) -> _Options:
    """Options of a class from what a caller wrote; see `fields_named`.

    Raises:
        ValidationError: A name is not known, an option is given twice, or out of its range.
    """
    return kind(**fields_named(kind, given, named, aliases))


def fields_named(
    kind: type[Any], given: Mapping[str, Any] | None, named: Mapping[str, Any], aliases: Mapping[str, str]
) -> dict[str, Any]:
    """Values by field of a class, of options in either spelling; nothing is ignored.

    Args:
        kind: A dataclass whose fields are the options.
        given: As one mapping.
        named: As keyword arguments.
        aliases: Further names, by what they mean.

    Raises:
        ValidationError: A name is not known, or an option is given twice.
    """
    if given is not None and not isinstance(given, Mapping):
        raise ValidationError(f"Argument `options` must map names to values, but is {type(given).__name__}.")
    known = {one.name for one in dataclasses.fields(kind)}
    names = {**{camel_case(one): one for one in known}, **{one: one for one in known}, **aliases}
    found: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, value in [*(given or {}).items(), *named.items()]:
        field = names.get(name)
        if field is None:
            near = difflib.get_close_matches(str(name), names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(map(camel_case, known)))}."
            raise ValidationError(f"Option {name!r} is not known: {hint}", {"option": str(name)})
        if field in found:
            raise ValidationError(f"Option {name!r} must be given once, but is given as {written[field]!r}, too.")
        found[field], written[field] = value, name
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, CamelCase):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
