"""200 sessions at once create, run, poll at 10 Hz, kill and export: no error, nothing told of is lost, no lag.

Longer: `SYNQC_LOAD_SECONDS=60 pytest -s tests/service/test_many_sessions.py`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from running_server import PREFIX as P
from running_server import RunningServer

SECONDS = float(os.environ.get("SYNQC_LOAD_SECONDS", "3"))
SESSIONS = 200
# A bound of the histogram, and the share of wakes that may be later. A short run shares its processors with other
# tests, and only tells of gross defects: a blocking call in the loop, or threads without number.
LAG, SHARE = ("0.015625", 0.01) if SECONDS >= 30 else ("0.0625", 0.3)


def test_200_sessions_at_once(tmp_path):
    server = RunningServer(tmp_path, "--no-access-log").start()
    try:
        command = [sys.executable, str(Path(__file__).with_name("load_of_sessions.py"))]
        command += [str(server.port), str(SESSIONS), str(SECONDS)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
            assert load.stdout.readline() == "begun\n"
            before = lag_of(server)
            output = load.stdout.read()
        assert load.returncode == 0
        after = lag_of(server)
        told = json.loads(output)
        wakes = after["+Inf"] - before["+Inf"]
        late = wakes - (after[LAG] - before[LAG])
        print({name: value for name, value in told.items() if name != "runs"}, f"late {late} of {wakes}")
        assert told["errors"] == []
        assert told["counts"]["telemetry"] > SESSIONS * SECONDS  # a tenth of what 10 Hz are: the load really was there
        assert {"create", "run", "export"} <= told["counts"].keys()
        assert len(told["runs"]) >= SESSIONS
        server.kill()
        server.start()
        for run_id, shots_used in told["runs"].items():
            status, run = server.request("GET", f"{P}/runs/{run_id}")
            assert status == 200, f"{run_id} was told of and is lost"
            assert run["kpis"]["shots_used"] == shots_used
        assert {one["status"] for one in server.api("GET", "/sessions")} <= {"idle", "terminated"}
    finally:
        server.stop()
    assert wakes > SECONDS * 5
    assert late <= SHARE * wakes, f"{late:.0f} of {wakes:.0f} wakes of the event loop were later than {LAG} s"


def lag_of(server):
    """Counts of the histogram's bounds."""
    lines = server.request("GET", "/metrics")[1].decode().splitlines()
    start = 'synqc_event_loop_lag_seconds_bucket{le="'
    counts = [line.removeprefix(start).split('"} ') for line in lines if line.startswith(start)]
    return {bound: float(count) for bound, count in counts}
