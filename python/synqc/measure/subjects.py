"""What can be timed: a callable, a command, or an address."""

from __future__ import annotations

import gc
import http.client
import resource
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from urllib.parse import urlsplit

from synqc.errors import InputError
from synqc.measure.errors import MeasuredNothing

__all__ = ["SHORT_TURN_S", "CallableSubject", "CommandSubject", "Subject", "Timed", "UrlSubject", "rest", "subject_of"]

Timed = Callable[[], object] | Sequence[str] | str
"""A callable without arguments, a command (a list of words, or one line), or an address that begins with http."""

SHORT_TURN_S: Final = 0.0003
"""A turn that mostly fits between two interruptions of a busy machine, and is some thousand steps of the clock."""
_REST_S: Final = 5e-5
_PROCESSOR_CLOCKS: Final = (time.thread_time, time.process_time)
_ERROR_WORDS = 400
_TRIALS = 5
_CLEAR_SECONDS = 1e-4
"""A turn of this length is a thousand steps of the clock."""


class Subject(Protocol):
    """Something that can be timed again and again."""

    name: str

    def prepare(self) -> None:
        """Do it once before anything counts."""

    def seconds(self) -> float:
        """Do it, and say how long once took."""

    def close(self) -> None:
        """Let go of what it holds."""


class CallableSubject:
    """A callable, called so often per turn that a turn takes about `least_seconds`.

    Long turns are interrupted by other processes more often than short ones, so that two callables are comparable
    only if both are called equally often: see `share_calls`.

    Args:
        action: What to call.
        name: What to call it in reports.
        least_seconds: Least length of a turn.
        clock: Seconds, as a function.
    """

    def __init__(
        self,
        action: Callable[[], object],
        *,
        name: str = "",
        least_seconds: float = SHORT_TURN_S,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.name = name or str(getattr(action, "__qualname__", type(action).__name__))
        self._action, self._clock, self._least_seconds = action, clock, least_seconds
        self._calls = 1
        self._once = least_seconds

    def prepare(self) -> None:
        """Call it once for nothing, and some times to find how often a turn calls it."""
        self._action()
        self._calls = 1
        # The best of several: one that was interrupted would make every later turn too short.
        self._once = max(min(self.seconds() for _ in range(_TRIALS)), 1e-9)
        self._calls = max(1, round(self._least_seconds / self._once))

    def share_calls(self, other: CallableSubject) -> None:
        """Have both called equally often per turn, once both are prepared.

        The slower one takes about `least_seconds`, or up to ten times that where the faster one could not be told
        from the clock's own steps otherwise.
        """
        fast, slow = sorted((self._once, other._once))
        calls = max(1, round(self._least_seconds / slow))
        if calls * fast < _CLEAR_SECONDS:
            calls = max(1, min(round(_CLEAR_SECONDS / fast), round(10 * self._least_seconds / slow)))
        self._calls = other._calls = calls

    def seconds(self) -> float:
        """Seconds per call of one turn, without collections of garbage."""
        collects = gc.isenabled()
        gc.disable()
        action, clock = self._action, self._clock
        try:
            start = clock()
            for _ in range(self._calls):
                action()
            return (clock() - start) / self._calls
        finally:
            if collects:
                gc.enable()

    def close(self) -> None:
        """Nothing is held."""


def _processor_time_of_children() -> float:
    """Processor seconds of all commands that have ended, by user and system."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class CommandSubject:
    """A command, from its start to its end, its output thrown away.

    Args:
        words: Program and arguments; no shell reads them.
        clock: Seconds, as a function; a clock of processor time, such as `time.thread_time`, stands for the command's
            own and that of what it starts and waits for.
    """

    def __init__(self, words: Sequence[str], *, clock: Callable[[], float] = time.perf_counter) -> None:
        if not words:
            raise InputError("A command must have at least one word, but has none.")
        self.name = shlex.join(words)
        self._words = list(words)
        self._clock = _processor_time_of_children if clock in _PROCESSOR_CLOCKS else clock

    def prepare(self) -> None:
        """Run it once, so that its files are in memory."""
        self.seconds()

    def seconds(self) -> float:
        """Run it.

        Raises:
            MeasuredNothing: It cannot be started, or ends with another exit code than 0.
        """
        with tempfile.TemporaryFile() as complaints:
            start = self._clock()
            try:
                code = subprocess.run(
                    self._words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints, check=False
                ).returncode
            except OSError as error:
                raise MeasuredNothing(f"Command `{self.name}` cannot be started: {error.strerror or error}.") from error
            taken = self._clock() - start
            if code:
                complaints.seek(0)
                words = complaints.read().decode(errors="replace").strip()[-_ERROR_WORDS:]
                raise MeasuredNothing(f"Command `{self.name}` ended with exit code {code}: {words or 'no words'}.")
        return taken

    def close(self) -> None:
        """Nothing is held."""


class UrlSubject:
    """A GET of an address over one connection that stays open, to the last byte of the answer.

    Args:
        url: http:// or https://.
        clock: Seconds, as a function.
        timeout_s: Most time for one answer.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.perf_counter, timeout_s: float = 60.0) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise InputError(f"Argument `url` must be http://HOST/... or https://HOST/..., but is {url!r}.")
        if clock in _PROCESSOR_CLOCKS:
            raise InputError("Argument `clock` must not be one of processor time for an address, but is.")
        self.name = url
        self._clock = clock
        self._path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(address.hostname, address.port, timeout=timeout_s)

    def prepare(self) -> None:
        """Connect, and ask once."""
        self.seconds()

    def seconds(self) -> float:
        """Ask once.

        Raises:
            MeasuredNothing: No answer, or one whose status is not 2xx.
        """
        start = self._clock()
        try:
            self._connection.request("GET", self._path)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise MeasuredNothing(f"{self.name} gives no answer: {error or type(error).__name__}.") from error
        taken = self._clock() - start
        if not 200 <= answer.status < 300:
            raise MeasuredNothing(f"{self.name} answers with status {answer.status}, which is not 2xx.")
        return taken

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def rest(clock: Callable[[], float]) -> None:
    """Sleep for a moment before turns: who wakes up has the processor for a while, so that they run undisturbed.

    Args:
        clock: By which turns are timed; where it is not the wall clock, interruptions do not count anyhow.
    """
    if clock is time.perf_counter:
        time.sleep(_REST_S)


def subject_of(
    timed: Timed, *, least_seconds: float = SHORT_TURN_S, clock: Callable[[], float] = time.perf_counter
) -> Subject:
    """The subject for what somebody wants timed.

    Args:
        timed: A callable, a command as words or as one line, or an address.
        least_seconds: Least length of a turn of a callable.
        clock: Seconds, as a function.

    Raises:
        InputError: It is none of these.

    Examples:
        >>> subject_of("python -c 'pass'").name, subject_of("http://localhost:8000/health").name
        ('python -c pass', 'http://localhost:8000/health')
    """
    if callable(timed):
        return CallableSubject(timed, least_seconds=least_seconds, clock=clock)
    if isinstance(timed, str):
        if timed.startswith(("http://", "https://")):
            return UrlSubject(timed, clock=clock)
        try:
            return CommandSubject(shlex.split(timed), clock=clock)
        except ValueError as error:
            raise InputError(f"Command {timed!r} cannot be split into words: {error}.") from error
    if isinstance(timed, Sequence) and all(isinstance(word, str) for word in timed):
        return CommandSubject(timed, clock=clock)
    raise InputError(f"What is timed must be a callable, a command or an address, but is a {type(timed).__name__}.")
