"""Objects that are there for good, which looking for garbage passes over, while they come and afterwards."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collections_paused", "settled_objects"]


@contextmanager
def collections_paused() -> Iterator[None]:
    """While the context lasts, nothing looks for garbage by itself: for making what stays.

    Modules, models and routes are two hundred thousand objects, which are looked at again and again while they come,
    for a tenth of a second in all; a dozen of them are garbage. Where somebody has paused collections already, that is
    left as it is.
    """
    is_ours = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_ours:
            gc.enable()


@contextmanager
def settled_objects() -> Iterator[None]:
    """While the context lasts, no collection looks at what was there at its beginning.

    Modules and the tables of applications are hundreds of thousands of objects. A look at them takes tens of
    milliseconds, in which every request waits, finds nothing, and is taken again and again while runs make new objects.
    Where somebody has frozen objects already, that is left as it is.
    """
    is_ours = gc.get_freeze_count() == 0
    if is_ours:
        gc.collect()
        gc.freeze()
    try:
        yield
    finally:
        if is_ours:
            gc.unfreeze()
