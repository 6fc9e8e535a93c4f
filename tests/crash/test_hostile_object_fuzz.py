"""Objects that change the world whenever they are asked anything do not bring the process down."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("hostile_object_fuzz.py")


def survives(seed: int, rounds: int, *options: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", *options, str(PROGRAM), str(seed), str(rounds)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert (ended.returncode, ended.stdout) == (0, "lives\n"), (
        f"seed {seed}: {ended.returncode}\n{ended.stderr[-3000:]}"
    )


def test_hostile_objects_do_not_bring_the_process_down(seed):
    survives(seed, 600)


@pytest.mark.deep
@pytest.mark.parametrize("_", range(6))
def test_hostile_objects_do_not_bring_the_process_down_for_long(_, seed):
    survives(seed, 15_000)


@pytest.mark.deep
def test_hostile_objects_do_not_bring_a_checking_interpreter_down(seed):
    survives(seed, 5000, "-X", "dev")
