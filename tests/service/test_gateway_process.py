"""`synqc gateway serve` as a process: it starts, answers, and ends when it is told to."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))

from scripted_server import ScriptedServer, answer


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(tmp_path, told):
    upstream = ScriptedServer()
    upstream.otherwise = answer(usage={"prompt_tokens": 3, "completion_tokens": 2})
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    file = tmp_path / "gateway.toml"
    file.write_text(
        f'[gateway]\nport = {port}\ntrace = "{tmp_path}/trace.jsonl"\n[[provider]]\nname = "p"\n'
        f'base_url = "{upstream.url}"\n[[deployment]]\nname = "d"\nprovider = "p"\nmodel = "m-1"\n'
    )
    said = tmp_path / "stderr"  # a pipe that nobody reads would hold up a gateway that has much to say
    with said.open("w") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "synqc", "gateway", "serve", str(file)], stderr=stderr)
    try:
        body = json.dumps({"model": "m-1", "messages": [{"role": "user", "content": "Why?"}]}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body)
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answered:
                    assert json.load(answered)["choices"][0]["message"]["content"] == "Because."
                break
            except OSError:
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
        taken = subprocess.run(
            [sys.executable, "-m", "synqc", "gateway", "serve", str(file)], capture_output=True, text=True, check=False
        )
        assert taken.returncode == 2
        assert "cannot be served" in taken.stderr
        file.write_text(file.read_text().replace('name = "d"', 'name = "e"'))
        process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 20
        while True:
            with urllib.request.urlopen(request, timeout=20) as answered:
                if answered.headers["x-synqc-deployment"] == "e":
                    break
            assert time.monotonic() < until
            time.sleep(0.02)
        process.send_signal(told)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        upstream.stop()
    record = json.loads((tmp_path / "trace.jsonl").read_text().splitlines()[0])
    assert (record["deployment"], record["cause"], record["completion_tokens"]) == ("d", "ok", 2)
    words = said.read_text()
    assert "Traceback" not in words
    assert f"http://127.0.0.1:{port}/v1 serves m-1." in words
    assert "The configuration was read anew: added e; removed d." in words
