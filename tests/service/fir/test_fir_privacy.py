"""No word of a complaint stands in logs, metrics, jobs or errors, whatever becomes of it."""

import logging

import pytest
from fir_service import COMPLAINT
from scripted_server import http

from synqc import metrics
from synqc.jobs import JobFilter
from synqc.service.middleware.secrets_in_addresses import keep_out_of_access_logs

SAID = "Xylophonium"


@pytest.fixture
def written(caplog):
    """Everything that is logged, as it is formatted."""
    with caplog.at_level(logging.DEBUG):
        for name in ("synqc", "synqc.fir", "synqc.requests", "synqc.service", "synqc.llm", "synqc.jobs"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        yield lambda: "\n".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records if is_ours(one))
    for name in ("synqc", "synqc.fir", "synqc.requests", "synqc.service", "synqc.llm", "synqc.jobs"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def is_ours(record):
    """The client of these tests writes down what it asks."""
    return record.name.partition(".")[0] in ("synqc", "uvicorn", "asyncio", "py", "root")


def jobs_of(client):
    return [(one.payload, one.result, one.cause) for one in client.fir.ledger.jobs(JobFilter(limit=100))]


def test_of_a_session_that_goes_well(open_fir, written):
    client = open_fir()
    session_id = client.begun(f"{COMPLAINT} {SAID}.")["session_id"]
    client.answered(session_id, user_input=f"He said {SAID}.")
    client.answered(session_id, approved=False, reason=f"No {SAID}.")
    client.post(f"/regenerate/{session_id}", params={"step": "summary_review", "user_input": SAID})
    gate = client.gate(session_id)
    client.answered(session_id, token=gate["token"], content={"summary": f"{SAID} was stolen."})
    client.led(session_id)
    client.post(f"/session/{session_id}/fields", json={"statements": {"suspect_details": SAID}})
    client.get(f"/provisions?q={SAID}")
    assert SAID in client.get(f"/session/{session_id}").json()["transcript"]
    assert SAID not in written()
    assert SAID not in metrics.exposition("").text
    assert jobs_of(client)
    assert SAID not in str(jobs_of(client))


def test_of_one_whose_model_fails_and_quotes_it(open_fir, written):
    client = open_fir(computes_ahead=False)
    client.server.otherwise = http({"error": {"message": f"Cannot answer {SAID}"}}, 400)
    session_id = client.begun(f"{COMPLAINT} {SAID}.")["session_id"]
    client.post("/validate", json={"session_id": session_id, "approved": True})
    assert SAID not in written()
    assert SAID not in str(jobs_of(client))


def test_of_one_that_is_refused(shared, written):
    shared.post("/process", data={"text": f"{COMPLAINT} {SAID}", "language": SAID})
    shared.post("/process", data={"text": SAID * 10_000})
    shared.post("/validate", json={"session_id": SAID, "approved": True, "user_input": SAID})
    shared.post("/validate", json={"session_id": "x", "approved": SAID})
    shared.post("/process", content=SAID.encode(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert SAID not in written()


def test_addresses_in_logs_of_servers_have_stars_in_its_place(caplog):
    keep_out_of_access_logs()
    with caplog.at_level(logging.INFO, "uvicorn.access"):
        logging.getLogger("uvicorn.access").info(
            '%s - "%s %s HTTP/%s" %d', "192.0.2.1:5", "POST", f"/regenerate/x?step=a&user_input={SAID}", "1.1", 200
        )
        logging.getLogger("uvicorn.access").info('"%s %s"', "POST", f"/process?text={SAID}")
    assert SAID not in caplog.text
    assert "user_input=***" in caplog.text
