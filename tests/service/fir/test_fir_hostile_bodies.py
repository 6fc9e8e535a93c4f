"""Bodies that nobody means: refused by name, and nothing of them is stored."""

import json

import pytest
from fir_service import COMPLAINT
from scripted_server import refusal

LONE = "\ud800"


@pytest.fixture
def gate(shared):
    return shared.led(shared.begun()["session_id"], "violations_review")


def posted(client, path, body):
    return client.post(path, content=json.dumps(body), headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        ({"violations": [{"act": LONE, "section": "1"}]}, 422, "half of a surrogate pair"),
        ({"violations": [{"act": "x", "section": "1", "db": LONE}]}, 422, "half of a surrogate pair"),
        ({"violations": [{"act": ["x"], "section": "1"}]}, 400, "`act` of a provision must be text, but is list"),
        ({"violations": [{"act": "x", "section": "1", "accepted": 1e999}]}, 400, "`accepted` of a provision must be"),
        ({"violations": [{"act": "x", "section": "1", "verdict": "guilty"}]}, 400, "must be yes, no or unknown"),
        ({"violations": [{"act": "x", "section": "1", "sentence": "life"}]}, 400, "no member `sentence`"),
        ({"violations": [{"act": "x", "section": "1"}, {"act": "x", "section": "1"}]}, 400, "twice"),
        ({"violations": [7]}, 400, "must be an object, but is int"),
        ({"violations": 201 * [{"act": "x", "section": "1"}]}, 400, "a list of at most 200 provisions"),
        ({"violations": "x"}, 400, "must be a list"), ({"summary": "x", "violations": []}, 400, "one member"),
        ({"fir_content": "x"}, 400, ""), ({"summary": 50_001 * "x"}, 400, "1 to 50,000 characters"),
        ({}, 400, "member"),
    ],
)  # fmt: skip
def test_edits(shared, gate, content, status, words):
    asked = {"session_id": gate["session_id"], "approved": False, "token": gate["token"], "content": content}
    answer = posted(shared, "/validate", asked)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert shared.gate(gate["session_id"])["token"] == gate["token"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"statements": {"complainant_name": LONE}}, 422), ({"statements": {LONE: "x"}}, 422),
        ({"statements": {"complainant_nam": "x"}}, 400), ({"statements": {"incident_summary": "x"}}, 400),
        ({"statements": {"complainant_name": ""}}, 400), ({"statements": {"complainant_name": 7}}, 422),
        ({"statements": {"complainant_name": "x"}, "base": "0" * 64}, 409), ({"statements": None}, 422),
    ],
)  # fmt: skip
def test_fields(shared, gate, body, status):
    path = f"/session/{gate['session_id']}/fields"
    assert posted(shared, path, body).status_code == status
    assert {one["value"] for one in shared.get(path).json()["fields"]} == {None}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"session_id": LONE}, 422), ({"session_id": "x"}, 400), ({"session_id": None}, 422),
        ({"approved": "maybe"}, 422),
        ({"user_input": 10_001 * "x"}, 422), ({"user_input": LONE}, 422), ({"token": "x"}, 422),
        ({"decision": "sign"}, 422), ({"decision": "edit"}, 400), ({"token": "0" * 64}, 409),
    ],
)  # fmt: skip
def test_answers(shared, gate, changes, status):
    asked = {"session_id": gate["session_id"], "approved": True, "token": gate["token"], **changes}
    assert posted(shared, "/validate", asked).status_code == status
    assert shared.gate(gate["session_id"])["token"] == gate["token"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"text": "short"}, 400), ({"text": " " * 60}, 400), ({"text": "x" * 50_001}, 400),
        ({"text": "x" * 50_000}, 200),
        ({"text": COMPLAINT, "language": "fr"}, 400), ({"text": COMPLAINT, "input_type": "video"}, 422),
        ({"text": COMPLAINT, "input_type": "image"}, 400), ({}, 400),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_complaints(shared, form, status):
    assert shared.post("/process", data=form).status_code == status


def test_a_complaint_in_the_address_is_taken_and_nothing_of_it_is_changed(shared):
    said = f"{COMPLAINT}  NUL \x00, \u202eturned, tab\tand two  blanks "
    begun = shared.post("/process", params={"text": said})
    assert begun.json()["content_for_validation"]["transcript"] == said


def test_what_the_callers_mistake_is_is_not_asked_again(open_fir):
    client = open_fir(computes_ahead=False)
    client.server.otherwise = refusal(400)
    client.answered(client.begun()["session_id"], status=502)
    first = client.server.requests
    client.answered(client.begun()["session_id"], status=502)
    assert client.server.requests - first == 1, "once it is known what the server does not understand, one is enough"


def test_after_a_rejection_no_model_is_asked(open_fir):
    client = open_fir()
    session_id = client.begun()["session_id"]
    client.led(session_id, "summary_review")
    client.answered(session_id, approved=False, reason="It names nobody.")
    session = client.fir.workflow.session(session_id)
    assert session.tickets == ()
    assert client.fir.workflow.recover() == 0


def test_nothing_found_is_an_empty_list(shared):
    assert shared.get("/provisions?q=zzqqzz").json()["hits"] == []
    assert shared.get("/provisions?q=").status_code == 422
    first, again = (shared.get("/provisions?q=my bicycle was stolen").json() for _ in range(2))
    assert (first["hits"], first["cached"], again["cached"]) == (again["hits"], False, True)
