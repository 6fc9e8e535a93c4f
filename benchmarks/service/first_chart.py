"""How long a browser waits for the control page's first chart over a slow line."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, import_peer, refuse_unless
from synqc.benchmarks.service.servers import Server, service

__all__ = ["measure_first_chart"]

_PREFIX = "/api/v1/synqc"
_LINE = {"offline": False, "latency": 40, "downloadThroughput": 250_000, "uploadThroughput": 250_000}
"""2 Mbit/s, and 40 ms to the server and back."""
_ROWS = 512


def measure_first_chart(setting: Setting) -> Mapping[str, Measurement]:
    """From the address to the drawn telemetry of a session that has all the rows and lines which the page asks for."""
    playwright = import_peer("playwright.sync_api")
    program = os.environ.get("SYNQC_CHROMIUM", "/usr/bin/chromium")
    if not Path(program).exists():
        raise Unavailable(f"There is no Chromium at {program}: SYNQC_CHROMIUM names another.")
    rows = 16 if setting.quick else _ROWS
    times, arrived = [], 0
    with tempfile.TemporaryDirectory() as folder, service(Path(folder)) as server, playwright.sync_playwright() as run:
        _fill(server, rows)
        browser = run.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(1 if setting.quick else 5):
            seconds, arrived = _wait(browser, server)
            times.append(seconds)
        browser.close()
    return {
        "first-chart": Measurement(
            statistics.median(times), best=min(times), proof="the line is drawn in the page",
            details=(f"{arrived} bytes arrived before it",),
        )
    }  # fmt: skip


def _fill(server: Server, rows: int) -> None:
    status, _ = server.ask("POST", f"{_PREFIX}/sessions", {"session_id": "s", "config": {}})
    refuse_unless(status == 200, f"the session was answered with {status}")
    for _ in range(rows):  # a run of one iteration leaves a row and some lines
        server.ask("POST", f"{_PREFIX}/sessions/s/run", {"mode": "dryrun"})


def _wait(browser: Any, server: Server) -> tuple[float, int]:
    """Seconds to the first chart in a window that has nothing yet, and the bytes that came meanwhile."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    line = context.new_cdp_session(page)
    sizes: list[int] = []
    line.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", _LINE)
    begin = time.perf_counter()
    page.goto(f"http://127.0.0.1:{server.port}/ui#session=s")
    page.wait_for_selector("#telemetry-chart .line", state="attached", timeout=120_000)
    seconds = time.perf_counter() - begin
    context.close()
    return seconds, int(sum(sizes))
