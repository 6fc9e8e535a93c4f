"""Runs QuTiP's tests of one solver with that solver replaced, and reports every test id with "pass" or a reason.

As a program: `python tests/qutip_suite/suite.py --write` writes expected.toml anew.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXPECTED = HERE / "expected.toml"
SOLVERS = sorted(path.stem for path in (HERE / "adapters").glob("*.py") if path.stem != "__init__")


def run(solver: str) -> dict[str, str]:
    """Outcome of every test of the solver's file in QuTiP, in an interpreter of its own."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "QUTIP_SUITE_SOLVER": solver,
            "QUTIP_SUITE_REPORT": str(report),
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)]),
        }
        adapter = _adapter(solver)
        command = [sys.executable, "-m", "pytest", "--pyargs", adapter.MODULE, "-p", "suite", "-q", "--no-header"]
        command += ["-p", "no:cacheprovider", "-c", os.devnull, "-W", "ignore"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder, check=False)
        if not report.exists():
            raise RuntimeError(done.stdout + done.stderr)
        return json.loads(report.read_text())


def expected(solver: str) -> dict[str, str]:
    """The published table of one solver."""
    return tomllib.loads(EXPECTED.read_text())[solver]


def _adapter(solver: str):
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    return importlib.import_module(f"adapters.{solver}")


# What follows acts as a pytest plugin in the other interpreter.

_outcomes: dict[str, str] = {}
_reached: set[str] = set()
_order = {"failed": 2, "skipped": 1, "passed": 0}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    adapter = _adapter(os.environ["QUTIP_SUITE_SOLVER"])
    original = getattr(item.module, adapter.REPLACED, None)

    def counted(*args, **kwargs):
        _reached.add(item.nodeid)
        return adapter.replacement(*args, **kwargs)

    if original is not None:
        setattr(item.module, adapter.REPLACED, counted)
    yield
    if original is not None:
        setattr(item.module, adapter.REPLACED, original)


def pytest_runtest_logreport(report):
    if report.outcome == "passed" and report.when != "call":
        return
    name = report.nodeid.rsplit("/", 1)[-1].split("::", 1)[1]
    if report.outcome == "skipped":
        _outcomes[name] = (
            report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "xfail"
        )
    elif report.outcome == "failed":
        _outcomes[name] = "FAILED: " + str(report.longrepr).strip().splitlines()[-1]
    elif report.nodeid not in _reached:
        _outcomes[name] = f"does not call {os.environ['QUTIP_SUITE_SOLVER']}()"
    else:
        _outcomes[name] = "pass"


def pytest_sessionfinish():
    Path(os.environ["QUTIP_SUITE_REPORT"]).write_text(json.dumps(_outcomes))


def _write_table() -> None:
    lines = ["# QuTiP's own solver tests through our doors: written by suite.py --write, held by test_qutip_suite.py."]
    for solver in SOLVERS:
        outcomes = run(solver)
        passed = sum(outcome == "pass" for outcome in outcomes.values())
        print(f"{solver}: {passed} pass, {len(outcomes) - passed} do not")
        lines += ["", f"# {passed} pass, {len(outcomes) - passed} skipped for the reason given.", f"[{solver}]"]
        lines += [f"{json.dumps(name)} = {json.dumps(outcome)}" for name, outcome in sorted(outcomes.items())]
    EXPECTED.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    _write_table()
