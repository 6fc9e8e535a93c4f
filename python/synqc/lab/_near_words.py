"""What a misspelt name was meant to be."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any, TypeVar

from synqc.errors import UnknownArgument, UnknownName

__all__ = ["class_naming_unknown_arguments", "naming_unknown_arguments", "near_words", "unknown_name"]

_LIKENESS = 0.6
_NEARLY_AS_LIKE = 0.1
_MOST = 3

Function = TypeVar("Function", bound=Callable[..., Any])
Type = TypeVar("Type", bound=type)


def near_words(word: object, known: Iterable[str]) -> list[str]:
    """Known words that `word` may have been meant to be, the likeliest first.

    Capitals and the choice between `-`, `_` and a space do not count; a word that is part of a known one is near it,
    as a name without its unit is.

    Examples:
        >>> near_words("probe_strenght", ["probe_strength", "probe_steps"])
        ['probe_strength']
        >>> near_words("T1", ["t1_us", "t2_us", "target"]), near_words("Fez", ["ibm_fez", "ion-chain"])
        (['t1_us'], ['ibm_fez'])
        >>> near_words(5, ["t1_us"])
        []
    """
    if not isinstance(word, str) or not (plain := _plain(word)):
        return []
    by_plain = {_plain(one): one for one in known}
    if plain in by_plain:
        return [by_plain[plain]]
    holding = [one for one in by_plain if f"_{plain}_" in f"_{one}_"]
    if 0 < len(holding) <= _MOST:
        return [by_plain[one] for one in holding]
    alike = {one: difflib.SequenceMatcher(None, plain, one).ratio() for one in by_plain}
    least = max(_LIKENESS, max(alike.values(), default=0.0) - _NEARLY_AS_LIKE)
    found = sorted((one for one in alike if alike[one] >= least), key=lambda one: -alike[one])
    return [by_plain[one] for one in found[:_MOST]]


def unknown_name(
    argument: str, word: object, known: Collection[str], *, kind: type[UnknownName] = UnknownName
) -> UnknownName:
    """The refusal of a name, which lists the known ones and what is near.

    Examples:
        >>> print(unknown_name("kind", "sumary", ["summary", "history"]))
        Argument `kind` must be one of summary, history, but is 'sumary'; near it: summary.
    """
    near = near_words(word, known)
    told = f"; near it: {', '.join(near)}" if near else ""
    return kind(f"Argument `{argument}` must be one of {', '.join(known)}, but is {word!r}{told}.")


def naming_unknown_arguments(function: Function, *, elsewhere: dict[str, str] | None = None) -> Function:
    """The function, whose refusal of an argument by a name it has not says which of its own is near.

    Args:
        function: Without `**` parameters.
        elsewhere: Where names belong that people give here.

    Examples:
        >>> import synqc
        >>> synqc.sweep(synqc.Experiment(), {"probe_strength": [0.1]}, shot=100)
        Traceback (most recent call last):
            ...
        synqc.errors.UnknownArgument: Argument `shot` is none of sweep(); near it: shots.
    """
    own = [name for name in inspect.signature(function).parameters if name != "self" and not name.startswith("_")]
    known = frozenset(inspect.signature(function).parameters)
    called = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*arguments: Any, **keywords: Any) -> Any:
        if not known.issuperset(keywords):
            raise _refused(next(name for name in keywords if name not in known), called, own, elsewhere or {})
        return function(*arguments, **keywords)

    return checked  # type: ignore[return-value]


def class_naming_unknown_arguments(elsewhere: dict[str, str]) -> Callable[[Type], Type]:
    """A decorator of classes: what `naming_unknown_arguments` does, for the arguments of making one.

    Args:
        elsewhere: Where names belong that people give here.

    Examples:
        >>> import synqc
        >>> synqc.Experiment(T1=50)
        Traceback (most recent call last):
            ...
        synqc.errors.UnknownArgument: Argument `T1` is none of Experiment(); near it: t1_us.
    """

    def decorated(made: Type) -> Type:
        made.__init__ = naming_unknown_arguments(made.__init__, elsewhere=elsewhere)  # type: ignore[misc]
        return made

    return decorated


def _refused(name: str, called: str, own: list[str], elsewhere: dict[str, str]) -> UnknownArgument:
    if name in elsewhere:
        return UnknownArgument(f"Argument `{name}` is none of {called}(): {elsewhere[name]}.")
    near = near_words(name, own)
    told = f"near it: {', '.join(near)}" if near else f"it has {', '.join(own)}"
    return UnknownArgument(f"Argument `{name}` is none of {called}(); {told}.")


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
