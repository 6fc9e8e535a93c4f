"""Doors of a server beside conversations: a document in, a document out, with the attempts and errors of all calls."""

from __future__ import annotations

import asyncio
import importlib.util
import weakref
from collections.abc import Mapping
from typing import Any

from synqc.errors import MissingExtra
from synqc.llm import _loop_thread
from synqc.llm._attempts import pause_s
from synqc.llm._chat_completions import CHAT_COMPLETIONS
from synqc.llm._connection import Connection
from synqc.llm.completion import Spent
from synqc.llm.endpoint import Endpoint
from synqc.llm.errors import ErrorInAnswer, LanguageModelError, ProtocolError

__all__ = ["Documents", "Upload", "refuse_failure"]

Upload = tuple[str, bytes, str]
"""Name, content, media type."""


class Documents:
    """Asks one server.

    Args:
        endpoint: Where, with its attempts and limits of time.

    Raises:
        MissingExtra: The package `openai` is not installed; it carries the connections.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtra("Servers need the package `openai`: pip install 'synqc[llm]'.")
        self.endpoint = endpoint
        self._connection = Connection(endpoint, CHAT_COMPLETIONS)
        weakref.finalize(self, _let_go, self._connection).atexit = False

    def post(
        self,
        path: str,
        body: Mapping[str, Any],
        upload: Mapping[str, Upload] | None = None,
        *,
        deadline_s: float | None = None,
    ) -> Any:
        """What the server answers, as JSON.

        Args:
            path: Behind the endpoint's address.
            body: A JSON object, or with an upload the other fields of the form.
            upload: Files by the name of their field.
            deadline_s: It must be done by then; None: the endpoint's `timeout_s`.

        Raises:
            LanguageModelError: There is no answer.
        """
        future = _loop_thread.shared.submit(self._posted(path, dict(body), dict(upload or {}), deadline_s))
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def misread(self, problem: str) -> ProtocolError:
        """The error of a document that is not what the protocol says."""
        return ProtocolError(f"{self.endpoint.base_url} did not answer in the protocol: {problem}.")

    def close(self) -> None:
        """Let go of connections; the next request makes new ones."""
        _loop_thread.shared.submit(self._connection.close()).result()

    async def _posted(
        self, path: str, body: dict[str, Any], upload: dict[str, Upload], deadline_s: float | None
    ) -> Any:
        clock = asyncio.get_running_loop().time
        allowed_s = self.endpoint.timeout_s if deadline_s is None else min(deadline_s, self.endpoint.timeout_s)
        until, attempt = clock() + allowed_s, 0
        spent = Spent()
        while True:
            try:
                return await self._connection.document(path, until - clock(), body, upload)
            except LanguageModelError as error:
                attempt += 1
                spent += error.spent
                pause = pause_s(self.endpoint, error, attempt, until - clock())
                if pause is None:
                    error.spent = spent
                    raise
            await asyncio.sleep(pause)


def refuse_failure(documents: Documents, told: Any) -> None:
    """Raise where an answer of status 200 says that all went wrong, and names no error (which `post` raises)."""
    if isinstance(told, Mapping) and told.get("success") is False:
        raise ErrorInAnswer(f"{documents.endpoint.base_url} says that it failed, and not why.")


def _let_go(connection: Connection) -> None:
    _loop_thread.shared.tell(connection.close())
