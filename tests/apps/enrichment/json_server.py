"""An HTTP server whose answers are what a test says, and which counts what reaches it and how many at once."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class JsonServer:
    """`answer(path, body)` gives a document, or (status, document, headers), or a list of lines to stream.

    Args:
        answer: Replaced at will.
        delay_s: Before each answer.
    """

    def __init__(self, answer=lambda path, body: {}, delay_s=0.0):
        self.answer, self.delay_s = answer, delay_s
        self.asked = []
        self.headers = []
        self.now = self.most_at_once = self.connections = 0
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with server._lock:
                    server.connections += 1

            def finish(self):
                with server._lock:
                    server.connections -= 1
                super().finish()

            def do_GET(self):
                self._do(None)

            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._do(json.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode())

            def _do(self, body):
                with server._lock:
                    server.asked.append((self.path, body))
                    server.headers.append({name.lower(): value for name, value in self.headers.items()})
                    server.now += 1
                    server.most_at_once = max(server.most_at_once, server.now)
                try:
                    time.sleep(server.delay_s)
                    self._send(server.answer(self.path, body))
                except OSError:
                    self.close_connection = True
                finally:
                    with server._lock:
                        server.now -= 1

            def _send(self, answer):
                if isinstance(answer, list):
                    self._stream(answer)
                    return
                status, document, headers = answer if isinstance(answer, tuple) else (200, answer, {})
                raw = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": len(raw), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(raw)

            def _stream(self, lines):
                """Chunked; None in the place of a line breaks the connection."""
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for line in lines:
                    if line is None:
                        self.close_connection = True
                        return
                    raw = json.dumps(line).encode() + b"\n"
                    self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, format, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def count(self, path):
        return sum(one == path for one, _ in self.asked)

    def bodies(self, path):
        return [body for one, body in self.asked if one == path]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
