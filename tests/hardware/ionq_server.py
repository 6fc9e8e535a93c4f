"""IonQ's interface on 127.0.0.1: jobs in memory, and failures as they are told to it."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "a-key-of-tests"


class IonqServer:
    """What answers.

    Args:
        results: Result of each job, "shots" or "probabilities": what its address answers.
    """

    def __init__(self, results):
        self.results = results
        self.bodies = []
        self.cancelled = []
        self.status = "completed"
        self.on_submit = []
        """For each submission in turn: a status to refuse with, "lost before" or "lost after" it was taken."""
        self.keys = set()
        self.listed_per_page = 100

    def job(self, number):
        name = next(iter(self.results))
        status = "canceled" if f"job-{number}" in self.cancelled else self.status
        results = {name: {"url": f"/v0.4/jobs/job-{number}/results/{name}"}} if status == "completed" else None
        body = self.bodies[number]
        return {
            "id": f"job-{number}", "status": status, "shots": body["shots"], "metadata": body["metadata"],
            "results": results,
        }  # fmt: skip

    def answer(self, method, path, query, body):
        """Status and document; None to hang up."""
        if (method, path) == ("POST", "/jobs"):
            said = self.on_submit.pop(0) if self.on_submit else None
            if isinstance(said, int):
                return said, {"message": "no"}
            if said == "lost before":
                return None
            self.bodies.append(body)
            return None if said == "lost after" else (200, {"id": f"job-{len(self.bodies) - 1}", "status": "submitted"})
        if path == "/backends":
            return 200, [{"backend": "simulator", "qubits": 29}, {"backend": "qpu.forte-1", "qubits": 36}]
        if path == "/jobs":
            first = int(query.get("next", 0))
            last = first + self.listed_per_page
            listed = [self.job(number) for number in range(len(self.bodies))][first:last]
            return 200, {"jobs": listed, "next": str(last) if last < len(self.bodies) else None}
        parts = path.strip("/").split("/")
        if method == "PUT" and parts[2:] == ["status", "cancel"]:
            self.cancelled.append(parts[1])
            return 200, {}
        if parts[2:3] == ["results"]:
            return 200, self.results[parts[3]]
        return 200, self.job(int(parts[1].removeprefix("job-")))


@contextmanager
def ionq_server(results):
    """Server and its address, for as long as the block lasts."""
    served = IonqServer(results)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            served.keys.add(self.headers.get("authorization"))
            path, _, query = self.path.removeprefix("/v0.4").partition("?")
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
            found = served.answer(self.command, path, pairs, body)
            if found is None:
                self.connection.close()
                return
            status, document = found
            text = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("location", "/v0.4/elsewhere")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):
            self._answer()

        def do_POST(self):
            self._answer()

        def do_PUT(self):
            self._answer()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served, f"http://127.0.0.1:{server.server_port}/v0.4"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
