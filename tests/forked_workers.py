"""`pytest --workers 4`: whole files of tests in processes that are forked when all tests are collected.

Importing fifteen hundred modules and making fourteen thousand tests of them takes a quarter of a minute of a processor,
which each of pytest-xdist's workers spends again; forked ones begin with what was collected once. A worker that dies
fails its test alone, and another is forked in its place.
"""

import atexit
import contextlib
import gc
import itertools
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from multiprocessing import Pipe
from multiprocessing.connection import wait

import pytest


def pytest_addoption(parser):
    parser.addoption("--workers", type=int, default=0, help="run whole files in so many forked processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    options = session.config.option
    if not options.workers or options.collectonly or session.testsfailed:
        return None  # pytest's own
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False  # files run beside each other
    running = _Run(session)
    try:
        running.until_all_have_ended(options.workers)
    finally:
        running.kill()
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


_captured_before = []


def take_file(files, last):
    """The first one of the folder of `last`, whose browser or server is there already, or the first of all."""
    place = next((n for n, file in enumerate(files) if last and file[0].path.parent == last[0].path.parent), 0)
    return files.pop(place) if files else None


class _Run:
    """The process that has collected; it hands out files and hears reports, and runs no test."""

    def __init__(self, session):
        self._session = session
        self._files = [list(group) for _, group in itertools.groupby(session.items, lambda item: item.path)]
        self._index = {item: number for number, item in enumerate(session.items)}
        self._workers = {}
        self._numbers = itertools.count()
        self._folder = session.config._tmp_path_factory.getbasetemp()

    def until_all_have_ended(self, count):
        threads = threading.active_count()
        assert threads == 1, (
            f"a process of {threads} threads cannot be forked: a file of tests starts one when it is imported"
        )
        gc.collect()
        gc.freeze()  # else looking for garbage would copy what the workers share
        for _ in range(min(count, len(self._files))):
            self._fork()
        while self._workers:
            for connection in wait(list(self._workers)):
                self._hear(connection)
            if self._session.shouldfail or self._session.shouldstop:
                return

    def kill(self):
        """Those that are left end their servers first, if they can."""
        left = [worker.pid for worker in self._workers.values()]
        self._workers.clear()
        for pid in left:
            os.kill(pid, signal.SIGINT)
        until = time.monotonic() + 20
        while left and time.monotonic() < until:
            left = [pid for pid in left if os.waitpid(pid, os.WNOHANG) == (0, 0)]
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _fork(self):
        here, there = Pipe()
        number = next(self._numbers)
        sys.stdout.flush()
        sys.stderr.flush()
        if (pid := os.fork()) == 0:
            for connection in self._workers:
                connection.close()
            here.close()
            _live(self._session, there, number, self._folder / f"worker-{number}")
        there.close()
        self._workers[here] = _Worker(pid)

    def _hear(self, connection):
        worker = self._workers[connection]
        try:
            kind, told = connection.recv()
        except EOFError:
            del self._workers[connection]
            connection.close()
            self._bury(worker)
            return
        hook = self._session.config.hook
        if kind == "file":
            file = take_file(self._files, worker.files[-1] if worker.files else None)
            worker.files.append(file)
            connection.send(None if file is None else [self._index[item] for item in file])
        elif kind == "begun":
            worker.begun = told
        elif kind == "report":
            report = hook.pytest_report_from_serializable(config=self._session.config, data=told)
            hook.pytest_runtest_logreport(report=report)
        elif kind == "warning":
            message, when, nodeid, location = pickle.loads(told)
            arguments = {"when": when, "nodeid": nodeid, "location": location}
            hook.pytest_warning_recorded.call_historic(kwargs={"warning_message": message, **arguments})
        elif kind == "broken":
            raise RuntimeError(f"of a worker:\n{told}")
        else:
            worker.has_ended = True

    def _bury(self, worker):
        """Wait for its end; where it was none of its own, its test has failed, and others go on with the rest."""
        _, status = os.waitpid(worker.pid, 0)
        if worker.has_ended:
            return
        assert worker.begun is not None, "a worker ended before its first test"
        left = [item for file in worker.files if file is not None for item in file]
        place = next(number for number, item in enumerate(left) if self._index[item] == worker.begun)
        self._tell_crash(left[place], os.waitstatus_to_exitcode(status))
        left = left[place + 1 :]
        rest = [list(group) for _, group in itertools.groupby(left, lambda item: item.path)]
        self._files[:0] = rest
        if self._files:
            self._fork()

    def _tell_crash(self, item, code):
        cause = signal.Signals(-code).name if code < 0 else f"status {code}"
        words = f"a worker crashed while running {item.nodeid!r}: {cause}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        self._session.config.hook.pytest_runtest_logreport(report=report)


class _Worker:
    def __init__(self, pid):
        self.pid = pid
        self.files = []
        self.begun = None
        self.has_ended = False


def _live(session, connection, number, folder):
    """In the process that was forked: run what is handed out, and end without returning to pytest's own end."""
    status = 1
    try:
        _prepare(session.config, connection, number, folder)
        _run_files(session, connection)
        session.config.hook.pytest_sessionfinish(session=session, exitstatus=int(bool(session.testsfailed)))
        session.config._ensure_unconfigure()
        connection.send(("ended", None))
        status = 0
    except BaseException:
        told = traceback.format_exc()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(Exception):
            session.config.hook.pytest_sessionfinish(session=session, exitstatus=1)  # ends fixtures
        with contextlib.suppress(OSError):
            connection.send(("broken", told))
    finally:
        try:
            atexit._run_exitfuncs()
        finally:
            os._exit(status)


def _prepare(config, connection, number, folder):
    config.workerinput = {"workerid": f"worker-{number}"}  # plugins leave summaries and the cache to the first process
    manager = config.pluginmanager
    capture = manager.get_plugin("capturemanager")
    if capture.is_globally_capturing():
        capture.suspend_global_capture(in_=True)
        _captured_before.append(capture._global_capturing)  # files that modules may have found as sys.stderr stay open
        capture._global_capturing = None
        capture.start_global_capturing()  # into files of its own
    if manager.has_plugin("terminalreporter"):
        manager.unregister(name="terminalreporter")
    factory = config._tmp_path_factory
    folder.mkdir(mode=0o700)
    factory._given_basetemp = factory._basetemp = folder
    manager.register(_Reports(config, connection), "reports of a worker")


def _run_files(session, connection):
    def next_file():
        connection.send(("file", None))
        numbers = connection.recv()
        return None if numbers is None else [session.items[number] for number in numbers]

    index = {item: number for number, item in enumerate(session.items)}
    current = next_file()
    while current is not None:
        following = None
        for item, after in itertools.zip_longest(current, current[1:]):
            if after is None:
                following = next_file()
                after = None if following is None else following[0]
            connection.send(("begun", index[item]))
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            if session.shouldfail or session.shouldstop:
                return
        current = following


class _Reports:
    """What a worker tells the process that has collected."""

    def __init__(self, config, connection):
        self._config = config
        self._connection = connection

    def pytest_runtest_logreport(self, report):
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._connection.send(("report", data))

    def pytest_warning_recorded(self, warning_message, when, nodeid, location):
        if when != "runtest":  # told when this process was the first one
            return
        told = (warning_message, when, nodeid, location)
        try:
            pickled = pickle.dumps(told)
        except Exception:
            words, file, line = str(warning_message.message), warning_message.filename, warning_message.lineno
            one = warnings.WarningMessage(words, UserWarning, file, line)
            pickled = pickle.dumps((one, when, nodeid, location))
        self._connection.send(("warning", pickled))
