"""Stages that say what they were given and what they were asked, in the place of models."""

import threading

from synqc.apps.fir.workflow.stages import StageResult
from synqc.apps.fir.workflow.steps import Step

BNS = "Bharatiya Nyaya Sanhita, 2023"


def provision(section, verdict="yes", **more):
    accepted = {"yes": True, "no": False, "unknown": None}[verdict]
    return {
        "act": BNS,
        "section": section,
        "title": f"Title of {section}",
        "verdict": verdict,
        "accepted": accepted,
    } | more


class ScriptedStages:
    """Counts calls; each text is another one, as a model's would be.

    Args:
        provisions: What the checks say.
        held: Steps whose stages wait until `let_go` is set.
        model: Name of the model that wrote the texts.
    """

    def __init__(self, provisions=None, held=(), model="small-model"):
        self.model = model
        self.provisions = [provision("303(2)")] if provisions is None else provisions
        self.calls = []
        self.failing = {}
        self.held, self.let_go, self.entered = set(held), threading.Event(), threading.Event()
        self._lock = threading.Lock()

    def functions(self):
        return {step: self._function(step) for step in Step if step is not Step.FINAL}

    def of(self, step):
        return [given for one, given in self.calls if one is step]

    def _function(self, step):
        def make(given, stop):
            with self._lock:
                self.calls.append((step, dict(given)))
                number = len(self.calls)
            if step in self.held:
                self.entered.set()
                stop.on_stop(self.let_go.set)
                self.let_go.wait(20)
                stop.check()
            if step in self.failing:
                raise self.failing.pop(step)
            if step is Step.VIOLATIONS:
                return StageResult({"violations": self.provisions}, "small-model", "a" * 64)
            member = {Step.TRANSCRIPT: "transcript", Step.SUMMARY: "summary", Step.NARRATIVE: "fir_narrative"}[step]
            return StageResult({member: f"{member} no. {number}: चोरी"}, self.model, "b" * 64)

        return make
