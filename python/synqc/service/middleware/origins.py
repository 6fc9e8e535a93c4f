"""Whose pages may do something here: a browser says from where a page came, and under which name it found us."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import Scope

from synqc.service.doors import Door
from synqc.service.middleware.headers import first_header
from synqc.service.middleware.refusal import Refusal
from synqc.service.settings import ServiceSettings

__all__ = ["SAFE_METHODS", "Origins"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
_UNKNOWN_HOST = Refusal(400, "This service is not asked for under this name: see SYNQC_ALLOWED_HOSTS.")
_FOREIGN_PAGE = Refusal(403, "Pages of this origin may not change anything here: see SYNQC_ALLOWED_ORIGINS.")

_USUAL_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Origins:
    """Which origins and names are let in.

    Args:
        settings: Their lists.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._origins = None if "*" in settings.allowed_origins else set(map(_plain, settings.allowed_origins))
        self._hosts = None if "*" in settings.allowed_hosts else tuple(host.lower() for host in settings.allowed_hosts)

    @property
    def lets_everybody_in(self) -> bool:
        """Whether there is no list at all."""
        return self._origins is None and self._hosts is None

    def refusal(self, scope: Scope, door: Callable[[], Door]) -> Refusal | None:
        """Why a request goes no further: it asks for another name, or a page of elsewhere would change something."""
        if self.lets_everybody_in:
            return None
        host = (first_header(scope["headers"], b"host") or b"").decode("latin-1")
        if not self.allows_host(host) and door() is not Door.UNLIMITED:
            return _UNKNOWN_HOST
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
            if origins and not self.allows_page(origins, host):
                return _FOREIGN_PAGE
        return None

    def allows_host(self, host: str) -> bool:
        """Whether a service may be asked for under the name that `Host` holds."""
        return self._hosts is None or any(_is_named_by(pattern, host.lower()) for pattern in self._hosts)

    def allows_page(self, origins: Iterable[str], host: str) -> bool:
        """Whether pages of these origins may change something. Without a list all may, and what is no page.

        The service's own page may. Its name must then be an address, `localhost`, or one that the list of hosts has:
        a foreign name can be made to lead here, and its pages would look like ours.
        """
        return self._origins is None or all(
            _plain(origin) in self._origins or self._is_own(origin, host) for origin in origins
        )

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            named = urlsplit(f"{parts.scheme}://{host}")
            port = _USUAL_PORTS.get(parts.scheme)
            same = (parts.hostname, parts.port or port) == (named.hostname, named.port or port)
        except ValueError:
            return False
        if not same or not parts.hostname:
            return False
        return _is_no_name(parts.hostname) or (self._hosts is not None and self.allows_host(host))


def _plain(origin: str) -> str:
    return origin.strip().rstrip("/").lower()


def _is_no_name(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_named_by(pattern: str, host: str) -> bool:
    """
    >>> _is_named_by("*.lab.example", "a.lab.example:8000"), _is_named_by("lab.example:80", "lab.example:8000")
    (True, False)
    """
    if pattern == host:
        return True
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name == pattern or (pattern.startswith("*.") and name.endswith(pattern[1:]) and len(name) > len(pattern) - 1)
