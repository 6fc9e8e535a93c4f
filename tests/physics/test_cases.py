"""The table of validation cases is whole and names tests that exist."""

import re
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROOMS = TESTS.parent / "cpp" / "synqc"
CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text())["cases"]


def test_every_case_is_proved():
    assert sorted(map(int, CASES)) == list(range(1, 42))
    assert all(case["tests"] for case in CASES.values())


@pytest.mark.parametrize("name", sorted({name for case in CASES.values() for name in case["tests"]}))
def test_named_tests_exist(name):
    if "::" in name:
        file, function = name.split("::")
        assert re.search(rf"^def {function}\(", (TESTS / file).read_text(), re.MULTILINE)
    else:
        room, test = name.split(".")
        sources = [path.read_text() for path in (ROOMS / room).glob("*.test.cc")]
        assert any(re.search(rf"^TEST\w*\(\w+,\s*{test}\)", source, re.MULTILINE) for source in sources)
