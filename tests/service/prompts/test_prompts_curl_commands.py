"""The commands of docs/prompts.md against a server of its own: no redirect, no key, and every body arrives."""

import argparse
import http.client
import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prompts_service import SelfCheckingWorld, serve
from running_server import RunningServer
from waiting import wait_until

PAGE = (Path(__file__).parents[3] / "docs" / "prompts.md").read_text()
ROLES = {"gpt-4.1": "engineer-1", "o3-mini": "checker-1", "o1": "target-1"}


class NamedWorld(SelfCheckingWorld):
    """Its models have the names of the page."""

    def answer(self, body):
        return super().answer({**body, "model": ROLES[body["model"]]})


class PromptsServer(RunningServer):
    """Serves synthetic prompts at its root."""

    application = "synqc.service:create_app"


@pytest.fixture
def running(tmp_path):
    world = serve(NamedWorld(sound=1.0, failing=0.7))
    server = PromptsServer(
        tmp_path, "--factory", SYNQC_APPLICATIONS="prompts", SYNQC_API_PREFIX="", OPENAI_BASE_URL=world.url,
        OPENAI_API_KEY="k",
    ).start()  # fmt: skip
    yield server
    server.stop()
    world.stop()


def commands():
    """Words of every `curl` of the page."""
    (block,) = [one for one in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "\ncurl " in one]
    words = shlex.split(block, comments=True)
    begins = [place for place, word in enumerate(words) if word == "curl"]
    return [words[begin + 1 : end] for begin, end in zip(begins, [*begins[1:], len(words)], strict=True)]


def send(words, port):
    """What curl sends: (status, parsed answer), redirects not followed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-X", default="GET")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("url")
    asked = parser.parse_args(words)
    url = urlsplit(asked.url)
    headers = {"accept": "*/*", **dict(one.split(": ", 1) for one in asked.H)}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        path = url.path + (f"?{url.query}" if url.query else "")
        connection.request(asked.X, path, None if asked.d is None else asked.d.replace("\n", ""), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_the_older_clients_commands_are_answered_as_they_stand(running):
    start, status, problems, batches = commands()
    code, started = send(start, running.port)
    assert (code, started["status"], started["batch_id"]) == (200, "started", 1), started
    wait_until(lambda: send(status, running.port)[1]["status"] == "completed", 60)
    code, found = send(problems, running.port)
    assert (code, len(found), {row["batch_id"] for row in found}) == (200, 2, {1})
    code, listed = send(batches, running.port)
    assert (code, [one["num_problems"] for one in listed]) == (200, [2])
    assert listed[0]["taxonomy_json"] == {"Algebra": ["Linear equations", "Inequalities"]}
