"""What a server turned out to understand of the protocol, and how a request is put to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from synqc.llm.request import Message, Request

__all__ = ["Dialect", "Form"]

Form = Literal["json_schema", "json_object", "plain"]

_LOWER: Final[dict[Form, Form]] = {"json_schema": "json_object", "json_object": "plain"}


@dataclass(frozen=True)
class Dialect:
    """What one model of one server takes.

    Args:
        form: How it may be asked for JSON.
        temperature: Whether it takes one; some reasoning models do not.
        token_limit: What it calls the limit of tokens.
        stream_usage: Whether it counts tokens of a stream on request.
    """

    form: Form = "json_schema"
    temperature: bool = True
    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_usage: bool = True

    def form_of(self, request: Request) -> Form:
        """How this request's form is asked for."""
        return "plain" if request.form is None else self.form

    def ignored(self, request: Request) -> tuple[str, ...]:
        """Parameters of the request that are not sent."""
        return () if self.temperature or request.temperature is None else ("temperature",)

    def parameters(self, request: Request, messages: tuple[Message, ...], *, stream: bool = False) -> dict[str, Any]:
        """Body of the request, with these messages in place of its own.

        >>> asked = Request(model="phi3", messages=(Message("user", "Why?"),), temperature=0.5, max_tokens=20)
        >>> Dialect(token_limit="max_completion_tokens").parameters(asked, asked.messages)["max_completion_tokens"]
        20
        """
        form = self.form_of(request)
        sent: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": one.role, "content": one.content} for one in self._explained(request, messages)],
        }
        if request.temperature is not None and self.temperature:
            sent["temperature"] = request.temperature
        if request.max_tokens is not None:
            sent[self.token_limit] = request.max_tokens
        if request.seed is not None:
            sent["seed"] = request.seed
        if request.stop:
            sent["stop"] = list(request.stop)
        if form == "json_schema" and request.form is not None:
            schema = {"name": request.form.name, "schema": dict(request.form.schema), "strict": True}
            sent["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif form == "json_object":
            sent["response_format"] = {"type": "json_object"}
        if stream:
            sent["stream"] = True
            if self.stream_usage:
                sent["stream_options"] = {"include_usage": True}
        return sent

    def after_refusal(self, sent: dict[str, Any], status: int, words: str) -> Dialect | None:
        """What to try after a server has refused a body, or None if nothing in it can be left out.

        >>> Dialect().after_refusal({"response_format": {}}, 400, "Unsupported response_format").form
        'json_object'
        >>> Dialect().after_refusal({"messages": []}, 400, "The conversation is too long.") is None
        True
        """
        if status not in (400, 415, 422, 501):
            return None
        said = words.lower()
        formed = "response_format" in sent
        if formed and ("response_format" in said or "json_schema" in said):
            return replace(self, form=_LOWER[self.form])
        if "stream_options" in sent and "stream_options" in said:
            return replace(self, stream_usage=False)
        if "max_tokens" in sent and "max_tokens" in said:
            return replace(self, token_limit="max_completion_tokens")
        if "temperature" in sent and "temperature" in said:
            return replace(self, temperature=False)
        if formed:
            return replace(self, form=_LOWER[self.form])
        if "stream_options" in sent:
            return replace(self, stream_usage=False)
        return None

    def _explained(self, request: Request, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Where the server does not know the schema, the model is told."""
        if request.form is None or self.form == "json_schema":
            return messages
        schema = json.dumps(request.form.schema, separators=(",", ":"))
        told = Message("system", f"Answer with one JSON object and nothing else. It follows this JSON schema: {schema}")
        leading = sum(1 for message in messages if message.role == "system")
        return (*messages[:leading], told, *messages[leading:])
