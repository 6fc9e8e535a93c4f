"""A vendor's service in memory, which fails as it is told to, and counts what it was sent."""

import threading

import numpy as np

from synqc.hardware.backend import CompiledCircuit, Shots
from synqc.hardware.vendor import SubmissionRefused, VendorAnswer, VendorState, VendorUnreachable


class ScriptedVendor:
    """Jobs live as long as this object, whatever becomes of workers.

    Args:
        on_submit: For each submission in turn: "taken", "refused", "lost before" or "lost after" it was taken.
        listed_after: Questions for a tag until a job is listed.
        states: Answers to questions for a job's state in turn, the last for ever; None: unreachable.
    """

    def __init__(self, *, on_submit=(), listed_after=0, states=("done",), usd=None):
        self.on_submit = list(on_submit)
        self.listed_after = listed_after
        self.states = list(states)
        self.usd = usd
        self.jobs = {}
        self.cancelled = []
        self.asked = threading.Event()

    def compile(self, circuit, *, seed=0):
        return CompiledCircuit(circuit, "OPENQASM 3.0;", ((0, 1),), 2, 5.0, {"all": 5.0}, None)

    def submit(self, compiled, shots, *, tag):
        said = self.on_submit.pop(0) if self.on_submit else "taken"
        if said == "refused":
            raise SubmissionRefused("The vendor is closed on Sundays.")
        if said == "lost before":
            raise VendorUnreachable("connection reset")
        vendor_id = f"vendor-{len(self.jobs)}"
        self.jobs[vendor_id] = (tag, shots)
        if said == "lost after":
            raise ConnectionResetError("connection reset")
        return vendor_id

    def find(self, tag):
        if self.listed_after:
            self.listed_after -= 1
            return []
        return [vendor_id for vendor_id, (its_tag, _) in self.jobs.items() if its_tag == tag]

    def state(self, vendor_id):
        self.asked.set()
        if vendor_id in self.cancelled:
            return VendorState.CANCELLED
        said = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if said is None:
            raise VendorUnreachable("no route to host")
        return VendorState(said)

    def answer(self, vendor_id, compiled):
        shots = self.jobs[vendor_id][1]
        bits = np.zeros((shots, compiled.circuit.qubits), dtype=np.uint8)
        bits[:, 1] = 1
        return VendorAnswer(Shots(bits, np.zeros_like(bits), np.ones_like(bits)), usd=self.usd)

    def cancel(self, vendor_id):
        self.cancelled.append(vendor_id)
