"""A gateway in a thread of this process, over scripted servers, for the tests of this folder."""

import contextlib
import json
import socket
import sys
import threading
import time
from pathlib import Path

import httpx
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from scripted_server import ScriptedServer

from synqc.apps.gateway.configuration import read_configuration
from synqc.service.gateway.application import GatewayApplication

KEYS = {"LAB_KEY": "sk-lab", "GUEST_KEY": "sk-guest", "NEAR_KEY": "sk-upstream-never-to-be-seen"}


class GatewayServer:
    """A gateway over so many servers; `more` is TOML behind its providers and deployments d0, d1, ... of model m-1.

    `deployment` is TOML of every deployment, or a list with that of each.
    """

    def __init__(self, folder, count=1, *, policy='strategy = "preference"', gateway="", deployment="", more="",
                 environment=None):  # fmt: skip
        self.servers = [ScriptedServer() for _ in range(count)]
        lines = [f"[gateway]\n{gateway}\n[policy]\n{policy}\n"]
        for place, server in enumerate(self.servers):
            own = deployment if isinstance(deployment, str) else deployment[place]
            lines.append(f'[[provider]]\nname = "p{place}"\nbase_url = "{server.url}"\nkey_env = "NEAR_KEY"\n')
            lines.append(f'[[deployment]]\nname = "d{place}"\nprovider = "p{place}"\nmodel = "m-1"\n{own}\n')
        self.file = folder / "gateway.toml"
        self.file.write_text("".join(lines) + more)
        environment = {**KEYS, **(environment or {})}
        self.configuration = read_configuration(self.file, environment)
        self.router = self.configuration.router()
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        app = GatewayApplication(
            self.configuration, self.router, reread=lambda: read_configuration(self.file, environment)
        )
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def ask(self, document=None, key=None, path="/v1/chat/completions", **options):
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return self.client.post(path, json=asking() if document is None else document, headers=headers, **options)

    @property
    def requests(self):
        return [server.requests for server in self.servers]

    def stop(self):
        self.client.close()
        self._server.should_exit = True
        self._thread.join(10)
        for server in self.servers:
            server.stop()


@contextlib.contextmanager
def gateways(folder, count=1, **usual):
    """A function that makes gateways, which are stopped at the end; it takes what GatewayServer does."""
    made = []

    def make(count=count, **options):
        made.append(GatewayServer(folder, count, **(usual | options)))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def asking(text="Why?", **more):
    return {"model": "m-1", "messages": [{"role": "user", "content": text}], **more}


def events_of(text):
    """Documents of a stream, [DONE] as None; comments are left out."""
    data = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
    return [None if one == "[DONE]" else json.loads(one) for one in data]


@contextlib.contextmanager
def raw_request(port, document, headers=()):
    """A socket on which a request was sent, for clients that leave."""
    body = json.dumps(document).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", "host: x", f"content-length: {len(body)}", *headers]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        yield connection
