"""A session has one number, a number has one session, whoever asks at once; a seal is verified or it is not."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from synqc import json
from synqc.apps.fir.numbers.errors import InvalidScheme, StatusRefused, UnknownNumber
from synqc.apps.fir.numbers.register import IssueRequest, change_status, find_record, find_records, issue
from synqc.apps.fir.numbers.scheme import NumberScheme, check_number
from synqc.apps.fir.numbers.status import RecordStatus, check_step
from synqc.apps.fir.numbers.tables import COMPONENT
from synqc.apps.fir.numbers.verification import SealVerdict, verify_digest, verify_file
from synqc.errors import InputError
from synqc.jobs.ledgers import Ledgers

INDIA = timezone(timedelta(hours=5, minutes=30))
NOON = datetime(2026, 11, 30, 12, 0, 0, tzinfo=INDIA)


def issued(ledger, session_id, scheme, moment=NOON):
    return ledger.writer.call(issue, IssueRequest(session_id, moment, scheme))


def station(name):
    return NumberScheme("{station}/{year}/{serial:4}", station=name)


def new_station():
    return "S" + uuid.uuid4().hex[:10].upper()


def test_the_default_is_the_contracts():
    session_id = str(uuid.uuid4())
    number = NumberScheme().number(session_id, NOON)
    assert re.fullmatch(r"FIR-[a-f0-9]{8}-\d{14}", number)
    assert number == f"FIR-{session_id[:8]}-20261130120000"
    assert check_number(number) == number


@pytest.mark.parametrize(
    ("pattern", "station_code", "words"),
    [
        ("FIR-{year}", "", "numbers differ"),
        ("FIR-{session}", "", "numbers differ"),
        ("{serail}", "", "nearest is `serial`"),
        ("{serial:x}", "", "serial:1"),
        ("{year!r}-{serial}", "", "must be plain"),
        ("{serial", "", "close what it opens"),
        ("FIR {serial}", "", "letters, digits"),
        ("{station}-{serial}", "", "station"),
        ("{serial}", "KTW", "station"),
        ("{0}{serial}", "", "no place"),
        ("x" * 45 + "{serial}", "", "at most 50"),
    ],
)
def test_a_scheme_that_cannot_keep_numbers_apart_is_refused(pattern, station_code, words):
    with pytest.raises(InvalidScheme, match=words):
        NumberScheme(pattern, station_code)


@pytest.mark.parametrize("number", ["", "a b", "x" * 51, "FIR\n", None, 7, "FIR-é"])
def test_what_is_no_number_is_refused_before_anybody_looks_for_it(number):
    with pytest.raises(InputError, match="number"):
        check_number(number)


def test_a_session_that_asks_again_gets_its_number(ledger):
    session_id = str(uuid.uuid4())
    first = issued(ledger, session_id, NumberScheme()).result()
    again = issued(ledger, session_id, NumberScheme(), NOON + timedelta(hours=1)).result()
    assert first == again
    assert first.prepared_at == NOON


def test_numbers_that_would_be_equal_are_told_apart(ledger):
    start = uuid.uuid4().hex[:8]
    sessions = [f"{start}-0000-4000-8000-{number:012d}" for number in range(5)]
    numbers = [issued(ledger, one, NumberScheme()).result().number for one in sessions]
    assert len(set(numbers)) == 5
    assert all(re.fullmatch(r"FIR-[a-f0-9]{8}-\d{14}", number) for number in numbers)


def test_serial_numbers_count_from_one_for_each_station_and_year(ledger):
    first, second = station(new_station()), station(new_station())
    numbers = [issued(ledger, str(uuid.uuid4()), first).result().number for _ in range(3)]
    assert numbers == [f"{first.station}/2026/000{number}" for number in (1, 2, 3)]
    assert issued(ledger, str(uuid.uuid4()), second).result().number == f"{second.station}/2026/0001"
    next_year = NOON.replace(year=2027)
    assert issued(ledger, str(uuid.uuid4()), first, next_year).result().number == f"{first.station}/2027/0001"


def test_two_processes_that_ask_at_once_never_share_a_number(location):
    scheme = station(new_station())
    sessions = [str(uuid.uuid4()) for _ in range(60)]
    with Ledgers() as here, Ledgers() as there, ThreadPoolExecutor(8) as pool:
        ledgers = [here.at(location, [COMPONENT]), there.at(location, [COMPONENT])]
        asked = [(ledger, session_id) for session_id in sessions for ledger in ledgers]
        found = list(pool.map(lambda one: (one[1], issued(one[0], one[1], scheme).result().number), asked))
    by_session = {session_id: {number for asker, number in found if asker == session_id} for session_id in sessions}
    assert all(len(numbers) == 1 for numbers in by_session.values())
    assert len(set().union(*by_session.values())) == 60


def test_status_goes_one_way():
    check_step(RecordStatus.FILED, RecordStatus.CLOSED)
    for now, to in [("draft", "accepted"), ("filed", "draft"), ("closed", "filed"), ("filed", "filed")]:
        with pytest.raises(StatusRefused, match=now):
            check_step(RecordStatus(now), RecordStatus(to))
    assert RecordStatus.DRAFT.of_contract == "pending"
    assert {one.of_contract for one in RecordStatus if one is not RecordStatus.DRAFT} == {"finalized"}


def filed(ledger, report=b'{"a":1}', digest=None):
    """A record with a seal, straight into the register."""
    import hashlib

    number = issued(ledger, str(uuid.uuid4()), NumberScheme()).result().number
    state = hashlib.sha256(json.canonical(json.loads(report))).hexdigest() if digest is None else digest
    seal = json.canonical({"number": number, "digest": state, "files": {"pdf": hashlib.sha256(b"a file").hexdigest()}})
    with ledger.database.writing() as connection:
        change_status(connection, number, RecordStatus.FILED, 1.0, report=report, digest=state, seal=seal)
    return number, state


def test_a_seal_is_genuine_for_what_was_sealed_and_for_nothing_else(ledger):
    number, state = filed(ledger)
    draft = issued(ledger, str(uuid.uuid4()), NumberScheme()).result().number
    with ledger.database.reading() as connection:
        genuine = verify_digest(connection, number, state.upper())
        assert (genuine.verdict, genuine.form, genuine.status) == (SealVerdict.GENUINE, "state", RecordStatus.FILED)
        assert verify_file(connection, number, b"a file").form == "pdf"
        assert verify_file(connection, number, b"a File").verdict is SealVerdict.DIFFERENT
        assert verify_digest(connection, draft, state).verdict is SealVerdict.NOT_SEALED
        with pytest.raises(UnknownNumber):
            verify_digest(connection, "FIR-none", state)


def test_a_register_that_was_changed_says_so(ledger):
    number, state = filed(ledger, digest="0" * 64)
    with ledger.database.reading() as connection:
        assert verify_digest(connection, number, state).verdict is SealVerdict.REGISTER_DAMAGED


def test_lists_are_newest_first_and_go_on_where_they_ended(ledger):
    base = NOON + timedelta(days=int(uuid.uuid4().hex[:4], 16) + 1)
    numbers = [
        issued(ledger, str(uuid.uuid4()), NumberScheme(), base + timedelta(seconds=one // 2)).result().number
        for one in range(6)
    ]
    with ledger.database.reading() as connection:
        above = ((base + timedelta(seconds=9)).timestamp(), "")
        first = find_records(connection, limit=4, before=above)
        last = first[-1]
        rest = find_records(connection, limit=2, before=(last.issued_at, last.number))
        assert {one.number for one in [*first, *rest]} == set(numbers)
        assert [one.issued_at for one in [*first, *rest]] == sorted(
            (o.issued_at for o in [*first, *rest]), reverse=True
        )
        assert find_record(connection, numbers[0]).status is RecordStatus.DRAFT
