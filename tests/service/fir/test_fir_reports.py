"""Reports by their numbers over HTTP: filed, listed, shown, verified."""

import hashlib
import json
import re

import pytest
from fir_service import AUTH_KEY, COMPLAINT, REQUIRED_FIELDS
from sqlalchemy import update

from synqc.apps.fir.numbers.tables import records

FIR_NUMBER = re.compile(r"FIR-[a-f0-9]{8}-\d{14}")
UNKNOWN = "FIR-00000000-20261130101010"
HOSTILE = {
    "complainant_name": "{{7919*7907}} <script>alert(1)</script>",
    "complainant_address": "#import \"/etc/passwd\" \\input{x}",
    "suspect_details": "=cmd|' /C calc'!A0", "witnesses": "Ram & Sons <Pvt> \"क्षत्रिय\" 'end'\nRobert'); DROP TABLE--",
    "incident_location": "%s %(x)s ${jndi:ldap://x} \u202egnp.exe",
}  # fmt: skip


@pytest.fixture(scope="module")
def report(shared):
    """Session and number of a filed report."""
    session_id, number = shared.completed()
    assert shared.filed(number).status_code == 200
    return session_id, number


class TestFiling:
    def test_its_number_has_the_contracts_form_and_the_sessions_digits(self, report):
        session_id, number = report
        assert FIR_NUMBER.fullmatch(number)
        assert number[4:12] == session_id[:8]

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"auth_key": "wrong-key-1"}, 401), ({"auth_key": None}, 401), ({"auth_key": "short"}, 422),
            ({"fir_number": UNKNOWN}, 404), ({"fir_number": "FIR-1"}, 400), ({"fir_number": 60 * "9"}, 422),
            ({}, 400), ({"fir_number": None}, 400),
        ],
        ids=str,
    )  # fmt: skip
    def test_refusals_are_the_contracts(self, shared, report, changes, status):
        asked = {"fir_number": report[1], "auth_key": AUTH_KEY, **changes}
        answer = shared.post("/authenticate", json=asked)
        assert answer.status_code == status, answer.text

    def test_by_number_it_is_for_nobody_where_no_key_for_it_is_set(self, open_fir):
        client = open_fir(auth_key=None)
        answer = client.filed(UNKNOWN)
        assert (answer.status_code, answer.json()["code"]) == (500, "auth_key_unset")

    def test_the_later_versions_way_states_signatures_and_files(self, open_fir):
        client = open_fir(auth_key=None)
        session_id, number = client.completed()
        signed = {"complainant_signature": "ज्ञानेश्वरी शुक्ला", "officer_signature": "Meera Rao"}
        answer = client.post("/authenticate", json={"session_id": session_id, **signed})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["fir_number"], found["status"], found["pdf_url"]) == (
            number, "finalized", f"/fir/{number}/files/pdf",
        )  # fmt: skip
        fields = client.get(f"/fir/{number}/files/json").json()["fields"]
        assert fields["complainant_signature"] == signed["complainant_signature"]
        assert fields["investigating_officer_signature"] == "Meera Rao"

    def test_with_a_key_for_filing_that_way_needs_it_too(self, shared):
        session_id, _ = shared.completed()
        assert shared.post("/authenticate", json={"session_id": session_id}).status_code == 401
        assert shared.post("/authenticate", json={"session_id": session_id, "auth_key": AUTH_KEY}).status_code == 200

    def test_a_report_whose_last_gate_was_not_passed_is_not_filed(self, shared):
        session_id = shared.begun()["session_id"]
        gate = shared.led(session_id)
        answer = shared.filed(gate["content"]["fir_number"])
        assert (answer.status_code, answer.json()["kind"]) == (400, "not_completed")


class TestDocument:
    def test_it_says_what_was_approved_and_names_nobody_else(self, shared, report):
        session_id, number = report
        text = shared.get(f"/fir/{number}").json()["fir_content"]
        session = shared.get(f"/session/{session_id}").json()
        assert session["summary"] in text
        for said in ("304", "Bharatiya Nyaya Sanhita, 2023", *REQUIRED_FIELDS.values()):
            assert said in text
        for invented in ("379", "506", "Indian Penal Code", "John", "Unknown"):
            assert invented not in text

    def test_hostile_words_stand_in_every_form_as_they_were_said(self, shared):
        complaint = COMPLAINT + " <img src=x onerror=alert(1)> {{7*7}} javascript:eval(1) \u0915\u094d\u200d\u0937 १२३"
        session_id, number = shared.completed(complaint, fields=REQUIRED_FIELDS | HOSTILE)
        assert shared.get(f"/session/{session_id}").json()["transcript"] == complaint
        assert shared.filed(number).status_code == 200
        said = json.loads(shared.get(f"/fir/{number}/files/json").content)
        for name, value in HOSTILE.items():
            assert said["fields"][name] == value
        text = shared.get(f"/fir/{number}/files/txt").content.decode()
        assert "{{7919*7907}} <script>alert(1)</script>" in text
        assert "62615533" not in text
        for page in (f"/fir/{number}/files/html", f"/view_fir/{number}"):
            shown = shared.get(page).text
            assert "<script" not in shown
            assert "<img" not in shown
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown

    def test_hindi_is_kept_to_the_last_sign(self, shared):
        complaint = "मेरी साइकिल कल रात ११ बजे क्षत्रिय चौक से चोरी हो गई, श्री राम & Sons के सामने।"
        begun = shared.begun(complaint)
        assert begun["content_for_validation"]["transcript"] == complaint
        session = shared.fir.workflow.session(begun["session_id"])
        assert (session.text, session.language) == (complaint, "hi")

    @pytest.mark.parametrize("form", ["pdf", "docx", "html", "txt", "json"])
    def test_each_form_is_handed_out_as_it_was_sealed(self, shared, report, form):
        answer = shared.get(f"/fir/{report[1]}/files/{form}")
        assert answer.status_code == 200
        seal = shared.get(f"/fir/{report[1]}").json()["files"]
        assert hashlib.sha256(answer.content).hexdigest() == seal[form]
        assert f'filename="{report[1]}.{form}"' in answer.headers["content-disposition"]

    def test_it_can_be_seen_before_it_is_filed(self, shared):
        session_id = shared.begun()["session_id"]
        assert shared.get(f"/session/{session_id}/document").status_code == 400
        gate = shared.led(session_id)
        assert shared.get(f"/session/{session_id}/document?form=pdf").content.startswith(b"%PDF")
        number = gate["content"]["fir_number"]
        assert shared.get(f"/fir/{number}/files/pdf").status_code == 400, "nothing of it is sealed yet"
        assert shared.get(f"/fir/{number}").json()["status"] == "pending"


class TestReading:
    @pytest.mark.parametrize(
        ("path", "status"),
        [
            (f"/fir/{UNKNOWN}", 404), ("/fir/FIR-1", 400), (f"/fir/{UNKNOWN}/content", 404), ("/fir/%00", 400),
            ("/fir/FIR-0A1B2C3D-20261130101010", 400), (f"/view_fir/{UNKNOWN}", 404), ("/view_fir/<x>", 400),
            ("/session/x", 400), ("/session/0a1b2c3d-0000-4000-8000-000000000000", 404), ("/session/x/status", 400),
            ("/session/0A1B2C3D-0000-4000-8000-000000000000/status", 404), (f"/fir/{UNKNOWN}/files/exe", 422),
            ("/session/0a1b2c3d-0000-1000-8000-000000000000/gate", 400), ("/fir/..%2F..%2Fetc%2Fpasswd", 400),
        ],
    )  # fmt: skip
    def test_what_there_is_not_is_told_with_the_contracts_codes(self, shared, path, status):
        assert shared.get(path).status_code == status

    def test_pages_escape_and_are_of_html_when_they_refuse_too(self, shared, report):
        for path in ("/view_fir_records", f"/view_fir/{report[1]}", f"/view_fir/{UNKNOWN}", "/view_fir/<x>"):
            answer = shared.get(path)
            assert answer.headers["content-type"].startswith("text/html")
            assert "<x>" not in answer.text
        assert report[1] in shared.get("/view_fir_records").text

    def test_content_is_there_under_both_names(self, shared, report):
        found = shared.get(f"/fir/{report[1]}/content").json()
        assert found["content"] == found["fir_content"]
        assert (found["status"], found["state"]) == ("finalized", "filed")
        assert found["finalized_at"] is not None

    def test_a_session_is_found_in_any_case(self, shared, report):
        assert shared.get(f"/session/{report[0].upper()}/status").json()["session_id"] == report[0]


@pytest.fixture
def numbers(shared):
    """Of all reports, newest first; at least three."""
    while len(found := shared.fir.workflow.records(limit=1000)) < 3:
        shared.led(shared.begun()["session_id"])
    return [one.number for one in found]


class TestLists:
    def test_by_place(self, shared, numbers):
        page = shared.get("/list_firs?limit=2&offset=1").json()
        assert [one["fir_number"] for one in page["records"]] == numbers[1:3]
        assert (page["limit"], page["offset"], page["count"]) == (2, 1, 2)
        assert set(page["records"][0]) == {"fir_number", "status", "created_at"}
        later = shared.get("/firs?limit=2&offset=1").json()
        assert (later["firs"], later["total"]) == (page["records"], len(numbers))

    def test_by_cursor_each_once(self, shared, numbers):
        found, cursor = [], ""
        while cursor is not None:
            page = shared.get("/list_firs", params={"cursor": cursor, "limit": 2, "fields": "fir_number,id"}).json()
            assert page["total_count"] == len(numbers)
            assert all(set(one) == {"fir_number", "id"} for one in page["records"])
            found += [one["fir_number"] for one in page["records"]]
            cursor = page["next_cursor"]
        assert found == numbers

    @pytest.mark.parametrize("query", [
        "limit=0", "limit=101", "limit=x", "limit=1.5", "offset=-1", "offset=99999999999", "fields=secret", "fields=,",
        "cursor=%00", "cursor=abc", "cursor=bm90aGluZw",
    ])  # fmt: skip
    def test_what_is_no_page_is_400(self, shared, query):
        assert shared.get(f"/list_firs?{query}").status_code == 400


class TestSeals:
    def test_what_was_filed_is_genuine_by_file_and_by_digest(self, shared, report):
        number = report[1]
        pdf = shared.get(f"/fir/{number}/files/pdf").content
        digest = hashlib.sha256(pdf).hexdigest()
        found = shared.get(f"/verify/{number}", params={"digest": digest.upper()}).json()
        assert (found["verdict"], found["form"], found["status"]) == ("genuine", "pdf", "filed")
        page = shared.post("/verify", data={"fir_number": number}, files={"file": ("a.pdf", pdf)})
        assert "Genuine: this is what was filed" in page.text

    def test_one_byte_makes_it_another_and_a_number_that_there_is_not_says_the_same(self, shared, report):
        pdf = bytearray(shared.get(f"/fir/{report[1]}/files/pdf").content)
        pdf[len(pdf) // 2] ^= 1
        digest = hashlib.sha256(pdf).hexdigest()
        told = [shared.get(f"/verify/{number}", params={"digest": digest}).json() for number in (report[1], UNKNOWN)]
        assert [{**one, "fir_number": ""} for one in told] == 2 * [{**told[0], "fir_number": ""}]
        assert told[0]["verdict"] == "not_genuine"
        page = shared.post("/verify", data={"fir_number": "<b>1</b>"}, files={"file": ("a.pdf", bytes(pdf))})
        assert "Not genuine" in page.text
        assert "<b>1" not in page.text

    def test_a_draft_is_not_genuine(self, shared):
        gate = shared.led(shared.begun()["session_id"])
        number, digest = gate["content"]["fir_number"], gate["content"]["digest"]
        assert shared.get(f"/verify/{number}", params={"digest": digest}).json()["verdict"] == "not_genuine"

    def test_a_register_that_was_changed_is_told(self, open_fir):
        client = open_fir()
        _, number = client.completed()
        digest = client.filed(number).json()["digest"]
        with client.fir.ledger.database.writing() as connection:
            connection.execute(update(records).values(digest="0" * 64))
        assert client.get(f"/verify/{number}", params={"digest": digest}).json()["verdict"] == "register_damaged"


def test_a_filed_report_is_accepted_and_closed_and_goes_nowhere_else(shared):
    _, number = shared.completed()
    refused = shared.post(f"/fir/{number}/status", json={"to": "accepted"})
    assert refused.status_code == 400
    shared.filed(number)
    for state in ("accepted", "closed"):
        assert shared.post(f"/fir/{number}/status", json={"to": state}).json()["state"] == state
    assert shared.post(f"/fir/{number}/status", json={"to": "accepted"}).status_code == 400
    assert shared.get(f"/fir/{number}").json()["status"] == "finalized"


def test_numbers_of_a_stations_own_form_are_found_with_their_slashes_encoded(open_fir):
    client = open_fir(number_pattern="{station}/{year}/{serial:4}", station_code="KTW")
    _, number = client.completed()
    assert re.fullmatch(r"KTW/\d{4}/0001", number)
    path = number.replace("/", "%2F")
    assert client.get(f"/fir/{path}").json()["fir_number"] == number
    assert client.filed(number).json()["pdf_url"] == f"/fir/{path}/files/pdf"
    assert client.get(f"/fir/{path}/files/pdf").status_code == 200
    assert client.get(f"/view_fir/{path}").status_code == 200
