"""Pool of judging processes: bounded, started when first needed, replaced when one does not answer."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Final

from synqc.apps.prompts.equivalence.judging_process import HEADER, QUESTION
from synqc.apps.prompts.equivalence.verdict import Verdict
from synqc.errors import InputError, MissingExtra, NumericalError, SynqcError

__all__ = ["JudgingPool"]

_START_S: Final = 30.0
_GRACE_S: Final = 1.0  # of the template, to kill a child and say so
_SHARE: Final = 0.9  # of the deadline for judging; the rest is for making a child, ending it and handing over
_MODULE: Final = "synqc.apps.prompts.equivalence.judging_process"


class JudgingPool:
    """Judges in processes of their own, of which a child judges and is replaced when it must be killed.

    Questions that come while all processes are busy wait; a question's time begins when it is handed to one.

    Args:
        processes: Most of them, each with about 70 MB; by default one for each processor, up to 4.
        memory_mb: Most memory a question may take beyond what a process has to begin with.

    Raises:
        InputError: A number is out of its range.
    """

    def __init__(self, processes: int | None = None, *, memory_mb: int = 512) -> None:
        self._most = min(4, len(os.sched_getaffinity(0))) if processes is None else processes
        if isinstance(self._most, bool) or not isinstance(self._most, int) or not 1 <= self._most <= 64:
            raise InputError(f"Argument `processes` must be a whole number from 1 to 64, but is {processes!r}.")
        if isinstance(memory_mb, bool) or not isinstance(memory_mb, int) or not 16 <= memory_mb <= 65536:
            raise InputError(f"Argument `memory_mb` must be a whole number from 16 to 65536, but is {memory_mb!r}.")
        self._memory = memory_mb << 20
        self._free = threading.Condition()
        self._idle: list[_Process] = []
        self._count = 0
        self._owner = os.getpid()
        self._closed = False
        self.restarts = 0
        """Processes that had to be replaced."""
        atexit.register(self.close)

    def start(self) -> None:
        """Start a process ahead, so that the first question need not wait for it (about a second)."""
        self._give_back(self._take())

    def start_in_background(self) -> None:
        """As `start`, without waiting; where it cannot be done, whoever judges first is told why."""
        with self._free:
            if self._closed or (self._count and self._owner == os.getpid()):
                return
        threading.Thread(target=self._start_quietly, name="synqc-judge-start", daemon=True).start()

    def _start_quietly(self) -> None:
        with suppress(SynqcError, OSError):
            self.start()

    def judge(self, reference: str, answer: str, question: str, deadline_s: float) -> Verdict:
        """The verdict of a judging process; unknown when its time or memory ends."""
        body = (
            QUESTION.pack(_SHARE * deadline_s, self._memory)
            + json.dumps({"reference": reference, "answer": answer, "question": question}).encode()
        )
        process = self._take()
        try:
            said = process.ask(body, deadline_s + _GRACE_S)
        except BaseException:
            self._discard(process)
            raise
        if said is None:
            self._discard(process)
            return Verdict.unknown("The judging process did not answer, and was replaced.")
        self._give_back(process)
        return _verdict_of(said, deadline_s)

    def close(self) -> None:
        """End all processes; those that are judging end with their question."""
        with self._free:
            self._closed = True
            idle, self._idle = self._idle, []
            self._count -= len(idle)
            mine = self._owner == os.getpid()
            self._free.notify_all()
        if mine:
            for process in idle:
                process.end()

    def _take(self) -> _Process:
        with self._free:
            if self._owner != os.getpid():
                # A fork of the process that started them: their pipes are its, not ours.
                self._idle, self._count, self._owner = [], 0, os.getpid()
            while True:
                if self._closed:
                    raise InputError("The judging pool is closed.")
                if self._idle:
                    return self._idle.pop()
                if self._count < self._most:
                    self._count += 1
                    break
                self._free.wait()
        try:
            return _Process()
        except BaseException:
            with self._free:
                self._count -= 1
                self._free.notify()
            raise

    def _give_back(self, process: _Process) -> None:
        with self._free:
            if not self._closed:
                self._idle.append(process)
                self._free.notify()
                return
            self._count -= 1
        process.end()

    def _discard(self, process: _Process) -> None:
        process.end()
        with self._free:
            self._count -= 1
            self.restarts += 1
            self._free.notify()


class _Process:
    """One template process and its pipes."""

    def __init__(self) -> None:
        # Nothing of the environment but paths: a judged text shall not be near a key.
        environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd="/",
            env=environment, start_new_session=True, bufsize=0,
        )  # fmt: skip
        if self._receive(time.monotonic() + _START_S) != b"ready":
            self._process.kill()
            _, words = self._process.communicate()
            last = words.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
            if "ModuleNotFoundError" in last[0]:
                raise MissingExtra(f"Judging answers needs more packages ({last[0]}): pip install 'synqc[prompts]'.")
            raise NumericalError(f"The judging process did not start: {last[0]:.200}.")

    def ask(self, body: bytes, most_s: float) -> Any:
        """What the process says to a question, or None if it says nothing in time or has died."""
        until = time.monotonic() + most_s
        try:
            self._send(HEADER.pack(len(body)) + body, until)
        except (BrokenPipeError, TimeoutError):
            return None
        said = self._receive(until)
        return None if said is None else json.loads(said)

    def end(self) -> None:
        """Kill the process and its child, close the pipes."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def _send(self, body: bytes, until: float) -> None:
        assert self._process.stdin is not None
        stream, view = self._process.stdin.fileno(), memoryview(body)
        while view:
            _, writable, _ = select.select([], [stream], [], max(0.0, until - time.monotonic()))
            if not writable:
                raise TimeoutError
            view = view[os.write(stream, view[:4096]) :]  # a writable pipe takes so much without blocking

    def _receive(self, until: float) -> bytes | None:
        header = self._receive_exactly(HEADER.size, until)
        return None if header is None else self._receive_exactly(HEADER.unpack(header)[0], until)

    def _receive_exactly(self, size: int, until: float) -> bytes | None:
        assert self._process.stdout is not None
        stream, found = self._process.stdout.fileno(), bytearray()
        while len(found) < size:
            readable, _, _ = select.select([stream], [], [], max(0.0, until - time.monotonic()))
            part = os.read(stream, size - len(found)) if readable else b""
            if not part:
                return None
            found += part
        return bytes(found)


def _verdict_of(said: Any, deadline_s: float) -> Verdict:
    if said["verdict"] is not None:
        return Verdict.from_document(said["verdict"])
    if said["ended"] == "deadline":
        return Verdict.unknown(f"No voter decided within {deadline_s:g} s.")
    return Verdict.unknown("The comparison took too much memory, or failed.")
