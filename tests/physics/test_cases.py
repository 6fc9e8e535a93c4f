"""The table of validation cases is whole and names tests that exist."""

import re
import tomllib
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOMS = TESTS.parent / "cpp" / "synqc"
CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text())["cases"]


def test_every_case_is_proved():
    assert sorted(map(int, CASES)) == list(range(1, 42))
    assert all(case["tests"] for case in CASES.values())


def is_there(name):
    """Whether a test of Python, `file::function`, or of C++, `room.name`, stands where it is said to."""
    if "::" in name:
        file, function = name.split("::")
        return re.search(rf"^def {function}\(", (TESTS / file).read_text(), re.MULTILINE)
    room, test = name.split(".")
    sources = [path.read_text() for path in (ROOMS / room).glob("*.test.cc")]
    return any(re.search(rf"^TEST\w*\(\w+,\s*{test}\)", source, re.MULTILINE) for source in sources)


def test_named_tests_exist():
    named = sorted({name for case in CASES.values() for name in case["tests"]})
    assert [name for name in named if not is_there(name)] == []
