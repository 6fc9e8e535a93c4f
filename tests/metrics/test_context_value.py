"""A context variable of ours is one, and what it replaces in a collection is kept until no reader can be left."""

import contextvars
import gc
import sys
import threading

import pytest

from synqc.metrics import context_value
from synqc.metrics.context_value import ContextValue


def test_each_context_has_its_own_value():
    depth = ContextValue("depth", 0)
    depth.set(1)
    inner = contextvars.copy_context()
    inner.run(depth.set, 2)
    assert (depth.get(), inner.run(depth.get)) == (1, 2)
    found = []
    thread = threading.Thread(target=lambda: found.append(depth.get()))
    thread.start()
    thread.join()
    assert found == [0]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="collections do not strike within ContextVar.set")
def test_what_a_finaliser_replaces_is_kept_until_the_collection_is_over():
    depth = ContextValue("depth", 0)
    seen = []

    class Ring:
        def __init__(self):
            self.me = self

        def __del__(self):
            depth.set(depth.get() + 1)
            seen.append(len(context_value._here.replaced))

    depth.set(0)
    Ring()
    Ring()
    gc.collect()
    assert seen == [1, 2]
    assert len(context_value._here.replaced) == 2, "whoever was setting something may be reading yet"
    assert depth.get() == 2
    depth.set(7)
    assert context_value._here.replaced == []
    assert depth.get() == 7
