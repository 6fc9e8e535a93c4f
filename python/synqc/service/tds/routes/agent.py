"""The agent: suggestions for the next run, and chat."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Request, Response

from synqc.apps.tds.agent import AgentAbsent, count_chat, placeholder_reply, reply_in, why_there_is_none
from synqc.apps.tds.application import TdsApplication
from synqc.apps.tds.models import AgentSuggestionRequest, AgentSuggestionResponse, ChatRequest, ChatResponse
from synqc.apps.tds.session import Session
from synqc.cache import Control
from synqc.errors import SynqcError
from synqc.llm import AsyncTextStream
from synqc.service.client_disconnect import unless_disconnected
from synqc.service.description import answered
from synqc.service.responses import EventStream
from synqc.service.tds.context import Tds
from synqc.service.tds.routes.examples import CONFIG, RUN
from synqc.service.tds.routes.parameters import SessionId

__all__ = ["router"]

_log = logging.getLogger("synqc.agent")
_SIGN_OF_LIFE_S = 15.0
_END = object()

router = APIRouter(tags=["agent"])

_SUGGESTION_EXAMPLES: dict[str, Any] = {
    "gentler": {"summary": "As control pages ask", "value": {"goal": "Less back-action at the same fidelity."}},
    "votes": {
        "summary": "Five answers, combined",
        "value": {"goal": "Lower latency.", "votes": 5, "temperature": 0.5, "max_retries": 2},
    },
}
_CHAT_EXAMPLES: dict[str, Any] = {
    "question": {"summary": "Ask about a session", "value": {"session_id": "x1", "message": "Why is B so high?"}},
    "stream": {"summary": "Part by part", "value": {"message": "What is a weak probe?", "stream": True}},
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": {"application/json": {"example": {"detail": example}}}}
    for status, words, example in (
        (400, "The goal is blank, or what is suggested cannot run.", "`goal` must say what to aim at, but is blank."),
        (404, "No session has that id.", "Session 'x1' not found"),
        (502, "The model gave no usable answer.", "Agent error: No answer from http://localhost:11434/v1 within 60 s."),
        (503, "No language model is set up.", str(AgentAbsent())),
    )
}
_CACHE_HEADER = {"description": "Whether the model was asked.", "schema": {"type": "string", "enum": ["hit", "miss"]}}
_MODEL_HEADER = {"description": "Which model answered, and where it ran.", "schema": {"type": "string"}}
_GENTLER = {"value": 0.0034, "standard_error": 0.0}
_SUGGESTION = {
    "recommended_config": {**CONFIG, "probe_strength": 0.1}, "rationale": "A gentler probe does less damage.",
    "warnings": ["Each shot gives less information."],
    "changes_applied": {"probe_strength": {"old": 0.2, "new": 0.1}},
    "predicted": {
        "current": RUN["estimates"], "recommended": {**RUN["estimates"], "backaction": _GENTLER},
        "shots": 500, "seed": 7,
    },
    "votes": {"count": 1, "disagreement": {}},
}  # fmt: skip
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {"X-SynQc-Agent-Cache": _CACHE_HEADER, "X-SynQc-Agent-Model": _MODEL_HEADER},
        **answered(_SUGGESTION)[200],
    },
    **_REFUSALS,
}
_REPLY = {"reply": "B grows with the square of the probe's strength: try 0.1.", "session_id": "x1"}
_REPLY_EVENTS = 'data: {"delta":"B grows with "}\n\ndata: {"reply":"B grows with the strength.","session_id":"x1"}\n\n'

_CacheControl = Annotated[str | None, Header(alias="Cache-Control", description="`no-cache` asks the model anew.")]


@router.post(
    "/sessions/{session_id}/agent-suggestion", operation_id="suggest_configuration",
    summary="Suggest Configuration", response_model=AgentSuggestionResponse, responses=_ANSWERS,
)  # fmt: skip
@router.post(
    "/sessions/{session_id}/agent/suggest", operation_id="suggest_configuration_by_its_other_path",
    summary="Suggest Configuration By Its Other Path", response_model=AgentSuggestionResponse, responses=_ANSWERS,
)  # fmt: skip
async def suggest(
    session_id: SessionId,
    body: Annotated[AgentSuggestionRequest, Body(openapi_examples=_SUGGESTION_EXAMPLES)],
    tds: Tds,
    request: Request,
    response: Response,
    cache_control: _CacheControl = None,
) -> AgentSuggestionResponse:
    """A small change of the configuration for the next run, with what the engine expects of it; nothing is applied."""
    agent = tds.agent
    if agent is None:
        raise why_there_is_none(tds.settings)
    session = tds.store.get(session_id)
    control = Control(no_cache=True) if "no-cache" in (cache_control or "").lower() else None
    suggestion = await unless_disconnected(request, agent.submit(session, body, control))
    response.headers["X-SynQc-Agent-Cache"] = "hit" if suggestion.cached else "miss"
    response.headers["X-SynQc-Agent-Model"] = _header_of(f"{suggestion.model} ({suggestion.where})")
    return suggestion.response


@router.post(
    "/chat", operation_id="chat", response_model=ChatResponse,
    responses={
        200: {
            "content": {
                "application/json": {"example": _REPLY},
                "text/event-stream": {"schema": {"type": "string"}, "example": _REPLY_EVENTS},
            }
        }
    },
)  # fmt: skip
async def chat(
    body: Annotated[ChatRequest, Body(openapi_examples=_CHAT_EXAMPLES)], tds: Tds, request: Request
) -> ChatResponse | EventStream:
    """An answer in words. With `stream`, server-sent events: a `delta` each, and at last the whole `reply`."""
    if body.stream:
        return EventStream(_events(body, tds))
    return ChatResponse(reply=await _reply(body, tds, request), session_id=body.session_id)


async def _reply(body: ChatRequest, tds: TdsApplication, request: Request) -> str:
    agent = tds.agent
    if agent is None:
        return _placeholder(body, "no agent")
    try:
        completion = await unless_disconnected(request, agent.reply(body, _session_of(body, tds)))
    except SynqcError as error:
        return _placeholder(body, error.code, error)
    count_chat("answered")
    return completion.value


async def _events(body: ChatRequest, tds: TdsApplication) -> AsyncIterator[bytes]:
    """Deltas, then the reply. The reply is what counts: after a failure it is the placeholder, whatever came before."""
    agent = tds.agent
    said: list[str] = []
    try:
        if agent is None:
            reply = _placeholder(body, "no agent")
        else:
            async for delta in _with_signs_of_life(agent.reply_stream(body, _session_of(body, tds))):
                if delta is None:
                    yield b": alive\n\n"
                else:
                    said.append(delta)
                    yield _event({"delta": delta})
            reply = reply_in("".join(said))
            count_chat("answered")
    except SynqcError as error:
        reply = _placeholder(body, error.code, error)
    except ValueError:
        reply = _placeholder(body, "blank")
    if not said:
        yield _event({"delta": reply})
    yield _event({"reply": reply, "session_id": body.session_id})


async def _with_signs_of_life(stream: AsyncTextStream) -> AsyncIterator[str | None]:
    """Parts of an answer; None where nothing came for a while, so that nobody between takes the line for dead."""
    async with stream:
        while True:
            part = asyncio.ensure_future(anext(stream, _END))
            try:
                while not (await asyncio.wait({part}, timeout=_SIGN_OF_LIFE_S))[0]:
                    yield None
            finally:
                part.cancel()
            said = await part
            if said is _END:
                return
            yield str(said)


def _session_of(body: ChatRequest, tds: TdsApplication) -> Session | None:
    return tds.store.sessions.get(body.session_id) if body.session_id else None


def _placeholder(body: ChatRequest, outcome: str, error: SynqcError | None = None) -> str:
    count_chat(outcome)
    if error is not None:
        _log.warning("Chat has no answer: %s", error)
    return placeholder_reply(body.message, body.session_id, error)


def _header_of(text: str) -> str:
    """Without what a header cannot hold: models are named by whoever serves them."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _event(data: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % json.dumps(data, separators=(",", ":")).encode()
