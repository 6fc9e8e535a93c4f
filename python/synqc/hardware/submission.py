"""Runs on machines as durable jobs: each is sent at most once, whatever is lost on the way."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.errors import InputError
from synqc.hardware.backend import Capabilities, CompiledCircuit, Price, Shots, bits_of_texts
from synqc.hardware.circuit import DriveProbeDriveCircuit
from synqc.hardware.plan import Plan
from synqc.hardware.vendor import (
    SubmissionRefused,
    UnknownSubmission,
    Vendor,
    VendorFailed,
    VendorState,
    VendorUnreachable,
)
from synqc.jobs import (
    Amount,
    Budget,
    BudgetExceeded,
    JobStopped,
    Ledger,
    LostClaim,
    RetryPolicy,
    RunningJob,
    StopReason,
    Work,
)

__all__ = ["KIND", "RecordedBackend", "check_submission", "hardware_work", "submit_run", "tag_of"]

KIND = "hardware"

_log = logging.getLogger("synqc.hardware")

_CHARGE = "submission"
_PERMANENT = (InputError, SubmissionRefused, UnknownSubmission, VendorFailed, BudgetExceeded)
_PATIENCE = RetryPolicy(attempts=30, most_s=600.0)
"""Four hours without a word of the vendor's; nothing is sent twice meanwhile."""
_LOOKS = 4
"""For a submission whose answer was lost: vendors list a new job with a delay."""


def submit_run(
    ledger: Ledger, plan: Plan, *, budget_usd: float, confirm: bool = False, seed: int = 0,
    idempotency_key: str | None = None, about: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    """Have a plan carried out by a worker of the ledger; returns the job's id when it is stored for good.

    Args:
        ledger: The ledger of jobs.
        plan: As `dry_run` made it.
        budget_usd: What it may cost at most.
        confirm: Must be True where it costs something, or plays on a machine.
        seed: Seed of the compiler.
        idempotency_key: Key of this request: one that is repeated with it is answered with the first one's job.
        about: Notes that are kept with the job as its payload's member `about`, and sent to nobody.

    Raises:
        InputError: It is not confirmed, its price is not known, or it is more than the budget.
    """
    check_submission(plan, budget_usd=budget_usd, confirm=confirm)
    usd = plan.usd or 0.0
    payload = {
        "backend": plan.capabilities.name, "circuit": dataclasses.asdict(plan.compiled.circuit), "shots": plan.shots,
        "seed": seed, "usd_micros": math.ceil(usd * 1e6), "emulated": plan.capabilities.emulated,
        "repetition_delay_us": plan.capabilities.repetition_delay_us, "qubits": plan.capabilities.qubits,
        "about": about or {},
    }  # fmt: skip
    return ledger.submit(
        KIND, payload, budget=Budget(usd_micros=math.ceil(budget_usd * 1e6)), idempotency_key=idempotency_key,
        retry=_PATIENCE,
    )  # fmt: skip


def check_submission(plan: Plan, *, budget_usd: float, confirm: bool) -> None:
    """Refuse what `submit_run` would refuse, before anything else is done about it.

    Args:
        plan, budget_usd, confirm: As of `submit_run`.

    Raises:
        InputError: It is not confirmed, its price is not known, or it is more than the budget.
    """
    if plan.usd is None:
        raise InputError("Argument `plan` must have a price: make its backend with price=Price(...) of your contract.")
    if not (math.isfinite(budget_usd) and plan.usd <= budget_usd):
        raise InputError(
            f"Argument `budget_usd` must be at least the estimated price, {plan.usd:.2f}, but is {budget_usd}."
        )
    if confirm is not True and (plan.usd > 0 or not plan.capabilities.emulated):
        raise InputError(
            f"Argument `confirm` must be True to run on {plan.capabilities.name} for about {plan.usd:.2f} USD, but is "
            f"{confirm!r}."
        )


def hardware_work(open_vendor: Callable[[str], Vendor], *, poll_s: float = 5.0, concurrency: int = 8) -> Work:
    """What does jobs of `submit_run`.

    Before anything is sent, the price is reserved and the intention is kept on disk; the vendor's id is kept before the
    first question about it. An attempt that finds an id goes on with it; one that finds an intention alone looks at the
    vendor's for the job's tag, and never sends again.

    Args:
        open_vendor: Given a backend's name, the service that has it.
        poll_s: Between two questions how a job stands.
        concurrency: Jobs that a worker follows at once.
    """
    return Work(lambda job: _Following(job, open_vendor, poll_s).result(), concurrency, _PERMANENT)


def tag_of(job_id: str) -> str:
    """Tag that a job carries at the vendor's."""
    return f"synqc-{job_id}"


class _Following:
    """One attempt at a job."""

    def __init__(self, job: RunningJob, open_vendor: Callable[[str], Vendor], poll_s: float) -> None:
        self._job = job
        self._request = job.payload
        self._vendor = open_vendor(self._request["backend"])
        self._poll_s = poll_s
        self._stopped = threading.Event()
        job.on_stop(self._stopped.set)

    def result(self) -> dict[str, Any]:
        kept = self._job.kept()
        vendor_id = kept.get("vendor_id")
        if vendor_id is None:
            vendor_id = self._found() if kept.get("submitting") else self._sent()
        self._wait(vendor_id)
        sent = self._job.kept()["submitting"]
        compiled = _compiled_from(_circuit_from(self._request["circuit"]), sent["compiled"])
        answer = self._vendor.answer(vendor_id, compiled)
        self._settle(answer.usd, sent["attempt"])
        return {
            "vendor_id": vendor_id, "backend": self._request["backend"], "emulated": self._request["emulated"],
            "qubits": self._request["qubits"], "repetition_delay_us": self._request["repetition_delay_us"],
            "circuit": self._request["circuit"], "compiled": _facts(compiled), "counts": _counts(answer.shots.bits),
            "counts_of_all_zero": _counts(answer.shots.all_zero), "counts_of_all_one": _counts(answer.shots.all_one),
        }  # fmt: skip

    def _sent(self) -> str:
        job, tag = self._job, tag_of(self._job.id)
        compiled = self._vendor.compile(_circuit_from(self._request["circuit"]), seed=self._request["seed"])
        for earlier in range(1, job.attempt):  # those kept no intention, and so have sent nothing
            with contextlib.suppress(LostClaim):
                self._settle(0.0, earlier)
        job.reserve(_CHARGE, Amount(usd_micros=self._request["usd_micros"]))
        job.keep("submitting", {"tag": tag, "attempt": job.attempt, "compiled": _facts(compiled)}).result()
        job.check()
        if time.monotonic() >= job.answered_until:
            raise JobStopped(f"Job {job.id} may be another worker's by now: nothing was sent.")
        try:
            vendor_id = self._vendor.submit(compiled, self._request["shots"], tag=tag)
        except SubmissionRefused:
            self._settle(0.0, job.attempt)
            job.keep("submitting", None).result()
            raise
        except Exception as error:
            _log.warning("What became of the submission of job %s is not known: %s", job.id, error)
            return self._found()
        return self._kept(vendor_id)

    def _found(self) -> str:
        """The job that an earlier submission made, by its tag."""
        tag = tag_of(self._job.id)
        for _ in range(_LOOKS):
            found = self._vendor.find(tag)
            if len(found) == 1:
                return self._kept(found[0])
            if found:
                break
            self._pause(tag)
        many = f"{len(found)} jobs with" if found else "no job with"
        raise UnknownSubmission(
            f"Whether {self._request['backend']} took job {self._job.id} is not known: it lists {many} the tag {tag}. "
            "It is not sent again; retry the job to look once more."
        )

    def _kept(self, vendor_id: str) -> str:
        """Where another attempt has the job by now, that one finds it by its tag."""
        self._job.keep("vendor_id", vendor_id).result()
        return vendor_id

    def _wait(self, vendor_id: str) -> None:
        while True:
            if self._job.stop_reason is StopReason.CANCELLED:
                self._cancel(vendor_id)
            self._job.check()
            try:
                state = self._vendor.state(vendor_id)
            except VendorUnreachable as error:
                _log.warning("%s does not answer, and is asked again: %s", self._request["backend"], error)
                state = VendorState.QUEUED
            if state is VendorState.DONE:
                return
            if state in (VendorState.FAILED, VendorState.CANCELLED):
                raise VendorFailed(f"{self._request['backend']} ended its job {vendor_id}: it is {state}.")
            self._stopped.wait(self._poll_s)

    def _pause(self, tag: str) -> None:
        self._stopped.wait(self._poll_s)
        if self._job.stop_reason is StopReason.CANCELLED:
            for vendor_id in self._vendor.find(tag):
                self._cancel(vendor_id)
        self._job.check()

    def _cancel(self, vendor_id: str) -> None:
        try:
            self._vendor.cancel(vendor_id)
        except VendorUnreachable as error:
            _log.error("Job %s of %s is still under way there: %s", vendor_id, self._request["backend"], error)

    def _settle(self, usd: float | None, attempt: int) -> None:
        """What the attempt that reserved it has cost; None: what was reserved."""
        micros = self._request["usd_micros"] if usd is None else math.ceil(usd * 1e6)
        claimed = dataclasses.replace(self._job.claimed, attempt=attempt)
        self._job.ledger.settle(claimed, _CHARGE, Amount(usd_micros=micros))


class RecordedBackend:
    """What a job of `submit_run` brought, as a backend that plays it back.

    Args:
        result: Result of the job.
    """

    def __init__(self, result: dict[str, Any]) -> None:
        self._result = result
        self.capabilities = Capabilities(
            name=result["backend"], emulated=result["emulated"], qubits=result["qubits"], couplings=None,
            entangling_gates=(), feeds_forward=True, shots_most=None,
            repetition_delay_us=result["repetition_delay_us"],
        )  # fmt: skip
        self.price: Price | None = Price()

    def compile(self, circuit: DriveProbeDriveCircuit, *, seed: int = 0) -> CompiledCircuit:
        """What was played; raises InputError if that was another circuit."""
        if circuit != _circuit_from(self._result["circuit"]):
            raise InputError("Argument `on` must hold a job of this experiment, but its circuit was another one.")
        return _compiled_from(circuit, self._result["compiled"])

    def sample(self, compiled: CompiledCircuit, shots: int, *, seed: int = 0) -> Shots:
        """What was read, in no order; raises InputError unless that were so many shots."""
        played = _bits(self._result["counts"], compiled.circuit.qubits)
        if played is None or len(played) != shots:
            raise InputError(f"Argument `shots` must be {0 if played is None else len(played)}, but is {shots}.")
        qubits = compiled.circuit.qubits
        return Shots(
            played, _bits(self._result["counts_of_all_zero"], qubits), _bits(self._result["counts_of_all_one"], qubits)
        )


def _circuit_from(document: dict[str, Any]) -> DriveProbeDriveCircuit:
    corrections = tuple((if_zero, if_one) for if_zero, if_one in document["corrections"])
    return DriveProbeDriveCircuit(**{**document, "corrections": corrections})


def _facts(compiled: CompiledCircuit) -> dict[str, Any]:
    return {
        "text": compiled.text, "layout": compiled.layout, "entangling_gates": compiled.entangling_gates,
        "duration_us": compiled.duration_us, "latency_terms": compiled.latency_terms,
    }  # fmt: skip


def _compiled_from(circuit: DriveProbeDriveCircuit, facts: dict[str, Any]) -> CompiledCircuit:
    layout = tuple((system, ancilla) for system, ancilla in facts["layout"])
    return CompiledCircuit(circuit, **{**facts, "layout": layout}, native=None)


def _counts(bits: NDArray[np.uint8] | None) -> dict[str, int] | None:
    if bits is None:
        return None
    return dict(Counter("".join(map(str, row[::-1])) for row in bits.tolist()))


def _bits(counts: dict[str, int] | None, qubits: int) -> NDArray[np.uint8] | None:
    if counts is None:
        return None
    return bits_of_texts([text for text, count in counts.items() for _ in range(count)], qubits)
