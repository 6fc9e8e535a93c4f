"""The chat-completions protocol as servers really speak it: documents in, one answer out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from synqc.llm._answer import Answer, NotTheProtocol, ToldOfAnError, count_in
from synqc.llm._streamed_body import StreamedBody
from synqc.llm._tool_call_parts import ToolCallParts
from synqc.llm.completion import Spent
from synqc.llm.dialect import Dialect
from synqc.llm.message import Message
from synqc.llm.prompt_size import is_truncated
from synqc.llm.refusal import refusal_in
from synqc.llm.tools import ToolCall

__all__ = ["CHAT_COMPLETIONS", "ChatCompletion", "ChatCompletions"]

_NO_EYES: Final = re.compile(
    r"(?:image|vision|mmproj).{0,60}(?:not support|unsupport)|not support.{0,40}(?:image|vision)", re.I
)
_TEXT_TYPES: Final = ("text", "output_text", None)


class ChatCompletions:
    """The `Wire` of every server that speaks OpenAI's protocol."""

    path = "/chat/completions"
    dialect = Dialect()

    def key_of(self, model: str) -> str:
        return ""

    def answer_to(self, sent: Mapping[str, Any]) -> Answer:
        return ChatCompletion(sent["model"], has_tools=bool(sent.get("tools")))

    def body_into(self, answer: Answer, most_bytes: int) -> StreamedBody:
        return StreamedBody(answer, most_bytes)

    def is_lasting(self, status: int, words: str) -> bool:
        return status >= 500 and _NO_EYES.search(words) is not None

    def truncated_to(self, model: str, messages: Iterable[Message], spent: Spent) -> int | None:
        return spent.prompt_tokens if is_truncated(messages, spent) else None


CHAT_COMPLETIONS: Final = ChatCompletions()


class ChatCompletion(Answer):
    """Only the first choice is read: no other was asked for. Documents are JSON as it is parsed: dicts and lists.

    Args:
        model: As it was asked for.
        has_tools: Whether tools were offered; calls of others are no answer.
    """

    def __init__(self, model: str, *, has_tools: bool = False) -> None:
        super().__init__(model)
        self._usage: Mapping[str, Any] = {}
        self._calls = ToolCallParts() if has_tools else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return () if self._calls is None else self._calls.calls

    def take(self, document: Any, *, whole: bool) -> str:
        if not isinstance(document, dict):
            raise NotTheProtocol("a document is no JSON object")
        if document.get("error") or "choices" not in document:
            told = refusal_in(document)
            if told is not None:
                raise ToldOfAnError(told)
        self.documents += 1
        if isinstance(document.get("model"), str) and document["model"]:
            self.model = document["model"]
        if isinstance(document.get("usage"), dict):
            self._usage = document["usage"]
        choice = self._first_choice(document.get("choices"), whole)
        return "" if choice is None else self._taken(choice, whole)

    def spent(self, calls: int, latency_s: float) -> Spent:
        usage = self._usage
        cached = count_in(_details(usage, "prompt_tokens_details"), "cached_tokens")
        return Spent(
            calls, count_in(usage, "prompt_tokens"), count_in(usage, "completion_tokens"), latency_s,
            count_in(usage, "prompt_cache_hit_tokens") if cached is None else cached,
            count_in(_details(usage, "completion_tokens_details"), "reasoning_tokens"),
        )  # fmt: skip

    def _first_choice(self, choices: Any, whole: bool) -> Mapping[str, Any] | None:
        if choices is None or choices == []:
            if whole:
                raise NotTheProtocol("there are no choices")
            return None
        if not isinstance(choices, list) or not all(isinstance(one, dict) for one in choices):
            raise NotTheProtocol("the choices are no list of objects")
        found: Mapping[str, Any] | None = next((one for one in choices if one.get("index", 0) in (0, None)), None)
        if found is None and whole:
            raise NotTheProtocol("there is no first choice")
        return found

    def _taken(self, choice: Mapping[str, Any], whole: bool) -> str:
        if choice.get("error"):
            told = refusal_in({"error": choice["error"]})
            if told is not None:
                raise ToldOfAnError(told)
        said = choice.get("delta") if isinstance(choice.get("delta"), dict) and not whole else choice.get("message")
        if said is None:
            said = choice.get("delta")
        text = ""
        if isinstance(said, dict):
            text = self._text_of(said)
            is_repeated = said is choice.get("message") and not whole
            if is_repeated and text == self.text:
                text = ""  # the whole once more, at the end of its parts
            if self._calls is not None and not (is_repeated and self._calls):
                self.size_of_calls += self._calls.take(said.get("tool_calls"))
        elif whole or said is not None:
            raise NotTheProtocol("a choice holds no message")
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self.finish_reason = reason
            if self._calls is not None:
                self._calls.check_whole()
        weighed = choice.get("logprobs")
        if isinstance(weighed, dict):
            self._weighs(weighed.get("content"))
        return self._says(text)

    def _text_of(self, said: Mapping[str, Any]) -> str:
        if isinstance(said.get("refusal"), str):
            self.refusal += said["refusal"]
        self.has_thoughts |= bool(said.get("reasoning_content") or said.get("reasoning"))
        content = said.get("content")
        if content is None:
            return ""
        parts = content if isinstance(content, list) else [content]
        return "".join(self._text_of_part(part) for part in parts)

    def _text_of_part(self, part: Any) -> str:
        if isinstance(part, str):
            return part
        if not isinstance(part, dict):
            raise NotTheProtocol("its content is no text")
        kind = part.get("type")
        if kind == "refusal" and isinstance(part.get("refusal"), str):
            self.refusal += part["refusal"]
        elif kind in _TEXT_TYPES:
            if not isinstance(part.get("text"), str):
                raise NotTheProtocol("a part of its content is no text")
            return str(part["text"])
        else:
            self.has_thoughts |= kind in ("thinking", "reasoning")
        return ""


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = usage.get(name)
    return found if isinstance(found, dict) else {}
