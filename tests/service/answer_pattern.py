"""What an answer must look like, as a recording writes it: JSON in which `<...>` stands for what differs each time.

A string of the pattern may hold placeholders among its text, or be one as a whole:

    "<naive time>"              a kind of text, one of TEXTS
    "<number 0..1>"             a number with a fraction, within bounds; also `above 0`, `from 0`
    "<integer from 1>"          a number without one
    "<boolean>", "<object>"     any of these
    "<kpis>"                    a pattern of its own, from the shapes
    "<run id or null>"          either
    "<run id: first>"           the same wherever the name `first` comes again; requests may use it as `<first>`
    ["<row>", "... 4"]          four rows; also `... from 1`, `... 5..6`, and `...` for any number
    {"a": 1, "...": "..."}      further members may follow

All else is meant literally: order of members, 0.20 or 0.2, true or 1. A pattern may be laid out over several lines;
an answer may not.
"""

import json
import re
from dataclasses import dataclass, field

TEXTS = {
    "text": r".+",
    "naive time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}",
    "time to the second": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "time to the millisecond": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "new session id": r"synqc-[0-9a-f]{6}",
    "run id": r".+-\d{8}T\d{6}Z(?:-\d+)?",
    "absolute path": r"/.+",
    "version": r"\d+\.\d+\.\d+\S*",
    "one decimal": r"\d+\.\d",
    "three decimals": r"\d+\.\d{3}",
    "status": r"idle|running|terminated|error",
    "status text": r"(?:Idle ·|Running ·|Run aborted|Error).*",
    "mode": r"run|dryrun",
    "mode label": r"Sim Local|Ibm Qpu|Aws Braket|Ionq|Classical Only",
    "hardware target": r"sim-local|ibm-qpu|aws-braket|ionq|classical-only",
    "hardware preset": r"transmon-default|fluxonium-pilot|ion-chain|neutral-atom",
    "drive envelope": r"gaussian|square|drag|cosine",
    "adaptive rule": r"none|kalman|bayes|rl",
    "objective": r"maximize-fidelity|minimize-latency|info-vs-damage|stability-window",
}
_PLACEHOLDER = re.compile(r"<([^<>:]+)(?:: ([^<>]+))?>")
_NUMBER = re.compile(r"(number|integer)(?: (.+))?")
_NUMBER_IN_TEXT = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_WHITE_SPACE_OUTSIDE_STRINGS = re.compile(rb'("(?:[^"\\]|\\.)*")|\s')


class Mismatch(AssertionError):
    """An answer is not what was recorded."""


class Members(list):
    """(name, value) pairs of a JSON object, in order."""


class Number(str):
    """A JSON number as it is written."""


@dataclass
class AnswerPattern:
    """Compares answers, and remembers what named placeholders stood for.

    Args:
        shapes: Patterns that others may name.
        named: What names stand for so far.
    """

    shapes: dict[str, object]
    named: dict[str, str] = field(default_factory=dict)

    def check_json(self, pattern, body):
        """Raises Mismatch unless `body` (bytes) is compact JSON like `pattern` (text)."""
        for found in _WHITE_SPACE_OUTSIDE_STRINGS.finditer(body):
            if found[1] is None:
                raise Mismatch(f"white space between members, at byte {found.start()}: {body[: found.end()][-60:]!r}")
        self._check(parse(pattern), parse(body.decode()), "$")

    def check_text(self, pattern, text, where):
        """Raises Mismatch unless a text is like one that may hold placeholders."""
        names, expression, end = [], "", 0
        for index, found in enumerate(_PLACEHOLDER.finditer(pattern)):
            kind, name = found.groups()
            number = _NUMBER.fullmatch(kind)
            part = _NUMBER_IN_TEXT if number else TEXTS.get(kind)
            if part is None:
                raise ValueError(f"{where}: <{kind}> is no kind of text")
            names.append((kind, name, number))
            expression += re.escape(pattern[end : found.start()]) + f"(?P<part{index}>{part})"
            end = found.end()
        matched = re.fullmatch(expression + re.escape(pattern[end:]), text, re.DOTALL)
        if matched is None:
            raise Mismatch(f"{where} must be like {pattern!r}, but is {text!r}")
        for index, (kind, name, number) in enumerate(names):
            value = matched[f"part{index}"]
            if number:
                self._check_number(number, Number(value), where)
                if number[1] == "number" and repr(float(value)) != value:
                    raise Mismatch(f"{where} must have numbers in their shortest form, but has {value}")
            self._remember(kind, name, value, where)

    def _check(self, expected, found, where):
        if isinstance(expected, Members):
            self._check_members(expected, found, where)
        elif isinstance(expected, list):
            self._check_list(expected, found, where)
        elif isinstance(expected, str) and not isinstance(expected, Number):
            self._check_against_string(expected, found, where)
        elif type(expected) is not type(found) or expected != found:
            raise Mismatch(f"{where} must be {shown(expected)}, but is {shown(found)}")

    def _check_members(self, expected, found, where):
        if not isinstance(found, Members):
            raise Mismatch(f"{where} must be an object, but is {shown(found)}")
        names = [name for name, _ in expected]
        open_ended = bool(names) and names[-1] == "..."
        names = names[:-1] if open_ended else names
        there = [name for name, _ in found]
        if (there[: len(names)] if open_ended else there) != names:
            raise Mismatch(f"{where} must have the members {names}, in this order, but has {there}")
        for (name, pattern), (_, value) in zip(expected[: len(names)], found, strict=False):
            self._check(pattern, value, f"{where}.{name}")

    def _check_list(self, expected, found, where):
        if not isinstance(found, list) or isinstance(found, Members):
            raise Mismatch(f"{where} must be an array, but is {shown(found)}")
        if len(expected) == 2 and isinstance(expected[1], str) and expected[1].startswith("..."):
            each, count = expected[0], expected[1].removeprefix("...").strip()
            if count and not within(len(found), count if not count.isdigit() else f"{count}..{count}"):
                raise Mismatch(f"{where} must have {count} elements, but has {len(found)}")
            expected = [each] * len(found)
        if len(expected) != len(found):
            raise Mismatch(f"{where} must have {len(expected)} elements, but has {len(found)}")
        for index, (pattern, value) in enumerate(zip(expected, found, strict=True)):
            self._check(pattern, value, f"{where}[{index}]")

    def _check_against_string(self, expected, found, where):
        whole = _PLACEHOLDER.fullmatch(expected)
        if whole is None or whole[1] in TEXTS:
            if not isinstance(found, str) or isinstance(found, Number):
                raise Mismatch(f"{where} must be like {expected!r}, but is {shown(found)}")
            self.check_text(expected, found, where)
            return
        kind, name = whole.groups()
        if kind.endswith(" or null"):
            if found is not None:
                self._check_against_string(
                    f"<{kind.removesuffix(' or null')}{f': {name}' if name else ''}>", found, where
                )
        elif number := _NUMBER.fullmatch(kind):
            self._check_number(number, found, where)
            self._remember(kind, name, found, where)
        elif kind in ("boolean", "object"):
            if not isinstance(found, bool if kind == "boolean" else Members):
                raise Mismatch(f"{where} must be a JSON {kind}, but is {shown(found)}")
        elif kind in self.shapes:
            self._check(self.shapes[kind], found, where)
        else:
            raise ValueError(f"{where}: <{kind}> is no kind and no shape")

    def _check_number(self, number, found, where):
        kind, bounds = number.groups()
        if not isinstance(found, Number) or found.lstrip("-").isdigit() is (kind == "number"):
            raise Mismatch(f"{where} must be <{number[0]}>, but is {shown(found)}")
        if bounds is not None and not within(float(found), bounds):
            raise Mismatch(f"{where} must be <{number[0]}>, but is {found}")

    def _remember(self, kind, name, value, where):
        if name is not None and self.named.setdefault(name, value) != value:
            raise Mismatch(f"{where} must be the {kind} {name!r}, {self.named[name]}, but is {value}")


def parse(text):
    """JSON with every number as it is written and every object as pairs."""

    def refuse(constant):
        raise Mismatch(f"{constant} is not JSON")

    try:
        return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=refuse, object_pairs_hook=Members)
    except json.JSONDecodeError as error:
        raise Mismatch(f"not JSON: {error}: {text[:200]!r}") from None


def within(value, bounds):
    """Whether a number is within `0..1`, `above 0` or `from 0`."""
    word, _, limit = bounds.partition(" ")
    if word == "above":
        return value > float(limit)
    if word == "from":
        return value >= float(limit)
    low, _, high = bounds.partition("..")
    return float(low) <= value <= float(high)


def shown(value):
    """A parsed value in a message."""
    if isinstance(value, Number):
        return f"the number {value}"
    return f"{type(value).__name__} {value!r}"[:300]
