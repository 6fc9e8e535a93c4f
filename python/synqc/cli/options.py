"""Arguments of `Experiment` as command-line options, made from the class itself so that nothing is listed twice."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synqc import _core
from synqc.errors import InputError
from synqc.lab.device import Device, device_of
from synqc.lab.experiment import Experiment

__all__ = ["add_experiment_options", "argument_help", "experiment_from", "parse_axis", "parse_real", "parse_whole"]

_ANGLE = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<factor>[\d.]+(?:e[+-]?\d+)?)\*?)?pi(?:/(?P<divisor>[\d.]+))?", re.IGNORECASE
)


def parse_real(text: str) -> float:
    """A number, where "pi/2" and "0.5*pi" are understood too.

    Examples:
        >>> parse_real("120"), parse_real("1e-3"), round(parse_real("-pi/2"), 4)
        (120.0, 0.001, -1.5708)
    """
    try:
        return float(text)
    except ValueError:
        angle = _ANGLE.fullmatch(text.strip())
        if angle is None:
            raise argparse.ArgumentTypeError(f"must be a number, but is {text!r}.") from None
        value = math.pi * float(angle["factor"] or 1) / float(angle["divisor"] or 1)
        return -value if angle["sign"] == "-" else value


def parse_whole(text: str) -> int:
    """A whole number, where "50_000", "50,000" and "1e5" are understood too.

    Examples:
        >>> parse_whole("50_000"), parse_whole("1e5")
        (50000, 100000)
    """
    plain = text.replace(",", "").replace("_", "")
    try:
        return int(plain)
    except ValueError:
        try:
            value = float(plain)
        except ValueError:
            value = math.nan
        if not value.is_integer():
            raise argparse.ArgumentTypeError(f"must be a whole number, but is {text!r}.") from None
        return int(value)


def _parse_document(text: str) -> Any:
    """JSON, or a file of it; a bare word stays a word."""
    path = Path(text.removeprefix("@"))
    if text.startswith("@") or path.suffix == ".json":
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise argparse.ArgumentTypeError(f"must be a readable file, but {path} is not: {error.strerror}.") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if re.fullmatch(r"[\w-]+", text):
            return text
        raise argparse.ArgumentTypeError(f"must be JSON or a file of JSON, but is not: {error}.") from None


def _parse_samples(text: str) -> list[complex]:
    values = _parse_document(text)
    try:
        return [complex(*value) if isinstance(value, list) else complex(value) for value in values]
    except (TypeError, ValueError):
        raise argparse.ArgumentTypeError(
            "must be a JSON list of numbers or [I, Q] pairs, or a file of one, but is not."
        ) from None


def _parse_preset(text: str) -> str | Device:
    if not text.lower().endswith(".json"):
        return text
    try:
        return device_of("preset", Path(text))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _parse_flag(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"must be true or false, but is {text!r}.")
    return words[text.lower()]


_SPECIAL: dict[str, tuple[Callable[[str], Any], str]] = {
    "preset": (_parse_preset, "NAME"),
    "samples": (_parse_samples, "JSON"),
    "drift": (_parse_document, "JSON"),
}


# Where the shell differs from Python.
_HELP = {
    "preset": "Device to run on: a name that `synqc presets` lists, or a file (.json): a device, an IBM calibration "
    "snapshot or an IonQ characterisation.",
    "samples": 'Relative samples of the "samples" envelope: numbers or [I, Q] pairs, as a list or a file of one.',
    "drift": 'Drift processes as in a device file, as a list or a file of one, or "none".',
}


def _reader_of(item: dataclasses.Field[Any]) -> tuple[Callable[[str], Any], str]:
    """How an argument's text is read, and the placeholder its help shows."""
    if item.name in _SPECIAL:
        return _SPECIAL[item.name]
    words = str(item.type).replace("|", " ").split()
    for word, reader, placeholder in (
        ("bool", _parse_flag, "BOOL"),
        ("int", parse_whole, "N"),
        ("float", parse_real, "X"),
    ):
        if word in words:
            return reader, placeholder
    return str, "NAME"


def _fields() -> list[dataclasses.Field[Any]]:
    return [item for item in dataclasses.fields(Experiment) if item.init]


def argument_help() -> dict[str, str]:
    """What each argument of `Experiment` means, with the choices it has.

    Examples:
        >>> argument_help()["probe_duration_ns"]
        'Length of the probe.'
    """
    meanings = {}
    for entry in _core.experiment_fields():
        meaning = _HELP.get(entry["name"], entry["meaning"])
        if entry["choices"] and entry["choices"][0] not in meaning:
            quoted = [f'"{choice}"' for choice in entry["choices"]]
            meaning = f"{meaning.removesuffix('.')}: {', '.join(quoted[:-1])} or {quoted[-1]}."
        if entry["owner"] == "device" and entry["kind"] == "number":
            meaning += " Default: the preset's."
        meanings[entry["name"]] = meaning
    return meanings


def add_experiment_options(parser: argparse.ArgumentParser) -> None:
    """One option for every argument of `Experiment`; those left out keep its defaults.

    Examples:
        >>> parser = argparse.ArgumentParser()
        >>> add_experiment_options(parser)
        >>> vars(parser.parse_args(["--probe-strength", "0.3"]))
        {'probe_strength': 0.3}
    """
    meanings = argument_help()
    group = parser.add_argument_group("experiment")
    for item in _fields():
        option = "--" + item.name.replace("_", "-")
        meaning = meanings.get(item.name, "")
        default = item.default
        shown = (
            "" if default is None else f" Default: {default if isinstance(default, str) else format(default, '.6g')}."
        )
        shared: dict[str, Any] = {
            "dest": item.name,
            "default": argparse.SUPPRESS,
            "help": (meaning + shown).replace("%", "%%"),
        }
        if str(item.type) == "bool":
            shared["help"] = (meaning + f" Default: {'yes' if item.default else 'no'}.").replace("%", "%%")
            group.add_argument(option, action=argparse.BooleanOptionalAction, **shared)
            continue
        reader, placeholder = _reader_of(item)
        group.add_argument(option, type=reader, metavar=placeholder, **shared)


def experiment_from(arguments: argparse.Namespace) -> Experiment:
    """The experiment that the parsed options describe.

    Examples:
        >>> parser = argparse.ArgumentParser()
        >>> add_experiment_options(parser)
        >>> experiment_from(parser.parse_args(["--qubits", "2"])).qubits
        2
    """
    return Experiment(
        **{item.name: getattr(arguments, item.name) for item in _fields() if hasattr(arguments, item.name)}
    )


def parse_axis(text: str) -> tuple[str, list[Any]]:
    """A sweep axis: `name=first:last:count`, `name=first:last:count:log`, or `name=value,value,...`.

    Examples:
        >>> parse_axis("probe_strength=0:1:3")
        ('probe_strength', [0.0, 0.5, 1.0])
        >>> parse_axis("adaptive_rule=none,bayes")
        ('adaptive_rule', ['none', 'bayes'])
        >>> parse_axis("t1_us=10:1000:3:log")
        ('t1_us', [10.0, 100.0, 1000.0])

    Raises:
        argparse.ArgumentTypeError: The text is none of these, or the name no argument of `Experiment`.
    """
    name, equals, values = text.partition("=")
    name = name.strip().lstrip("-").replace("-", "_")
    fields = {item.name: item for item in _fields()}
    if not equals or not values.strip():
        raise argparse.ArgumentTypeError(
            f"must be name=first:last:count, name=first:last:count:log or name=value,value,..., but is {text!r}."
        )
    if name not in fields:
        raise argparse.ArgumentTypeError(f"must name an argument of Experiment, but `{name}` is not one.")
    reader, _ = _reader_of(fields[name])
    is_number = reader in (parse_real, parse_whole)
    if ":" in values and is_number:
        return name, _range_of(name, values, whole=reader is parse_whole)
    try:
        return name, [reader(value.strip()) for value in values.split(",")]
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"`{name}` {error}") from None


def _range_of(name: str, text: str, *, whole: bool) -> list[Any]:
    parts = text.split(":")
    spaced = parts.pop() if len(parts) == 4 else "linear"
    if len(parts) != 3 or spaced not in ("linear", "log"):
        raise argparse.ArgumentTypeError(f"`{name}` must be first:last:count or first:last:count:log, but is {text!r}.")
    first, last, count = parse_real(parts[0]), parse_real(parts[1]), parse_whole(parts[2])
    if count < 1 or (spaced == "log" and not (first > 0 and last > 0)):
        raise argparse.ArgumentTypeError(
            f"`{name}` must have at least one value, and only positive ones on a log axis."
        )
    shares = [k / (count - 1) if count > 1 else 0.0 for k in range(count)]
    if spaced == "log":
        values = [first ** (1 - share) * last**share for share in shares]
    else:
        values = [first + (last - first) * share for share in shares]
    # Rounded as a person would have written them, so that a resumed sweep finds the same points.
    rounded = [float(f"{value:.12g}") for value in values]
    if not whole:
        return rounded
    if any(not value.is_integer() for value in rounded):
        raise argparse.ArgumentTypeError(f"`{name}` must have whole values, but {text!r} has others.")
    return [int(value) for value in rounded]
