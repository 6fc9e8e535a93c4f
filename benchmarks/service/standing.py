"""What the service costs while it stands: memory, the start, viewers."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.benchmarks.service.servers import Server, service

__all__ = ["measure_memory", "measure_start", "measure_viewers"]

_PREFIX = "/api/v1/synqc"


def measure_start(setting: Setting) -> Mapping[str, Measurement]:
    """From the start of the process to the first answer, with many stored sessions."""
    sessions = 1000 if setting.quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        _write_old_state(Path(folder), sessions, lines=2, rows=0)
        with service(Path(folder)) as server:
            listed = json.loads(server.ask("GET", f"{_PREFIX}/sessions")[1])
            refuse_unless(len(listed) == sessions, f"{len(listed)} sessions were stored")
        times = []
        for _ in range(5):
            with service(Path(folder)) as server:
                times.append(server.seconds_to_answer)
    return {"start": Measurement(statistics.median(times), proof=f"{sessions} sessions are listed")}


def measure_memory(setting: Setting) -> Mapping[str, Measurement]:
    """Memory with many sessions whose logs and telemetry are full and have been read."""
    sessions = 100 if setting.quick else 1000
    with tempfile.TemporaryDirectory() as folder:
        _write_old_state(Path(folder), sessions, lines=1000, rows=512)
        with service(Path(folder)) as importing:
            refuse_unless(importing.ask("GET", f"{_PREFIX}/health")[0] == 200, "no answer after the import")
        with service(Path(folder)) as server:
            for number in range(sessions):
                lines = json.loads(server.ask("GET", f"{_PREFIX}/sessions/old-{number}/logs?limit=1000")[1])["lines"]
                rows = json.loads(server.ask("GET", f"{_PREFIX}/sessions/old-{number}/telemetry?limit=512")[1])["rows"]
                refuse_unless(len(lines) == 1000 and len(rows) == 512, f"{len(lines)} lines, {len(rows)} rows")
            megabytes = server.resident_bytes() / 1e6
    return {"memory": Measurement(megabytes, proof="every session answers 1000 lines and 512 rows")}


def measure_viewers(setting: Setting) -> Mapping[str, Measurement]:
    """Server-sent events to many viewers of one session each, ten rows a second: the share that arrived in order."""
    viewers, seconds = (50, 3.0) if setting.quick else (500, 10.0)
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as server:
        sessions = viewers // 5
        for number in range(sessions):
            server.ask("POST", f"{_PREFIX}/sessions", {"session_id": f"v{number}", "config": {}})
            server.ask("POST", f"{_PREFIX}/sessions/v{number}/run", {})
        shares, gaps = asyncio.run(_watch(server, viewers, sessions, seconds))
    return {
        "viewers": Measurement(
            100 * statistics.median(shares),
            proof=f"{gaps} gaps in the numbers of events" if gaps else "no gap in the numbers of any viewer's events",
            details=(f"{viewers} viewers, least {100 * min(shares):.0f} %, most {100 * max(shares):.0f} %",),
        ),
        "viewers-lost": Measurement(float(gaps), proof="numbers of events follow each other"),
    }


async def _watch(server: Server, viewers: int, sessions: int, seconds: float) -> tuple[list[float], int]:
    async def view(number: int) -> tuple[float, int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
        path = f"{_PREFIX}/sessions/v{number % sessions}/stream"
        writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        rows = gaps = 0
        last: int | None = None
        begin = time.perf_counter()
        while time.perf_counter() < end:
            try:
                line = await asyncio.wait_for(reader.readline(), max(0.0, end - time.perf_counter()))
            except TimeoutError:
                break
            if line.startswith(b"id: "):
                number = int(line[4:])
                gaps += last is not None and number != last + 1
                last = number
            rows += line.startswith(b"event: telemetry")
        writer.close()
        return rows / (10 * (end - begin)), gaps

    end = time.perf_counter() + 1.0 + seconds
    found = await asyncio.gather(*(view(number) for number in range(viewers)))
    return [share for share, _ in found], sum(gaps for _, gaps in found)


def _write_old_state(folder: Path, sessions: int, *, lines: int, rows: int) -> None:
    """A state directory of an earlier service, which is imported at the first start."""
    rng = random.Random(7)  # sessions are kept packed: figures that repeat would flatter them

    def row(index: int) -> dict[str, object]:
        return {
            "timestamp": f"2026-01-02T03:{index // 60:02d}:{index % 60:02d}.{rng.randrange(1000):03d}Z",
            "provider": "sim-local", "fidelity": round(0.96 + 0.01 * rng.random(), 6), "latency_us": 1.38,
            "backaction": 0.013277, "shots_used": 836, "shot_rate": 724637.7,
            "fidelity_standard_error": round(2e-3 * rng.random(), 6),
            "qubits": [round(rng.random(), 4) for _ in range(4)],
        }  # fmt: skip

    def line(index: int) -> str:
        moment = f"2026-01-02T{index // 3600:02d}:{index // 60 % 60:02d}:{index % 60:02d}Z"
        figures = f"fidelity={0.96 + 0.01 * rng.random():.3f} latency=1.4 µs shots_used={836 * index}/50000"
        return f"[{moment}] Run old-20260102T{rng.randrange(10**6):06d}Z completed: {figures}"

    items: list[dict[str, object]] = [
        {
            "session_id": f"old-{number}", "created_at": "2026-01-02T03:04:05.000006", "status": "idle",
            "last_updated_at": "2026-01-02T03:04:05.000006", "status_text": "Idle · last run completed",
            "mode_label": "Sim Local", "config": {}, "last_run_id": None, "shot_limit": 50000, "shots_used": 836,
            "logs": [line(index) for index in range(lines)], "last_kpis": None,
            "telemetry": [row(index) for index in range(rows)],
        }
        for number in range(sessions)
    ]  # fmt: skip
    (folder / "sessions.json").write_text(json.dumps(items))
