"""Jobs of IBM's sampler, in a service of this process that plays them on a fake machine."""

import warnings

import pytest
from qiskit_ibm_runtime import SamplerV2
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from synqc.hardware import DriveProbeDriveCircuit
from synqc.hardware.backend import Price
from synqc.hardware.ibm import IbmBackend
from synqc.hardware.ibm_service import IbmService
from synqc.hardware.vendor import SubmissionRefused, VendorState, VendorUnreachable


class LocalService:
    """What `IbmService` asks of `QiskitRuntimeService`, for jobs that its own samplers made."""

    def __init__(self):
        self.made = {}

    def sampler(self, backend, options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made = SamplerV2(mode=backend, options={"simulator": {"seed_simulator": 7}})
        outer = self

        class Sampler:
            def run(self, circuits, *, shots):
                job = made.run(circuits, shots=shots)
                outer.made[job.job_id()] = (job, options["environment"]["job_tags"])
                return job

        return Sampler()

    def jobs(self, *, job_tags, limit):
        return [job for job, tags in self.made.values() if set(job_tags) <= set(tags)][:limit]

    def job(self, job_id):
        return self.made[job_id][0]


@pytest.fixture
def machine():
    return IbmBackend(FakeManilaV2(), pairs=[(0, 1)])


def test_a_job_is_sent_found_by_its_tag_and_read(machine):
    local = LocalService()
    service = IbmService(local, machine, sampler=local.sampler)
    compiled = service.compile(DriveProbeDriveCircuit.corrected(strength=0.4))
    sent = service.submit(compiled, 200, tag="synqc-job-1")
    assert service.find("synqc-job-1") == [sent]
    assert service.find("synqc-job-2") == []
    answer = service.answer(sent, compiled)
    assert service.state(sent) is VendorState.DONE
    assert answer.shots.bits.shape == answer.shots.all_one.shape == (200, 2)
    assert answer.shots.bits[:, 1].mean() > 0.8
    assert answer.shots.all_zero.mean() < 0.1
    assert answer.shots.all_one.mean() > 0.85
    service.cancel(sent)


def test_the_price_is_that_of_the_seconds_the_machine_says(machine):
    local = LocalService()
    machine.price = Price(usd_per_second=2.0)
    service = IbmService(local, machine, sampler=local.sampler)
    compiled = service.compile(DriveProbeDriveCircuit(strength=0.4))
    sent = service.submit(compiled, 10, tag="synqc-job-1")
    local.made[sent][0].usage = lambda: 3.0
    assert service.answer(sent, compiled).usd == 6.0


def test_what_the_client_refuses_was_not_sent_and_what_it_loses_is_not_known(machine):
    class Refusing:
        def run(self, circuits, *, shots):
            raise IBMInputValueError("too many shots")

    service = IbmService(LocalService(), machine, sampler=lambda backend, options: Refusing())
    with pytest.raises(SubmissionRefused, match="too many shots"):
        service.submit(service.compile(DriveProbeDriveCircuit(strength=0.4)), 10, tag="t")
    with pytest.raises(VendorUnreachable, match="KeyError"):
        service.state("unknown")
