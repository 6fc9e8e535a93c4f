"""A process that leads sessions through their gates, and says at which, until it is killed: DIRECTORY SESSION..."""

import sys
import time
from pathlib import Path

from scripted_stages import ScriptedStages

from synqc.apps.fir.workflow.errors import AnswerRefused, UnknownSession
from synqc.apps.fir.workflow.steps import Step
from synqc.apps.fir.workflow.workflow import COMPONENTS, Officer, Workflow
from synqc.jobs import Worker
from synqc.jobs.ledgers import Ledgers
from synqc.storage.database import DatabaseLocation

MEERA = Officer("SI Meera Rao")


def slow(function):
    def make(given, stop):
        time.sleep(0.004)
        return function(given, stop)

    return make


def main(directory, sessions):
    stages = {step: slow(function) for step, function in ScriptedStages().functions().items()}
    with Ledgers() as ledgers:
        ledger = ledgers.at(DatabaseLocation(Path(directory)), COMPONENTS)
        ledger.expire(owners_are_gone=True)
        workflow = Workflow(ledger, stages)
        with Worker(ledger, workflow.works, lease_s=2.0):
            workflow.recover()
            print("ready", flush=True)
            for session_id in sessions:
                try:
                    workflow.session(session_id)
                except UnknownSession:
                    workflow.open(MEERA, text="A cycle was stolen.", session_id=session_id)
                lead(workflow, session_id)


def lead(workflow, session_id):
    while workflow.session(session_id).completed_at is None:
        gate = workflow.wait_for_gate(session_id, 20)
        print(gate.step.value, flush=True)
        try:
            note = "blue" if gate.step is Step.SUMMARY else ""
            workflow.accept(session_id, gate.token, MEERA, note=note)
        except AnswerRefused:
            continue


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
