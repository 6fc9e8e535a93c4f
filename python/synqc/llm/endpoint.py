"""Where a language model is asked, and how long an answer may take."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from urllib.parse import parse_qsl, quote_plus, urlsplit

from synqc.errors import InputError

__all__ = ["OPENAI_URL", "Endpoint"]

OPENAI_URL: Final = "https://api.openai.com/v1"
_SHORTEST_SECRET = 6


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A server that speaks the chat-completions protocol: OpenAI, Ollama, llama.cpp, vLLM and others.

    Args:
        base_url: Up to and including `/v1`. A query in it becomes `query`.
        query: Sent with every request after `?`, and shown as little as the key: some servers take their token there.
        api_key: Sent with every request to this address and to no other, and never shown: not in `repr`, not in
            messages, not in logs.
        timeout_s: One answer must be complete by then, repeated attempts and the waits between them included.
        idle_timeout_s: A stream must not be silent for so long; a comment of the server is a sign of life. None: as
            `timeout_s`.
        stream_timeout_s: A whole stream must be complete by then, repeated attempts included.
        connect_timeout_s: A connection must be made by then.
        attempts: How often a request is sent in all if the connection breaks or the server answers 408, 409, 425, 429,
            or a status from 500 but 501 and 505. Its `Retry-After` is respected where the time allowed leaves room;
            else the error carries it.
        most_at_once: Requests under way at a time; others wait, and their waiting does not count as the server's time.
        most_bytes: An answer may hold so many, unpacked; of a stream, its text and each event.

    Raises:
        InputError: An argument is out of its range.

    Examples:
        >>> Endpoint(base_url="http://localhost:11434/v1/", api_key="sk-secret")
        Endpoint(base_url='http://localhost:11434/v1', timeout_s=60.0, idle_timeout_s=None, stream_timeout_s=600.0,
         connect_timeout_s=5.0, attempts=3, most_at_once=16, most_bytes=16777216)
    """

    base_url: str = OPENAI_URL
    query: str = field(default="", repr=False)
    api_key: str = field(repr=False)
    timeout_s: float = 60.0
    idle_timeout_s: float | None = None
    stream_timeout_s: float = 600.0
    connect_timeout_s: float = 5.0
    attempts: int = 3
    most_at_once: int = 16
    most_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        base_url, _, query = _checked(self.base_url).partition("?")
        object.__setattr__(self, "base_url", base_url.rstrip("/"))
        object.__setattr__(self, "query", query or self.query)
        if not self.api_key.strip() or not self.api_key.isascii() or not self.api_key.isprintable():
            # It ends up in a header, and the message of a failing one would show it.
            raise InputError("Argument `api_key` must be a text of printable ASCII characters, but is not.")
        for name in ("timeout_s", "idle_timeout_s", "stream_timeout_s", "connect_timeout_s"):
            seconds = getattr(self, name)
            if not (seconds is None and name == "idle_timeout_s") and not (0 < seconds < math.inf):
                raise InputError(f"Argument `{name}` must be a number of seconds above 0, but is {seconds}.")
        for name in ("attempts", "most_at_once", "most_bytes"):
            if getattr(self, name) < 1:
                raise InputError(f"Argument `{name}` must be at least 1, but is {getattr(self, name)}.")

    @property
    def idle_s(self) -> float:
        """How long a stream may be silent, in seconds."""
        return self.timeout_s if self.idle_timeout_s is None else self.idle_timeout_s

    @cached_property
    def tenant(self) -> str:
        """Whose account the key opens, as digits that do not tell the key: kept answers are one account's own.

        >>> Endpoint(api_key="sk-one").tenant == Endpoint(api_key="sk-two").tenant
        False
        """
        shown = "\0".join((self.api_key.strip(), *([self.query] if self.query else [])))
        return hashlib.sha256(b"synqc.llm tenant\0" + shown.encode()).hexdigest()[:32]

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the address is a loopback one: no proxy leads there.

        >>> Endpoint(base_url="http://localhost:11434/v1", api_key="k").is_on_this_machine
        True
        """
        host = (urlsplit(self.base_url).hostname or "").rstrip(".").lower()
        if host == "localhost" or host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def is_openai(self) -> bool:
        """Whether the address is OpenAI's own, for which `OPENAI_ORG_ID` and its like are meant."""
        host = (urlsplit(self.base_url).hostname or "").rstrip(".").lower()
        return host == "openai.com" or host.endswith(".openai.com")

    def without_secrets(self, text: str) -> str:
        """A text with the key, and what the query holds, blotted out: servers quote it in their errors.

        A key of fewer than six characters opens nothing, and stands in many words: it is blotted out only where a text
        says that it is one.

        >>> Endpoint(api_key="sk-secret").without_secrets("Incorrect API key provided: sk-secret.")
        'Incorrect API key provided: ***.'
        >>> Endpoint(api_key="k").without_secrets("Unlike k, a token like this is taken. Key: Bearer k")
        'Unlike k, a token like this is taken. Key: Bearer ***'
        """
        key = self.api_key.strip()
        values = [value for _, value in parse_qsl(self.query) if len(value) >= _SHORTEST_SECRET]
        for secret in (key, *([self.query] if values else []), *values, *map(quote_plus, values)):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        if len(key) < _SHORTEST_SECRET:
            named = rf"(?i:(bearer\s+|\bkey\b[^:=\n]{{0,20}}[:=]\s*[\"'`]?)){re.escape(key)}(?![\w-])"
            text = re.sub(named, r"\1***", text)
        return text


def _checked(base_url: str) -> str:
    try:
        parts = urlsplit(base_url.strip())
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        raise InputError("Argument `base_url` must be a URL, but cannot be read as one.") from None
    if parts.username is not None or parts.password is not None:
        # It would be in the log lines of HTTP libraries.
        raise InputError("Argument `base_url` must not hold a user name or password, but does.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"Argument `base_url` must begin with http:// or https:// and name a host, but is {_shown(base_url)!r}."
        )
    return base_url.strip().partition("#")[0].rstrip("/")


def _shown(base_url: str) -> str:
    """Without what may be a password or a token.

    >>> _shown("ftp://me:secret@host/v1?token=secret")
    'ftp://***@host/v1'
    """
    return re.sub(r"[^/]*@", "***@", base_url.strip().partition("?")[0].partition("#")[0])
