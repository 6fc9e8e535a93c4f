"""Servers of a cluster in processes of their own, which tests freeze, kill and cut off."""

import os
import signal
import time
from urllib.parse import quote

from running_server import PREFIX as P
from running_server import RunningServer

LEASE_S = 1.0


class NodeServer(RunningServer):
    """A node: `synqc serve --cluster`, as the same settings start it below uvicorn.

    Args:
        folder: Working directory.
        url: Database, or a relay in front of it.
        environment: More variables.
    """

    application = "node_with_faults:app"

    def __init__(self, folder, url, **environment):
        path = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
        environment = {
            "SYNQC_LEASE_SEC": str(LEASE_S), "SYNQC_CLUSTER": "1", "SYNQC_NODE_NAME": folder.name.replace(" ", "-"),
            **environment,
        }  # fmt: skip
        super().__init__(folder, SYNQC_DATABASE_URL=url, PYTHONPATH=path.rstrip(os.pathsep), **environment)
        self._environment.setdefault("SYNQC_NODE_ADDRESS", self.address)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def answer(self, method, path, body=None):
        """The answer once it is one; a node that registers anew, or waits for a lease to end, says 503."""
        deadline = time.monotonic() + 20
        while (answer := self.request(method, P + path, body))[0] in (503, 504) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert answer[0] == 200, (method, path, answer)
        return answer[1]

    def note(self, session, notes):
        return self.answer("POST", "/sessions", {"session_id": session, "config": {"notes": notes}})

    def notes(self, session):
        return self.answer("GET", f"/sessions/{quote(session, safe='')}")["config"]["notes"]

    def nodes(self):
        """(what is registered by name without its random letters and alive, everything)"""
        found = self.answer("GET", "/cluster")["nodes"]
        return {one["node_id"].rpartition("-")[0]: one for one in reversed(found)}
