"""What other packages bring: presets and rules by entry points, found when a name is asked for that is not ours.

A package says in its `pyproject.toml`:

    [project.entry-points."synqc.presets"]
    our_chip = "our_package.devices:our_chip"

    [project.entry-points."synqc.rules"]
    our-rule = "our_package.rules:OurRule"
"""

from __future__ import annotations

import functools
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from synqc.errors import InputError

__all__ = ["PluginGroup", "load_plugin", "plugin_names"]

PluginGroup = Literal["synqc.presets", "synqc.rules"]


def plugin_names(group: PluginGroup) -> tuple[str, ...]:
    """Names that installed packages bring to a group, in order.

    Examples:
        >>> isinstance(plugin_names("synqc.rules"), tuple)
        True
    """
    return tuple(sorted(_entries(group)))


def load_plugin(group: PluginGroup, name: str) -> Any:
    """Object behind a name.

    Args:
        group: Group of the name.
        name: One of `plugin_names(group)`.

    Raises:
        InputError: The package cannot be imported or has no such object; the message names both.
    """
    entry = _entries(group)[name]
    try:
        return entry.load()
    except Exception as error:
        package = entry.dist.name if entry.dist is not None else entry.module
        raise InputError(
            f"The name {name!r} of {group!r} must be {entry.value} of the package {package}, but that cannot be "
            f"loaded: {type(error).__name__}: {error}."
        ) from error


@functools.cache
def _entries(group: str) -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}
