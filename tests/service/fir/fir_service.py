"""What tests of the service of reports ask, and a model's server that writes what they can tell apart."""

import math
import sys
from pathlib import Path

from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[2] / "llm"))

from scripted_server import ScriptedServer, answer, document_of, http

from synqc.apps.fir.knowledge.facts import bns_2023

__all__ = ["AUTH_KEY", "COMPLAINT", "REQUIRED_FIELDS", "FirClient", "WritingServer"]

COMPLAINT = "Two boys on a motorcycle snatched my gold chain near the station yesterday."
AUTH_KEY = "key-for-filing"
REQUIRED_FIELDS = {
    "police_station": "Kotwali", "complainant_name": "ज्ञानेश्वरी शुक्ला", "complainant_address": "12, Station Road",
    "incident_date_from": "2026-11-29", "incident_location": "near the station",
    "investigating_officer_name": "Meera Rao", "investigating_officer_rank": "SI",
}  # fmt: skip


class WritingServer(ScriptedServer):
    """Writes summaries and narratives, numbered, and is sure of yes about what a check names in `fitting`.

    Args:
        fitting: Sections of which a check says yes; of others no.
        pauses: Seconds before an answer, by what is asked: summary, narrative or check.
    """

    def __init__(self, fitting=("304",), pauses=None):
        super().__init__()
        self.fitting, self.pauses, self.written = set(fitting), dict(pauses or {}), 0
        self.failing = set()
        self.otherwise = self._answer

    def of(self, kind):
        """Conversations that were about a summary, a narrative or a check."""
        return [
            one for one in map(_said, self.bodies) if one and _kind_of(one) == kind
        ]  # who asks for models says nothing

    def _answer(self, body):
        said = _said(body)
        kind = _kind_of(said)
        pause = self.pauses.get(kind)
        steps = [] if pause is None else [pause]
        if kind in self.failing:
            return [*steps, *http({"error": {"message": "Out of order."}}, 500)]
        if kind == "check":
            is_yes = any(f"\n\n{bns_2023()[int(section)].title}. " in said for section in self.fitting)
            return [*steps, *_weighed(4.0 if is_yes else -4.0)]
        with self._lock:
            self.written += 1
            number = self.written
        text = f"This is {kind} no. {number}. A gold chain was snatched."
        return [*steps, *answer(text)]


def _said(body):
    return "\n".join(one["content"] for one in body.get("messages", ()))


def _kind_of(said):
    if "Summarise the complaint" in said:
        return "summary"
    return "narrative" if "Write the narrative" in said else "check"


def _weighed(margin):
    p = 1 / (1 + math.exp(-margin))
    told = [{"token": "YES", "logprob": math.log(p)}, {"token": "NO", "logprob": math.log(1 - p)}]
    document = document_of("YES" if margin > 0 else "NO")
    document["choices"][0]["logprobs"] = {"content": [{**told[0], "top_logprobs": told}]}
    return http(document)


class FirClient(TestClient):
    """Asks a service, and knows the server behind it."""

    server = None

    @property
    def fir(self):
        """The application object."""
        return self.app.state.applications["fir"].state.fir

    def begun(self, text=COMPLAINT, **more):
        """What a complaint is answered with."""
        answered = self.post("/process", data={"text": text, **more})
        assert answered.status_code == 200, answered.text
        return answered.json()

    def answered(self, session_id, *, status=200, approved=True, **more):
        """What an answer at a gate is answered with."""
        asked = {"session_id": session_id, "approved": approved, "user_input": "", **more}
        got = self.post("/validate", json=asked)
        assert got.status_code == status, got.text
        return got.json()

    def led(self, session_id, until="final_review"):
        """The gate at which a session stands after it was approved up to there."""
        while (gate := self.gate(session_id))["step"] != until:
            self.answered(session_id, token=gate["token"])
        return gate

    def gate(self, session_id):
        """What waits."""
        return self.get(f"/session/{session_id}/gate?wait=true").json()

    def completed(self, text=COMPLAINT, fields=REQUIRED_FIELDS):
        """Session and number of a report whose last gate was passed."""
        session_id = self.begun(text)["session_id"]
        if fields:
            stated = self.post(f"/session/{session_id}/fields", json={"statements": fields})
            assert stated.status_code == 200, stated.text
        gate = self.led(session_id)
        assert self.answered(session_id, token=gate["token"])["completed"]
        return session_id, gate["content"]["fir_number"]

    def filed(self, number, **more):
        """The answer to a wish to file."""
        return self.post("/authenticate", json={"fir_number": number, "auth_key": AUTH_KEY, **more})
