"""One session: what its clients see of it, kept in memory as they will be answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from synqc import json
from synqc.apps.tds import clock
from synqc.apps.tds.compressed_ring_buffer import CompressedRingBuffer
from synqc.apps.tds.events import EventRing
from synqc.apps.tds.models import (
    HardwareTarget,
    KpiBundle,
    RunConfiguration,
    SessionStatus,
    SessionSummary,
    used_fraction,
)
from synqc.lab.checkpoint import Checkpoint

__all__ = ["MOST_LINES", "MOST_ROWS", "Session", "maker_of_carry", "mode_label"]

MOST_LINES = 1000
"""Log lines kept per session."""
MOST_ROWS = 512
"""Telemetry rows kept per session."""


def mode_label(target: HardwareTarget) -> str:
    """As control pages show it.

    >>> mode_label(HardwareTarget.AWS_BRAKET)
    'Aws Braket'
    """
    return target.name.replace("_", " ").title()


_FORMS = {"kalman": " 2", "bayes": " 2"}
"""Rules whose state has another form than in version 0.1.0: what they wrote then is left behind, the device kept."""


def maker_of_carry(config: RunConfiguration) -> str:
    """Device and rule in words: what a carry fits.

    Examples:
        >>> from synqc.apps.tds.models import RunConfiguration
        >>> maker_of_carry(RunConfiguration(adaptive_rule="kalman"))
        'sim-local transmon-default kalman 2'
    """
    rule = config.adaptive_rule.value
    return f"{config.hardware_target.value} {config.hardware_preset.value} {rule}{_FORMS.get(rule, '')}"


class Session:
    """State of one session. Changed under the store's lock alone; read by anybody.

    Args:
        session_id: Its name.
        position: Its place in the order of creation.
        created_at: In UTC.
        config: What the next run does.
        shot_limit: Shots that may be charged.
    """

    def __init__(
        self, session_id: str, *, position: int, created_at: datetime, config: RunConfiguration, shot_limit: int
    ) -> None:
        self.session_id = session_id
        self.quoted_id = json.dumps(session_id)
        """Its name as JSON."""
        self.position = position
        self.created_at = created_at
        self.last_updated_at = created_at
        self.status = SessionStatus.IDLE
        self.status_text = "Idle · session created"
        self.mode_label = mode_label(config.hardware_target)
        self.config = config
        self.last_run_id: str | None = None
        self.shot_limit = shot_limit
        self.shots_used = 0
        self.last_kpis: KpiBundle | None = None
        self.carry: tuple[str, Checkpoint] | None = None
        """What the last run left, and on which device and rule it did so."""
        self.deployed: Sequence[dict[str, float]] | None = None
        """What the last run of this process had set each qubit's controls to."""

        self.lines = CompressedRingBuffer(MOST_LINES)
        self.next_line = 0
        self.first_line = 0
        """Log lines before this number were cleared or outlived."""
        self.rows = CompressedRingBuffer(MOST_ROWS)
        self.next_row = 0
        self.rows_stored = 0
        """Rows before this number are on disk."""
        self.history_loaded = True
        """False while log lines and telemetry of an earlier process are still on disk alone."""

        self.lease_epoch: int | None = None
        """Of the lease on the database, in which this was read or made: it is stored in no other."""
        self.owner: int | None = None
        """Number of the node of a cluster that it belongs to; None without a cluster."""
        self.epoch = 0
        """How many nodes of a cluster have owned it, this one included."""
        self.moved = False
        """True once another node is known to own it: nothing more is stored of it here."""
        self.run_ids_asked_until = ""
        """Seconds up to this one may have run ids that another node gave."""
        self.events = EventRing()
        self._summary_bytes: bytes | None = None

    @property
    def logs(self) -> list[str]:
        """Log lines, oldest first."""
        return self.newest_lines(MOST_LINES)

    def newest_lines(self, count: int) -> list[str]:
        """The end of the log, oldest line first."""
        return [line.decode() for line in self.lines.newest(count)]

    def touch(self, moment: datetime | None = None) -> None:
        """Note that something about it changed."""
        self.last_updated_at = clock.now() if moment is None else moment
        self._summary_bytes = None

    def set_status(self, status: SessionStatus, text: str) -> None:
        """Change the status and how it is shown."""
        self.status, self.status_text = status, text
        self.touch()

    def log(self, text: str) -> dict[str, Any]:
        """Add a log line, stamped with this moment; returns its row in the database."""
        return self.add_line(f"[{clock.seconds(clock.now())}] {text}")

    def add_line(self, line: str) -> dict[str, Any]:
        """Add a line to the log as it is; returns its row in the database."""
        self.lines.append(line.encode())
        number = self.next_line
        self.next_line += 1
        self.first_line = max(self.first_line, self.next_line - MOST_LINES)
        return {"session_id": self.session_id, "line_number": number, "line": line}

    def add_row(self, row: bytes) -> None:
        """Add a row of telemetry."""
        self.rows.append(row)
        self.next_row += 1

    def unstored_rows(self) -> list[dict[str, Any]]:
        """Telemetry that is not on disk, as far as it is still kept: rows in the database."""
        rows = self.rows.newest(self.next_row - self.rows_stored)
        return [
            {"session_id": self.session_id, "slot": number % MOST_ROWS, "row_number": number, "row": row}
            for number, row in enumerate(rows, self.next_row - len(rows))
        ]

    def carry_for(self, config: RunConfiguration) -> Checkpoint | None:
        """What the last run left, as far as it fits: another rule starts afresh."""
        if self.carry is None:
            return None
        made_by, carry = self.carry
        wanted = maker_of_carry(config)
        if made_by == wanted:
            return carry
        return carry.without_rule() if made_by.split(" ")[:2] == wanted.split(" ")[:2] else None

    def summary(self) -> SessionSummary:
        """As clients see it."""
        return SessionSummary(
            session_id=self.session_id,
            created_at=clock.naive_microseconds(self.created_at),
            last_updated_at=clock.naive_microseconds(self.last_updated_at),
            status=self.status,
            status_text=self.status_text,
            mode_label=self.mode_label,
            shot_limit=self.shot_limit,
            shots_used=self.shots_used,
            shots_used_fraction=used_fraction(self.shots_used, self.shot_limit),
            last_run_id=self.last_run_id,
            last_kpis=self.last_kpis,
            config=self.config,
        )

    def summary_bytes(self) -> bytes:
        """`summary` as JSON, made once per change."""
        known = self._summary_bytes
        if known is None:
            known = self._summary_bytes = self.summary().model_dump_json().encode()
        return known
