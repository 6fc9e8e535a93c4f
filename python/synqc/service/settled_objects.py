"""Objects that are there for good, which looking for garbage passes over."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["settled_objects"]


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
