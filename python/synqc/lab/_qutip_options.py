"""QuTiP's `options=` dictionaries: what of them is understood here, and what is refused by name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from synqc.errors import InputError, UnknownName

__all__ = ["understood"]

_HOW = {
    "progress_bar",
    "progress_kwargs",
    "nsteps",
    "order",
    "first_step",
    "min_step",
    "matrix_form",
    "store_final_state",
}
"""Options that say how QuTiP works or what we always do, not what is computed."""


def understood(
    options: Any, direct: Mapping[str, tuple[Any, Any]], renamed: Mapping[str, str], without_effect: set[str]
) -> dict[str, Any]:
    """Values of a door's arguments, those that QuTiP's dictionary of options sets among them.

    Args:
        options: QuTiP's dictionary.
        direct: What the door's own arguments are, and what they are if nobody gives them.
        renamed: QuTiP's name of an option to the door's.
        without_effect: Further options that change nothing here.

    Returns:
        A value for every name in `direct`.

    Raises:
        InputError: `options` is no mapping, or contradicts an argument that was given.
        UnknownName: An option is not understood; the message has the nearest one that is.
    """
    if not isinstance(options, Mapping):
        raise InputError(f"Argument `options` must be a dictionary, but is {type(options).__name__}.")
    known = sorted({*renamed, *_HOW, *without_effect})
    values = {name: given for name, (given, _) in direct.items()}
    for option, value in options.items():
        if option not in known:
            near = difflib.get_close_matches(str(option), known, n=1, cutoff=0.6)
            hint = f"near it: {near[0]!r}" if near else "known: " + ", ".join(map(repr, known))
            raise UnknownName(f"Argument `options` must hold what is understood here, but has {option!r}; {hint}.")
        if (name := renamed.get(option)) is None or value is None:
            continue
        given, default = direct[name]
        if given != default and given != value:
            raise InputError(f"Argument `{name}` must agree with `options`, but is {given!r} where they say {value!r}.")
        values[name] = value
    return values
