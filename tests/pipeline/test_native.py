"""Compiled functions as stages: numbers, arrays, bytes; failures, retries, stops."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.pipeline import SKIP, Pipeline, Retry, Stage, StopFlag, native

SOURCE = r"""
#include <stddef.h>
#include <string.h>
#include <unistd.h>
static int calls = 0;
double half(double x) { return x / 2; }
double nap(double x) { usleep(2000); return x; }
void twice(const double *in, double *out, size_t size) { for (size_t i = 0; i < size; ++i) out[i] = 2 * in[i]; }
int reversed(const char *in, size_t size, char *out, size_t *out_size) {
    for (size_t i = 0; i < size; ++i) out[i] = in[size - 1 - i];
    *out_size = size;
    return 0;
}
int doubled(const char *in, size_t size, char *out, size_t *out_size) {
    size_t room = *out_size;
    *out_size = 2 * size;
    if (room < 2 * size) return 0;
    memcpy(out, in, size);
    memcpy(out + size, in, size);
    return 0;
}
int third_time_lucky(const char *in, size_t size, char *out, size_t *out_size) {
    memcpy(out, in, size);
    *out_size = size;
    return ++calls % 3 == 0 ? 0 : 5;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    (folder / "stages.c").write_text(SOURCE)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", folder / "stages.so", folder / "stages.c"], check=True)
    return ctypes.CDLL(str(folder / "stages.so"))


def test_arrays_go_through_without_touching_the_callers(library):
    twice = native(library.twice, "array")
    arrays = [np.arange(size, dtype=np.float64) for size in (0, 1, 1000, 100_000)]
    results = Pipeline([twice, Stage(twice, concurrency=2)]).run(arrays)
    for before, after in zip(arrays, results.values, strict=True):
        np.testing.assert_array_equal(before, np.arange(before.size))
        np.testing.assert_array_equal(after, 4 * before)


@pytest.mark.parametrize("wrong", [np.arange(3), np.zeros((4, 4))[:, ::2], [1.0, 2.0], "text", 1.0])
def test_what_is_no_contiguous_float64_array_is_refused_with_stage_and_item(library, wrong):
    with pytest.raises(InputError, match="Stage `twice` must be given"):
        Pipeline([native(library.twice, "array")]).run([np.zeros(3), wrong])


def test_bytes_grow_as_the_function_asks(library):
    stages = [native(library.doubled, "bytes")] * 5 + [native(library.reversed, "bytes")]
    items = [b"", b"abc", bytes(range(256)) * 40]
    assert Pipeline(stages).run(items).values == [(item * 32)[::-1] for item in items]


def test_a_code_other_than_zero_is_a_failure_that_may_be_retried(library):
    stage = native(library.third_time_lucky, "bytes")
    results = Pipeline([stage], on_error="collect").run([b"x"])
    assert results.counts["error"] == 1
    assert "5" in str(results.outcomes[0].error)
    retried = Pipeline([Stage(stage, retry=Retry(3))], on_error="collect").run([b"x"])
    assert retried.values == [b"x"]


def test_native_and_python_stages_mix(library):
    half = native(library.half)
    stages = [half, lambda x: SKIP if x > 40 else x, half, Stage(half, concurrency=2), str]
    assert Pipeline(stages).run(map(float, range(0, 100, 8))).values == [
        str(x / 8) for x in map(float, range(0, 81, 8))
    ]


def test_a_function_of_numba_or_cffi_is_taken_by_its_address():
    class WithAddress:
        address = ctypes.cast(ctypes.CDLL(None).sqrt, ctypes.c_void_p).value

    assert Pipeline([native(WithAddress())]).run([9.0]).values == [3.0]
    cffi = pytest.importorskip("cffi", reason="the rest of this test needs cffi")
    ffi = cffi.FFI()
    ffi.cdef("double sqrt(double);")
    assert Pipeline([native(ffi.dlopen(None).sqrt)]).run([9.0]).values == [3.0]


def test_a_stop_between_native_items_returns_soon(library):
    stop = StopFlag()
    threading.Timer(0.1, stop.stop).start()
    start = time.monotonic()
    results = Pipeline([Stage(native(library.nap), concurrency=2)]).run(map(float, range(100_000)), stop=stop)
    assert results.partial
    assert results.counts["ok"] > 0
    assert time.monotonic() - start < 5


def test_ctrl_c_among_native_stages_keeps_what_there_is():
    program = """
import ctypes
from synqc.pipeline import Pipeline, Stage, native
libc = ctypes.CDLL(None)
NAP = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
import time
nap = NAP(lambda x: time.sleep(0.002) or x)
print("running", flush=True)
try:
    Pipeline([Stage(native(nap), concurrency=2)]).run(map(float, range(10**6)))
except KeyboardInterrupt as error:
    print(error.results.counts["ok"] > 0, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "running\n"
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "True\n"
    assert process.returncode == 0


def test_a_hundred_thousand_items_leave_memory_flat_and_references_balanced(library):
    half = native(library.half)
    pipeline = Pipeline([half, lambda x: [x], Stage(len, concurrency=2)])
    probe = object()

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    def rounds():
        for _ in range(10):
            pipeline.run(float(k) for k in range(10_000))
            Pipeline([lambda x: x]).run([probe] * 100)

    rounds()
    before, references = resident(), sys.getrefcount(probe)
    rounds()
    assert resident() - before < 4000
    assert sys.getrefcount(probe) == references


def test_a_child_forked_beside_an_open_stream_runs_its_own_and_refuses_the_parents():
    program = """
import os
from synqc.errors import InputError
from synqc.pipeline import Pipeline, Stage
stream = Pipeline([Stage(abs, concurrency=2)]).stream(range(10**9))
print(next(stream), flush=True)
child = os.fork()
if child == 0:
    own = Pipeline([Stage(abs, concurrency=2)]).run([-1, -2]).values == [1, 2]
    try:
        for _ in range(10**4):
            next(stream)
        refused = False
    except InputError:
        refused = True
    os._exit(0 if own and refused else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), next(stream) >= 1, flush=True)
stream.close()
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert answer.stdout.split() == ["0", "0", "True"]


def test_work_that_fails_at_first_succeeds_when_it_is_tried_again():
    seen = {}

    async def flaky(x):
        seen[x] = seen.get(x, 0) + 1
        if seen[x] < 1 + x % 3:
            raise OSError("not yet")
        return x

    results = Pipeline([Stage(flaky, concurrency=10, retry=Retry(3, on=(OSError,)))]).run(range(300))
    assert results.values == list(range(300))
    assert seen == {x: max(1, 1 + x % 3) for x in range(300)}
    assert [outcome.attempts for outcome in results.outcomes] == [max(1, 1 + x % 3) for x in range(300)]
