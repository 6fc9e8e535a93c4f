"""IonQ's jobs over HTTP: sent once at most, found by their tag, read qubit by qubit."""

import pytest
from ionq_server import KEY, ionq_server

from synqc.errors import InputError, UnknownName
from synqc.hardware import DriveProbeDriveCircuit
from synqc.hardware.backend import Price
from synqc.hardware.ionq_service import IonqBackend, IonqService, ionq_backend, ionq_service
from synqc.hardware.open_vendor import missing_credentials
from synqc.hardware.plan import Plan
from synqc.hardware.submission import KIND, hardware_work, submit_run, tag_of
from synqc.hardware.vendor import SubmissionRefused, VendorFailed, VendorState, VendorUnreachable
from synqc.jobs import JobState, Worker, open_ledger

PLAIN = DriveProbeDriveCircuit(strength=0.4)


@pytest.fixture
def served():
    """Outcomes as whole numbers, whose bit j is qubit j: qubit 0 is the system, qubit 1 the ancilla."""
    with ionq_server({"shots": ["0", "1", "2", "3"]}) as (server, address):
        yield server, IonqService(KEY, IonqBackend("qpu.forte-1", 36), address=address), address


def sent(service, shots=4, tag="synqc-1"):
    return service.submit(service.compile(PLAIN), shots, tag=tag)


def test_a_job_is_sent_found_and_read(served):
    server, service, _ = served
    vendor_id = sent(service)
    assert server.bodies[0]["backend"] == "qpu.forte-1"
    assert (server.bodies[0]["type"], server.bodies[0]["shots"]) == ("ionq.circuit.v1", 4)
    assert service.find("synqc-1") == [vendor_id]
    assert service.find("synqc-2") == []
    assert service.state(vendor_id) is VendorState.DONE
    answer = service.answer(vendor_id, service.compile(PLAIN))
    # Column 0 is the ancilla's bit, column 1 the system's.
    assert answer.shots.bits.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert answer.shots.all_zero is None
    assert server.keys == {f"apiKey {KEY}"}


def test_probabilities_become_as_many_shots_as_were_asked_for():
    with ionq_server({"probabilities": {"1": 0.4005, "2": 0.3335, "0": 0.266}}) as (_, address):
        service = IonqService(KEY, IonqBackend("simulator", 29), address=address)
        bits = service.answer(sent(service, 100), service.compile(PLAIN)).shots.bits.tolist()
    assert len(bits) == 100
    assert [bits.count([0, 1]), bits.count([1, 0]), bits.count([0, 0])] == [40, 33, 27]


def test_every_state_of_their_client_is_known(served):
    from qiskit_ionq.constants import APIJobStatus

    server, service, _ = served
    vendor_id = sent(service)
    for status in APIJobStatus:
        server.status = status.value
        service.state(vendor_id)
    server.status = "pondering"
    with pytest.raises(VendorUnreachable, match="pondering"):
        service.state(vendor_id)


def test_a_tag_is_found_on_a_later_page_too(served):
    server, service, _ = served
    server.listed_per_page = 2
    ids = [sent(service, tag=f"synqc-{number}") for number in range(7)]
    assert service.find("synqc-6") == [ids[6]]
    assert service.find("synqc-7") == []


def test_a_job_that_has_not_ended_is_cancelled(served):
    server, service, _ = served
    vendor_id = sent(service)
    service.cancel(vendor_id)
    assert server.cancelled == []
    server.status = "ready"
    service.cancel(vendor_id)
    assert server.cancelled == [vendor_id]
    assert service.state(vendor_id) is VendorState.CANCELLED


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429])
def test_what_was_refused_is_said_to_be(served, status):
    server, service, _ = served
    server.on_submit = [status]
    with pytest.raises(SubmissionRefused, match=str(status)):
        sent(service)
    assert server.bodies == []


@pytest.mark.parametrize("said", [408, 409, 500, 502, 503, "lost before", "lost after", 302])
def test_what_may_have_been_taken_is_not_called_refused(served, said):
    server, service, _ = served
    server.on_submit = [said]
    with pytest.raises(VendorUnreachable) as refusal:
        sent(service)
    assert KEY not in str(refusal.value)


@pytest.mark.parametrize("document", [b"", b"<html>", b"[]", b'{"id": 5}', b"null", b"\xff\xfe"])
def test_an_answer_without_an_id_is_no_answer(served, document, monkeypatch):
    server, service, _ = served
    monkeypatch.setattr(server, "answer", lambda *_: (200, document))
    with pytest.raises(VendorUnreachable):
        sent(service)


def test_a_result_elsewhere_is_asked_below_the_base_alone(served, monkeypatch):
    server, service, _ = served
    vendor_id = sent(service)
    asked = []

    def answer(method, path, query, body):
        asked.append(path)
        if len(asked) > 1:
            return 404, {}
        return 200, {"id": vendor_id, "shots": 1, "results": {"shots": {"url": "https://elsewhere.example/steal"}}}

    monkeypatch.setattr(server, "answer", answer)
    with pytest.raises(VendorUnreachable):
        service.answer(vendor_id, service.compile(PLAIN))
    assert asked[1:] == ["/https://elsewhere.example/steal"]


def test_a_job_without_a_result_has_failed(served):
    server, service, _ = served
    vendor_id = sent(service)
    server.results = {"histogram": {}}
    with pytest.raises(VendorFailed, match=vendor_id):
        service.answer(vendor_id, service.compile(PLAIN))


def test_a_backend_is_asked_for_its_qubits_and_a_misspelt_one_is_refused(served, monkeypatch):
    _, _, address = served
    found = ionq_backend("qpu.forte-1", key=KEY, address=address, price=Price(usd_per_shot=0.01))
    assert (found.capabilities.qubits, found.capabilities.emulated, found.price.usd_per_shot) == (36, False, 0.01)
    assert ionq_backend("simulator", key=KEY, address=address).capabilities.emulated
    with pytest.raises(UnknownName, match=r"near it: qpu\.forte-1"):
        ionq_backend("qpu.fort-1", key=KEY, address=address)
    monkeypatch.delenv("IONQ_API_KEY", raising=False)
    with pytest.raises(InputError, match="IONQ_API_KEY"):
        ionq_service("simulator", address=address)
    assert missing_credentials("ionq:simulator") == "set IONQ_API_KEY"
    monkeypatch.setenv("IONQ_API_KEY", KEY)
    assert missing_credentials("ionq:simulator") is None
    with pytest.raises(InputError, match="submit a job"):
        found.sample(found.compile(PLAIN), 10)
    with pytest.raises(InputError, match="`adaptive_rule`"):
        found.compile(DriveProbeDriveCircuit.corrected(strength=0.4))


def test_a_lost_answer_sends_no_second_job(served, tmp_path):
    server, service, _ = served
    server.on_submit = ["lost after"]
    backend = IonqBackend("qpu.forte-1", 36, price=Price(usd_per_job=0.3))
    plan = Plan(backend.capabilities, backend.compile(PLAIN), 4, 2.0, 0.3)
    with open_ledger(tmp_path) as ledger:
        job_id = submit_run(ledger, plan, budget_usd=1.0, confirm=True)
        with Worker(ledger, {KIND: hardware_work(lambda name: service, poll_s=0.01)}):
            job = ledger.wait(job_id, timeout_s=60)
    assert job.state is JobState.SUCCEEDED, job.cause
    assert [body["metadata"] for body in server.bodies] == [{"tag": tag_of(job_id)}]
    assert job.result["counts"] == {"00": 1, "01": 1, "10": 1, "11": 1}
