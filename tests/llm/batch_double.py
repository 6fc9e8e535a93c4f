"""A test double of OpenAI's batch interface: files, batches and their states, on a real HTTP server.

`answer(body)` gives (status, document) for a request, or the code of an error, such as "batch_expired".
"""

import json
import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BatchDouble:
    """The server. Batches are answered when `looks` questions for their state have been answered `in_progress`.

    `ends(batch)` may say another end than "completed"; `refuses(method, path)` gives a status, or None. When a batch is
    made `made(batch)` is called, before the server says so; where it is true the connection breaks instead.
    """

    def __init__(self, answer):
        self.answer, self.looks = answer, 1
        self.ends = lambda batch: "completed"
        self.made = lambda batch: None
        self.refuses = lambda method, path: None
        self.files, self.batches, self.sent, self.asked = {}, {}, [], []
        self.held = threading.Event()
        self.held.set()
        self._lock = threading.RLock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                self.answered("GET", b"")

            def do_POST(self):
                self.answered("POST", self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def answered(self, method, body):
                with double._lock:
                    double.asked.append((method, self.path))
                    status = double.refuses(method, self.path)
                    told = {"error": {"message": "Not now."}} if status else double.tell(method, self.path, body)
                if not status and (method, self.path) == ("POST", "/v1/batches") and double.made(told):
                    self.close_connection = True
                    return
                raw = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status or 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def tell(self, method, path, body):
        path = path.removeprefix("/v1")
        if path == "/files":
            (content,) = re.findall(rb'name="file".*?\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
            assert b"batch" in re.findall(rb'name="purpose"\r\n\r\n(.*?)\r\n', body)
            return {"id": self.kept(content)}
        if path.startswith("/files/"):
            return self.files[path.split("/")[2]]
        if path.startswith("/batches?limit="):
            return self.listed(path.partition("&after=")[2])
        if path == "/batches":
            asked = json.loads(body)
            lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
            assert len({line["body"]["model"] for line in lines}) == 1
            assert len({line["custom_id"] for line in lines}) == len(lines)
            assert {(line["method"], line["url"]) for line in lines} == {("POST", asked["endpoint"])}
            batch = {"id": f"batch-{len(self.batches)}", "status": "in_progress", "looks": 0, "lines": lines}
            batch["file"] = asked["input_file_id"]
            self.batches[batch["id"]] = batch
            self.sent += [line["body"] for line in lines]
        else:
            batch = self.batches[path.split("/")[2]]
            if path.endswith("/cancel"):
                batch["status"] = "cancelled"
            elif batch["status"] == "in_progress" and self.held.is_set():
                batch["looks"] += 1
                if batch["looks"] > self.looks:
                    self.end(batch)
        return {name: value for name, value in batch.items() if name not in ("file", "lines", "looks")}

    def listed(self, after):
        """Two at a time, the newest first."""
        names = list(self.batches)[::-1]
        first = names.index(after) + 1 if after else 0
        some = [{"id": name, "input_file_id": self.batches[name]["file"]} for name in names[first : first + 2]]
        return {"object": "list", "data": some, "has_more": first + 2 < len(names)}

    def end(self, batch):
        batch["status"] = self.ends(batch)
        if batch["status"] == "failed":
            batch["errors"] = {"data": [{"code": "invalid", "message": "The file is not for batches."}]}
            return
        good, bad = [], []
        for line in batch["lines"]:
            told = self.answer(line["body"])
            if isinstance(told, str):
                bad.append({"custom_id": line["custom_id"], "response": None, "error": {"code": told, "message": told}})
                continue
            response = {"status_code": told[0], "request_id": "r", "body": told[1]}
            (good if told[0] < 300 else bad).append(
                {"custom_id": line["custom_id"], "response": response, "error": None}
            )
        random.shuffle(good)
        batch["output_file_id"] = self.kept(b"\n".join(json.dumps(line).encode() for line in good)) if good else None
        batch["error_file_id"] = self.kept(b"\n".join(json.dumps(line).encode() for line in bad)) if bad else None

    def kept(self, content):
        name = f"file-{len(self.files)}"
        self.files[name] = content
        return name
