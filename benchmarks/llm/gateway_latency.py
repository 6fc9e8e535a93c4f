"""What the gateway adds: the same requests to a server directly and through the gateway, turn by turn.

Beside it LiteLLM's proxy, where `SYNQC_LITELLM` names its program or `litellm` is one: it wants other versions of what
the service stands on, so that it lives in an environment of its own, which `make bench` prepares.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from synqc.benchmarks.llm.answering_server import TEXT
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, refuse_unless
from synqc.benchmarks.service.load import LoadResult
from synqc.benchmarks.service.servers import Server, load

__all__ = ["measure_gateway"]

_CONNECTIONS = 16
_RATES = (100.0, 1000.0)
_BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "why? " * 40}], "max_tokens": 100})
_DOOR = "/v1/chat/completions"
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_LITELLM_BEGINS_IN_S = 180.0
_BIFROST = (
    "Bifrost's authors state 11 us inside it at 5,000 requests a second on 4 processors, and 0.99 ms at 500 on 2: "
    "figures of theirs, not measured here"
)


def measure_gateway(setting: Setting) -> Mapping[str, Measurement]:
    """Milliseconds added at the 99th percentile at 1,000 requests a second, and processor time of a request."""
    seconds = 1.0 if setting.quick else 3.0
    added: dict[float, list[float]] = {rate: [] for rate in _RATES}
    medians: dict[float, list[float]] = {rate: [] for rate in _RATES}
    processor: list[float] = []
    with _answering() as direct, _gateway(direct.port) as through:
        status, body = through.ask("POST", _DOOR, json.loads(_BODY))
        text = json.loads(body)["choices"][0]["message"]["content"] if status == 200 else body
        refuse_unless(text == TEXT, f"The gateway answers {status}: {text!r:.200}")
        _load(through, 0.5, 100.0)
        for _ in range(3):
            for rate in _RATES:
                alone = _load(direct, seconds, rate)
                before = _processor_seconds(through)
                both = _load(through, seconds, rate)
                processor.append(1e6 * (_processor_seconds(through) - before) / both.answered)
                added[rate].append(both.p99_ms - alone.p99_ms)
                medians[rate].append(both.p50_ms - alone.p50_ms)
        peers = (_litellm_beside(direct, seconds), _BIFROST)
    words = tuple(
        f"At {rate:.0f} requests a second {statistics.median(medians[rate]):.2f} ms are added at the median and "
        f"{statistics.median(added[rate]):.2f} ms at the 99th percentile" for rate in _RATES
    )  # fmt: skip
    proof = "the server's text through the gateway; every request answered with 200"
    return {
        "gateway-added-p99": Measurement(
            statistics.median(added[1000.0]), min(added[1000.0]), proof=proof, details=(*words, *peers)
        ),
        "gateway-processor-time": Measurement(statistics.median(processor), min(processor), proof=proof),
    }


def _load(server: Server, seconds: float, rate: float) -> LoadResult:
    result = load(server, [["POST", _DOOR, _BODY]] * _CONNECTIONS, seconds, rate)
    refuse_unless(set(result.statuses) == {"200"} and not result.failed, f"Answers were {result.statuses}.")
    return result


def _litellm_beside(direct: Server, seconds: float) -> str:
    """What LiteLLM's proxy adds, in one worker as ours is."""
    program = os.environ.get("SYNQC_LITELLM") or shutil.which("litellm")
    if program is None:
        return "LiteLLM's proxy is not installed: SYNQC_LITELLM names no program"
    if shutil.which(program) is None:
        return f"LiteLLM's proxy: SYNQC_LITELLM is {program!r}, which is no program"
    try:
        with _litellm(program, direct.port) as through:
            status, body = through.ask("POST", _DOOR, json.loads(_BODY))
            refuse_unless(
                status == 200 and json.loads(body)["choices"][0]["message"]["content"] == TEXT,
                f"LiteLLM's proxy answers {status}: {body!r:.200}",
            )
            _load(through, 2.0, 20.0)
            told = []
            for rate in _RATES:
                alone, both = _load(direct, seconds, rate), _load(through, seconds, rate)
                told.append(
                    f"at {rate:.0f} requests a second {both.p50_ms - alone.p50_ms:.2f} ms at the median and "
                    f"{both.p99_ms - alone.p99_ms:.2f} ms at the 99th percentile, with "
                    f"{both.answered / both.seconds:.0f} answered a second"
                )
    except Unavailable as error:
        return f"LiteLLM's proxy: {error}"
    return f"LiteLLM's proxy {_version_of(program)}, one worker, once, adds " + ", ".join(told)


def _version_of(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60).stdout
    return told.split()[-1] if told.split() else "of an unknown version"


def _processor_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


@contextmanager
def _answering() -> Iterator[Server]:
    port = _free_port()
    with _running(["-m", "synqc.benchmarks.llm.answering_server", str(port)], port) as server:
        yield server


@contextmanager
def _gateway(port_of_server: int) -> Iterator[Server]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.toml"
        file.write_text(
            f'[gateway]\nport = {port}\n[[provider]]\nname = "p"\nbase_url = "http://127.0.0.1:{port_of_server}/v1"\n'
            '[[deployment]]\nprovider = "p"\nmodel = "m"\nprompt_price = "1"\ncompletion_price = "2"\n'
        )
        with _running(["-m", "synqc", "gateway", "serve", str(file)], port) as server:
            yield server


@contextmanager
def _litellm(program: str, port_of_server: int) -> Iterator[Server]:
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "litellm.yaml"
        file.write_text(
            "model_list:\n- model_name: m\n  litellm_params:\n    model: openai/m\n    api_key: none\n"
            f"    api_base: http://127.0.0.1:{port_of_server}/v1\nlitellm_settings:\n  telemetry: false\n"
            # No key, as ours asks for none here.
            "general_settings:\n  dangerously_permit_weak_or_unset_master_key: true\n"
        )
        command = ["--config", str(file), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        with _running(command, port, program, _LITELLM_BEGINS_IN_S) as server:
            yield server


@contextmanager
def _running(arguments: list[str], port: int, program: str = sys.executable, seconds: float = 60.0) -> Iterator[Server]:
    started = time.perf_counter()
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            if process.poll() is not None:
                raise Unavailable(f"{program} {' '.join(arguments[:4])} ended with exit code {process.returncode}.")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.perf_counter() - started > seconds:
                    raise Unavailable(
                        f"{program} {' '.join(arguments[:4])} does not listen within {seconds:.0f} s."
                    ) from None
                time.sleep(0.02)
        yield Server(process, port, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
