"""A pre-fork server: processes that begin with the service imported, for a sixth of what a new interpreter takes.

What they do not have of a new interpreter: its options, the variables that are read when it starts, such as PYTHON*,
and modules that are not yet imported. A test of those starts one.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

IMPORTED = (
    "uvicorn.main", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto",
    "uvicorn.protocols.http.h11_impl", "uvicorn.protocols.websockets.auto", "synqc.apps.tds.engine",
    "synqc.service.application",
)  # fmt: skip


class WarmProcess:
    """What `subprocess.Popen` is for `python -m MODULE ARGUMENTS...`, as far as tests of servers need it."""

    def __init__(self, parent, pid):
        self._parent = parent
        self.pid = pid
        self.returncode = None

    def poll(self):
        """The exit status as Popen tells it, or None while the process runs."""
        if self.returncode is None:
            self.returncode = self._parent.exit_status_of(self.pid, 0)
        return self.returncode

    def wait(self, timeout=None):
        if self.returncode is None:
            self.returncode = self._parent.exit_status_of(self.pid, timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def start(module, arguments, *, cwd, env, output, loaded=()):
    """`python -m MODULE ARGUMENTS...` with a working directory, an environment and a file for all that it writes.

    `loaded` are modules that it begins with beside those of the service.
    """
    parent = _parent(tuple(loaded))
    command = ["-m", module, *arguments]
    return WarmProcess(parent, parent.fork(command, os.fspath(cwd), env, output.fileno(), output.fileno()))


def run(program, *arguments, cwd, env=None, timeout=120, loaded=()):
    """`python -c PROGRAM ARGUMENTS...`, or `python FILE ARGUMENTS...` of a `Path`, as `subprocess.run` runs it.

    Returns:
        subprocess.CompletedProcess: With what it wrote, as text; its program has ended, whatever it ended with.

    Raises:
        subprocess.TimeoutExpired: It did not end in time, and was killed.
    """
    command = ["-c", program] if isinstance(program, str) else [os.fspath(Path(program).absolute())]
    command += map(os.fspath, arguments)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        parent = _parent(tuple(loaded))
        env = dict(os.environ) if env is None else env
        process = WarmProcess(parent, parent.fork(command, os.fspath(cwd), env, output.fileno(), errors.fileno()))
        try:
            process.wait(timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        written = []
        for file in (output, errors):
            file.seek(0)
            written.append(file.read().decode())
    return subprocess.CompletedProcess(command, process.returncode, *written)


class _Parent:
    """The process that forks, seen from the tests; any thread may ask."""

    def __init__(self, loaded):
        self.owner = os.getpid()
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNQC_")}
        with other:
            command = [sys.executable, "-P", __file__, str(other.fileno()), *loaded]
            self._process = subprocess.Popen(command, pass_fds=[other.fileno()], env=environment)
        self._lock = threading.Lock()
        self._ended = {}
        atexit.register(self.close)

    def close(self):
        if os.getpid() == self.owner:
            self._socket.close()
            self._process.wait()

    def fork(self, command, cwd, env, output, errors):
        asked = json.dumps({"command": command, "cwd": cwd, "env": env}).encode()
        with self._lock:
            socket.send_fds(self._socket, [asked], [output, errors])
            while (pid := self._told(0)) is None:
                pass
        return pid

    def exit_status_of(self, pid, timeout):
        """None if the process does not end within so many seconds; without a limit it is waited for."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            with self._lock:
                while pid not in self._ended and select.select([self._socket], [], [], 0)[0]:
                    self._told(socket.MSG_DONTWAIT)
                if pid in self._ended:
                    return self._ended[pid]
            if until is not None and time.monotonic() >= until:
                return None
            time.sleep(0.005)

    def _told(self, flags):
        """The number of the process that was forked, or None: another one has ended."""
        told = self._socket.recv(4096, flags)
        assert told, "the process that forks is gone"
        told = json.loads(told)
        self._ended.pop(told.get("forked"), None)  # of an earlier process with that number
        if "ended" in told:
            self._ended[told["ended"]] = told["status"]
        else:
            self._ended.pop(told["forked"], None)  # of a process before it that had the same number
        return told.get("forked")


_parents = {}


def _parent(loaded):
    if loaded not in _parents or _parents[loaded].owner != os.getpid():
        _parents[loaded] = _Parent(loaded)
    return _parents[loaded]


def _serve(asked):
    """Fork for each request until nobody asks any more; returns the request in the process that was forked."""
    waking, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests, which close the socket
    while True:
        readable, _, _ = select.select([asked, waking], [], [])
        if waking in readable:
            os.read(waking, 4096)
            _tell_who_ended(asked)
        if asked not in readable:
            continue
        message, descriptors, _, _ = socket.recv_fds(asked, 1 << 20, 2)
        if not message:
            sys.exit()
        output, errors = descriptors
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for number in (waking, woken):
                os.close(number)
            asked.close()
            for number, written in enumerate((output, errors), start=1):
                os.dup2(written, number)
                os.close(written)
            return json.loads(message)
        os.close(output)
        os.close(errors)
        asked.send(json.dumps({"forked": pid}).encode())


def _tell_who_ended(asked):
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        asked.send(json.dumps({"ended": pid, "status": os.waitstatus_to_exitcode(status)}).encode())


def _become(request):
    """The program, as if this process had been started for it."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    paths = [path for path in request["env"].get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [request["cwd"], *paths]
    kind, *arguments = request["command"]
    if kind == "-m":
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        sys.argv = [kind, *arguments[1:]]
        _run_as_main(compile(arguments[0], "<string>", "exec", dont_inherit=True), {})
    else:
        sys.argv = [kind, *arguments]
        sys.path.insert(0, os.path.dirname(kind))
        _run_as_main(compile(Path(kind).read_text(), kind, "exec", dont_inherit=True), {"__file__": kind})


def _run_as_main(code, names):
    """It stays the main module when it has run: threads and functions of its atexit may still look for its names."""
    main = types.ModuleType("__main__")
    main.__dict__.update(names)
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


if __name__ == "__main__":
    for imported in IMPORTED:
        importlib.import_module(imported)
    for application in importlib.import_module("synqc.service.applications").APPLICATIONS:
        if not application.by_name and application.missing is None:
            importlib.import_module(application.mount.split(":")[0])
    for imported in sys.argv[2:]:
        importlib.import_module(imported)
    gc.collect()
    gc.freeze()
    _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
