"""Concurrent checks of provisions by a model: each has its own time, and one that fails is unknown, never a no."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from synqc import metrics
from synqc.apps.fir.document.provision import Verdict
from synqc.apps.fir.knowledge.knowledge_base import Hit, KnowledgeBase, SearchResult
from synqc.apps.fir.knowledge.superseded import find_superseded
from synqc.apps.fir.violations.finding import CheckedComplaint, Finding
from synqc.apps.fir.violations.question import FORM_SHA256, OPTIONS, CheckQuestion, question_of
from synqc.errors import InputError
from synqc.jobs.executors import EventLoopThread
from synqc.llm.calibration import Calibration
from synqc.llm.decide import Decision, adecide
from synqc.llm.errors import LanguageModelError
from synqc.llm.provider import Provider

__all__ = ["ViolationChecks"]

_log = logging.getLogger("synqc.fir")
_MOST_CHECKS: Final = 50

_checks = metrics.histogram(
    "synqc_fir_check_seconds", "Time of a check of a provision, by its verdict.", ["verdict"], unit="seconds"
)
_queue = metrics.histogram(
    "synqc_fir_check_queue_seconds", "Time that a check of a provision waited for its turn.", unit="seconds"
)


class ViolationChecks:
    """Asks a model about each provision that a search found; one object serves all sessions.

    Checks of all sessions share `most_at_once` places. A check's seconds begin when it has one, so that a full queue
    makes checks later, not unknown.

    Args:
        knowledge: Where provisions are found.
        provider: Whom to ask.
        model: As the provider knows it.
        calibration: Calibration of this model on questions of this kind (`evaluation.calibrate`); None: the model's own
            probabilities, which findings say.
        error_rate: How many of its verdicts may be wrong; what is less sure is unknown.
        most: Provisions that are checked, the best ones, 1 to 50.
        seconds: For each.
        most_tokens: Most tokens of an answer.
        most_at_once: Checks under way at a time; None: as many as the provider takes.
        most_characters: Most characters of a complaint; a no to the beginning of a longer one is unknown.

    Raises:
        InputError: An argument is out of its range, or the calibration is another model's or another question's.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        *,
        provider: Provider,
        model: str,
        calibration: Calibration | None = None,
        error_rate: float = 0.1,
        most: int = 10,
        seconds: float = 8.0,
        most_tokens: int = 3,
        most_at_once: int | None = None,
        most_characters: int = 3000,
    ) -> None:
        if not 1 <= most <= _MOST_CHECKS:
            raise InputError(f"Argument `most` must be a whole number from 1 to {_MOST_CHECKS}, but is {most!r}.")
        if not 0 < seconds < 1e6:
            raise InputError(f"Argument `seconds` must be above 0 and below a million, but is {seconds!r}.")
        if not 0 <= error_rate < 0.5:
            raise InputError(f"Argument `error_rate` must be from 0 to below 0.5, but is {error_rate!r}.")
        if not 1 <= most_tokens <= 64:
            raise InputError(f"Argument `most_tokens` must be a whole number from 1 to 64, but is {most_tokens!r}.")
        if most_characters < 10:
            raise InputError(f"Argument `most_characters` must be at least 10, but is {most_characters!r}.")
        places = provider.most_at_once if most_at_once is None else most_at_once
        if places < 1:
            raise InputError(f"Argument `most_at_once` must be at least 1, but is {places!r}.")
        if calibration is not None and (calibration.model, calibration.options) != (model, OPTIONS):
            raise InputError(
                f"Argument `calibration` must be of model {model!r} and options {list(OPTIONS)}, but is of "
                f"{calibration.model!r} and {list(calibration.options)}."
            )
        if calibration is not None and calibration.question != FORM_SHA256:
            raise InputError(
                f"Argument `calibration` must be fitted on questions of the form {FORM_SHA256[:12]}, but is on ones of "
                f"{calibration.question[:12] or 'no known form'}: fit it anew by `synqc fir evaluate --calibrate-on`."
            )
        self.knowledge = knowledge
        self.model = model
        self._provider, self._calibration = provider, calibration
        self._error_rate, self._most, self._seconds = error_rate, most, seconds
        self._most_tokens, self._most_characters = most_tokens, most_characters
        self._most_at_once = places
        self._places = asyncio.Semaphore(places)
        self._loop = EventLoopThread("fir-checks")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def check(self, complaint: str) -> CheckedComplaint:
        """Find provisions and check them; waits.

        Args:
            complaint: Or its summary, in English, Hindi or both.

        Raises:
            InputError: It is no text.
        """
        future = self.submit(complaint)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    async def acheck(self, complaint: str) -> CheckedComplaint:
        """Like `check`, in a coroutine; cancelling it ends the calls."""
        found = await asyncio.to_thread(self._search, complaint)
        return await asyncio.wrap_future(self._loop.run(self._check_all(complaint, found)))

    def submit(self, complaint: str) -> Future[CheckedComplaint]:
        """Find provisions, begin to check them, and go on meanwhile; cancelling the future ends the calls."""
        return self._loop.run(self._check_all(complaint, self._search(complaint)))

    def close(self) -> None:
        """End what is under way, and the thread; the next check begins anew."""
        self._loop.close()
        self._places = asyncio.Semaphore(self._most_at_once)

    def _search(self, complaint: str) -> SearchResult:
        return self.knowledge.search(complaint, most=self._most, punishing=True)

    async def _check_all(self, complaint: str, found: SearchResult) -> CheckedComplaint:
        findings = await asyncio.gather(*(self._check(complaint, hit) for hit in found.hits))
        return CheckedComplaint(tuple(findings), found, tuple(find_superseded(complaint)))

    async def _check(self, complaint: str, hit: Hit) -> Finding:
        question = question_of(complaint, hit.record, most_characters=self._most_characters)
        asked = time.perf_counter()
        async with self._places:
            began = time.perf_counter()
            decision, cause = await self._decide(question)
            took = time.perf_counter() - began
        verdict, probability = Verdict.UNKNOWN, None
        if decision is not None:
            probability = decision.probability if decision.likeliest == OPTIONS[0] else 1 - decision.probability
            if decision.answer is None:
                cause = f"the model is unsure: {probability:.0%} for yes"
            elif decision.answer == OPTIONS[0]:
                verdict = Verdict.YES
            elif question.is_cut:
                cause = f"the model says no to the first {self._most_characters} characters, and read no more"
            else:
                verdict = Verdict.NO
        _checks.labels(verdict=verdict.value).record(took)
        _queue.record(began - asked)
        return Finding(
            hit, verdict, cause, probability, self.model, self._calibration is not None, question.sha256,
            began - asked, took,
        )  # fmt: skip

    async def _decide(self, question: CheckQuestion) -> tuple[Decision | None, str]:
        """A decision, or why there is none."""
        try:
            async with asyncio.timeout(self._seconds):
                decision = await adecide(
                    question.text, OPTIONS, provider=self._provider, model=self.model, calibration=self._calibration,
                    error_rate=self._error_rate, before=question.before, says_options=False,
                    most_tokens=self._most_tokens, deadline_s=self._seconds,
                )  # fmt: skip
            return decision, ""
        except TimeoutError:
            return None, f"no answer within {self._seconds:g} s"
        except LanguageModelError as error:
            return None, f"{error.outcome.value}: {error!s:.300}"
        except Exception as error:
            # A provider of somebody else's that breaks its word: the officer sees a check without an answer, and the
            # log its class alone, for messages may hold words of the complaint.
            _log.error("A check of a provision ended with %s.", type(error).__name__)
            return None, f"the check failed with {type(error).__name__}"
