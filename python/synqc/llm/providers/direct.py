"""Models of a server of OpenAI's protocol over connections of our own, for processes that pass many calls on."""

from __future__ import annotations

from typing import Any

from synqc.errors import InputError
from synqc.llm._connection import Connection
from synqc.llm.client import LanguageModels
from synqc.llm.proxies import proxy_of

__all__ = ["DirectModels"]


class _DirectConnection(Connection):
    """A connection past the SDK's HTTP client."""

    def _http(self) -> Any:
        from synqc.llm._plain_http import PlainServer

        return PlainServer(self.endpoint)


class DirectModels(LanguageModels):
    """`LanguageModels` whose requests are written by ourselves: less than half the processor time of a short call.

    Everything else is the same: arguments, attempts, limits of time, outcomes, structured answers, the cache. HTTP/1.1
    alone, and no proxies.

    Raises:
        InputError: The environment names a proxy for this address: use `LanguageModels`.

    Examples:
        >>> from synqc.llm import Endpoint
        >>> DirectModels(Endpoint(base_url="http://localhost:8000/v1", api_key="k"))
        <language models at http://localhost:8000/v1>
    """

    def _connected(self) -> Connection:
        if proxy_of(self.endpoint) is not None:
            raise InputError(
                f"Argument `endpoint` must be reached without a proxy, but the environment names one for "
                f"{self.endpoint.base_url}: use LanguageModels, or NO_PROXY."
            )
        super()._connected()  # which says what is not installed
        return _DirectConnection(self.endpoint, self._wire)
