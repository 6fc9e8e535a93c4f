"""Register of reports: numbers given within the transaction of whoever asks, once per session, and found by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from synqc import json
from synqc.apps.fir.numbers.errors import UnknownNumber
from synqc.apps.fir.numbers.scheme import NumberScheme
from synqc.apps.fir.numbers.status import RecordStatus, check_step
from synqc.apps.fir.numbers.tables import files, records, serials
from synqc.errors import SynqcError

__all__ = [
    "IssueRequest",
    "Issued",
    "Record",
    "change_status",
    "count_records",
    "find_file",
    "find_record",
    "find_records",
    "issue",
]

_MOST_TRIES = 1000
_INSERTING: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class IssueRequest:
    """A session that needs a number.

    Args:
        session_id: Its id.
        moment: Now, with an offset from UTC: the number's date, and the report's.
        scheme: How numbers look.
    """

    session_id: str
    moment: datetime
    scheme: NumberScheme


@dataclass(frozen=True)
class Issued:
    """A number, and the moment that it was first given at."""

    number: str
    prepared_at: datetime


@dataclass(frozen=True)
class Record:
    """A row of the register; `report` and `seal` are None before it is filed, and in lists."""

    number: str
    session_id: str
    status: RecordStatus
    issued_at: float
    prepared_at: datetime
    finalized_at: float | None
    digest: str | None
    report: dict[str, Any] | None = None
    seal: dict[str, Any] | None = None


def issue(connection: Connection, requests: Sequence[IssueRequest]) -> list[Issued]:
    """Give each session its number: the one it has, or a new one that no other session has, or ever gets."""
    return [_of_session(connection, one.session_id) or _new(connection, one) for one in requests]


def find_record(connection: Connection, number: str) -> Record:
    """A report of the register.

    Raises:
        UnknownNumber: There is none.
    """
    row = connection.execute(select(records).where(records.c.number == number)).one_or_none()
    if row is None:
        raise UnknownNumber(number)
    return _record(row)


def find_records(
    connection: Connection, *, limit: int, offset: int = 0, before: tuple[float, str] | None = None
) -> list[Record]:
    """Newest first, without their reports; `before` is (issued_at, number) of the last one of the page before."""
    columns = [column for column in records.c if column.name not in ("report", "seal")]
    query = select(*columns).order_by(records.c.issued_at.desc(), records.c.number.desc()).limit(limit).offset(offset)
    if before is not None:
        at, number = before
        query = query.where(or_(records.c.issued_at < at, and_(records.c.issued_at == at, records.c.number < number)))
    return [_record(row) for row in connection.execute(query)]


def count_records(connection: Connection) -> int:
    """How many reports the register has."""
    return connection.execute(select(func.count()).select_from(records)).scalar_one()


def find_file(connection: Connection, number: str, form: str) -> bytes | None:
    """A form of a sealed report as it was sealed; None if there is none."""
    data = connection.scalar(select(files.c.data).where(files.c.number == number, files.c.form == form))
    return None if data is None else bytes(data)


def change_status(
    connection: Connection, number: str, to: RecordStatus, at: float, *, report: bytes | None = None,
    digest: str | None = None, seal: bytes | None = None, sealed: Mapping[str, bytes] | None = None,
) -> Record:  # fmt: skip
    """Lead a report on; filing stores it with its seal.

    Raises:
        UnknownNumber: There is none.
        StatusRefused: It does not go there.
    """
    check_step(find_record(connection, number).status, to)
    changes: dict[str, Any] = {"status": to.value}
    if to is RecordStatus.FILED:
        changes |= {"finalized_at": at, "report": report, "digest": digest, "seal": seal}
        rows = [{"number": number, "form": form, "data": data} for form, data in (sealed or {}).items()]
        if rows:
            connection.execute(insert(files), rows)
    connection.execute(update(records).where(records.c.number == number).values(**changes))
    return find_record(connection, number)


def _of_session(connection: Connection, session_id: str) -> Issued | None:
    query = select(records.c.number, records.c.prepared_at).where(records.c.session_id == session_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else Issued(row.number, datetime.fromisoformat(row.prepared_at))


def _new(connection: Connection, one: IssueRequest) -> Issued:
    for tried in range(_MOST_TRIES):
        number = _candidate(connection, one, tried)
        row = {
            "number": number, "session_id": one.session_id, "status": RecordStatus.DRAFT.value,
            "issued_at": one.moment.timestamp(), "prepared_at": one.moment.isoformat(),
        }  # fmt: skip
        connection.execute(_INSERTING[connection.dialect.name](records).on_conflict_do_nothing(), row)
        found = _of_session(connection, one.session_id)
        if found is not None:  # this one, or that of another process which was faster
            return found
    raise SynqcError(f"No number is free after {_MOST_TRIES} tries of {one.scheme.pattern!r}.")


def _candidate(connection: Connection, one: IssueRequest, tried: int) -> str:
    if not one.scheme.has_serial:
        return one.scheme.later(one.session_id, one.moment, tried)
    scope = one.scheme.scope(one.session_id, one.moment)
    counted = _INSERTING[connection.dialect.name](serials).values(scope=scope, last=1)
    next_one = counted.on_conflict_do_update(index_elements=["scope"], set_={"last": serials.c.last + 1}).returning(
        serials.c.last
    )
    serial = connection.execute(next_one).scalar_one()
    return one.scheme.number(one.session_id, one.moment, serial=serial)


def _record(row: Row[Any]) -> Record:
    found = row._mapping
    report, seal = found.get("report"), found.get("seal")
    return Record(
        number=found["number"], session_id=found["session_id"], status=RecordStatus(found["status"]),
        issued_at=found["issued_at"], prepared_at=datetime.fromisoformat(found["prepared_at"]),
        finalized_at=found["finalized_at"], digest=found["digest"],
        report=None if report is None else json.loads(bytes(report)),
        seal=None if seal is None else json.loads(bytes(seal)),
    )  # fmt: skip
