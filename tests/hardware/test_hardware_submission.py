"""Whatever is lost on the way to a vendor, a job is sent there once at most, and its budget holds."""

import itertools

import pytest
from scripted_vendor import ScriptedVendor
from waiting import wait_until

import synqc
from synqc.errors import InputError
from synqc.hardware import DriveProbeDriveCircuit, circuit_of
from synqc.hardware.backend import Capabilities
from synqc.hardware.plan import Plan
from synqc.hardware.submission import KIND, RecordedBackend, hardware_work, submit_run, tag_of
from synqc.hardware.vendor import VendorUnreachable
from synqc.jobs import JobState, RunningJob, StopReason, Work, Worker, open_ledger

METAL = Capabilities(
    name="ibm:ibm_example", emulated=False, qubits=5, couplings=None, entangling_gates=("cz",), feeds_forward=True,
    shots_most=None, repetition_delay_us=250.0,
)  # fmt: skip


class Crash(BaseException):
    """The process ended here."""


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(tmp_path) as found:
        yield found


def plan(usd=1.5, shots=100):
    compiled = ScriptedVendor().compile(DriveProbeDriveCircuit(strength=0.4))
    return Plan(METAL, compiled, shots, 3.0, usd)


def submitted(ledger, **options):
    return submit_run(ledger, plan(), **{"budget_usd": 2.0, "confirm": True} | options)


def work_of(vendor):
    return hardware_work(lambda name: vendor, poll_s=0.001)


def attempt(ledger, vendor, job_class=RunningJob):
    """Claim the job and do it, as a worker would, on this thread; returns the state that it has then."""
    (claimed,) = ledger.claim("worker-1", {KIND: 1}, lease_s=60.0)
    job, work = job_class(ledger, claimed), work_of(vendor)
    try:
        return ledger.complete(claimed, work.function(job))
    except Exception as error:
        return ledger.fail(claimed, f"{type(error).__name__}: {error}", retry=not isinstance(error, work.permanent))


def test_a_worker_brings_a_result_that_is_a_run(ledger):
    vendor = ScriptedVendor(states=("queued", None, "running", "done"), usd=0.7)
    asked = synqc.Experiment(probe_strength=0.4, qubits=1)
    with Worker(ledger, {KIND: work_of(vendor)}):
        job = ledger.wait(submitted(ledger), timeout_s=60)
    assert job.state is JobState.SUCCEEDED, job.cause
    assert job.spending.usd_micros.spent == 700_000
    assert job.spending.usd_micros.reserved == 0
    played = RecordedBackend(job.result)
    assert not played.capabilities.emulated
    compiled = played.compile(circuit_of(asked))
    assert (compiled.layout, compiled.entangling_gates) == (((0, 1),), 2)
    shots = played.sample(compiled, 100)
    assert shots.bits.tolist() == [[0, 1]] * 100
    assert shots.all_one.tolist() == [[1, 1]] * 100
    with pytest.raises(InputError, match="`shots` must be 100, but is 99"):
        played.sample(compiled, 99)
    with pytest.raises(InputError, match="its circuit was another one"):
        played.compile(DriveProbeDriveCircuit(strength=0.3))


@pytest.mark.parametrize("listed_after", [0, 2])
@pytest.mark.parametrize("crash_at", range(14))
def test_a_process_that_ends_anywhere_sends_the_job_once_at_most(ledger, crash_at, listed_after):
    """It ends before or after each thing that it does outside itself; another goes on until the job has ended."""
    vendor = ScriptedVendor(states=("queued", "running", "done"), listed_after=listed_after)
    steps = itertools.count()

    def counted(call):
        def crashing(*arguments, **options):
            if next(steps) == crash_at:
                raise Crash
            answer = call(*arguments, **options)
            if next(steps) == crash_at:
                raise Crash
            return answer

        return crashing

    for name in ("submit", "find", "state", "answer"):
        setattr(vendor, name, counted(getattr(vendor, name)))

    class Crashing(RunningJob):
        def keep(self, name, value):
            if next(steps) == crash_at:
                raise Crash
            kept = super().keep(name, value)
            kept.result()
            if next(steps) == crash_at:
                raise Crash
            return kept

    job_id = submitted(ledger)
    with pytest.raises(Crash):
        attempt(ledger, vendor, Crashing)
    ledger.expire(owners_are_gone=True)
    wait_until(lambda: (ledger.seconds_to_next() or 0) <= 0)
    attempt(ledger, vendor)
    ended = ledger.job(job_id)
    assert len(vendor.jobs) <= 1
    if vendor.jobs:
        assert ended.state is JobState.SUCCEEDED, ended.cause
        assert ended.result["vendor_id"] == "vendor-0"
    else:
        assert ended.state is JobState.FAILED
        assert tag_of(job_id) in ended.cause
    if ended.state is JobState.SUCCEEDED:
        assert ended.spending.usd_micros.spent == 1_500_000


def test_a_submission_whose_answer_was_lost_is_found_by_its_tag(ledger):
    vendor = ScriptedVendor(on_submit=["lost after"], listed_after=2)
    submitted(ledger)
    assert attempt(ledger, vendor) is JobState.SUCCEEDED
    assert len(vendor.jobs) == 1


def test_a_vendor_that_answers_nothing_after_the_submission_is_asked_by_later_attempts(ledger):
    """It is down while the submission is looked for, and again while the result is fetched."""
    vendor = ScriptedVendor(on_submit=["lost after"])
    find, answer, failures = vendor.find, vendor.answer, iter([True, False, True, False])

    def unless_down(call):
        def asked(*arguments):
            if next(failures):
                raise VendorUnreachable("503")
            return call(*arguments)

        return asked

    vendor.find, vendor.answer = unless_down(find), unless_down(answer)
    submitted(ledger)
    for expected in (JobState.QUEUED, JobState.QUEUED, JobState.SUCCEEDED):
        wait_until(lambda: (ledger.seconds_to_next() or 0) <= 0)
        assert attempt(ledger, vendor) is expected
    assert len(vendor.jobs) == 1


def test_a_submission_that_nobody_knows_of_is_never_sent_again(ledger):
    vendor = ScriptedVendor(on_submit=["lost before"])
    job_id = submitted(ledger)
    assert attempt(ledger, vendor) is JobState.FAILED
    assert ledger.job(job_id).spending.usd_micros.reserved + ledger.job(job_id).spending.usd_micros.spent == 1_500_000
    ledger.retry(job_id)
    assert attempt(ledger, vendor) is JobState.FAILED
    assert vendor.jobs == {}


def test_a_refused_submission_costs_nothing_and_may_be_tried_again(ledger):
    vendor = ScriptedVendor(on_submit=["refused"])
    job_id = submitted(ledger)
    assert attempt(ledger, vendor) is JobState.FAILED
    assert "closed on Sundays" in ledger.job(job_id).cause
    assert ledger.job(job_id).spending.usd_micros.spent == 0
    ledger.retry(job_id)
    assert attempt(ledger, vendor) is JobState.SUCCEEDED
    assert ledger.job(job_id).spending.usd_micros.spent == 1_500_000


def test_a_job_that_failed_at_the_vendors_is_not_sent_again(ledger):
    vendor = ScriptedVendor(states=("failed",))
    job_id = submitted(ledger)
    assert attempt(ledger, vendor) is JobState.FAILED
    ledger.retry(job_id)
    assert attempt(ledger, vendor) is JobState.FAILED
    assert len(vendor.jobs) == 1


def test_a_request_that_is_repeated_is_one_job(ledger):
    assert submitted(ledger, idempotency_key="one") == submitted(ledger, idempotency_key="one")
    assert sum(ledger.counts().values()) == 1


def test_an_attempt_that_lost_its_claim_before_it_sent_sends_nothing(ledger):
    vendor = ScriptedVendor()
    job_id = submitted(ledger)
    (claimed,) = ledger.claim("worker-1", {KIND: 1}, lease_s=60.0)
    late = RunningJob(ledger, claimed, answered_until=0.0)
    with pytest.raises(synqc.errors.SynqcError, match="nothing was sent"):
        work_of(vendor).function(late)
    assert vendor.jobs == {}
    assert ledger.job(job_id).state is JobState.RUNNING


def test_a_cancel_reaches_the_vendor(ledger):
    vendor = ScriptedVendor(states=("running",))
    job_id = submitted(ledger)
    with Worker(ledger, {KIND: work_of(vendor)}):
        assert vendor.asked.wait(60)
        ledger.cancel(job_id)
        assert ledger.wait(job_id, timeout_s=60).state is JobState.CANCELLED
        wait_until(lambda: vendor.cancelled == ["vendor-0"])


def test_a_worker_that_leaves_does_not_cancel_and_the_next_goes_on(ledger):
    vendor = ScriptedVendor(states=("running",))
    job_id = submitted(ledger)
    with Worker(ledger, {KIND: work_of(vendor)}):
        assert vendor.asked.wait(60)
    assert ledger.job(job_id).state is JobState.QUEUED
    vendor.states = ["done"]
    with Worker(ledger, {KIND: work_of(vendor)}):
        assert ledger.wait(job_id, timeout_s=60).state is JobState.SUCCEEDED
    assert vendor.cancelled == []
    assert len(vendor.jobs) == 1


def test_what_costs_is_confirmed_within_a_budget(ledger):
    with pytest.raises(InputError, match=r"`confirm` must be True to run on ibm:ibm_example for about 1\.50 USD"):
        submit_run(ledger, plan(), budget_usd=2.0)
    with pytest.raises(InputError, match=r"`budget_usd` must be at least the estimated price, 1\.50, but is 1"):
        submit_run(ledger, plan(), budget_usd=1, confirm=True)
    with pytest.raises(InputError, match="`plan` must have a price"):
        submit_run(ledger, plan(usd=None), budget_usd=1, confirm=True)
    assert sum(ledger.counts().values()) == 0


def test_a_stopped_look_for_a_submission_ends_it_at_the_vendors(ledger):
    vendor = ScriptedVendor(on_submit=["lost after"], listed_after=1)
    submitted(ledger)
    (claimed,) = ledger.claim("worker-1", {KIND: 1}, lease_s=60.0)
    job = RunningJob(ledger, claimed)
    listing = vendor.find

    def find(tag):
        job.stop(StopReason.CANCELLED)
        return listing(tag)

    vendor.find = find
    work: Work = work_of(vendor)
    with pytest.raises(synqc.errors.SynqcError, match="shall stop"):
        work.function(job)
    assert vendor.cancelled == ["vendor-0"]
