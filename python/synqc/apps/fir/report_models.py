"""Who writes the texts of reports and answers the checks: chosen by the settings when first asked, behind a breaker."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from synqc.apps.fir.breaker import CircuitBreaker
from synqc.errors import SynqcError
from synqc.llm.choice import Choice, choose, models_of
from synqc.llm.completion import Completion, Spent
from synqc.llm.errors import LanguageModelError, ModelUnreachable
from synqc.llm.outcome import Outcome
from synqc.llm.provider import Provider
from synqc.llm.request import Request

if TYPE_CHECKING:
    from synqc.apps.fir.settings import FirSettings

__all__ = ["ModelsState", "NoModel", "ReportModels"]

_KEPT_S: Final = 30.0
_FAILURE_KEPT_S: Final = 5.0
_PROBE_S: Final = 5.0
_OF_THE_SERVER: Final = (Outcome.UNREACHABLE, Outcome.TIMED_OUT, Outcome.PROTOCOL_ERROR, Outcome.IN_BAND_ERROR)
"""What says something of the server, and not of the question."""


class NoModel(SynqcError):
    """No language model is set up: summary and narrative are then an officer's own words."""

    code = "no_model"


@dataclass(frozen=True)
class ModelsState:
    """Whether somebody would answer.

    Args:
        choice: The one that is chosen.
        is_ready: Whether a file is there, or a server takes connections.
        words: The same for people.
    """

    choice: Choice
    is_ready: bool
    words: str


class ReportModels:
    """The one provider of the application.

    Args:
        settings: Which server or file.
        breaker: Breaker of whoever is chosen.
        provider: Instead of what the settings choose; it is not closed here.
        clock: Seconds, for how long a look is believed.
    """

    def __init__(
        self, settings: FirSettings, breaker: CircuitBreaker, provider: Provider | None = None, *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._settings, self._breaker, self._given, self._clock = settings, breaker, provider, clock
        self._lock = threading.Lock()
        self._made: tuple[Choice, Provider] | None = None
        self._spent = _Spending()
        self._looked: tuple[float, ModelsState] | None = None

    @property
    def choice(self) -> Choice:
        """Who would be asked now."""
        if self._given is not None:
            return Choice("server", self._settings.model, self._given.name, f"{self._given.name} answers.")
        return choose(self._settings, model=self._settings.model)

    def provider(self) -> tuple[Provider, str]:
        """Who is asked, and for which model; nothing is loaded and nobody asked before the first request.

        Raises:
            NoModel: Nobody is there; the message says how to get a model.
            InputError: An address or a key cannot be one.
            MissingExtra: A package is not installed.
        """
        if self._given is not None:
            return cast(Provider, _Guarded(self._given, self._breaker, self._spent)), self._settings.model
        choice = self.choice
        if choice.kind == "none":
            raise NoModel(f"No text can be written here: {choice.words}")
        with self._lock:
            if self._made is None or self._made[0] != choice:
                if self._made is not None:
                    self._made[1].close()
                # Ten checks of one complaint begin alike, and what is shown is stored: nothing has to repeat.
                of_this_machine = {"reuses_prompts": True} if choice.kind == "file" else {}
                self._made = choice, models_of(choice, self._settings, **of_this_machine)
            return cast(Provider, _Guarded(self._made[1], self._breaker, self._spent)), choice.model

    @property
    def spent(self) -> Spent:
        """Cost of all calls that were answered since this object was made."""
        return self._spent.total

    def state(self, *, anew: bool = False) -> ModelsState:
        """Whether somebody would answer; a look is believed for 30 s, a vain one for 5 s. Blocks for 5 s at most."""
        now = self._clock()
        with self._lock:
            looked = self._looked
        if not anew and looked is not None and now - looked[0] < (_KEPT_S if looked[1].is_ready else _FAILURE_KEPT_S):
            return looked[1]
        state = self._look()
        with self._lock:
            self._looked = now, state
        return state

    def close(self) -> None:
        """End what is under way, and let go."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made[1].close()

    def _look(self) -> ModelsState:
        choice = self.choice
        if choice.kind == "none":
            return ModelsState(choice, False, choice.words)
        if choice.kind == "file" or self._given is not None:
            return ModelsState(choice, True, choice.words)
        parts = urlsplit(choice.where)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), timeout=_PROBE_S).close()
        except OSError as error:
            return ModelsState(choice, False, f"Nobody takes connections at {choice.where}: {type(error).__name__}.")
        return ModelsState(choice, True, choice.words)


class _Spending:
    """Sum of what answers cost; any thread adds."""

    def __init__(self) -> None:
        self.total = Spent()
        self._lock = threading.Lock()

    def add(self, spent: Spent) -> None:
        with self._lock:
            self.total += spent


class _Guarded:
    """A provider whose failures a breaker counts, and which is not asked while that is open."""

    def __init__(self, provider: Provider, breaker: CircuitBreaker, spending: _Spending) -> None:
        self._provider, self._breaker, self._spending = provider, breaker, spending
        self.name, self.most_at_once, self.is_local = provider.name, provider.most_at_once, provider.is_local

    def submit(self, request: Request, *arguments: Any, **options: Any) -> Future[Completion[Any]]:
        """As the provider's."""
        self._check()
        future: Future[Completion[Any]] = self._provider.submit(request, *arguments, **options)
        future.add_done_callback(self._told)
        return future

    async def acomplete(self, request: Request, *arguments: Any, **options: Any) -> Completion[Any]:
        """As the provider's."""
        self._check()
        try:
            answer: Completion[Any] = await self._provider.acomplete(request, *arguments, **options)
        except BaseException as error:
            self._count(error)
            raise
        self._answered(answer)
        return answer

    def _check(self) -> None:
        if not self._breaker.lets_through():
            seconds = self._breaker.recovery_s
            raise ModelUnreachable(f"The model failed again and again: it is asked again after at most {seconds:g} s.")

    def _told(self, future: Future[Completion[Any]]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if error is None:
            self._answered(future.result())
        else:
            self._count(error)

    def _answered(self, answer: Completion[Any]) -> None:
        self._breaker.succeeded()
        self._spending.add(answer.spent)

    def _count(self, error: BaseException) -> None:
        if isinstance(error, CancelledError) or not isinstance(error, LanguageModelError):
            return
        if error.outcome in _OF_THE_SERVER or (error.outcome is Outcome.REFUSED and error.status >= 500):
            self._breaker.failed()
        elif error.outcome is not Outcome.CANCELLED:
            self._breaker.succeeded()  # it answered
