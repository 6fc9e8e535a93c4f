"""Servers that make text of pictures: a model of OpenAI's protocol that sees, and the plain door `/ocr`."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from synqc.llm._answer import NotTheProtocol, ToldOfAnError
from synqc.llm._chat_completions import ChatCompletion
from synqc.llm._connection import Reply
from synqc.llm._documents import Documents, refuse_failure
from synqc.llm.client import error_of
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import ErrorInAnswer
from synqc.llm.languages import Languages
from synqc.llm.outcome import Outcome
from synqc.llm.picture import Picture
from synqc.llm.read_image import Read

__all__ = ["ChatReader", "OcrServer"]


class ChatReader:
    """A `PageReader` by a model that sees, at any server of OpenAI's protocol.

    Such a model may write what is not there: it is told not to, and a person has to look. A model without eyes is
    refused by its server.

    Args:
        endpoint: Where.
        model: As the server knows it.
        languages: What it reads, where you know; else any may be tried.
        max_tokens: Most tokens of the text; a longer one is CutAnswer.

    Raises:
        MissingExtra: The package `openai` is not installed.
    """

    def __init__(
        self, endpoint: Endpoint, model: str, *, languages: Languages | None = None, max_tokens: int = 2048
    ) -> None:
        self.languages = Languages(others=True) if languages is None else languages
        self.name = f"{model} at {endpoint.base_url}"
        self._documents, self._model, self._max_tokens = Documents(endpoint), model, max_tokens

    def read(self, picture: Picture, *, languages: Sequence[str], deadline_s: float) -> Read:
        """The text of a picture; of words the model tells nothing.

        Raises:
            LanguageModelError: There is none.
        """
        told = (
            "Write down the text of this picture, word by word and line by line, in the script it has, and nothing "
            f"else. Languages: {', '.join(languages)}."
        )
        data = base64.b64encode(picture.content).decode()
        seen = {"type": "image_url", "image_url": {"url": f"data:{picture.media_type};base64,{data}"}}
        message = {"role": "user", "content": [{"type": "text", "text": told}, seen]}
        body = {"model": self._model, "messages": [message], "temperature": 0, "max_tokens": self._max_tokens}
        answer = ChatCompletion(self._model)
        try:
            answer.take(self._documents.post("/chat/completions", body, deadline_s=deadline_s), whole=True)
        except NotTheProtocol as error:
            raise self._documents.misread(str(error)) from None
        except ToldOfAnError as error:
            words = self._documents.endpoint.without_secrets(error.refusal.words)
            message_ = f"{self._documents.endpoint.base_url} answered an error: {words}"
            raise ErrorInAnswer(message_, words=words, status=error.refusal.status) from None
        reply = Reply.of(answer, Spent(1))
        if reply.outcome is not Outcome.OK:
            raise error_of(reply, self._documents.endpoint.base_url)
        return Read(reply.text.strip())


class OcrServer:
    """A `PageReader` by a server with the door `/ocr`: a form with `image` in, `{success, extracted_text, error}` out.

    The door has no place for a language: name those that the server's model reads.

    Args:
        endpoint: The server's address, without `/ocr`.
        languages: What it reads.

    Raises:
        MissingExtra: The package `openai` is not installed.
    """

    def __init__(self, endpoint: Endpoint, *, languages: Languages) -> None:
        self.languages = languages
        self.name = f"OCR at {endpoint.base_url}"
        self._documents = Documents(endpoint)

    def read(self, picture: Picture, *, languages: Sequence[str], deadline_s: float) -> Read:
        """The text of a picture.

        Raises:
            ErrorInAnswer: The server says, with status 200, that it failed.
            LanguageModelError: There is no text for another reason.
        """
        upload = {"image": (f"page.{picture.kind}", picture.content, picture.media_type)}
        told = self._documents.post("/ocr", {}, upload, deadline_s=deadline_s)
        refuse_failure(self._documents, told)
        text = told.get("extracted_text") if isinstance(told, Mapping) else None
        if not isinstance(text, str):
            raise self._documents.misread("its `extracted_text` is no text")
        return Read(text.strip())
