"""The service, as tests of ownership start it: with changes that wait where a test wants, and, if asked, without fence.

Environment: SYNQC_TEST_PAUSE is a folder: while it holds `pause`, the writer makes `paused` there and waits before the
first statement of each transaction. SYNQC_TEST_FENCE=0 commits whatever is asked, as a lease alone would; connections
are not cut then, which would end most such commits by luck.
"""

import os
import time
from pathlib import Path

from synqc.apps.tds.storage.writer import ChangeWriter
from synqc.storage.lease import Lease
from synqc.storage.lines import Lines

_store = ChangeWriter._store


def _wait_and_store(writer, connection, changes):
    folder = Path(os.environ["SYNQC_TEST_PAUSE"])
    while (folder / "pause").exists():
        (folder / "paused").touch()
        time.sleep(0.005)
    return _store(writer, connection, changes)


if "SYNQC_TEST_PAUSE" in os.environ:
    ChangeWriter._store = _wait_and_store
if os.environ.get("SYNQC_TEST_FENCE") == "0":
    Lease.fence = lambda lease, connection, epoch: None
    Lines.cut = lambda lines: None

from synqc_tds_super_backend import app  # noqa: E402, F401
