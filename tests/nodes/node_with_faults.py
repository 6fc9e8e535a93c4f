"""A node, as tests start it: with changes that take their time, and, if asked, without fence.

Environment: SYNQC_TEST_SLOW is how many seconds pass between the decision of a change and its first statement.
SYNQC_TEST_PAUSE is a folder: while it holds `pause`, the writer makes `paused` there and waits. SYNQC_TEST_FENCE=0
stores whatever is asked, as leases alone would; nor are connections cut, which would end most such changes by luck.
"""

import os
import time
from pathlib import Path

from sqlalchemy.dialects import postgresql

from synqc.apps.tds.storage import schema, writer
from synqc.storage.lines import Lines
from synqc.storage.node_lease import NodeLease

_store = writer.ChangeWriter._store


def _store_late(self, connection, changes):
    time.sleep(float(os.environ.get("SYNQC_TEST_SLOW", "0")))
    if "SYNQC_TEST_PAUSE" in os.environ:
        folder = Path(os.environ["SYNQC_TEST_PAUSE"])
        while (folder / "pause").exists():
            (folder / "paused").touch()
            time.sleep(0.005)
    return _store(self, connection, changes)


if "SYNQC_TEST_SLOW" in os.environ or "SYNQC_TEST_PAUSE" in os.environ:
    writer.ChangeWriter._store = _store_late
if os.environ.get("SYNQC_TEST_FENCE") == "0":
    NodeLease.fence = lambda lease, connection, epoch: None
    writer._NodeStatements._moved_of_others = lambda statements, connection, change, owner: set()
    writer._NodeStatements._upsert_sessions = lambda statements, connection, rows: (
        connection.execute(writer._upsert(postgresql.insert, schema.sessions), list(rows.values())),
        set(),
    )[1]
    Lines.cut = lambda lines: None

from synqc_tds_super_backend import app  # noqa: E402, F401
