"""Names of backends: each finds its adapter and service, or is refused in one sentence, whatever it is."""

import pytest

import synqc
from synqc.errors import InputError, UnknownName
from synqc.hardware import DriveProbeDriveCircuit
from synqc.hardware.emulated_vendor import EmulatedVendor
from synqc.hardware.ibm import ibm_backend
from synqc.hardware.open_vendor import is_local, missing_credentials, open_backend, open_vendor
from synqc.hardware.plan import dry_run
from synqc.hardware.submission import KIND, RecordedBackend, hardware_work, submit_run
from synqc.hardware.vendor import SubmissionRefused
from synqc.jobs import JobState, Worker, open_ledger

DOORS = (open_vendor, open_backend, is_local, missing_credentials)
NO_NAMES = ["", ":", "ibm", "ibm:", ":fake_manila", "imb:fake_manila", "x" * 10**6, "\0:\0", "IBM:x"]
WORDS = "`name` must be ibm:<backend>, braket:<backend> or ionq:<backend>"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", NO_NAMES, ids=lambda name: repr(name)[:20])
def test_what_is_no_name_is_refused(door, name):
    with pytest.raises(UnknownName, match=WORDS) as refusal:
        door(name)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", [None, 7, b"ibm:aer", ["ibm:aer"]])
def test_what_is_no_text_is_refused(door, name):
    with pytest.raises(InputError, match="must be a text"):
        door(name)


def test_a_misspelt_vendor_is_near_one():
    with pytest.raises(UnknownName, match="near it: ionq"):
        open_vendor("ionk:simulator")


def test_a_fake_takes_the_whole_way_of_a_job(tmp_path):
    experiment = synqc.Experiment(probe_strength=0.4, qubits=1)
    plan = dry_run(experiment, open_backend("ibm:fake_manila"), shots=200)
    with open_ledger(tmp_path) as ledger:
        job_id = submit_run(ledger, plan, budget_usd=0, about={"of": "a test"})
        with Worker(ledger, {KIND: hardware_work(open_vendor, poll_s=0.01)}):
            job = ledger.wait(job_id, timeout_s=120)
    assert job.state is JobState.SUCCEEDED, job.cause
    assert job.payload["about"] == {"of": "a test"}
    run = experiment.run(200, on=RecordedBackend(job.result))
    assert run.emulated
    assert float(run.success) == pytest.approx(0.945, abs=0.09)


def test_a_job_goes_on_in_another_process_from_its_id_and_draws_the_same():
    first, second = (EmulatedVendor(ibm_backend("fake_manila")) for _ in range(2))
    compiled = first.compile(DriveProbeDriveCircuit(strength=0.4))
    vendor_id = first.submit(compiled, 50, tag="synqc-1")
    assert first.find("synqc-1") == [vendor_id]
    assert second.find("synqc-1") == []
    answers = [second.answer(vendor_id, second.compile(compiled.circuit)).shots.bits for _ in range(2)]
    assert answers[0].shape == (50, 2)
    assert (answers[0] == answers[1]).all()


def test_an_emulated_vendor_refuses_what_its_backend_cannot_play_and_machines():
    vendor = EmulatedVendor(ibm_backend("fake_manila"))
    compiled = vendor.compile(DriveProbeDriveCircuit(strength=0.4))
    with pytest.raises(SubmissionRefused, match="`shots`"):
        vendor.submit(compiled, 10**9, tag="synqc-1")
    machine = ibm_backend("fake_manila")
    object.__setattr__(machine.capabilities, "emulated", False)
    with pytest.raises(InputError, match="is a machine"):
        EmulatedVendor(machine)
