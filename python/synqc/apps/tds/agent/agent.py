"""The agent: suggests a configuration and answers in words. It cannot act: nothing here changes a session."""

from __future__ import annotations

import contextlib
import contextvars
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from math import isnan
from typing import Any

from synqc import cache, metrics
from synqc.apps.tds import clock
from synqc.apps.tds.agent.advice import Advice, Outcomes, ask_for_proposals
from synqc.apps.tds.agent.audit import AgentCall, Record
from synqc.apps.tds.agent.chat import reply_in
from synqc.apps.tds.agent.errors import AgentAbsent, AgentFailed, GoalBlank, SuggestionInvalid
from synqc.apps.tds.agent.limits import Limits
from synqc.apps.tds.agent.patch import Merged, changes_between, merged
from synqc.apps.tds.agent.prediction import Predictor, predict_both
from synqc.apps.tds.agent.prompts import chat_messages
from synqc.apps.tds.agent.proposal import Proposal
from synqc.apps.tds.agent.rationale import rationale_of_changes
from synqc.apps.tds.agent.snapshot import snapshot_of
from synqc.apps.tds.agent.votes import combined, disagreement_among, nearest
from synqc.apps.tds.models import AgentSuggestionRequest, AgentSuggestionResponse, ChatRequest, RunConfiguration
from synqc.apps.tds.session import Session
from synqc.apps.tds.settings import TdsSettings
from synqc.cache import Control, MemoryCache, content_key
from synqc.errors import SynqcError
from synqc.jobs.executors import thread_pool
from synqc.llm import (
    AsyncTextStream,
    Completion,
    LanguageModelError,
    LanguageModels,
    Request,
    Spent,
)
from synqc.llm.choice import Choice, choose, models_of

__all__ = ["Agent", "Suggestion", "agent_of", "why_there_is_none"]

_log = logging.getLogger("synqc.agent")
_seconds = metrics.histogram("synqc_agent_suggestion_seconds", "Time of suggestions that were given.", unit="seconds")
_outcomes = metrics.counter(
    "synqc_agent_suggestions_total", "Suggestions asked for, by what came of them.", ["outcome"]
)

_THREADS = 4  # for merging and simulating; nothing waits for a model on them
_MOST_ANSWERS_KEPT = 512
_ANSWERS_KEPT_S = 3600.0
_MOST_WARNINGS = 50
_CHAT_DEADLINE_S = 90.0
_STREAM_DEADLINE_S = 300.0
_MOST_CHAT_TOKENS = 600
_NOT_KEPT = Control(no_cache=True, no_store=True)  # nobody wants to hear the same again


@dataclass(frozen=True)
class Suggestion:
    """A suggestion, whether the model was asked for it, which that is, and where it ran."""

    response: AgentSuggestionResponse
    cached: bool
    model: str
    where: str


@dataclass(frozen=True)
class _Asked:
    """One request, with everything that is taken from the session, at one moment."""

    session_id: str
    goal: str
    snapshot: dict[str, Any]
    current: RunConfiguration
    model: str
    wanted_model: str
    temperature: float
    started: float

    @property
    def snapshot_hash(self) -> str:
        return content_key("agent_snapshot", self.snapshot)


@dataclass(frozen=True)
class _Bill:
    """What the model wrote for one request, and what was paid for it: nothing for what was remembered."""

    answer: str
    prompt_tokens: int | None
    completion_tokens: int | None

    @classmethod
    def of(cls, outcomes: Outcomes) -> _Bill:
        texts = [one.text if isinstance(one, Completion) else one.answer for one in outcomes]
        paid = [one.spent for one in outcomes if not (isinstance(one, Completion) and one.cached)]
        spent = sum(paid, start=Spent())
        return cls("\n\n".join(texts), spent.prompt_tokens, spent.completion_tokens)


@dataclass(frozen=True)
class _Vote:
    """A usable answer and the configuration it leads to."""

    completion: Completion[Proposal]
    merged: Merged


class Agent:
    """Suggests configurations for a session's next run, and talks.

    Equal questions (goal, snapshot, model, temperature, limits) are answered from memory for an hour.

    Args:
        models: Where language models are asked; its cache must keep answers of any temperature.
        engine: Simulates what is suggested, with a small budget.
        record: Stores what was asked and answered, whatever came of it.
        limits: How far a suggestion may go.
        model, temperature: For requests that name none.
        recommended: Recommendation to a session from past runs, in few words, which the model is told as a fact;
            None where nothing was.
        where: The models are asked, in words: a server's address, or "this process". A model of this process is the
            only one there, whatever a request names.
    """

    def __init__(
        self,
        models: LanguageModels,
        *,
        engine: Predictor,
        record: Record,
        limits: Limits,
        model: str,
        temperature: float,
        where: str,
        recommended: Callable[[Session], dict[str, Any] | None] = lambda _: None,
    ) -> None:
        self._recommended = recommended
        self.models = models
        self.model = model
        self.where = where
        self.temperature = temperature
        self._engine = engine
        self._record = record
        self._limits = limits
        self._threads = thread_pool("agent", _THREADS)

    def submit(
        self, session: Session, body: AgentSuggestionRequest, control: Control | None = None
    ) -> Future[Suggestion]:
        """A configuration to consider for the session's next run; the session stays as it is.

        While the model thinks, no thread waits for it. Cancelling the future ends the call.

        Args:
            session: Whose.
            body: The goal, and how to ask the model.
            control: What the request asks of the cache.

        Raises:
            GoalBlank: There is nothing to aim at.
            InputError: No model can have that name.

        Raises (through the future):
            AgentFailed: The model gave no usable answer.
            SuggestionInvalid: What it suggests cannot run.
            SynqcError: The suggestion cannot be recorded.
        """
        if not body.goal.strip():
            raise GoalBlank
        asked = self._asked(session, body, control)
        answers = ask_for_proposals(
            self.models, model=asked.model, temperature=asked.temperature, goal=asked.goal, snapshot=asked.snapshot,
            limits=self._limits, repeats=body.max_retries, votes=body.votes, control=control,
        )  # fmt: skip
        result: Future[Suggestion] = Future()
        context = contextvars.copy_context()

        def settle(_: Future[Any]) -> None:
            try:
                self._threads.submit(context.run, self._settle, result, asked, answers)
            except RuntimeError:  # closed meanwhile
                result.cancel()

        def let_go(settled: Future[Suggestion]) -> None:
            if settled.cancelled():
                answers.cancel()

        answers.add_done_callback(settle)
        result.add_done_callback(let_go)
        return result

    def suggest(self, session: Session, body: AgentSuggestionRequest, control: Control | None = None) -> Suggestion:
        """`submit`, and wait."""
        return self.submit(session, body, control).result()

    def reply(self, body: ChatRequest, session: Session | None) -> Future[Completion[str]]:
        """An answer in words.

        Raises (through the future):
            LanguageModelError: The model gave none.
        """
        request = self._conversation(body, session)
        return self.models.submit(request, reply_in, deadline_s=_CHAT_DEADLINE_S, control=_NOT_KEPT)

    def reply_stream(self, body: ChatRequest, session: Session | None) -> AsyncTextStream:
        """The same part by part."""
        return self.models.astream(self._conversation(body, session), deadline_s=_STREAM_DEADLINE_S)

    def close(self) -> None:
        """Take no more requests, and let go of connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.models.close()

    def _conversation(self, body: ChatRequest, session: Session | None) -> Request:
        """What the model is asked for a chat message; the session is only shown to it."""
        snapshot = None if session is None else snapshot_of(session)
        messages = chat_messages(body.message, body.history, snapshot)
        most = _MOST_CHAT_TOKENS if self._limits.are_for_small_models else None
        return Request(model=self.model, messages=messages, temperature=self.temperature, max_tokens=most)

    def _asked(self, session: Session, body: AgentSuggestionRequest, control: Control | None) -> _Asked:
        snapshot = snapshot_of(session)
        recommended = self._recommended(session)
        if recommended is not None:
            snapshot["recommendation"] = recommended
        wanted = self.temperature if body.temperature is None or isnan(body.temperature) else body.temperature
        return _Asked(
            session_id=session.session_id,
            goal=body.goal.strip(),
            snapshot=snapshot,
            current=RunConfiguration.model_validate(snapshot["current_config"]),
            model=self._model_for(body),
            wanted_model=(body.model or "").strip(),
            temperature=min(max(wanted, 0.0), 1.0),
            started=time.perf_counter(),
        )

    def _model_for(self, body: AgentSuggestionRequest) -> str:
        wanted = (body.model or "").strip()
        return self.model if self._limits.are_for_small_models else wanted or self.model

    def _settle(self, result: Future[Suggestion], asked: _Asked, answers: Future[Any]) -> None:
        if not result.set_running_or_notify_cancel():
            return
        try:
            result.set_result(self._concluded(asked, answers.result()))
        except BaseException as error:
            result.set_exception(error)

    def _concluded(self, asked: _Asked, outcomes: Outcomes) -> Suggestion:
        """Of answers and failures a suggestion, recorded; or an error, recorded as well."""
        bill = _Bill.of(outcomes)
        try:
            suggestion = self._suggestion(asked, Advice.of(outcomes))
        except SynqcError as error:
            self._record_failure(asked, bill, error)
            if isinstance(error, LanguageModelError):
                raise AgentFailed(str(error)) from error
            raise
        outcome = "cached" if suggestion.cached else "suggested"
        self._recorded(asked, bill, outcome, suggestion.response.changes_applied).result()
        _seconds.record(time.perf_counter() - asked.started)
        return suggestion

    def _suggestion(self, asked: _Asked, advice: Advice) -> Suggestion:
        votes, refusals = self._valid(asked, advice)
        configs = [vote.merged.config for vote in votes]
        recommended = combined(configs, asked.current)
        seed = int(content_key("agent_prediction", asked.snapshot_hash)[:13], 16)
        changes = changes_between(asked.current, recommended)
        nearest_vote = votes[nearest(configs, recommended)].completion
        rationale = nearest_vote.value.rationale
        warnings = _warnings(votes, [str(failure) for failure in (*advice.failures, *refusals)])
        if self._limits.are_for_small_models:
            rationale = rationale_of_changes(changes, said=rationale, model=asked.model, where=self.where)
            if asked.wanted_model not in ("", asked.model):
                warnings.insert(0, f"{asked.model} answered: model {asked.wanted_model:.80} is not here.")
        response = AgentSuggestionResponse(
            recommended_config=recommended,
            rationale=rationale,
            warnings=warnings,
            changes_applied=changes,
            predicted=predict_both(self._engine, asked.session_id, asked.current, recommended, seed=seed),
            votes={"count": len(votes), "disagreement": disagreement_among(configs)},
        )
        cached = all(completion.cached for completion in advice.completions)
        return Suggestion(response, cached, nearest_vote.model, self.where)

    def _valid(self, asked: _Asked, advice: Advice) -> tuple[list[_Vote], list[SuggestionInvalid]]:
        votes, refusals = [], []
        for completion in advice.completions:
            try:
                votes.append(_Vote(completion, merged(asked.current, completion.value.patch, self._limits)))
            except SuggestionInvalid as refusal:
                refusals.append(refusal)
        if not votes:
            raise refusals[0]
        return votes, refusals

    def _recorded(self, asked: _Asked, bill: _Bill, outcome: str, changes: dict[str, Any]) -> Future[None]:
        _outcomes.labels(outcome=outcome).add()
        call = AgentCall(
            created_at=clock.now(),
            session_id=asked.session_id,
            goal=asked.goal,
            snapshot_hash=asked.snapshot_hash,
            model=asked.model,
            prompt_tokens=bill.prompt_tokens,
            completion_tokens=bill.completion_tokens,
            latency_s=time.perf_counter() - asked.started,
            outcome=outcome,
            answer=bill.answer,
            changes=changes,
        )
        return self._record(call)

    def _record_failure(self, asked: _Asked, bill: _Bill, error: SynqcError) -> None:
        """A record that cannot be stored must not hide the failure."""
        _log.warning("No suggestion for session %s: %s", asked.session_id, error)
        try:
            self._recorded(asked, bill, error.code, {}).result()
        except SynqcError:
            _log.exception("The failed suggestion could not be recorded.")


def agent_of(
    settings: TdsSettings, *, engine: Predictor, record: Record,
    recommended: Callable[[Session], dict[str, Any] | None] = lambda _: None,
) -> Agent | None:  # fmt: skip
    """The agent of a service, or None if no model is set up or it cannot be made; then the log says why."""
    try:
        choice = _choice_of(settings)
        if choice.kind == "none":
            return None
        answers = MemoryCache(_MOST_ANSWERS_KEPT, ttl=_ANSWERS_KEPT_S)
        models = models_of(choice, settings, cache=answers, reuse="always")
    except SynqcError as error:
        _log.warning("There is no agent: %s", _in_words_of_settings(error))
        return None
    with contextlib.suppress(SynqcError):  # the name belongs to another agent of this process, which is then shown
        cache.report(answers, "agent answers")
    limits = Limits.of(settings)
    if choice.is_in_process:
        limits = limits.for_small_model(choice.model)
        _log.info("The agent's model is %s", choice.words)
    return Agent(
        models, engine=engine, record=record, limits=limits, model=choice.model,
        temperature=settings.agent_temperature, where=choice.where, recommended=recommended,
    )  # fmt: skip


def why_there_is_none(settings: TdsSettings) -> AgentAbsent:
    """What a client is told that asks an agent which could not be made."""
    try:
        choice = _choice_of(settings)
        if choice.kind == "none":
            return AgentAbsent(f"{choice.words} Then restart the server.")
        models_of(choice, settings)
    except SynqcError as error:
        return AgentAbsent(_in_words_of_settings(error))
    return AgentAbsent("the server's log says why.")


def _choice_of(settings: TdsSettings) -> Choice:
    return choose(settings, model=settings.agent_model, task="numbers")


def _in_words_of_settings(error: SynqcError) -> str:
    words = str(error)
    for argument, variable in (("base_url", "OPENAI_BASE_URL"), ("api_key", "OPENAI_API_KEY")):
        words = words.replace(f"Argument `{argument}`", variable)
    return words


def _warnings(votes: list[_Vote], failures: list[str]) -> list[str]:
    """What was done to the patches first, then what the model warns of; each once."""
    told = [warning for vote in votes for warning in vote.merged.warnings]
    told += [f"A vote does not count: {failure}" for failure in failures]
    told += [f"The answer was mended: {mark}." for vote in votes for mark in vote.completion.repaired]
    told += ["The server read only a part of the question." for vote in votes if vote.completion.prompt_truncated]
    told += [f"The model takes no {name}." for vote in votes for name in vote.completion.ignored]
    told += [warning for vote in votes for warning in vote.completion.value.warnings]
    return list(dict.fromkeys(told))[:_MOST_WARNINGS]
