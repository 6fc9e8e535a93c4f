"""What pages poll, beside a bare route with the same bytes."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.benchmarks.service.servers import Server, bare_server, load, service

__all__ = ["measure_polling"]

_PREFIX = "/api/v1/synqc"
_CONNECTIONS = 16
_PATHS = {
    "telemetry-throughput": f"{_PREFIX}/sessions/polled/telemetry?limit=64",
    "session-throughput": f"{_PREFIX}/sessions/polled",
    "export-throughput": f"{_PREFIX}/sessions/polled/export?format=json",
}


def measure_polling(setting: Setting) -> Mapping[str, Measurement]:
    """Requests a second over those of the bare route, turn by turn; and latencies."""
    seconds = 0.5 if setting.quick else 1.5
    found: dict[str, Measurement] = {}
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as server:
        _prepare(server)
        for key, path in _PATHS.items():
            status, body = server.ask("GET", path)
            refuse_unless(status == 200 and json.loads(body) != {}, f"{path} answers {status}")
            same = Path(folder) / "same.json"
            same.write_bytes(body)
            with bare_server(same) as bare:
                refuse_unless(bare.ask("GET", "/answer")[1] == body, "the bare route answers other bytes")
                ratios, rates = [], []
                for _ in range(3 if setting.quick else setting.repetitions):
                    ours = load(server, [["GET", path, ""]] * _CONNECTIONS, seconds)
                    theirs = load(bare, [["GET", "/answer", ""]] * _CONNECTIONS, seconds)
                    refuse_unless(set(ours.statuses) == {"200"} and not ours.failed, f"{path}: {ours.statuses}")
                    rates.append((ours.answered / ours.seconds, theirs.answered / theirs.seconds))
                    ratios.append(rates[-1][0] / rates[-1][1])
            ours_median = statistics.median(rate[0] for rate in rates)
            theirs_median = statistics.median(rate[1] for rate in rates)
            words = f"{ours_median:.0f} against {theirs_median:.0f} a second of a bare route with the same bytes"
            proof = "status 200, same bytes as the bare route"
            if key == "telemetry-throughput":
                refuse_unless(_polls_of_framework(server) == 0, "some polls took the framework's way")
                found[key] = Measurement(ours_median, proof=f"{proof}, none by the framework's way", details=(words,))
            else:
                found[key] = Measurement(100 * statistics.median(ratios), proof=proof, details=(words,))
        path = _PATHS["telemetry-throughput"]
        before = _database_bytes(Path(folder))
        open_loop = [load(server, [["GET", path, ""]] * _CONNECTIONS, 2 * seconds, rate=500) for _ in range(5)]
        found["telemetry-p99"] = Measurement(
            statistics.median(one.p99_ms for one in open_loop),
            proof="every request answered with 200",
            details=(
                f"500 requests a second, open loop: p50 {statistics.median(one.p50_ms for one in open_loop):.2g} ms",
                f"The database grew by {_database_bytes(Path(folder)) - before} bytes, by the flusher alone",
            ),
        )
        found["export-time"] = Measurement(
            min(_milliseconds(server, _PATHS["export-throughput"]) for _ in range(50)),
            proof="status 200",
            details=("1000 log lines and 512 rows; on a connection of its own each",),
        )
    return found


def _polls_of_framework(server: Server) -> float:
    lines = server.ask("GET", "/metrics")[1].decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("synqc_telemetry_by_framework_total "))


def _prepare(server: Server) -> None:
    server.ask("POST", f"{_PREFIX}/sessions", {"session_id": "polled", "config": {}})
    server.ask("POST", f"{_PREFIX}/sessions/polled/run", {"num_iterations": 1})
    for _ in range(512):
        server.ask("GET", _PATHS["telemetry-throughput"])
    for _ in range(1000):
        server.ask("POST", f"{_PREFIX}/sessions/polled/kill")


def _milliseconds(server: Server, path: str) -> float:
    import time

    started = time.perf_counter()
    status, _ = server.ask("GET", path)
    refuse_unless(status == 200, f"{path} answers {status}")
    return (time.perf_counter() - started) * 1e3


def _database_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("synqc.db*"))
