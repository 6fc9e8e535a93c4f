"""Lifetime of llama.cpp in this process: loaded when first needed, released when idle and at the end."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import http
import http.client
import json
import logging
import os
import secrets
import socket
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from synqc.errors import InputError, MissingExtra, SynqcError
from synqc.llm.providers.local.memory import available_bytes, memory_of

__all__ = ["Call", "Engine", "NotEnoughMemory", "Size"]

_log = logging.getLogger("synqc.llm.local")
_WAITING: Final = "OMP_WAIT_POLICY"
_BATCH: Final = 32
"""Tokens that are read between two looks at whether the call is still wanted: reading is a tenth slower than with 512,
and a long prompt ends after a tenth of the time."""
_AT_EXIT_S: Final = 30.0
_ANSWERING_WITHIN_S: Final = 300.0
_loading = threading.Lock()


class NotEnoughMemory(SynqcError, MemoryError):
    """A model would take more memory than there is; the message has both numbers."""

    code = "not_enough_memory"


@dataclass(frozen=True)
class Size:
    """Room that a model takes.

    Args:
        slots: Conversations at a time.
        context_tokens: Tokens of each of them, its answer included.
        threads: That compute.
    """

    slots: int
    context_tokens: int
    threads: int


class Call:
    """One body under way. `told` gets each document, then None, or the exception that ended it; on its own thread."""

    def __init__(self, body: dict[str, Any], told: Callable[[Any], None]) -> None:
        self.body = body
        self._told = told
        self._unwanted = threading.Event()
        self.ended = threading.Event()

    def cancel(self) -> None:
        """Nobody wants it any more: it ends with the batch that is being computed."""
        self._unwanted.set()

    def run(self, server: Any) -> None:
        """Compute the answer."""
        last: Any = None
        try:
            if not self._unwanted.is_set():
                answer = server.handle_chat_completions(self.body, self._take)
                if answer is not None:
                    self._take(answer)
        except BaseException as error:
            last = error
        self._told(last)

    def _take(self, document: Any) -> bool:
        """True ends the computation."""
        if self._unwanted.is_set():
            return True
        self._told(document)
        return False


class Engine:
    """One model; any thread may use it.

    Args:
        path: Its GGUF file.
        name: What it is called in answers.
        size: What it may take.
        check: Called before it is loaded; raises if the file is not what it must be.
        port: Also answer OpenAI's protocol there; 0: at a port of the system's choice, which only this object's
            `key` opens.
        key: What the port asks for; None: a random one.
    """

    _lock: threading.RLock
    _server: Any
    _loading_since: float | None
    _calls: set[Call]

    def __init__(
        self, path: Path, *, name: str, size: Size, check: Callable[[], None] = lambda: None, port: int = 0,
        key: str | None = None,
    ) -> None:  # fmt: skip
        self.path, self.name, self.size = path, name, size
        self.key = secrets.token_urlsafe(24) if key is None else key
        self.idle_since = time.monotonic()
        self._check, self._port = check, port
        self._start_anew()
        _engines.add(self)

    @property
    def is_loaded(self) -> bool:
        """Whether its weights are in memory."""
        return self._server is not None

    @property
    def loading_s(self) -> float | None:
        """For how long it has been loading; None: it is not."""
        began = self._loading_since
        return None if began is None else time.monotonic() - began

    @property
    def calls(self) -> int:
        """Under way."""
        return len(self._calls)

    @property
    def address(self) -> str:
        """Where it answers OpenAI's protocol to whoever has the key; loads it."""
        return f"{self.load().listening_address}/v1"

    def load(self) -> Any:
        """The loaded model; waits until it is.

        Raises:
            MissingExtra: The package `xllamacpp` is not installed.
            NotEnoughMemory: It would take more memory than there is.
            InputError: The file is no model that can be loaded, or the port is taken.
        """
        with self._lock:
            if self._server is None:
                self._loading_since = time.monotonic()
                try:
                    self._server = self._loaded()
                finally:
                    self._loading_since = None
                self.idle_since = time.monotonic()
            return self._server

    def start(self, call: Call) -> None:
        """Load the model if it is not there, and compute a call, on a thread of its own."""
        self._calls.add(call)
        threading.Thread(target=self._run, args=(call,), name="synqc-local", daemon=True).start()

    def release(self, *, if_idle_s: float = 0.0) -> bool:
        """Give the memory back, unless a call is under way or ended less than so many seconds ago."""
        with self._lock:
            if self._calls or time.monotonic() - self.idle_since < if_idle_s:
                return False
            if self._server is not None:
                self._server = None
                _log.info("Released %s.", self.name)
            return True

    def stop(self, most_s: float) -> None:
        """End all calls, wait for them, and give the memory back."""
        ends = time.monotonic() + most_s
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        for call in calls:
            call.ended.wait(max(0.0, ends - time.monotonic()))
        if self._lock.acquire(timeout=max(0.0, ends - time.monotonic())):  # a model that is loading cannot be stopped
            self._lock.release()
            self.release()

    def _run(self, call: Call) -> None:
        try:
            try:
                server = self.load()
            except BaseException as error:
                call._told(error)
            else:
                call.run(server)
                del server
        finally:
            self.idle_since = time.monotonic()
            self._calls.discard(call)
            call.ended.set()

    def _loaded(self) -> Any:
        if _process.forked_after_loading:
            raise InputError(
                f"Model {self.name} cannot be loaded here: this process was forked from one that had loaded a model, "
                "which llama.cpp does not survive. Start it by the method `spawn`, or fork before the first request."
            )
        self._check()
        if self._port:
            _check_free(self._port)
        needed = memory_of(self.path, tokens=self.size.slots * self.size.context_tokens)
        context = min(self.size.context_tokens, needed.trained_context)
        there = available_bytes()
        if there is not None and needed.bytes > there:
            raise NotEnoughMemory(
                f"Model {self.name} takes about {_mb(needed.bytes)} MB ({_mb(needed.weights_bytes)} for its weights, "
                f"{_mb(needed.context_bytes)} for {self.size.slots} conversations of {context} tokens), but "
                f"{_mb(there)} MB are free: take a smaller model, or lower SYNQC_LOCAL_SLOTS or SYNQC_LOCAL_CONTEXT."
            )
        with _loading:
            library = _library()
            parameters = library.CommonParams()
            parameters.model.path = str(self.path)
            parameters.model_alias = {self.name}
            parameters.n_parallel, parameters.n_ctx = self.size.slots, self.size.slots * context
            parameters.n_batch = parameters.n_ubatch = _BATCH
            parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = self.size.threads
            parameters.verbosity, parameters.warmup, parameters.offline = 0, False, True
            parameters.hostnames, parameters.port = ["127.0.0.1"], self._port
            parameters.api_keys, parameters.ui, parameters.endpoint_slots = [self.key], False, False
            began = time.monotonic()
            _process.has_loaded = True
            _log.info("Loading %s, about %d MB.", self.path, _mb(needed.bytes))
            try:
                server = library.Server(parameters)
            except (RuntimeError, ValueError) as error:
                raise InputError(f"{self.path} cannot be loaded by llama.cpp: {error}.") from None
            _wait_until_it_answers(server.listening_address, self.key)
            _log.info("Loaded %s in %.1f s.", self.name, time.monotonic() - began)
            return server

    def _start_anew(self) -> None:
        self._lock = threading.RLock()
        self._server = self._loading_since = None
        self._calls = set()

    def _begin_in_child(self) -> None:
        """After a fork: the server's threads are the parent's, so that its end would wait for ever."""
        if self._server is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._server))  # never destroyed here
        self._start_anew()


@dataclass
class _Process:
    """What became of llama.cpp in this process. A child may have a server's memory, but none of its threads: whatever
    it loads itself waits for them when it ends."""

    has_loaded: bool = False
    forked_after_loading: bool = False


def _library() -> Any:
    """`xllamacpp`, whose OpenMP threads sleep while they wait: on a busy machine spinning ones are ten times slower."""
    if os.environ.setdefault(_WAITING, "passive").lower() != "passive":
        _log.warning("%s is %s: a local model may be much slower than with passive.", _WAITING, os.environ[_WAITING])
    try:
        import xllamacpp
    except ModuleNotFoundError:
        raise MissingExtra("Models in this process need the package `xllamacpp`: pip install 'synqc[local]'.") from None
    return xllamacpp


def _wait_until_it_answers(address: str, key: str) -> None:
    """A server that ends before its port accepts, or before the loop of its tasks runs, waits for its own end for ever.

    Only what has gone through that loop shows that it runs: one token.
    """
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWERING_WITHIN_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/completion", json.dumps({"prompt": "a", "n_predict": 1}), headers)
        answer = connection.getresponse()
        body = answer.read()
    except OSError as error:
        raise InputError(f"llama.cpp does not answer at {address}, its own port: {error}.") from None
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise InputError(f"llama.cpp answers {answer.status} to one token: {body[:200]!r}.")


def _check_free(port: int) -> None:
    """Raises InputError if nobody can listen there: llama.cpp's own words do not say so."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise InputError(f"Argument `port` must be free on 127.0.0.1, but {port} is not: {words}.") from None


def _mb(size: int) -> int:
    return round(size / 1e6)


_process = _Process()
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _stop_all() -> None:
    for engine in list(_engines):
        engine.stop(_AT_EXIT_S)


def _begin_all_in_child() -> None:
    global _loading
    _loading = threading.Lock()
    if _process.has_loaded and not _process.forked_after_loading:
        _process.forked_after_loading = True
        _end_without_destructors()
    for engine in list(_engines):
        engine._begin_in_child()


def _end_without_destructors() -> None:
    """The library's own would join threads of the parent. By then Python has ended and has written what it had."""
    with contextlib.suppress(OSError, AttributeError):  # a C library that has no `on_exit`
        library = ctypes.CDLL(None)
        library.on_exit(library._exit, None)


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all_in_child)
