"""Settings of the service itself: who may ask, from where, how much, and which applications answer."""

from __future__ import annotations

import logging
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from annotated_types import Interval
from pydantic import field_validator

from synqc.environment import EnvironmentSettings, Variable
from synqc.errors import InputError
from synqc.service.middleware.client_address import UNIX_SOCKET

__all__ = ["ServiceSettings"]

_log = logging.getLogger("synqc.settings")
_ANY_ADDRESS = ("0.0.0.0", "::", "")


def _api_keys(text: str) -> tuple[str, ...]:
    """Who meant to set a key must not serve everybody."""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if text and not keys:
        raise InputError(
            f"SYNQC_API_KEYS must hold at least one key, but is {text!r}: unset it if everybody may use this service."
        )
    if not keys:
        _log.warning("SYNQC_API_KEYS is empty: everybody who reaches this service may use it.")
    return keys


class ServiceSettings(EnvironmentSettings):
    """What an operator may set, whatever is served."""

    applications: Annotated[tuple[str, ...], Variable("SYNQC_APPLICATIONS")] = ()
    """Comma list of what is mounted, each below its name; without one all whose packages are installed."""
    root_application: Annotated[str | None, Variable("SYNQC_ROOT_APPLICATION")] = None
    """Which of them also answers at the root, where its old clients look; `index`: none, but a list of them. Without it
    tds, or the only one."""
    host: Annotated[str, Variable("SYNQC_HOST")] = "127.0.0.1"
    """Address that `synqc serve` listens on."""
    port: Annotated[int, Variable("SYNQC_PORT"), Interval(ge=1, le=65_535)] = 8000
    """Port that `synqc serve` listens on."""
    unix_socket: Annotated[Path | None, Variable("SYNQC_UNIX_SOCKET")] = None
    """Path that `synqc serve` listens at, instead of an address; for its owner and group."""
    root_path: Annotated[str, Variable("SYNQC_ROOT_PATH")] = ""
    """What clients see in front of every path of `synqc serve`, such as `/lab`, because a proxy puts it there."""
    cluster: Annotated[bool, Variable("SYNQC_CLUSTER")] = False
    """1: this server is one node of several on one PostgreSQL database; TDS alone is served then."""
    node_name: Annotated[str | None, Variable("SYNQC_NODE_NAME")] = None
    """What this node of a cluster is called; without it the name of the machine."""
    node_address: Annotated[str | None, Variable("SYNQC_NODE_ADDRESS")] = None
    """URL that other nodes of a cluster reach this one at; without it what `synqc serve` listens at."""
    reload: Annotated[bool, Variable("SYNQC_RELOAD")] = False
    """1: `synqc serve` starts again when a file of the package changes."""
    allowed_origins: Annotated[tuple[str, ...], Variable("SYNQC_ALLOWED_ORIGINS")] = ("*",)
    """Comma list for CORS; unless it is `*`, WebSockets and methods that change something are refused to pages of other
    origins."""
    allowed_hosts: Annotated[tuple[str, ...], Variable("SYNQC_ALLOWED_HOSTS")] = ("*",)
    """Comma list of names that `Host` may have, `*.lab.example` for all below one; `*`: any."""
    api_keys: Annotated[tuple[str, ...], Variable("SYNQC_API_KEYS", secret=True, read=_api_keys)] = ()
    """Comma list; when there is one, requests need `X-API-Key` or `Authorization: Bearer`."""
    open_metrics: Annotated[bool, Variable("SYNQC_OPEN_METRICS")] = False
    """1: `/metrics` needs no key."""
    max_body_bytes: Annotated[int, Variable("SYNQC_MAX_BODY_BYTES"), Interval(ge=1024, le=1 << 30)] = 1 << 20
    """Larger requests are refused with 413."""
    request_timeout_s: Annotated[float, Variable("SYNQC_REQUEST_TIMEOUT_SEC"), Interval(ge=0.1, le=3600.0)] = 30.0
    """A body must have arrived by then, else 408; a head, too, and within 10 s."""
    requests_per_minute: Annotated[int, Variable("SYNQC_RATE_LIMIT_PER_MINUTE"), Interval(ge=0, le=10_000_000)] = 0
    """Per address, or per key where it is a right one; 0: no limit."""
    trusted_proxies: Annotated[tuple[str, ...], Variable("SYNQC_TRUSTED_PROXIES")] = ()
    """Comma list of addresses and networks whose `X-Forwarded-For` is believed; `unix`: who comes by a Unix socket."""
    docs_site: Annotated[Path | None, Variable("SYNQC_DOCS_SITE")] = None
    """Folder that `make docs` has made, served at `/docs/site` to everybody; without one it is not."""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], Variable("SYNQC_LOG_LEVEL")] = "INFO"
    """Of the JSON lines on standard error."""

    @property
    def address_for_nodes(self) -> str:
        """URL that other nodes of a cluster reach this one at.

        Raises:
            InputError: It follows from nothing that is set, or is no URL.
        """
        given = self.node_address
        if given is None:
            if self.unix_socket is not None or self.host in _ANY_ADDRESS:
                where = self.unix_socket or self.host
                raise InputError(
                    f"SYNQC_NODE_ADDRESS must say at which URL other nodes reach this one: {where} is no address of it."
                )
            host = f"[{self.host}]" if ":" in self.host else self.host
            return f"http://{host}:{self.port}{self.root_path.rstrip('/')}"
        url = urlsplit(given)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InputError(f"SYNQC_NODE_ADDRESS must look like http://10.0.0.1:8000, but is {given!r}.")
        return given.rstrip("/")

    @field_validator("api_keys")
    @classmethod
    def _no_key_is_blank(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not all(key.strip() for key in keys):
            raise InputError("Argument `api_keys` must hold no blank key, but does.")
        return keys

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            if proxy == UNIX_SOCKET:
                continue
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                raise InputError(
                    f"SYNQC_TRUSTED_PROXIES must list addresses or networks such as 10.0.0.0/8, but names {proxy!r}."
                ) from None
        return proxies
