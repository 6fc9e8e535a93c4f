"""Hardware runs: planned without a word, sent once they are confirmed, kept as runs, and named wherever they are."""

import threading
from concurrent.futures import Future

import numpy as np
import pytest
from waiting import wait_until

from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.hardware_runs import HardwareRuns
from synqc.apps.tds.target_backends import TargetBackends
from synqc.hardware.backend import Capabilities, CompiledCircuit, Price, Shots
from synqc.hardware.vendor import VendorAnswer, VendorState
from synqc.settings import Settings
from synqc.storage.errors import StorageUnavailable

P = "/api/v1/synqc"
FAKE = ("ibm-qpu=ibm:fake_manila",)
MACHINE = ("ibm-qpu=ibm:ibm_example usd_per_second=1",)


class Metal:
    """A machine of an account, its price and its service, which counts what it was sent."""

    def __init__(self):
        self.capabilities = Capabilities(
            name="ibm:ibm_example", emulated=False, qubits=8, couplings=None, entangling_gates=("cz",),
            feeds_forward=True, shots_most=None, repetition_delay_us=250.0,
        )  # fmt: skip
        self.price = Price(usd_per_second=1.0)
        self.sent = []
        self.ended = threading.Event()

    def compile(self, circuit, *, seed=0):
        layout = tuple((2 * pair, 2 * pair + 1) for pair in range(circuit.pairs))
        return CompiledCircuit(circuit, "OPENQASM 3.0;", layout, 2 * circuit.pairs, 5.0, {"all": 5.0}, None)

    def submit(self, compiled, shots, *, tag):
        self.sent.append((tag, shots))
        return f"vendor-{len(self.sent)}"

    def find(self, tag):
        return [f"vendor-{number}" for number, (its, _) in enumerate(self.sent, 1) if its == tag]

    def state(self, vendor_id):
        return VendorState.DONE if self.ended.is_set() else VendorState.QUEUED

    def answer(self, vendor_id, compiled):
        bits = np.zeros((self.sent[0][1], compiled.circuit.qubits), dtype=np.uint8)
        bits[:, 1::2] = 1
        return VendorAnswer(Shots(bits, np.zeros_like(bits), np.ones_like(bits)), usd=0.5)

    def cancel(self, vendor_id):
        pass


@pytest.fixture
def metal(monkeypatch):
    """An account with one machine; nothing of it is beyond this process."""
    found = Metal()
    monkeypatch.setenv("QISKIT_IBM_TOKEN", "a-token-of-tests")
    monkeypatch.setattr("synqc.apps.tds.target_backends.open_backend", lambda name, price=None: found)
    monkeypatch.setattr("synqc.apps.tds.hardware_runs.open_vendor", lambda name: found)
    return found


def session_on(client, target="ibm-qpu", session_id="x1", **config):
    body = {"session_id": session_id, "config": {"hardware_target": target, **config}}
    assert client.post(P + "/sessions", json=body).status_code == 200
    return session_id


def asked(client, session_id="x1", **body):
    return client.post(f"{P}/sessions/{session_id}/hardware-runs", json=body)


def listed(client, session_id="x1"):
    answer = client.get(f"{P}/sessions/{session_id}/hardware-runs")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(client, state="succeeded"):
    wait_until(lambda: listed(client)[0]["state"] == state, 60)
    return listed(client)[0]


def targets_of(client):
    return {one["name"]: one for one in client.get(P + "/presets").json()["targets"]}


def test_a_fake_plays_what_is_confirmed_and_says_so_everywhere(client_with):
    client = client_with(target_backends=FAKE)
    session_on(client)
    assert targets_of(client)["ibm-qpu"]["backend"] == "ibm:fake_manila"
    plan = asked(client, shots=200, seed=3)
    assert plan.status_code == 200, plan.text
    assert (plan.json()["job_id"], plan.json()["qubits"], plan.json()["emulated"]) == (None, 2, True)
    assert plan.json()["circuit"].startswith("OPENQASM")
    assert listed(client) == []
    answer = asked(client, shots=200, seed=3, confirm=True)
    assert answer.status_code == 202, answer.text
    found = ended(client)
    run = client.get(f"{P}/runs/{found['run_id']}").json()
    assert (run["emulated"], run["session_id"], len(run["measurements"])) == (True, "x1", 2)
    assert run["measurements"][0]["p1"] > 0.7
    assert set(run["estimates"]) == {"fidelity", "backaction", "information_bits", "latency_us", "success"}
    assert client.post(f"{P}/sessions/x1/recommendation").json()["runs"] == 0
    assert any("played by ibm:fake_manila, an emulated backend" in event for event in run["events"])
    details = client.get(f"{P}/runs/{found['run_id']}/details").json()
    assert details["backend"]["name"] == "ibm:fake_manila"
    assert details["hardware_job"] == answer.json()["job_id"]
    summary = client.get(f"{P}/sessions/x1").json()
    assert (summary["shots_used"], summary["last_run_id"]) == (200, found["run_id"])
    assert client.get(f"{P}/runs/{found['run_id']}/records").status_code == 404
    assert client.get(f"{P}/sessions/x1/telemetry").status_code == 200


def test_nothing_is_sent_without_a_word(client_with, metal):
    client = client_with(target_backends=MACHINE, hardware_budget_usd=10.0)
    session_on(client)
    simulated = client.post(f"{P}/sessions/x1/run", json={"seed": 1}).json()["run"]
    assert simulated["emulated"] is True
    assert any("no hardware was involved" in event for event in simulated["events"])
    assert any("ibm:ibm_example, when they are confirmed" in event for event in simulated["events"])
    assert asked(client, shots=100, budget_usd=9.0).json()["estimated_usd"] == pytest.approx(2.0765)
    assert asked(client, shots=100, confirm=False, budget_usd=9.0).status_code == 200
    for body in ({"confirm": "no"}, {"confirm": None}, {"budget_usd": -1}, {"budget_usd": "NaN"}, {"shots": 0}):
        assert asked(client, **body).status_code == 422
    assert metal.sent == []
    assert client.get(f"{P}/jobs").json() == []


def test_a_machine_is_paid_within_both_budgets_and_sent_one_job_per_key(client_with, metal):
    client = client_with(target_backends=MACHINE, hardware_budget_usd=5.0)
    session_on(client)
    for budget, words in ((1.0, "estimated price"), (6.0, "SYNQC_HARDWARE_BUDGET_USD")):
        refused = asked(client, shots=100, confirm=True, budget_usd=budget)
        assert refused.status_code == 400
        assert words in refused.json()["detail"]
    more = asked(client, shots=60_000, confirm=True, budget_usd=5.0)
    assert "the session has left" in more.json()["detail"]
    assert metal.sent == []
    body = {"shots": 100, "confirm": True, "budget_usd": 4.0, "idempotency_key": "tuesday", "seed": 5}
    job_id = asked(client, **body).json()["job_id"]
    wait_until(lambda: metal.sent)
    assert asked(client, **body).json()["job_id"] == job_id
    waiting = listed(client)[0]
    assert (waiting["run_id"], waiting["emulated"], waiting["backend"]) == (None, False, "ibm:ibm_example")
    assert client.get(f"{P}/sessions/x1").json()["status"] == "idle"
    metal.ended.set()
    found = ended(client)
    assert len(metal.sent) == 1
    assert (found["spent_usd"], found["budget_usd"], found["vendor_id"]) == (0.5, 4.0, "vendor-1")
    run = client.get(f"{P}/runs/{found['run_id']}").json()
    assert run["emulated"] is False
    assert run["kpis"]["fidelity"] == pytest.approx(1.0, abs=0.03)
    assert any("by ibm:ibm_example, a machine" in event for event in run["events"])


def test_a_service_that_was_down_goes_on_by_the_vendors_id_and_keeps_the_run_once(tmp_path, metal):
    settings = Settings(state_dir=tmp_path, target_backends=MACHINE, hardware_budget_usd=5.0, local_model="none")
    from synqc.apps.tds.models import HardwareRunRequest, RunConfiguration

    request = HardwareRunRequest(shots=50, confirm=True, budget_usd=4.0)
    first = TdsApplication(settings)
    first.store.create_or_update("x1", RunConfiguration(hardware_target="ibm-qpu"))[1].result(30)
    job_id = first.hardware_runs.start("x1", request)["job_id"]
    wait_until(lambda: "vendor_id" in first.ledger.parts(job_id))
    first.close()
    metal.ended.set()
    second = TdsApplication(settings)
    try:
        wait_until(lambda: second.hardware_runs.listed("x1")[0]["run_id"])
        run_id = second.hardware_runs.listed("x1")[0]["run_id"]
        assert len(metal.sent) == 1
    finally:
        second.close()
    third = TdsApplication(settings)
    try:
        assert third.hardware_runs.listed("x1")[0]["run_id"] == run_id
        assert third.store.get("x1").shots_used == 50
        assert len(third.database.run_documents("x1", None, 10)) == 1
    finally:
        third.close()


def test_what_a_worker_elsewhere_brought_is_kept_when_somebody_looks(tmp_path, metal):
    from synqc.apps.tds.models import HardwareRunRequest, RunConfiguration
    from synqc.hardware.submission import KIND, hardware_work
    from synqc.jobs import Worker

    settings = Settings(state_dir=tmp_path, hardware_budget_usd=5.0, local_model="none")
    tds = TdsApplication(settings)
    try:
        # Of this service no worker does such jobs.
        runs = HardwareRuns(tds.store, tds.engine, tds.ledger, TargetBackends(()))
        runs.backends = TargetBackends(MACHINE)
        tds.store.create_or_update("x1", RunConfiguration(hardware_target="ibm-qpu"))[1].result(30)
        job_id = runs.start("x1", HardwareRunRequest(shots=50, confirm=True, budget_usd=4.0))["job_id"]
        metal.ended.set()
        with Worker(tds.ledger, {KIND: hardware_work(lambda name: metal, poll_s=0.01)}):
            tds.ledger.wait(job_id, timeout_s=60)
        assert tds.store.get("x1").last_run_id is None
        run_id = runs.listed("x1")[0]["run_id"]
        assert tds.store.get("x1").last_run_id == run_id
        assert runs.listed("x1")[0]["run_id"] == run_id
        assert tds.store.get("x1").shots_used == 50
    finally:
        tds.close()


def test_targets_without_a_backend_or_an_account_stay_emulated_and_say_why(client_with, monkeypatch, tmp_path):
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    client = client_with(target_backends=MACHINE)
    shown = targets_of(client)
    assert (shown["ibm-qpu"]["backend"], shown["ibm-qpu"]["emulated"]) == (None, True)
    assert "QISKIT_IBM_TOKEN" in shown["ibm-qpu"]["backend_state"]
    assert shown["ionq"]["backend_state"] == "No backend is set up: SYNQC_TARGET_BACKENDS names none for ionq."
    assert shown["sim-local"]["backend_state"] is None
    for target, words in (
        ("ibm-qpu", "no account"),
        ("ionq", "No backend"),
        ("sim-local", "ibm-qpu, aws-braket, ionq"),
    ):
        session_on(client, target)
        answer = asked(client, confirm=True)
        assert answer.status_code == 409
        assert words in answer.json()["detail"]
    assert asked(client, "nobody").status_code == 404
    assert client.get(f"{P}/sessions/nobody/hardware-runs").status_code == 404


def test_a_rule_that_a_circuit_cannot_hold_is_named(client_with):
    client = client_with(target_backends=FAKE)
    session_on(client, adaptive_rule="kalman")
    answer = asked(client, confirm=True)
    assert answer.status_code == 400
    assert "`adaptive_rule`" in answer.json()["detail"]


def test_a_vendor_that_does_not_answer_is_said(client_with, metal, monkeypatch):
    from synqc.hardware.vendor import VendorUnreachable

    def unreachable(name, price=None):
        raise VendorUnreachable("IBM's service did not answer: no route to host")

    monkeypatch.setattr("synqc.apps.tds.target_backends.open_backend", unreachable)
    client = client_with(target_backends=MACHINE)
    session_on(client)
    answer = asked(client)
    assert (answer.status_code, "did not answer" in answer.json()["detail"]) == (502, True)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("ibm-qpu", "entries such as"), ("", "entries such as"), ("=ibm:x", "must be one of"),
        ("ibm=ibm:fake_manila", "near it: ibm-qpu"), ("ibm-qpu=imb:fake_manila", "imb:fake_manila"),
        ("ibm-qpu=ibm:", "ibm:"), ("ibm-qpu=ibm:ibm_fez usd_per_secnd=1", "near it: usd_per_second"),
        ("ibm-qpu=ibm:ibm_fez usd_per_second=-1", "at least 0"),
        ("ibm-qpu=ibm:ibm_fez usd_per_second=nan", "at least 0"),
        ("ibm-qpu=ibm:ibm_fez usd_per_second=", "at least 0"), ("sim-local=ibm:aer", "must be one of"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_read_is_refused(entry, words):
    with pytest.raises(ValueError, match=r"SYNQC_TARGET_BACKENDS|`name`") as refusal:
        TargetBackends([entry])
    assert words in str(refusal.value)


def test_a_target_is_named_once():
    with pytest.raises(ValueError, match="ibm-qpu twice"):
        TargetBackends([*FAKE, *FAKE])


def test_jobs_of_others_are_nobodys_hardware_runs(client_with):
    client = client_with(target_backends=FAKE)
    session_on(client)
    tds = client.app.state.tds
    tds.hardware_runs._worker.drain()
    for payload in (None, {"about": None}, {"about": {"session_id": "x2"}}, [1]):
        tds.ledger.submit("hardware", payload)
    assert listed(client) == []
    assert tds.hardware_runs._kept == set()


def test_nothing_is_sent_for_a_session_whose_change_is_refused(client_with, metal, monkeypatch):
    client = client_with(target_backends=MACHINE, hardware_budget_usd=5.0)
    session_on(client)
    tds = client.app.state.tds

    def refused(session, change=None, *_, **__):
        stored = Future()
        stored.set_exception(StorageUnavailable("It belongs to another node by now."))
        return stored

    with monkeypatch.context() as patch:
        patch.setattr(tds.store, "save", refused)
        assert asked(client, shots=100, confirm=True, budget_usd=4.0).status_code == 503
    assert client.get(f"{P}/jobs").json() == []
    assert metal.sent == []
