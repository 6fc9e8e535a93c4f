"""A program ends while its daemon threads are inside the core: it ends well, and what it had written is whole.

CPython before 3.14 unwinds such threads by force when they ask for the GIL; through C++ that is an abort, and
what other objects would still have done is lost, what is in the buffer of a file for one.
"""

import subprocess
import sys
import textwrap

import pytest

# What each thread does for ever. Names are imported in the program below.
DOORS = {
    "Experiment.run": "experiment.run(shots=20_000, seed=1, progress=False)",
    "Experiment.run with a rule": "ruled.run(shots=2000, iterations=50, seed=1, progress=False)",
    "Experiment.run with progress": "experiment.run(shots=200_000, seed=1, progress=lambda done, total: None)",
    "mesolve": "synqc.mesolve(H, ground, times, c_ops=[0.2 * sz], e_ops=[sz])",
    "mesolve with a coefficient": "synqc.mesolve([H, [sz, lambda t: np.sin(t)]], ground, times, c_ops=[0.2 * sz])",
    "smesolve": "synqc.smesolve(H, ground, times, sc_ops=[0.7 * sz], e_ops=[sz], ntraj=200, seeds=1, progress=False)",
    "MemoryCache with a listener": "memory.set(object(), 1)",
    "MemoryCache with Python keys": "keyed.set(Key(), 1); keyed.get(Key())",
    "MemoryCache with a weigher and a clock": "weighed.set(object(), 1); weighed.get(1)",
    "DiskCache": "disk.set('k', list(range(50))); disk.get('k'); disk.flush(); len(disk)",
    "labels": "counter.labels(kind=Word()).add()",
    "metrics": "histogram.record(Number()); registry.snapshot(); registry.prometheus()",
    "json": "json.loads(json.dumps({'a': [Word()] * 9}, default=str))",
    "content_key": "cache.content_key('k', {'a': np.zeros(200_000), 'b': [1, 2]})",
    "pipeline": "pipeline.Pipeline([lambda x: x + 1, threaded]).run(range(50))",
    "pipeline stream": "list(pipeline.Pipeline([threaded]).stream(range(50)))",
}

PROGRAM = """
import sys, tempfile, threading, time, types
import numpy as np
import synqc
from synqc import cache, json, metrics, pipeline

class Key:
    def __hash__(self): return hash(sum(range(40)))
    def __eq__(self, other): return sum(range(40)) == 0

class Word:
    def __str__(self): return "word" + str(sum(range(40)))

class Number:
    def __float__(self): return float(sum(range(40)))

sz = np.diag([1.0, -1.0]).astype(complex)
H = np.array([[0, 3], [3, 0]], complex)
ground = np.diag([1.0, 0]).astype(complex)
times = np.linspace(0, 200, 2001)
experiment = synqc.Experiment(qubits=1)
ruled = experiment.replace(adaptive_rule=lambda batch: {"second_angle": 1.5 + 0 * sum(range(40))})
memory = cache.MemoryCache(max_entries=50, on_removal=lambda key, value, cause: sum(range(40)))
keyed = cache.MemoryCache(max_entries=50)
weighed = cache.MemoryCache(max_bytes=5000, weigher=lambda key, value: 100 + 0 * sum(range(40)),
                            clock=lambda: time.monotonic() + 0 * sum(range(40)))
disk = cache.DiskCache(tempfile.mkdtemp() + "/cache.db")
registry = metrics.Registry()
counter = registry.counter("words_total", "Words.", labels=["kind"])
histogram = registry.histogram("sizes", "Sizes.")
registry.add_collector("c", lambda: [sum(range(40))][:0])
threaded = pipeline.Stage(lambda x: sum(range(100)), concurrency=2)

def work():
    while True:
        started.release()
        try:
            {call}
        except synqc.errors.InputError:
            time.sleep(1)  # closed at exit, which is as it should be

started = threading.Semaphore(0)
# In a module of its own: what the threads can reach is not let go of at exit, with the core or without.
sys.modules["box"] = box = types.ModuleType("box")
box.written = open(sys.argv[1], "w")
box.written.write("whole")
del box
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
for _ in range(3):
    started.acquire()
time.sleep({delay})
"""


def exits_well(call: str, delay: float, path) -> None:
    program = textwrap.dedent(PROGRAM).replace("{call}", call).replace("{delay}", str(delay))
    ended = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, f"{call} after {delay} s: {ended.returncode}\n{ended.stderr[-2000:]}"
    assert ended.stderr == "", call
    assert path.read_text() == "whole", f"{call}: the file that was not closed is lost"


QUICK = [
    "Experiment.run",
    "mesolve",
    "MemoryCache with a listener",
    "MemoryCache with Python keys",
    "labels",
    "pipeline",
]


@pytest.mark.parametrize("door", QUICK)
def test_a_program_ends_well_while_daemon_threads_are_in_the_core(door, tmp_path):
    exits_well(DOORS[door], 0.05, tmp_path / "file")


@pytest.mark.deep
@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.02, 0.037, 0.1, 0.15, 0.3])
@pytest.mark.parametrize("door", DOORS)
def test_a_program_ends_well_whenever_it_ends(door, delay, tmp_path):
    exits_well(DOORS[door], delay, tmp_path / "file")
