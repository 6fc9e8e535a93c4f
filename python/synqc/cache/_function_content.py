"""What a function is made of, as content for a key."""

from __future__ import annotations

import dis
import functools
import itertools
import os
import sys
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any, Final

from synqc.cache._content import content_key
from synqc.errors import InputError

__all__ = ["FunctionContent", "UnsharedResults", "stand_in"]

_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_FUNCTION_KINDS: Final = (types.FunctionType, types.MethodType, functools.partial, staticmethod, classmethod)


class UnsharedResults(UserWarning):
    """Results of a cached function are found by this process alone, because the function holds what has no content."""


class FunctionContent:
    """Everything a function's results depend on beside its arguments, as far as it can be told.

    That is its module and qualified name, code and constants, defaults, what its closure holds, what a partial function
    or a bound method adds, and, for functions of `__main__`, the file. Functions within it count in the same way. What
    has no content, such as a connection, counts by an identity that it has in this process alone; `is_shared` is then
    False, and a warning says so once.

    Names of the closure that are given another object later count anew, unless the function itself does that: then they
    are what it leaves behind, not what it depends on. Lists, dicts and arrays count with what they held when they were
    first seen. Global variables that the code reads are not looked at.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._codes: dict[types.CodeType, str] = {}
        self._seen: dict[int, tuple[Any, Any]] = {}
        self._walk: _Walk | None = None
        self._key = ""
        self._stranger: Any = None

    @property
    def is_shared(self) -> bool:
        """Whether another process finds the same results."""
        self.key()
        return self._stranger is None

    def key(self) -> str:
        """Digest of all that."""
        if self._walk is None or self._walk.has_changed():
            walk = _Walk(self._codes, self._seen)
            self._key = content_key("function", walk.callable(self._function))
            self._walk = walk
            if walk.strangers and self._stranger is None:
                self._stranger = walk.strangers[0]
                self._tell()
        return self._key

    def _tell(self) -> None:
        name = getattr(self._function, "__qualname__", repr(self._function))
        warnings.warn(
            f"Results of {name} are found by this process alone: the function holds a {type(self._stranger).__name__}, "
            "which has no content. Give its class a method `__cache_key__`, or pass it as an argument.",
            UnsharedResults,
            stacklevel=5,
        )


class _Walk:
    """One look at a function; what was met before is referred to by its number."""

    def __init__(self, codes: dict[types.CodeType, str], seen: dict[int, tuple[Any, Any]]) -> None:
        self._codes = codes
        self._seen = seen  # contents of what may change in place, by its place in memory, with the object itself
        self._met: dict[int, int] = {}
        self._cells: list[tuple[types.CellType, Any]] = []
        self._says_itself = False
        self.strangers: list[Any] = []

    def has_changed(self) -> bool:
        """Whether a name of a closure stands for another object now, or an object says by itself what it is."""
        return self._says_itself or any(_content_of(cell) is not content for cell, content in self._cells)

    def callable(self, function: Any) -> Any:
        if id(function) in self._met:
            return ["met", self._met[id(function)]]
        self._met[id(function)] = len(self._met)
        decorated, remembered = getattr(function, "__synqc_cached__", (None, None))
        if decorated is function:  # a decorator around it has the attribute as well
            return ["cached", self.callable(remembered)]
        if isinstance(function, types.FunctionType):
            return self._function(function)
        if isinstance(function, types.MethodType):
            return ["method", self.callable(function.__func__), self.value(function.__self__)]
        if isinstance(function, functools.partial):
            return ["partial", self.callable(function.func), self.value(function.args), self.value(function.keywords)]
        if isinstance(function, staticmethod | classmethod):
            return [type(function).__name__, self.callable(function.__func__)]
        if name := _imported_name(function):
            return ["imported", *name]
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not isinstance(function, type):
            return ["wrapped", type(function).__qualname__, self.callable(wrapped)]
        if isinstance(function, type) or type(function).__module__ == "builtins":
            return self._stranger(function)
        # An instance that can be called: how, and on what it stands.
        return ["instance", self.callable(type(function).__call__), self._object(function)]

    def _function(self, function: types.FunctionType) -> Any:
        own = _given_by(function.__code__)
        return [
            "function",
            function.__module__,
            function.__qualname__,
            _main_file(function),
            self._code(function.__code__),
            self.value(function.__defaults__),
            self.value(function.__kwdefaults__),
            [
                self._cell(cell, is_own=name in own)
                for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
            ],
        ]

    def _cell(self, cell: types.CellType, *, is_own: bool) -> Any:
        if is_own:
            return self._as_first_seen(cell, self._own)
        content = _content_of(cell)
        self._cells.append((cell, content))
        return ["empty"] if content is _EMPTY else ["cell", self.value(content)]

    def _own(self, cell: types.CellType) -> Any:
        content = _content_of(cell)
        return ["own", [] if content is _EMPTY else [self.value(content)]]

    def _code(self, code: types.CodeType) -> str:
        known = self._codes.get(code)
        if known is None:
            known = self._codes[code] = content_key("code", _code_content(code), version=sys.implementation.cache_tag)
        return known

    def value(self, value: Any) -> Any:
        """What stands for a value; kinds are told apart, so that no two values have one stand-in."""
        if type(value) in _PLAIN:
            return value
        if type(value) in (list, tuple, dict):
            if id(value) in self._met:
                return ["met", self._met[id(value)]]
            self._met[id(value)] = len(self._met)
            return self._as_first_seen(value, self._container)
        if isinstance(value, types.ModuleType):
            return ["module", value.__name__]
        if isinstance(value, _FUNCTION_KINDS) or (callable(value) and not hasattr(type(value), "__cache_key__")):
            return ["callable", self.callable(value)]
        return ["object", self._object(value)]

    def _container(self, value: Any) -> Any:
        if isinstance(value, dict):
            return ["dict", [[self.value(key), self.value(item)] for key, item in value.items()]]
        return [type(value).__name__, [self.value(item) for item in value]]

    def _object(self, value: Any) -> Any:
        if hasattr(type(value), "__cache_key__"):
            self._says_itself = True
            return ["content", content_key("value", stand_in(value))]
        return self._as_first_seen(value, self._content_or_identity)

    def _content_or_identity(self, value: Any) -> Any:
        try:
            return ["content", content_key("value", value)]
        except InputError:
            return self._stranger(value)

    def _as_first_seen(self, value: Any, content_of: Callable[[Any], Any]) -> Any:
        seen = self._seen.get(id(value))
        if seen is None or seen[0] is not value:
            seen = self._seen[id(value)] = (value, content_of(value))
        return seen[1]

    def _stranger(self, value: Any) -> Any:
        self.strangers.append(value)
        return ["stranger", *_identity_of(value)]


_EMPTY: Final = object()


def _content_of(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _given_by(code: types.CodeType) -> set[str]:
    """Names of the closure to which the code itself, or code within it, gives objects."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("STORE_DEREF", "DELETE_DEREF")}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _given_by(constant)
    return names


def stand_in(value: Any) -> Any:
    """A value, with what stands for those in it that have a `__cache_key__()`."""
    if isinstance(value, tuple):
        return [stand_in(item) for item in value]
    if isinstance(value, dict):
        return {name: stand_in(item) for name, item in value.items()}
    stands_for = getattr(type(value), "__cache_key__", None)
    return value if stands_for is None else {"type": type(value).__qualname__, "key": stands_for(value)}


def _code_content(code: types.CodeType) -> list[Any]:
    """All that decides what the code does; not the file and lines it came from."""
    return [
        code.co_code, code.co_exceptiontable, code.co_flags, code.co_argcount, code.co_posonlyargcount,
        code.co_kwonlyargcount, list(code.co_names), list(code.co_varnames), list(code.co_freevars),
        list(code.co_cellvars), [_constant(value) for value in code.co_consts],
    ]  # fmt: skip


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return ["code", value.co_name, _code_content(value)]
    if isinstance(value, tuple):
        return ["tuple", [_constant(item) for item in value]]
    if isinstance(value, frozenset):
        return ["frozenset", sorted(content_key("item", _constant(item)) for item in value)]
    return ["ellipsis"] if value is ... else value


def _main_file(function: types.FunctionType) -> str:
    if function.__module__ != "__main__":
        return ""
    file = function.__globals__.get("__file__")
    return os.path.realpath(file) if isinstance(file, str) else ""


def _imported_name(function: Any) -> tuple[str, str] | None:
    """Module and name of what every process that imports the module has: a built-in function, a class, a ufunc."""
    module = getattr(function, "__module__", None) or getattr(getattr(function, "__self__", None), "__name__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is function else None


# Identities of objects without content, while they live.
_process: Final = os.urandom(16).hex()
_numbers: Final = itertools.count()
_known: dict[int, tuple[Any, int]] = {}


def _identity_of(value: Any) -> tuple[str, int, int]:
    known = _known.get(id(value))
    if known is not None and (known[0]() if isinstance(known[0], weakref.ref) else known[0]) is value:
        return _process, os.getpid(), known[1]
    number = next(_numbers)
    try:
        reference: Any = weakref.ref(value, functools.partial(_forget, id(value), number))
    except TypeError:
        reference = value  # kept: a later object at its place must not pass for it
    _known[id(value)] = (reference, number)
    return _process, os.getpid(), number


def _forget(place: int, number: int, _: Any) -> None:
    known = _known.get(place)
    if known is not None and known[1] == number:
        del _known[place]
