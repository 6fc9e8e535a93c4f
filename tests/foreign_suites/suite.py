"""Runs the tests of others with our doors in the place of theirs, and holds the outcome of each against a table.

As a program: `python tests/foreign_suites/suite.py --write NAME...` writes the tables of these suites anew, keeping the
reasons of what differed before; without names, all tables.
"""

import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in (HERE / "adapters").glob("[!_]*.py"))
UNJUDGED = "UNJUDGED"

# How a test fails that is about what a door answers. By anything else, such as SystemError, something broke.
ORDINARY_FAILURES = {
    "AssertionError", "AttributeError", "DocumentError", "Failed", "InputError", "JSONDecodeError", "JSONEncodeError",
    "KeyError", "TypeError", "ValueError",
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one test: `kind` is "pass", "not applicable" or "differs"; a reason for the latter two."""

    kind: str
    reason: str = ""


Table = dict[str, Outcome]


def run(name: str) -> Table:
    """Outcome of every test of a suite, in an interpreter of its own; what differs has its last line as the reason."""
    adapter = adapter_of(name)
    folder = adapter.SOURCE.folder()
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.json"
        environment = {
            **os.environ,
            "FOREIGN_SUITE": name,
            "FOREIGN_SUITE_REPORT": str(report),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
        }
        command = [sys.executable, "-m", "pytest", "-p", "suite", "-q", "--no-header", "-p", "no:cacheprovider"]
        command += ["-c", os.devnull, "--rootdir", folder or temporary, "-W", "ignore", *adapter.TESTS]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, cwd=folder or temporary, check=False
        )
        if done.returncode > 1:  # neither all well nor some failed
            raise RuntimeError(done.stdout + done.stderr)
        return {test: Outcome(**outcome) for test, outcome in json.loads(report.read_text()).items()}


def expected(name: str) -> Table:
    """The published table of a suite."""
    path = HERE / "expected" / f"{name}.toml"
    table: Table = {}
    for kind, tests in tomllib.loads(path.read_text()).items() if path.exists() else ():
        for reason, names in {"": tests}.items() if kind == "pass" else tests.items():
            table |= dict.fromkeys(names, Outcome(kind, reason))
    return table


def surprises(outcomes: Table, published: Table) -> list[str]:
    """A sentence for each test that did not end as published. What differs may differ in other words."""
    found = []
    for test in sorted(outcomes.keys() | published.keys()):
        got, wanted = outcomes.get(test), published.get(test)
        if got is None:
            found.append(f"{test} is published, but was not run.")
        elif wanted is None:
            found.append(f"{test} is not published, but ended so: {got}.")
        elif wanted.reason.startswith(UNJUDGED):
            found.append(f"{test} must be judged: {wanted.reason}.")
        elif got != wanted and not got.kind == wanted.kind == "differs":
            found.append(f"{test} must end as {wanted}, but ended as {got}.")
    return found


def adapter_of(name: str):
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(f"adapters.{name}")


def write(name: str) -> None:
    """Writes the table of a suite anew."""
    outcomes, before = run(name), expected(name)
    kinds: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for test, outcome in sorted(outcomes.items()):
        known = before.get(test)
        if outcome.kind == "differs":
            outcome = (
                known if known and known.kind == "differs" else Outcome("differs", f"{UNJUDGED}: {outcome.reason}")
            )
        kinds[outcome.kind][outcome.reason].append(test)
    counts = {kind: sum(map(len, reasons.values())) for kind, reasons in kinds.items()}
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items(), reverse=True))
    lines = [f"# Tests of {adapter_of(name).SOURCE} through our doors: {summary}.", "# Written by suite.py --write."]
    lines += _list("pass", kinds.pop("pass", {}).get("", []))
    for kind, reasons in sorted(kinds.items(), reverse=True):
        lines += ["", f"[{kind if kind.isalpha() else _quoted(kind)}]"]
        for reason, tests in sorted(reasons.items()):
            lines += _list(_quoted(reason), tests)
    (HERE / "expected").mkdir(exist_ok=True)
    (HERE / "expected" / f"{name}.toml").write_text("\n".join(lines) + "\n")
    print(f"{name}: {summary}")


def _list(key: str, tests: list[str]) -> list[str]:
    return [f"{key} = [", *(f"    {_quoted(test)}," for test in tests), "]"]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# What follows acts as a pytest plugin in the other interpreter.

_outcomes: Table = {}
_reached: set[str] = set()
_running: list[str] = []


def counted(function):
    """A door that tells that the running test has reached it."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        _reached.update(_running)
        return function(*args, **kwargs)

    return call


def pytest_configure():
    if hasattr(adapter := adapter_of(os.environ["FOREIGN_SUITE"]), "take_the_place"):
        adapter.take_the_place()


def pytest_collection_modifyitems(items):
    if hasattr(adapter := adapter_of(os.environ["FOREIGN_SUITE"]), "prepare"):
        for module in {item.module for item in items}:
            adapter.prepare(module)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    _running[:] = [item.nodeid]
    yield
    _running.clear()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    test = f"{item.path.stem}::{item.nodeid.split('::', 1)[1]}"
    if report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "expected to fail"
        _outcomes[test] = Outcome("not applicable", reason.removeprefix("Skipped: "))
    elif report.outcome == "failed":
        failure = call.excinfo.type.__name__
        line = str(call.excinfo.value).strip().splitlines() or [""]
        kind = "differs" if failure in ORDINARY_FAILURES else "broke"
        _outcomes[test] = Outcome(kind, f"{failure}: {line[0]}"[:200])
    elif report.when == "call":
        reached = item.nodeid in _reached
        _outcomes[test] = Outcome("pass") if reached else Outcome("not applicable", "does not reach the door")


def pytest_sessionfinish():
    outcomes = {test: asdict(outcome) for test, outcome in _outcomes.items()}
    Path(os.environ["FOREIGN_SUITE_REPORT"]).write_text(json.dumps(outcomes))


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"] or set(sys.argv[2:]) - set(NAMES):
        sys.exit(__doc__)
    for name in sys.argv[2:] or NAMES:
        write(name)
