"""What every test may rely on."""

import gc
import os
import shutil
import signal
from collections import Counter

import hypothesis
import pytest
from drawn_seed import drawn_seed
from forked_workers import pytest_addoption, pytest_runtestloop  # noqa: F401

IN_MEMORY = "/dev/shm"
ROOM = 6 << 30

# Files that wait long for processes, leases and pages begin first: whatever begins last is waited for alone.
WAIT_LONG = ("tests/browser/", "tests/crash/", "tests/notebooks/", "tests/jobs/", "tests/benchmarks/", "tests/cli/")

# Thousands of databases and folders, which nobody needs after the test: a disk would be waited for at each commit.
if os.path.isdir(IN_MEMORY) and shutil.disk_usage(IN_MEMORY).free > ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", IN_MEMORY)

# A shell that starts the tests in the background makes them and their children ignore Ctrl-C, which several tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What Hypothesis draws is the same in every run too, unless new seeds are asked for.
hypothesis.settings.register_profile("same", derandomize=True)
if os.environ.get("SYNQC_TEST_SEED") != "fresh":
    hypothesis.settings.load_profile("same")


@pytest.fixture
def seed(request):
    """What a random test draws from, which says it in its messages."""
    return drawn_seed(request.node.nodeid)


@pytest.fixture(autouse=True, scope="module")
def what_others_hold_is_not_searched():
    """A collection looks at what this file made alone; otherwise it takes a second, and some tests ask for dozens."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is collected stays, so that looking for garbage meanwhile finds none, a dozen times."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items):
    """Whole files in the order in which workers shall take them: those that wait, then those with most tests.

    Random tests are marked as such: `-m seeded` runs them alone.
    """
    for item in items:
        if "seed" in getattr(item, "fixturenames", ()) or hasattr(getattr(item, "module", None), "SEED"):
            item.add_marker("seeded")
    size = Counter(item.path for item in items)
    items.sort(key=lambda item: (not item.nodeid.startswith(WAIT_LONG), -size[item.path], str(item.path)))
