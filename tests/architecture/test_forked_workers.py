"""Tests that are run in forked workers end as they would in one process, whatever becomes of a worker."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from forked_workers import take_file
from waiting import wait_until

TESTS = Path(__file__).parents[1]

FILES = {
    "conftest.py": "from forked_workers import pytest_addoption, pytest_runtestloop",
    "test_several.py": """
        import os, sys, warnings, pytest

        AT_IMPORT = sys.stderr

        @pytest.fixture(scope="session", autouse=True)
        def of_the_worker(tmp_path_factory):
            (tmp_path_factory.getbasetemp() / "begun").write_text(str(os.getpid()))
            yield
            open(f"ended-{os.getpid()}", "w").close()

        @pytest.mark.parametrize("number", range(20))
        def test_passes(number, tmp_path):
            print("unseen")
            assert (tmp_path.parent / "begun").read_text() == str(os.getpid())

        def test_fails():
            print("seen", end=" words")
            assert os.getpid() == 0

        def test_is_skipped():
            pytest.skip("for a reason")

        def test_streams_that_were_there_when_it_was_imported_are_open():
            assert AT_IMPORT.fileno() > 2 and not AT_IMPORT.closed

        def test_warns():
            warnings.warn("of this test")
    """,
    "test_dies.py": """
        import os, signal

        def test_before(): pass
        def test_killed(): os.kill(os.getpid(), signal.SIGKILL)
        def test_after(): pass
    """,
    "test_leaves.py": """
        import os

        def test_before(): pass
        def test_left(): os._exit(3)
        def test_after(): pass
    """,
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        lines = [line.removeprefix("        ") for line in text.splitlines()]
        (tmp_path / name).write_text("\n".join(lines))
    plugins = "addopts = -p no:xdist -p no:schemathesis -p no:hypothesispytest"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{plugins}\ntmp_path_retention_policy = failed")
    return tmp_path


def run(folder, *options):
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DEBUG_TEMPROOT": str(folder)}
    command = [sys.executable, "-m", "pytest", "-ra", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_what_fails_dies_or_leaves_is_told_and_all_others_run(folder):
    ended = run(folder, "--workers", "3")
    assert ended.returncode == 1, ended.stderr
    assert re.search(r"3 failed, 26 passed, 1 skipped, 1 warning in", ended.stdout), ended.stdout
    assert "a worker crashed while running 'test_dies.py::test_killed': SIGKILL" in ended.stdout
    assert "a worker crashed while running 'test_leaves.py::test_left': status 3" in ended.stdout
    assert "seen words" in ended.stdout
    assert "unseen" not in ended.stdout
    assert "UserWarning: of this test" in ended.stdout
    assert "for a reason" in ended.stdout
    failed = json.loads((folder / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text())
    assert sorted(failed) == ["test_dies.py::test_killed", "test_leaves.py::test_left", "test_several.py::test_fails"]
    assert list(folder.glob("ended-*"))


def test_those_that_failed_can_be_asked_alone_and_the_first_failure_may_end_it(folder):
    run(folder, "--workers", "2")
    (folder / "test_dies.py").write_text("def test_killed(): pass")
    ended = run(folder, "--workers", "2", "--last-failed", "-x")
    assert ended.returncode in (1, 2), ended.stderr
    assert "stopping after 1 failures" in ended.stdout
    assert "test_passes" not in ended.stdout


def test_nothing_is_left_of_a_run_that_passes(folder):
    for name in ("test_dies.py", "test_leaves.py"):
        (folder / name).unlink()
    ended = run(folder, "--workers", "4", "-k", "not fails")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "22 passed, 1 skipped" in ended.stdout, ended.stdout
    assert not [path for path in folder.glob("pytest-of-*/pytest-[0-9]*") if list(path.glob("worker-*/*"))]


def test_fixtures_end_where_the_run_is_interrupted(folder):
    (folder / "test_dies.py").unlink()
    (folder / "test_leaves.py").unlink()
    waiting = "\ndef test_waits():\n    open('waits', 'w').close()\n    __import__('time').sleep(600)\n"
    (folder / "test_several.py").write_text((folder / "test_several.py").read_text() + waiting)
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DEBUG_TEMPROOT": str(folder)}
    command = [sys.executable, "-m", "pytest", "--workers", "2"]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as running:
        wait_until((folder / "waits").exists, 60)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 2
    assert list(folder.glob("ended-*"))


def test_a_worker_stays_in_its_folder_and_then_takes_what_was_to_begin_first():
    files = [[SimpleNamespace(path=Path(name))] for name in ("a/1", "b/1", "a/2", "c/1", "b/2")]
    taken = [take_file(files, None)]
    while files:
        taken.append(take_file(files, taken[-1]))
    assert [str(file[0].path) for file in taken] == ["a/1", "a/2", "b/1", "b/2", "c/1"]
    assert take_file(files, taken[-1]) is None
