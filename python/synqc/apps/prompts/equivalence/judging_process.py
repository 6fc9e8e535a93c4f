"""Judging process: a template that has loaded the mathematics and forks a child for each question, killed on time.

The template never looks at a question: it hands the bytes on. A child that runs out of time, memory or stack, or
crashes, takes nothing with it, and the next one starts from the same clean state.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import struct
import sys
import time
from typing import Any, Final

__all__ = ["main"]

HEADER: Final = struct.Struct("!I")
QUESTION: Final = struct.Struct("!dQ")  # deadline in seconds, memory in bytes
_MOST_ANSWER: Final = 1 << 20
_MOST_QUESTIONS: Final = 200
_END: Final = b"end\n"
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG of prctl


def main() -> None:
    """Answer questions from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import flint  # noqa: F401
    import sympy

    from synqc.apps.prompts.equivalence.judgement import judge_texts

    _warm(judge_texts)
    sympy.simplify(sympy.sin(sympy.Symbol("x", real=True)) ** 2)
    gc.collect()
    gc.freeze()
    _write(1, b"ready")
    child: _Child | None = None
    while True:
        question = _read(0)
        if question is None:
            break
        deadline_s, memory = QUESTION.unpack_from(question)
        if child is None:
            child = _Child(memory)
        _write(1, child.answer(question[QUESTION.size :], deadline_s))
        if child.is_spent:
            child.end()
            child = None
    if child is not None:
        child.end()


def _warm(judge_texts: Any) -> None:
    for one, other in (("sin(x)^2 + cos(x)^2", "1"), ("sqrt(8)", r"2\sqrt{2}"), ("y = 2x", "y - 2x = 0")):
        judge_texts(one, other)


class _Child:
    """A fork that answers questions until it is spent: it did not end in time, died, or has answered many."""

    def __init__(self, memory: int) -> None:
        question_end, self._questions = os.pipe()
        self._answers, answer_end = os.pipe()
        template = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._questions)
            os.close(self._answers)
            _be_child(question_end, answer_end, memory, template)
        os.close(question_end)
        os.close(answer_end)
        self._asked = 0
        self.is_spent = False

    def answer(self, question: bytes, deadline_s: float) -> bytes:
        """The last verdict that the child says before it ends or its time does: {"verdict": ..., "ended": ...}."""
        until = time.monotonic() + deadline_s
        said, ended = bytearray(), "answered"
        self._asked += 1
        try:
            _write(self._questions, question)
        except BrokenPipeError:
            ended = "killed"
        while ended == "answered" and not said.endswith(_END):
            readable, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            if not readable:
                ended = "deadline"
                break
            part = os.read(self._answers, 65536)
            if not part or len(said) > _MOST_ANSWER:
                ended = "killed"
                break
            said += part
        self.is_spent = ended != "answered" or self._asked >= _MOST_QUESTIONS
        complete = [line for line in bytes(said).split(b"\n")[:-1] if line and line != _END.strip()]
        last = complete[-1].decode() if complete else "null"
        return f'{{"verdict": {last}, "ended": "{ended}"}}'.encode()

    def end(self) -> None:
        """Kill it, whatever it does."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._questions)
        os.close(self._answers)


def _be_child(questions: int, answers: int, memory: int, template: int) -> None:
    """Judge what comes until nothing does; never returns."""
    try:
        _restrict(memory, template)
        from synqc.apps.prompts.equivalence.judgement import judge_texts

        while True:
            question = _read(questions)
            if question is None:
                os._exit(0)
            asked = json.loads(question)
            arguments = (asked["reference"], asked["answer"], asked["question"])
            unproved: list[Any] = []
            first = judge_texts(*arguments, proof=lambda one, other, found=unproved: found.append((one, other)))  # type: ignore[misc]
            _say(answers, first)
            if unproved:
                _say(answers, judge_texts(*arguments, proof=_proof))
            _write_all(answers, _END)
    except BaseException:
        # Out of memory or out of stack: the first word stands, if there was one, and the template forks anew.
        os._exit(4)


def _restrict(memory: int, template: int) -> None:
    """Little memory, no files, no standard streams, and no life after the template's."""
    import ctypes
    import resource

    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != template:
        os._exit(0)
    with open("/proc/self/statm", encoding="ascii") as table:
        pages = int(table.read().split()[0])
    most = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _proof(one: Any, other: Any) -> Any:
    from synqc.apps.prompts.equivalence.symbolic import prove

    try:
        return prove(one, other)
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError, RecursionError):
        return None  # SymPy has no answer


def _say(send: int, verdict: Any) -> None:
    _write_all(send, json.dumps(verdict.to_document()).encode() + b"\n")


def _read(stream: int) -> bytes | None:
    header = _read_exactly(stream, HEADER.size)
    return None if header is None else _read_exactly(stream, HEADER.unpack(header)[0])


def _read_exactly(stream: int, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        part = os.read(stream, min(size - len(found), 1 << 20))
        if not part:
            return None
        found += part
    return bytes(found)


def _write(stream: int, body: bytes) -> None:
    _write_all(stream, HEADER.pack(len(body)) + body)


def _write_all(stream: int, body: bytes) -> None:
    view = memoryview(body)
    while view:
        view = view[os.write(stream, view) :]


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(0)
