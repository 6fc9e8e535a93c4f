"""The law of arrows, read from the two tables of ARCHITECTURE.md."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TEXT = (ROOT / "ARCHITECTURE.md").read_text()
_THIRD_PARTY = {"std", "Eigen", "pybind11", "-"}


def _rows(heading):
    """(first cell, last cell) of each row of the table below a heading."""
    section = _TEXT[_TEXT.index(heading) :]
    table = re.search(r"\| room \| holds \| uses \|\n\|[-|]+\|\n((?:\|.*\n)+)", section)[1]
    return [(cells[1].strip(), cells[-2].strip()) for cells in (line.split("|") for line in table.splitlines())]


def _words(cell):
    return [word.strip().removeprefix("the ") for word in cell.split(",")]


@cache
def cpp_arrows():
    """Rooms that each room of C++ may use."""
    arrows = {}
    for first, last in _rows("## C++ rooms"):
        room = first.strip("`")
        uses = set(arrows) if "all" in _words(last) else set(_words(last)) - _THIRD_PARTY
        assert uses <= set(arrows), f"{room} is allowed {uses - set(arrows)}, which is not listed before it"
        arrows[room] = uses
    return arrows


@cache
def python_rooms():
    """The room of each module or package that a row names."""
    rooms = {}
    for first, _ in _rows("## Python"):
        modules = re.findall(r"`([^`]+)`", first)
        named = re.match(r"\*(\w+)\*:", first)
        for module in modules:
            rooms[module] = named[1] if named else modules[0]
    return rooms


@cache
def python_arrows():
    """Rooms that each room of Python may use."""
    parts = [room for module, room in python_rooms().items() if module.split("/")[0] == "lab"]
    groups = {"ground": ["errors", "_core"], "laboratory": parts}
    groups["runtime"] = [*groups["ground"], "json", "metrics", "cache", "pipeline"]
    arrows = {}
    for first, last in _rows("## Python"):
        room = python_rooms()[re.search(r"`([^`]+)`", first)[1]]
        uses = {one for word in _words(last) if word != "-" for one in groups.get(word, [word])}
        assert uses <= set(arrows), f"{room} is allowed {uses - set(arrows)}, which is not listed before it"
        arrows[room] = uses
    return arrows


def room_of(module):
    """The room of a module by its path, `lab/run`: of the longest name that is a part of it."""
    rooms = python_rooms()
    steps = module.split("/")
    return next((rooms[name] for end in range(len(steps), 0, -1) if (name := "/".join(steps[:end])) in rooms), None)
