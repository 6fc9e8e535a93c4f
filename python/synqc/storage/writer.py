"""One thread writes for everybody, and commits what has gathered while it was busy as one transaction."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from synqc import metrics
from synqc.storage.database import Database
from synqc.storage.errors import NotOwner, StorageUnavailable

__all__ = ["GroupCommitWriter", "Procedure"]

_log = logging.getLogger("synqc.storage")
_commits = metrics.timer("synqc_storage_group_commit", "Time of one durable group of calls.")
_calls = metrics.counter("synqc_storage_calls_total", "Calls whose changes are stored.")
_failed = metrics.counter("synqc_storage_call_failures_total", "Groups of calls that could not be stored.")

_MOST_IN_GROUP = 500
_MOST_TRIES = 4
_SHUTDOWN_PATIENCE_S = 10.0
_BETWEEN_TRIALS_S = 1.0  # of storage that did not work
_DEADLOCK, _SERIALIZATION_FAILURE = "40P01", "40001"

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")

Procedure = Callable[[Connection, Sequence[_Argument]], Sequence[_Result | Exception]]
"""Does, within one transaction, what several callers asked for; answers each, an exception where one is refused.

A refusal is one caller's alone: the procedure must have written nothing for that caller. What it raises ends the
transaction.
"""


@dataclass
class _Call:
    procedure: Procedure[Any, Any]
    argument: Any
    durable: bool
    answered: Future[Any]


def _nothing(_: Connection, arguments: Sequence[None]) -> list[None]:
    return [None] * len(arguments)


class GroupCommitWriter:
    """Group commit: a call's future is done when its transaction, shared with the calls beside it, is on disk.

    Calls of one procedure in a group are handed to it together; in which order procedures of one group are carried out
    is not promised, so whoever needs an order waits for the first future. If a group cannot be stored, its calls are
    tried one by one, so that nobody pays for somebody else's.

    After a failure the writer tries by itself, time and again, whether storage works: nobody may ask for anything while
    that is said to be in trouble.

    Args:
        database: Where to.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Call] = []
        self._condition = threading.Condition()
        self._closing = False
        self.trouble: str | None = None
        """Why nothing could be stored when that was last tried, or None."""
        self._next_trial = math.inf
        self._thread = threading.Thread(target=self._work, name="synqc-group-commit", daemon=True)
        self._thread.start()

    def call(
        self,
        procedure: Procedure[_Argument, _Result],
        argument: _Argument,
        *,
        durable: bool = True,
        then: Iterable[Callable[[Future[_Result]], object]] = (),
    ) -> Future[_Result]:
        """Carry out a procedure; the future has its answer once that is on disk.

        Args:
            procedure: What is done.
            argument: Handed to it, with those of other callers.
            durable: Whether the answer waits for the disk; else as `Database.writing_unsynced`, if no other call of
                its group is durable.
            then: Called with the future when it is done, in the order of all calls of this procedure.

        It fails with StorageUnavailable if it could not be stored, or with what the procedure refused it for. A future
        that is cancelled before its group begins is not carried out.
        """
        answered: Future[_Result] = Future()
        for callback in then:
            answered.add_done_callback(callback)
        with self._condition:
            if not self._closing:
                self._waiting.append(_Call(procedure, argument, durable, answered))
                self._condition.notify()
                return answered
        answered.set_exception(StorageUnavailable("Storage is closed: the service is shutting down."))
        return answered

    def barrier(self, *, then: Iterable[Callable[[Future[None]], object]] = ()) -> Future[None]:
        """A call that asks for nothing: done when all before it are, whether or not those, or storage, succeeded."""
        return self.call(_nothing, None, durable=False, then=then)

    def close(self) -> None:
        """Store what is left, and end the thread."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(_SHUTDOWN_PATIENCE_S)

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    patience = None if self._next_trial == math.inf else max(0.0, self._next_trial - time.monotonic())
                    if not self._condition.wait(patience):
                        break
                if not self._waiting and self._closing:
                    return
                taken, self._waiting = self._waiting[:_MOST_IN_GROUP], self._waiting[_MOST_IN_GROUP:]
            group = [call for call in taken if call.answered.set_running_or_notify_cancel()]
            if group:
                self._store(group)
            elif time.monotonic() >= self._next_trial:
                self._try_storage()

    def _store(self, group: Sequence[_Call], *, again: bool = False) -> None:
        if all(call.procedure is _nothing for call in group):
            for call in group:
                call.answered.set_result(None)
            return
        try:
            answers = self._commit(group)
        except (SQLAlchemyError, OSError) as error:
            _failed.add()
            if len(group) > 1:
                for one in group:
                    self._store([one], again=True)
            else:
                self._fail(group[0].answered, error)
        except BaseException as error:  # a defect must not leave anybody waiting
            if len(group) > 1:
                for one in group:
                    self._store([one])
            else:
                _log.exception("A call could not be carried out.")
                group[0].answered.set_exception(error)
        else:
            if self.trouble is not None:
                self._try_storage()  # a group may have had nothing to write, and says nothing of storage then
            _calls.add(len(group))
            for call, answer in zip(group, answers, strict=True):
                if again and isinstance(answer, NotOwner):  # the group may have been committed, before it had another
                    words = f"Storage in {self._database.place} broke off: whether this was stored is not known."
                    call.answered.set_exception(StorageUnavailable(words))
                elif isinstance(answer, Exception):
                    call.answered.set_exception(answer)
                else:
                    call.answered.set_result(answer)

    def _commit(self, group: Sequence[_Call]) -> list[Any]:
        by_procedure: dict[Procedure[Any, Any], list[int]] = {}
        for index, call in enumerate(group):
            by_procedure.setdefault(call.procedure, []).append(index)
        answers: list[Any] = [None] * len(group)
        tries = 1 if len(group) > 1 else _MOST_TRIES
        database = self._database
        begin = database.writing if any(call.durable for call in group) else database.writing_unsynced
        for last in range(tries - 1, -1, -1):
            try:
                with _commits, begin() as connection:
                    for procedure, indices in by_procedure.items():
                        found = procedure(connection, [group[index].argument for index in indices])
                        for index, answer in zip(indices, found, strict=True):
                            answers[index] = answer
            except DBAPIError as error:
                if last == 0 or not _is_worth_another_try(error):
                    raise
            else:
                break
        return answers

    def _fail(self, answered: Future[Any], error: Exception) -> None:
        refusal = self._database.refusal(error)
        self._note_trouble(refusal)
        answered.set_exception(refusal)

    def _try_storage(self) -> None:
        try:
            self._database.check_writing()
        except StorageUnavailable as refusal:
            self._note_trouble(refusal)
        except Exception:  # a defect must not end the writer
            self._next_trial = time.monotonic() + _BETWEEN_TRIALS_S
            _log.exception("Storage could not be tried.")
        else:
            self._note_success()

    def _note_trouble(self, refusal: StorageUnavailable) -> None:
        if self.trouble != str(refusal):
            _log.error("%s", refusal)
        self.trouble = str(refusal)
        self._next_trial = time.monotonic() + _BETWEEN_TRIALS_S

    def _note_success(self) -> None:
        if self.trouble is not None:
            _log.info("Storage in %s works again.", self._database.place)
        self.trouble, self._next_trial = None, math.inf


def _is_worth_another_try(error: DBAPIError) -> bool:
    """Whether another process's transaction was in the way, as PostgreSQL says when it ends one of them."""
    return getattr(error.orig, "sqlstate", None) in (_DEADLOCK, _SERIALIZATION_FAILURE)
