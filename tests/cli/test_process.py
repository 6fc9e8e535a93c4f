"""What only a real process shows: Ctrl-C, a reader that goes away, stdout and stderr apart."""

import json
import signal
import subprocess
import sys
import time

import pytest

from synqc.cache import DiskCache

COMMAND = [sys.executable, "-m", "synqc"]


def started(*arguments, **streams):
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **streams
    )


@pytest.fixture(scope="module")
def surely_running_s():
    """Seconds after which a command has surely begun to simulate: twice what a whole short one takes, and one more."""
    start = time.monotonic()
    subprocess.run([*COMMAND, "run", "--shots", "10", "--json"], capture_output=True, check=True)
    return 2 * (time.monotonic() - start) + 1


def interrupted(process, after_s):
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = process.communicate(timeout=60)
    return out, err, time.monotonic() - sent


@pytest.mark.parametrize("form", ["table", "json"])
def test_ctrl_c_prints_what_there_is_and_exits_with_130(form, surely_running_s):
    arguments = ["run", "--shots", "1e8", "--iterations", "1000", "--seed", "1"]
    process = started(*arguments, *(["--json"] if form == "json" else []))
    out, err, _ = interrupted(process, surely_running_s)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in err
    if form == "json":
        document = json.loads(out)
        assert document["partial"] is True
        assert document["interrupted"] is True
    else:
        assert "[partial]" in out


def test_ctrl_c_in_a_sweep_keeps_the_finished_points(tmp_path, surely_running_s):
    path = tmp_path / "sweep.db"
    process = started(
        "sweep", "--axis", "probe_strength=0:1:401", "--shots", "4000000", "--seed", "1", "--json", "--cache", str(path)
    )
    out, err, _ = interrupted(process, surely_running_s)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["partial"] is True
    with DiskCache(path) as cache:
        assert len(document["points"]) == len(cache)


def test_a_reader_that_goes_away_is_no_error():
    process = started("presets", "--json")
    process.stdout.close()
    err = process.stderr.read()
    process.wait(timeout=60)
    assert "Traceback" not in err
    assert "Exception ignored" not in err
    assert process.returncode in (0, 141)


def test_stdout_holds_the_document_alone():
    answer = subprocess.run(
        [*COMMAND, "run", "--shots", "100", "--seed", "1", "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    json.loads(answer.stdout)
    assert answer.stderr == ""


def test_the_demo_needs_no_browser(tmp_path):
    program = "import os, sys; os.environ['BROWSER_PATH'] = '/nowhere'; from synqc.demo import main; sys.exit(main([]))"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert "picture:  not written." in answer.stdout
    assert (tmp_path / "demo-output" / "information-map.html").exists()
    for rule in ("none", "kalman", "bayes", "rl"):
        assert f"\n  {rule}" in answer.stdout
