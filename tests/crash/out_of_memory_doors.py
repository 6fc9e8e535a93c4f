"""Run as a program by test_out_of_memory.py: every door, with the n-th allocation failing.

    python out_of_memory_doors.py cpp|python DOOR [STEP]

Nothing but MemoryError may come out, and afterwards the door works and nothing is held that was not held before.
"""

import gc
import sys
import tempfile

import numpy as np

import synqc
from synqc import _core, cache, json, metrics, pipeline

H = np.array([[0, 3], [3, 0]], complex)
GROUND = np.diag([1.0, 0]).astype(complex)
TIMES = np.linspace(0, 0.1, 5)
DOCUMENT = (
    b'{"a": [1, 2.5, "text", "\\u00fc\\u20ac", null, {"b": [[1, 2], [3, 4]]}], "c": 123456789012345678901234567890}'
)
VALUE = {"a": [1, 2.5, "text" * 50, (b"x" * 40, None)], "b": np.arange(6.0).reshape(2, 3), "c": 2**70}
ENCODED = _core.encode_value(VALUE)


class Key:
    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return hash(self.number)

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


class Holder:
    """What doors use again and again."""

    def __init__(self):
        self.turn = 0
        self.memory = cache.MemoryCache(max_entries=8, on_removal=lambda key, value, cause: None)
        self.timed = cache.MemoryCache(max_bytes=5000, ttl=100)
        self.path = tempfile.mkdtemp() + "/cache.db"
        self.disk = cache.DiskCache(self.path)
        self.acknowledged = {}
        self.registry = metrics.Registry()
        self.counter = self.registry.counter("n_total", "N.", labels=["kind"])
        self.histogram = self.registry.histogram("sizes", "Sizes.")
        self.experiment = synqc.Experiment(qubits=1)

    def store(self):
        self.turn += 1
        self.memory.set(Key(self.turn), "x")
        self.memory.get(Key(self.turn))
        self.memory.set(Key(self.turn), "y", kind=f"kind{self.turn % 3}")
        self.memory.delete(Key(self.turn - 3))
        assert len(self.memory) <= 8

    def store_timed(self):
        self.turn += 1
        self.timed.set(f"k{self.turn}", b"x" * 500, ttl=self.turn)
        self.timed.touch(f"k{self.turn}", 5)
        list(self.timed)

    def store_on_disk(self):
        self.turn += 1
        key = f"k{self.turn % 9}"
        self.disk.set(key, [self.turn, VALUE])
        self.acknowledged[key] = self.turn
        found = self.disk.get(key)
        assert found is None or found[0] == self.turn

    def flush_to_disk(self):
        self.store_on_disk()
        self.disk.flush()

    def look_at_disk(self):
        assert self.disk.flush()
        self.disk.close()
        self.disk = cache.DiskCache(self.path)
        found = {key: self.disk[key][0] for key in self.acknowledged}
        assert found == self.acknowledged, f"{found} instead of {self.acknowledged}"

    def label(self):
        self.turn += 1
        self.counter.labels(kind=str(self.turn % 50)).add()
        self.histogram.record(self.turn)

    def snapshot(self):
        self.registry.snapshot()
        self.registry.prometheus()


HOLDER = Holder()
DOORS = {
    "json.loads": lambda: json.loads(DOCUMENT),
    "json.loads of arrays": lambda: json.loads(DOCUMENT, arrays="numpy"),
    "json.loads of damage": lambda: refused(json.loads, DOCUMENT[:-4]),
    "json.dumps": lambda: json.dumps(VALUE, default=str),
    "json.dumps sorted": lambda: json.dumps({"b": [1] * 500, "a": ["\u20ac" * 500]}, sort_keys=True, indent=2),
    "json.dumps of a stranger": lambda: refused(json.dumps, {"a": [object()]}),
    "encode_value": lambda: _core.encode_value(VALUE),
    "decode_value": lambda: _core.decode_value(ENCODED),
    "content_key": lambda: cache.content_key("kind", VALUE, parameters={"p": [1.5, "x"]}),
    "MemoryCache": HOLDER.store,
    "MemoryCache with times": HOLDER.store_timed,
    "DiskCache": HOLDER.store_on_disk,
    "DiskCache.flush": HOLDER.flush_to_disk,
    "metrics": HOLDER.label,
    "snapshot": HOLDER.snapshot,
    "pipeline": lambda: pipeline.Pipeline([lambda x: x + 1, pipeline.Stage(str, concurrency=2)]).run(range(4)),
    "mesolve": lambda: synqc.mesolve(H, GROUND, TIMES, c_ops=[H], e_ops=[H]),
    "smesolve": lambda: synqc.smesolve(
        H, GROUND, TIMES, sc_ops=[GROUND], e_ops=[GROUND], ntraj=2, seeds=1, progress=False
    ),
    "Experiment.run": lambda: HOLDER.experiment.run(shots=300, seed=1, threads=1, progress=False),
    "Experiment": lambda: synqc.Experiment(qubits=2, probe_strength=0.3),
}
# What is looked at after a sweep, with memory enough.
AFTERWARDS = {"DiskCache": HOLDER.look_at_disk, "DiskCache.flush": HOLDER.look_at_disk}


def refused(door, argument):
    # No frame between: CPython 3.11 loses the exception where memory ends as it notes one in the traceback.
    try:
        door(argument)
    except synqc.errors.InputError:
        return
    raise AssertionError("it was not refused")


def failing_cpp():
    import ctypes

    library = ctypes.CDLL(None)
    library.synqc_fail_after.argtypes = [ctypes.c_long]
    library.synqc_fail_after.restype = None
    library.synqc_stop_failing.restype = ctypes.c_long
    return library.synqc_fail_after, library.synqc_stop_failing


def failing_python():
    import _testcapi

    def stop():
        _testcapi.remove_mem_hooks()
        return -1

    return lambda count: _testcapi.set_nomemory(count, count + 1), stop


def sweep(name, begin, stop, step):
    door = DOORS[name]
    for _ in range(3):
        door()
    survived = 0
    n = 0
    while survived < 25 and n < 100_000:
        error = None
        begin(n)
        try:
            door()
        except MemoryError:
            error = MemoryError
        except BaseException as other:
            stop()
            raise AssertionError(f"{name}: allocation {n} failed, and out came {other!r}") from other
        failures = stop()
        # What fails inside may be answered by a slower way; it counts as survived only if nothing failed at all.
        survived = survived + 1 if error is None and failures <= 0 else 0
        n += step
    gc.collect()
    door()
    return n


def held_after(name, begin, stop, rounds):
    """How many blocks of Python's allocator are held more after so many failures of the same allocations."""

    def fail_everywhere():
        for n in range(0, 60):
            begin(n)
            try:
                DOORS[name]()
            except MemoryError:
                pass
            finally:
                stop()

    fail_everywhere()
    fail_everywhere()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(rounds):
        fail_everywhere()
    gc.collect()
    return sys.getallocatedblocks() - before


def main():
    kind, names, step = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1
    begin, stop = failing_cpp() if kind == "cpp" else failing_python()
    for name in names.split(","):
        swept = sweep(name, begin, stop, step)
        held = held_after(name, begin, stop, 5)
        AFTERWARDS.get(name, lambda: None)()
        # Python's lists of free objects hold some hundred blocks that are nobody's; a lost list or array is more.
        print(f"{name}: {swept} allocations, {held} blocks held", flush=True)
        assert held < 1000, f"{name}: {held} blocks are held after five rounds"


if __name__ == "__main__":
    main()
