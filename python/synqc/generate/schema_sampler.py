"""Values that fulfil a JSON Schema (2020-12), drawn from a stream of random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NoReturn
from urllib.parse import unquote

from synqc import _core, json
from synqc.errors import InputError, MissingExtra
from synqc.generate._arguments import share_of, whole_number

__all__ = ["FORMATS", "SchemaSampler"]

_TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
_UNDERSTOOD: Final = frozenset(
    [
        "$schema",
        "$id",
        "$anchor",
        "$ref",
        "$defs",
        "definitions",
        "$comment",
        "$vocabulary",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "type",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "unevaluatedItems",
        "unevaluatedProperties",
        "contains",
        "minContains",
        "maxContains",
        "properties",
        "required",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "dependentSchemas",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
    ]
)
_REFUSED: Final = {
    "$dynamicRef": "refers to what is only known where it is used",
    "$dynamicAnchor": "refers to what is only known where it is used",
}
_CHECKED: Final = frozenset(
    [
        "oneOf",
        "not",
        "if",
        "contains",
        "uniqueItems",
        "unevaluatedItems",
        "unevaluatedProperties",
        "dependentSchemas",
        "propertyNames",
        "patternProperties",
        "pattern",
        "anyOf",
        "multipleOf",
        "$ref",
    ]
)
_OF_TYPE: Final = {
    "number": ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
    "string": ["minLength", "maxLength", "pattern", "format"],
    "array": ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"],
    "object": (
        [
            "properties",
            "required",
            "patternProperties",
            "additionalProperties",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
        ]
    ),
}
_TRIES: Final = 200
_MOST_NODES: Final = 10_000
_MOST_NODES_OF_TRIES: Final = 100_000

_Schema = Mapping[str, Any]


class _Impossible(Exception):
    """This draw cannot be finished; another may."""


class SchemaSampler:
    """A schema that was read, and what is drawn from it.

    Args:
        schema: As JSON has it.
        optional_rate: How likely a property is there that is not required.
        depth: How deep references go before what is optional is left out.

    Raises:
        InputError: The schema is none, or has a keyword that is not understood.
    """

    def __init__(self, schema: Any, optional_rate: float, depth: int) -> None:
        self._optional = share_of("optional_rate", optional_rate)
        self._deepest = whole_number("depth", depth, 0, 50)
        self._anchors: dict[str, Any] = {}
        self._patterns: dict[str, _core.TextSampler] = {}
        try:
            self._root = json.loads(json.dumps(_plain(schema)))
            self._is_checked = _look_through(self._root, "$", self._anchors)
        except RecursionError:
            raise InputError("Argument `schema` must not be nested as deep as it is.") from None
        for reference in _references(self._root):
            self._target(reference)  # none may be looked for elsewhere
        self._validator = _validator_of(self._root)
        self._nodes = 0

    def sample(self, stream: _core.RowStream) -> Any:
        """One value.

        Raises:
            InputError: None of some hundred draws fulfilled the schema.
        """
        why: Exception | None = None
        nodes = self._nodes = 0
        for _ in range(_TRIES):
            nodes += self._nodes
            if nodes > _MOST_NODES_OF_TRIES:
                break
            self._nodes = 0
            try:
                value = self._value(self._root, stream, 0)
            except _Impossible as error:
                why = error
                continue
            if not self._is_checked or self._validator.is_valid(value):
                return value
        reason = "" if why is None else f" ({why})"
        raise InputError(
            f"Argument `schema` must be one that draws can fulfil, but up to {_TRIES} draws did not{reason}: "
            f"it is contradictory, or leaves too little."
        )

    def _value(self, schema: Any, stream: _core.RowStream, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES or depth > self._deepest + 50:
            raise _Impossible("a value grew without end")
        schema, depth = self._resolved(schema, depth)
        if schema is True:
            schema = {}
        if schema is False:
            raise _Impossible("a part of it allows nothing")
        schema = self._branched(schema, stream, depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            if not schema["enum"]:
                raise _Impossible("an enum is empty")
            return schema["enum"][stream.below(len(schema["enum"]))]
        kind = self._kind(schema, stream, depth)
        if kind == "null":
            return None
        if kind == "boolean":
            return stream.below(2) == 1
        if kind in ("integer", "number"):
            return _number(schema, kind, stream)
        if kind == "string":
            return self._string(schema, stream)
        if kind == "array":
            return self._array(schema, stream, depth)
        return self._object(schema, stream, depth)

    def _resolved(self, schema: Any, depth: int) -> tuple[Any, int]:
        """Follows references; what stands beside one counts, too."""
        for _ in range(100):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema, depth
            target = self._target(schema["$ref"])
            beside = {name: value for name, value in schema.items() if name not in ("$ref", "$defs", "$id", "$anchor")}
            schema = {"allOf": [target, beside]} if beside else target
            depth += 1
        raise _Impossible("a reference leads to itself")

    def _target(self, reference: str) -> Any:
        if reference == "#":
            return self._root
        if reference.startswith("#/"):
            found = self._root
            for part in reference[2:].split("/"):
                part = unquote(part).replace("~1", "/").replace("~0", "~")
                if isinstance(found, list) and part.isdigit() and int(part) < len(found):
                    found = found[int(part)]
                elif isinstance(found, dict) and part in found:
                    found = found[part]
                else:
                    raise InputError(f"Argument `schema` must have what $ref names, but has no {reference!r}.")
            return found
        if reference.startswith("#") and reference[1:] in self._anchors:
            return self._anchors[reference[1:]]
        raise InputError(f"Argument `schema` must refer to parts of itself, but has $ref {reference!r}.")

    def _branched(self, schema: _Schema, stream: _core.RowStream, depth: int) -> dict[str, Any]:
        """The schema with one branch of each choice taken into it; whether the others fail is checked at the end."""
        merged = {
            name: value
            for name, value in schema.items()
            if name not in ("allOf", "anyOf", "oneOf", "if", "then", "else")
        }
        parts = list(schema.get("allOf", []))
        for choice in ("anyOf", "oneOf"):
            if choice in schema:
                branches = [branch for branch in schema[choice] if branch is not False]
                if not branches:
                    raise _Impossible(f"{choice} has no branch that allows anything")
                if depth > self._deepest:
                    branches = [branch for branch in branches if not _refers(branch)] or branches
                parts.append(branches[stream.below(len(branches))])
        if "if" in schema:
            if stream.below(2) == 1:
                parts += [schema["if"], schema.get("then", True)]
            else:
                parts.append(schema.get("else", True))
        for part in parts:
            part, _ = self._resolved(part, depth)
            if part is False:
                raise _Impossible("a part of it allows nothing")
            if part is not True:
                merged = _both(merged, self._branched(part, stream, depth))
        return merged

    def _kind(self, schema: _Schema, stream: _core.RowStream, depth: int) -> str:
        given = schema.get("type")
        if given is None:
            # Keywords say which types they are about; others are legal, but hardly meant.
            kinds = [kind for kind, names in _OF_TYPE.items() if any(name in schema for name in names)]
            kinds = kinds or ["null", "boolean", "number", "string"]
        else:
            kinds = [given] if isinstance(given, str) else list(given)
        if not kinds:
            raise _Impossible("no type is left")
        if depth > self._deepest:
            kinds = [kind for kind in kinds if kind not in ("array", "object")] or kinds
        return kinds[stream.below(len(kinds))]

    def _string(self, schema: _Schema, stream: _core.RowStream) -> str:
        least, most = _size(schema, "Length", 0, None)
        if "pattern" in schema:
            patterns = schema["pattern"] if isinstance(schema["pattern"], list) else [schema["pattern"]]
            sampler = self._pattern(patterns[0])
            for _ in range(50):
                text = stream.text(sampler)
                if least <= len(text) <= most:
                    return text
            raise _Impossible("texts of a pattern are longer or shorter than they may be")
        if "format" in schema and schema["format"] in FORMATS:
            for _ in range(50):
                text = FORMATS[schema["format"]](self, stream)
                if least <= len(text) <= most:
                    return text
            raise _Impossible("texts of a format are longer or shorter than they may be")
        if "format" in schema and schema["format"] not in ("", None):
            raise InputError(
                f"Argument `schema` must have formats of {', '.join(sorted(FORMATS))}, but has {schema['format']!r}."
            )
        length = least + stream.below(min(most, least + 12) - least + 1)
        return "".join(_LETTERS[stream.below(len(_LETTERS))] for _ in range(length))

    def _pattern(self, pattern: str) -> _core.TextSampler:
        if pattern not in self._patterns:
            self._patterns[pattern] = _core.TextSampler.pattern(pattern, 6)
        return self._patterns[pattern]

    def _array(self, schema: _Schema, stream: _core.RowStream, depth: int) -> list[Any]:
        prefix = schema.get("prefixItems", [])
        items = schema.get("items", True)
        contains = schema.get("contains")
        wanted = math.ceil(schema.get("minContains", 1)) if contains is not None else 0
        least, most = _size(schema, "Items", wanted, None)
        if items is False or ("items" not in schema and schema.get("unevaluatedItems") is False):
            most = min(most, max(len(prefix), wanted))
        if least > most:
            raise _Impossible("an array may have no number of items")
        highest = least if depth > self._deepest else min(most, max(least, len(prefix)) + 3)
        length = least + stream.below(highest - least + 1)
        is_unique = schema.get("uniqueItems", False)
        made: list[Any] = []
        seen: set[bytes] = set()
        for at in range(length):
            of = prefix[at] if at < len(prefix) else items
            if at >= length - wanted:
                of = {"allOf": [of, contains]}
            for _ in range(50):
                value = self._value(of, stream, depth)
                canonical = json.canonical(value) if is_unique else b""
                if not is_unique or canonical not in seen:
                    break
            else:
                if len(made) >= least:
                    break
                raise _Impossible("an array has too few distinct items")
            seen.add(canonical)
            made.append(value)
        return made

    def _object(self, schema: _Schema, stream: _core.RowStream, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = list(dict.fromkeys(schema.get("required", [])))
        least, most = _size(schema, "Properties", len(required), None)
        is_deep = depth > self._deepest
        chosen = dict.fromkeys(required)
        for name in properties:
            is_optional = name not in chosen and properties[name] is not False and not is_deep
            if is_optional and len(chosen) < most and stream.uniform() < self._optional:
                chosen[name] = None
        for name, further in schema.get("dependentRequired", {}).items():
            if name in chosen:
                chosen |= dict.fromkeys(further)
        for name in properties:
            if len(chosen) < least and properties[name] is not False:
                chosen.setdefault(name)
        self._add_names(schema, chosen, least, stream)
        if len(chosen) > most:
            raise _Impossible("an object must have more properties than it may")
        made = {}
        for name in chosen:
            made[name] = self._value(self._of_property(schema, name), stream, depth)
        for name, further in schema.get("dependentSchemas", {}).items():
            if name in made and isinstance(further, dict):
                merged = _both({key: value for key, value in schema.items() if key != "dependentSchemas"}, further)
                return self._object(
                    {**merged, "required": [*required, name, *further.get("required", [])]}, stream, depth
                )
        return made

    def _add_names(self, schema: _Schema, chosen: dict[str, Any], least: int, stream: _core.RowStream) -> None:
        """Names that nobody gave, where there must be more properties."""
        names = schema.get("propertyNames", True)
        patterns = list(schema.get("patternProperties", {}))
        for _ in range(50 * max(0, least - len(chosen))):
            if len(chosen) >= least:
                return
            if patterns and schema.get("additionalProperties", True) is False:
                chosen.setdefault(stream.text(self._pattern(patterns[stream.below(len(patterns))])))
            elif isinstance(names, dict) and names:
                chosen.setdefault(str(self._value(_both({"type": "string"}, names), stream, 0)))
            else:
                chosen.setdefault("".join(_LETTERS[stream.below(26)] for _ in range(6)))
        if len(chosen) < least:
            raise _Impossible("an object has too few names")

    def _of_property(self, schema: _Schema, name: str) -> Any:
        """All that is said of a property."""
        parts = []
        if name in schema.get("properties", {}):
            parts.append(schema["properties"][name])
        for pattern, of in schema.get("patternProperties", {}).items():
            if _matches(pattern, name):
                parts.append(of)
        if not parts:
            parts.append(schema.get("additionalProperties", True))
        return parts[0] if len(parts) == 1 else {"allOf": parts}


_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def _plain(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        return {str(name): _plain(value) for name, value in schema.items()}
    if isinstance(schema, (list, tuple)):
        return [_plain(value) for value in schema]
    return schema


def _validator_of(schema: Any) -> Any:
    try:
        import jsonschema_rs
    except ImportError as error:
        raise MissingExtra("Documents need jsonschema-rs: pip install 'synqc[generate]'.") from error
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=False, retriever=_not_fetched)
    except (ValueError, TypeError) as error:
        raise InputError(f"Argument `schema` must be a JSON Schema of 2020-12, but is not: {error}") from error


def _not_fetched(address: str) -> NoReturn:
    """Whatever a schema names, its `$schema` too, is not asked for: a schema may come from anybody."""
    raise ValueError(f"{address} is another document, which is not fetched")


def _look_through(schema: Any, path: str, anchors: dict[str, Any]) -> bool:
    """Refuses keywords that are not understood; collects anchors. Whether values must be checked."""
    if isinstance(schema, bool):
        return False
    if not isinstance(schema, dict):
        raise InputError(f"Argument `schema` must have an object or a truth value at {path}, but has {schema!r}.")
    for name in schema:
        if name in _REFUSED:
            raise InputError(f"Argument `schema` must do without {name}, which {_REFUSED[name]} (at {path}).")
        if name not in _UNDERSTOOD and (name.startswith("$") or name in ("additionalItems", "dependencies")):
            raise InputError(f"Argument `schema` must do without {name}, which is not understood (at {path}).")
    if "$anchor" in schema:
        anchors[schema["$anchor"]] = schema
    if path != "$" and "$id" in schema:
        raise InputError(f"Argument `schema` must do without $id within it, which moves references (at {path}).")
    is_checked = not _CHECKED.isdisjoint(schema)
    for name in (
        "items",
        "contains",
        "unevaluatedItems",
        "unevaluatedProperties",
        "additionalProperties",
        "propertyNames",
        "not",
        "if",
        "then",
        "else",
    ):
        if name in schema:
            is_checked |= _look_through(schema[name], f"{path}.{name}", anchors)
    for name in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for at, each in enumerate(schema.get(name, [])):
            is_checked |= _look_through(each, f"{path}.{name}[{at}]", anchors)
    for name in ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"):
        for key, each in schema.get(name, {}).items():
            is_checked |= _look_through(each, f"{path}.{name}.{key}", anchors)
    return is_checked or "allOf" in schema


def _references(schema: Any) -> Iterator[str]:
    """All that $ref names; also where it is no keyword but a name or a value, which does no harm if it is a text."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for name, each in schema.items():
            if name not in ("enum", "const", "default", "examples"):
                yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def _refers(schema: Any) -> bool:
    return isinstance(schema, dict) and ("$ref" in schema or any(_refers(each) for each in schema.values()))


def _matches(pattern: str, name: str) -> bool:
    import jsonschema_rs

    return bool(jsonschema_rs.is_valid({"pattern": pattern}, name))


def _both(first: _Schema, second: _Schema) -> dict[str, Any]:
    """A schema of what fulfils both."""
    merged = dict(first)
    for name, value in second.items():
        if name not in merged:
            merged[name] = value
            continue
        here = merged[name]
        if here == value and type(here) is type(value):
            continue
        if name in ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"):
            merged[name] = max(here, value)
        elif name in ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"):
            merged[name] = min(here, value)
        elif name == "multipleOf":
            merged[name] = _common_multiple(here, value)
        elif name == "type":
            merged[name] = _common_types(here, value)
        elif name == "required":
            merged[name] = list(dict.fromkeys([*here, *value]))
        elif name == "enum":
            merged[name] = [each for each in here if any(_same(each, other) for other in value)]
        elif name == "const":
            raise _Impossible("two constants must be the same")
        elif name == "pattern":
            merged[name] = [
                *(here if isinstance(here, list) else [here]),
                *(value if isinstance(value, list) else [value]),
            ]
        elif name in ("properties", "patternProperties", "dependentSchemas"):
            merged[name] = {
                key: {"allOf": [here[key], value[key]]} if key in here and key in value else {**here, **value}[key]
                for key in [*here, *(key for key in value if key not in here)]
            }
        elif name in ("items", "additionalProperties", "propertyNames", "contains"):
            merged[name] = {"allOf": [here, value]}
        elif name == "not":
            merged[name] = {"anyOf": [here, value]}
        elif name == "prefixItems":
            longer, shorter = (here, value) if len(here) >= len(value) else (value, here)
            merged[name] = [{"allOf": [one, other]} for one, other in zip(longer, shorter, strict=False)] + longer[
                len(shorter) :
            ]
        elif name in ("uniqueItems",):
            merged[name] = here or value
        elif name == "dependentRequired":
            merged[name] = {key: [*here.get(key, []), *value.get(key, [])] for key in {**here, **value}}
        else:
            merged[name] = value  # words, or a format: the later one is drawn, both are checked
    return merged


def _same(one: Any, other: Any) -> bool:
    return json.canonical(one) == json.canonical(other)


def _common_types(here: Any, there: Any) -> list[str]:
    some = [here] if isinstance(here, str) else list(here)
    others = [there] if isinstance(there, str) else list(there)
    common = [kind for kind in some if kind in others]
    if ("number" in some and "integer" in others) or ("integer" in some and "number" in others):
        common.append("integer")
    return list(dict.fromkeys(common))


def _common_multiple(here: float, there: float) -> float:
    one, other = Fraction(str(here)), Fraction(str(there))
    scale = math.lcm(one.denominator, other.denominator)
    multiple = Fraction(math.lcm(int(one * scale), int(other * scale)), scale)
    return int(multiple) if multiple.denominator == 1 else float(multiple)


def _size(schema: _Schema, of: str, least: int, most: int | None) -> tuple[int, int]:
    """Least and greatest size of a text, an array or an object."""
    low = max(least, math.ceil(schema.get(f"min{of}", 0)))
    high = math.floor(schema.get(f"max{of}", 10_000))
    if low > high:
        raise _Impossible(f"min{of} is above max{of}")
    return low, high


def _number(schema: _Schema, kind: str, stream: _core.RowStream) -> int | float:
    """A number within its bounds: a multiple where one is wanted, whole where it must be."""
    low = schema.get("minimum", -math.inf)
    high = schema.get("maximum", math.inf)
    above = schema.get("exclusiveMinimum", -math.inf)
    below = schema.get("exclusiveMaximum", math.inf)
    least, most = max(low, above), min(high, below)
    step = Fraction(str(schema["multipleOf"])) if "multipleOf" in schema else None
    if kind == "integer":
        step = (
            Fraction(1)
            if step is None
            else Fraction(_common_multiple(float(step), 1))
            if step.denominator != 1
            else step
        )
    width = 100.0 if step is None else 100 * float(step)
    if math.isinf(least):
        least = min(0.0, most - width) if not math.isinf(most) else 0.0
    if math.isinf(most):
        most = max(width, least + width)
    if step is None:
        for _ in range(20):
            value: float = least + (most - least) * stream.uniform()
            if low <= value <= high and above < value < below:
                return value
        if low <= least <= high and above < least < below:
            return float(least)
        raise _Impossible("bounds leave no number")
    first = math.ceil(Fraction(least) / step)
    last = math.floor(Fraction(most) / step)
    if first * step <= above:
        first += 1
    if last * step >= below:
        last -= 1
    if first > last:
        raise _Impossible("bounds leave no multiple")
    if last - first >= 2**63:
        raise InputError("Argument `schema` must leave at most 2^63 whole numbers or multiples, but leaves more.")
    multiple = first * step
    for _ in range(50):
        multiple = (first + stream.wide_below(last - first + 1)) * step
        # Validators that divide floats find no multiple in some: 10.04 / 0.01 is 1003.9999999999999.
        if step.denominator == 1 or (float(multiple) / float(step)).is_integer():
            break
    number: int | float = int(multiple) if multiple.denominator == 1 else float(multiple)
    return number


def _of_pattern(pattern: str) -> Callable[[SchemaSampler, _core.RowStream], str]:
    return lambda sampler, stream: stream.text(sampler._pattern(pattern))


def _moment(stream: _core.RowStream) -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=stream.below(30 * 365 * 86_400))


_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
FORMATS: Final[dict[str, Callable[[SchemaSampler, _core.RowStream], str]]] = {
    "date": lambda _, stream: _moment(stream).date().isoformat(),
    "date-time": lambda _, stream: _moment(stream).isoformat().replace("+00:00", "Z"),
    "time": lambda _, stream: _moment(stream).time().isoformat() + "Z",
    "duration": _of_pattern("P[1-9][0-9]?DT[1-9]H[1-9]M"),
    "email": _of_pattern(r"[a-z]{4,10}\.[a-z]{3,8}@example\.(com|net|org)"),
    "hostname": _of_pattern(r"[a-z][a-z0-9]{2,8}\.example\.(com|net|org)"),
    "ipv4": _of_pattern(rf"{_OCTET}(\.{_OCTET}){{3}}"),
    "ipv6": _of_pattern("[1-9a-f][0-9a-f]{3}(:[1-9a-f][0-9a-f]{3}){7}"),
    "uri": _of_pattern(r"https://[a-z]{3,8}\.example\.(com|net|org)/[a-z0-9]{1,10}"),
    "uri-reference": _of_pattern("/[a-z]{1,8}(/[a-z0-9]{1,8}){0,2}"),
    "uuid": _of_pattern("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
    "regex": _of_pattern(r"\^\[a-z\]\{[1-9]\}\$"),
    "json-pointer": _of_pattern("(/[a-z]{1,6}){1,3}"),
    "relative-json-pointer": _of_pattern("[0-9](#|(/[a-z]{1,6}){0,3})"),
    "uri-template": _of_pattern(r"https://[a-z]{3,8}\.example\.(com|net|org)/[a-z]{1,8}/\{[a-z]{1,6}\}"),
    "idn-email": _of_pattern(r"[a-zäéñöü]{4,10}@example\.(com|net|org)"),
    "idn-hostname": _of_pattern(r"[a-zäéñöü]{3,9}\.example\.(com|net|org)"),
    "iri": _of_pattern(r"https://[a-z]{3,8}\.example\.(com|net|org)/[a-zäéñöü]{1,10}"),
    "iri-reference": _of_pattern("/[a-zäéñöü]{1,8}(/[a-zäéñöü]{1,8}){0,2}"),
}
