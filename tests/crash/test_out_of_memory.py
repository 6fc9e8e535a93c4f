"""Memory ends at any allocation: MemoryError comes out, the process lives, and nothing is lost."""

import importlib.util
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Not those that make an object of a pybind11 class at each call: pybind11 itself ends the process where its table of
# instances finds no memory.
DOORS = [
    "json.loads", "json.loads of arrays", "json.loads of damage", "json.dumps", "json.dumps sorted",
    "json.dumps of a stranger", "encode_value", "decode_value", "content_key", "MemoryCache", "MemoryCache with times",
    "DiskCache", "DiskCache.flush", "metrics", "snapshot", "mesolve",
]  # fmt: skip


@pytest.fixture(scope="session")
def failing_allocator(tmp_path_factory):
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler")
    library = tmp_path_factory.mktemp("allocator") / "failing_allocator.so"
    subprocess.run(
        [compiler, "-std=c++20", "-O1", "-shared", "-fPIC", str(HERE / "failing_allocator.cc"), "-o", str(library)],
        check=True,
    )
    return library


def run(kind: str, doors: list[str], preloaded: Path | None = None) -> None:
    environment = dict(os.environ)
    if preloaded is not None:
        environment["LD_PRELOAD"] = " ".join([str(preloaded), *environment.get("LD_PRELOAD", "").split()])
    ended = subprocess.run(
        [sys.executable, str(HERE / "out_of_memory_doors.py"), kind, ",".join(doors)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, f"{ended.returncode}: {ended.stdout[-500:]}\n{ended.stderr[-3000:]}"


def four_at_a_time(doors):
    """To start a process takes longer than a sweep; what it printed says which door was not survived."""
    groups = [doors[first : first + 4] for first in range(0, len(doors), 4)]
    return pytest.mark.parametrize("doors", groups, ids=", ".join)


@four_at_a_time(DOORS)
def test_doors_survive_the_end_of_memory_at_any_allocation_of_the_core(doors, failing_allocator):
    run("cpp", doors, failing_allocator)


# The others call so much Python of NumPy and the standard library that their faults would be swept instead of ours.
PYTHON_DOORS = [door for door in DOORS if door.startswith(("json", "encode", "decode", "content", "Memory", "metrics"))]


@pytest.mark.skipif(importlib.util.find_spec("_testcapi") is None, reason="this Python has no _testcapi")
@four_at_a_time(PYTHON_DOORS)
def test_doors_survive_the_end_of_memory_at_any_allocation_of_python(doors):
    run("python", doors)


@pytest.mark.parametrize(
    ("megabytes", "call"),
    [
        (60, "json.loads('[' + '1,' * 8_000_000 + '1]')"),
        (60, "json.loads(b'[' + b'[1,2],' * 3_000_000 + b'1]', arrays='numpy')"),
        (60, "json.dumps(['x' * 1_000_000] * 100)"),
        (60, "cache.content_key('k', [b'x' * 4000] * 50_000)"),
        (60, "_core.encode_value([b'x' * 1_000_000] * 100)"),
        (60, "cache.MemoryCache(max_entries=10**9, policy='w-tinylfu')"),
        (60, "synqc.mesolve(np.eye(2), np.diag([1.0, 0]), np.linspace(0, 1, 2_000_000))"),
        (
            60,
            "synqc.smesolve(np.eye(2), np.diag([1.0, 0]), np.linspace(0, 1, 1000), sc_ops=[np.eye(2) / 2], "
            "ntraj=50_000, store_states=True, progress=False)",
        ),
        (60, "synqc.Experiment(qubits=4).run(shots=20_000_000, keep_bits=True, seed=1, progress=False)"),
    ],
)
def test_a_limit_on_memory_is_a_memory_error(megabytes, call):
    program = f"""
        import resource
        import numpy as np, synqc
        from synqc import _core, cache, json
        synqc.Experiment(qubits=1).run(shots=2000, seed=1, progress=False)  # threads and their stacks are there
        json.loads("[1]", arrays="numpy")
        pages = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (pages + {megabytes} * 2**20, resource.RLIM_INFINITY))
        try:
            {call}
        except MemoryError:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print("MemoryError")
        else:
            print("it fitted")
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stdout in ("MemoryError\n", "it fitted\n")
