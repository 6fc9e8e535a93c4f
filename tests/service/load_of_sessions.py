"""Many sessions at once, each with a page that polls and an operator; in a process of its own, away from the server.

`python load_of_sessions.py PORT SESSIONS SECONDS` prints `begun` when every session has its first run, and at the end
what was told of and what went wrong, as JSON.
"""

import asyncio
import json
import random
import sys
import time

P = "/api/v1/synqc"


class Connection:
    """HTTP/1.1 kept alive; one request at a time."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, method, path, body=None):
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {P}{path} HTTP/1.1\r\nhost: a\r\ncontent-length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        lower = answer.lower()
        start = lower.index(b"content-length:") + 15
        length = int(lower[start : lower.index(b"\r\n", start)])
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self):
        self._writer.close()


class Load:
    """What all sessions did.

    Args:
        port: Of the server.
        seconds: How long, once every session has had its first run.
    """

    def __init__(self, port, seconds):
        self.port = port
        self._seconds = seconds
        self.until = 0.0
        self.runs = {}
        self.counts = {}
        self.errors = []
        self.poll_ms = []

    async def ask(self, connection, name, method, path, body=None, expected=(200,)):
        status, answer = await connection.ask(method, path, body)
        self.counts[name] = self.counts.get(name, 0) + 1
        if status not in expected:
            self.errors.append([name, path, status, answer.decode(errors="replace")[:300]])
        return status, answer

    async def all(self, sessions):
        """Create everything, and then let everybody work."""
        names = [f"load-{number}" for number in range(sessions)]
        await asyncio.gather(*(self.begin(name) for name in names))
        print("begun", flush=True)
        self.until = time.perf_counter() + self._seconds
        works = []
        for number, name in enumerate(names):
            rng = random.Random(number)
            works += [self.page(name, rng), self.operate(name, rng)]
        await asyncio.gather(*works)

    async def begin(self, session_id):
        """A new session with a first run."""
        connection = await Connection.open(self.port)
        await self.ask(connection, "create", "POST", "/sessions", {"session_id": session_id})
        await self.run(connection, session_id, 1)
        connection.close()

    async def page(self, session_id, rng):
        """Telemetry at 10 Hz."""
        connection = await Connection.open(self.port)
        due = time.perf_counter() + rng.random() * 0.1
        while due < self.until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            started = time.perf_counter()
            await self.ask(connection, "telemetry", "GET", f"/sessions/{session_id}/telemetry?limit=64")
            self.poll_ms.append((time.perf_counter() - started) * 1e3)
            due = max(due + 0.1, time.perf_counter() - 0.1)
        connection.close()

    async def operate(self, session_id, rng):
        """Something every four seconds or so: a run, a long run that is killed, an export."""
        await asyncio.sleep(rng.random() * 4)
        while time.perf_counter() < self.until:
            connection = await Connection.open(self.port)  # a server closes one that is idle for some seconds
            choice = rng.random()
            if choice < 0.5:
                await self.run(connection, session_id, rng.choice([1, 1, 5]))
            elif choice < 0.6:
                killer = await Connection.open(self.port)
                run = asyncio.ensure_future(self.run(connection, session_id, 500, killed=True))
                await asyncio.sleep(0.05)
                await self.ask(killer, "kill", "POST", f"/sessions/{session_id}/kill")
                await run
                killer.close()
            else:
                form = rng.choice(["json", "csv", "notebook"])
                await self.ask(connection, "export", "GET", f"/sessions/{session_id}/export?format={form}")
            connection.close()
            await asyncio.sleep(rng.random() * 2 + 3)

    async def run(self, connection, session_id, iterations, *, killed=False):
        """A run; one that is killed before it has anything answers 409."""
        body = {"num_iterations": iterations, "mode": "dryrun" if killed else "run"}
        status, answer = await self.ask(
            connection, "run", "POST", f"/sessions/{session_id}/run", body, (200, 409) if killed else (200,)
        )
        if status == 200:
            run = json.loads(answer)["run"]
            self.runs[run["run_id"]] = run["kpis"]["shots_used"]


async def main(port, sessions, seconds):
    load = Load(port, seconds)
    await load.all(sessions)
    polls = sorted(load.poll_ms)
    told = {"runs": load.runs, "counts": load.counts, "errors": load.errors[:20], "failed": len(load.errors)}
    print(json.dumps({**told, "poll_p50_ms": polls[len(polls) // 2], "poll_p99_ms": polls[len(polls) * 99 // 100]}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
