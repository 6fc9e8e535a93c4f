"""Thread pools are made in jobs/executors alone, and every other thread is in the table of ARCHITECTURE.md."""

import ast
import re
from functools import cache

from law_of_arrows import ROOT

PACKAGE = ROOT / "python" / "synqc"
FILES = {
    path.relative_to(PACKAGE).with_suffix("").as_posix(): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] != "benchmarks"
}
POOLS = {"ThreadPoolExecutor", "ProcessPoolExecutor", "ThreadPool", "Pool"}


@cache
def called_in(path):
    """Last parts of the names that a file calls."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {
        call.id if isinstance(call, ast.Name) else call.attr
        for call in calls
        if isinstance(call, (ast.Name, ast.Attribute))
    }


def lone_threads():
    """Files that the table names."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    table = re.search(r"\| where \| waits for \| alone because \|\n\|[-|]+\|\n((?:\|.*\n)+)", text)[1]
    return [line.split("`")[1] for line in table.splitlines()]


def test_pools_are_made_in_one_place():
    found = {name: pools for name, path in FILES.items() if (pools := called_in(path) & POOLS)}
    assert set(found) == {"jobs/executors"}, f"take jobs.executors.thread_pool instead of {found}"


def test_every_other_thread_is_in_the_table():
    found = {name for name, path in FILES.items() if "Thread" in called_in(path)}
    assert found == set(lone_threads()), "the table of threads in ARCHITECTURE.md must name them, with the reason"


def test_the_places_are_read():
    assert "ThreadPoolExecutor" in called_in(FILES["jobs/executors"])
    assert len(lone_threads()) == len(set(lone_threads())) > 10
