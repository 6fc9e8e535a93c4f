"""Environment variables of the service, read once, clamped, in one frozen object."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

from synqc.errors import InputError

__all__ = ["Settings"]

_log = logging.getLogger("synqc.settings")
_Number = TypeVar("_Number", int, float)
_UNREADABLE = "%s must be a number between %s and %s, but is %r: using %s."
_OF_OTHERS = {
    "SYNQC_API_BASE", "SYNQC_UI_URL", "SYNQC_SIMD_LEVEL", "SYNQC_BARE_BODY", "SYNQC_CHROMIUM", "SYNQC_KILL_ROUNDS",
    "SYNQC_SERVICE_KILL_ROUNDS", "SYNQC_LOAD_SECONDS", "SYNQC_SCHEMATHESIS_EXAMPLES", "SYNQC_RANDOM_CONFIGURATIONS",
}  # fmt: skip
"""Variables that clients, the core, benchmarks and tests read."""
_SECRETS_FOR = {"OPENAI_BASE_URL": ("OPENAI_API_KEY",), "SYNQC_DATABASE_URL": ("PGPASSWORD",)}
"""Addresses, and the secrets that are sent there."""
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may set. A value that cannot be read falls back to its default, and the log says so.

    Args:
        api_prefix: `SYNQC_API_PREFIX`: what every route but the page's begins with.
        state_dir: `SYNQC_STATE_DIR`: where the database lies, absolute.
        database_url: `SYNQC_DATABASE_URL`: a PostgreSQL URL, or None for SQLite in `state_dir`.
        lease_s: `SYNQC_LEASE_SEC`: how long a service that fell silent keeps owning its PostgreSQL database, 1 to 300.
        allowed_origins: `SYNQC_ALLOWED_ORIGINS`: comma list for CORS; unless it is "*", WebSockets and methods that
            change something are refused to pages of other origins.
        allowed_hosts: `SYNQC_ALLOWED_HOSTS`: comma list of names that `Host` may have, `*.lab.example` for all below
            one; "*": any.
        max_probe_strength: `SYNQC_MAX_PROBE_STRENGTH`: a run above it is refused, 0 to 1.
        max_probe_duration_ns: `SYNQC_MAX_PROBE_DURATION_NS`: a run above it is refused.
        max_shots_per_run: `SYNQC_MAX_SHOTS_PER_RUN`: most shots a session's limit may be.
        flush_interval_s: `SYNQC_FLUSH_INTERVAL_SEC`: how often telemetry is written, 0.1 to 60.
        background_flush: `SYNQC_ENABLE_BACKGROUND_FLUSH`: off only for exactly "0"; then it is written at shutdown.
        host, port, reload: `SYNQC_HOST`, `SYNQC_PORT`, `SYNQC_RELOAD`: for the launcher alone.
        openai_api_key, openai_base_url: `OPENAI_API_KEY`, `OPENAI_BASE_URL`: any server that speaks this protocol.
        agent_model, agent_temperature: `SYNQC_AGENT_MODEL`, `SYNQC_AGENT_TEMPERATURE` (0 to 1).
        api_keys: `SYNQC_API_KEYS`: comma list; when there is one, requests need `X-API-Key` or `Authorization: Bearer`.
        open_metrics: `SYNQC_OPEN_METRICS`: "1" shows `/metrics` without a key.
        max_body_bytes: `SYNQC_MAX_BODY_BYTES`: larger requests are refused with 413.
        request_timeout_s: `SYNQC_REQUEST_TIMEOUT_SEC`: a body must have arrived by then, else 408; a head, too, and
            within 10 s.
        requests_per_minute: `SYNQC_RATE_LIMIT_PER_MINUTE`: per address, or per key where it is a right one; 0 means no
            limit.
        trusted_proxies: `SYNQC_TRUSTED_PROXIES`: comma list of addresses and networks whose `X-Forwarded-For` is
            believed.
        log_level: `SYNQC_LOG_LEVEL`.

    Raises:
        InputError: A key is blank, which would open the service, or a proxy is no address.

    Examples:
        >>> Settings.from_environment({"SYNQC_API_PREFIX": "/lab/", "SYNQC_MAX_PROBE_STRENGTH": "7"}).api_prefix
        '/lab'
    """

    api_prefix: str = "/api/v1/synqc"
    state_dir: Path = Path("synqc_state")
    database_url: str | None = None
    lease_s: float = 5.0
    allowed_origins: tuple[str, ...] = ("*",)
    allowed_hosts: tuple[str, ...] = ("*",)
    max_probe_strength: float = 0.5
    max_probe_duration_ns: int = 5000
    max_shots_per_run: int = 200_000
    flush_interval_s: float = 1.0
    background_flush: bool = True
    host: str = "127.0.0.1"
    port: int = 8000
    reload: bool = False
    openai_api_key: str | None = None
    openai_base_url: str | None = None
    agent_model: str = "gpt-4-mini"
    agent_temperature: float = 0.7
    api_keys: tuple[str, ...] = ()
    open_metrics: bool = False
    max_body_bytes: int = 1 << 20
    request_timeout_s: float = 30.0
    requests_per_minute: int = 0
    trusted_proxies: tuple[str, ...] = ()
    log_level: str = "INFO"

    def __post_init__(self) -> None:
        if not all(key.strip() for key in self.api_keys):
            raise InputError("Argument `api_keys` must hold no blank key, but does.")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy, strict=False)
            except ValueError:
                raise InputError(
                    f"SYNQC_TRUSTED_PROXIES must list addresses or networks such as 10.0.0.0/8, but names {proxy!r}."
                ) from None

    @property
    def default_shot_limit(self) -> int:
        """Shot limit of a session that never set one."""
        return min(50_000, self.max_shots_per_run)

    def __repr__(self) -> str:
        """Without secrets: this is logged."""
        return f"Settings(api_prefix={self.api_prefix!r}, state_dir={str(self.state_dir)!r}, port={self.port})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Settings of this process: its environment first, then a `.env` file of the working directory.

        Args:
            environment: Used instead of both.

        Raises:
            InputError: SYNQC_API_KEYS is set and holds no key, or SYNQC_TRUSTED_PROXIES no address.
        """
        read = _Reader(_with_dotenv(os.environ) if environment is None else environment)
        found = cls(
            api_prefix=_prefix(read.text("SYNQC_API_PREFIX", cls.api_prefix)),
            state_dir=Path(read.text("SYNQC_STATE_DIR") or cls.state_dir).expanduser().absolute(),
            database_url=read.text("SYNQC_DATABASE_URL") or None,
            lease_s=read.real("SYNQC_LEASE_SEC", cls.lease_s, 1.0, 300.0),
            allowed_origins=read.listed("SYNQC_ALLOWED_ORIGINS") or ("*",),
            allowed_hosts=read.listed("SYNQC_ALLOWED_HOSTS") or ("*",),
            max_probe_strength=read.real("SYNQC_MAX_PROBE_STRENGTH", cls.max_probe_strength, 0.0, 1.0),
            max_probe_duration_ns=read.integer("SYNQC_MAX_PROBE_DURATION_NS", cls.max_probe_duration_ns, 1, 1_000_000),
            max_shots_per_run=read.integer("SYNQC_MAX_SHOTS_PER_RUN", cls.max_shots_per_run, 1, 10_000_000),
            flush_interval_s=_flush_interval(read),
            background_flush=read.switch("SYNQC_ENABLE_BACKGROUND_FLUSH", cls.background_flush),
            host=read.text("SYNQC_HOST") or cls.host,
            port=read.integer("SYNQC_PORT", cls.port, 1, 65_535),
            reload=read.switch("SYNQC_RELOAD", cls.reload),
            openai_api_key=read.text("OPENAI_API_KEY") or None,
            openai_base_url=read.text("OPENAI_BASE_URL") or None,
            agent_model=read.text("SYNQC_AGENT_MODEL") or cls.agent_model,
            agent_temperature=read.real("SYNQC_AGENT_TEMPERATURE", cls.agent_temperature, 0.0, 1.0),
            api_keys=_api_keys(read),
            open_metrics=read.switch("SYNQC_OPEN_METRICS", cls.open_metrics),
            max_body_bytes=read.integer("SYNQC_MAX_BODY_BYTES", cls.max_body_bytes, 1024, 1 << 30),
            request_timeout_s=read.real("SYNQC_REQUEST_TIMEOUT_SEC", cls.request_timeout_s, 0.1, 3600.0),
            requests_per_minute=read.integer("SYNQC_RATE_LIMIT_PER_MINUTE", cls.requests_per_minute, 0, 10_000_000),
            trusted_proxies=read.listed("SYNQC_TRUSTED_PROXIES"),
            log_level=_log_level(read),
        )
        read.name_what_nobody_asked_for()
        return found


class _Reader:
    """Values of an environment, each clamped to its range."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._asked: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self._asked.add(name)
        return self._known.get(name, default)

    def switch(self, name: str, default: bool) -> bool:
        """Only the other digit than the default's turns it over."""
        text = self.text(name).strip()
        if text not in ("", "0", "1"):
            _log.warning("%s must be 0 or 1, but is %r: using %d.", name, text, default)
            return default
        return text == "1" if text else default

    def real(self, name: str, default: float, least: float, most: float) -> float:
        return self._number(name, default, least, most, float)

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        return self._number(name, default, least, most, int)

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def name_what_nobody_asked_for(self) -> None:
        """A misspelt variable would be taken for one that is not set."""
        known = {name for name in self._asked if name.startswith("SYNQC_")}
        for name in sorted(set(self._known) - known - _OF_OTHERS):
            upper = name.upper()
            near = difflib.get_close_matches(upper, known, n=1, cutoff=0.9)
            if upper.startswith("SYNQC"):
                last = upper.removeprefix("SYNQC").lstrip("_")
                rests = [one.removeprefix("SYNQC_") for one in sorted(known)]
                near = near or [f"SYNQC_{rest}" for rest in difflib.get_close_matches(last, rests, n=1, cutoff=0.6)]
            elif not near:
                continue
            hint = f"did you mean {near[0]}?" if near else "docs/service.md lists the settings."
            _log.warning("%s is no setting and does nothing: %s", name, hint)

    def _number(
        self, name: str, default: _Number, least: _Number, most: _Number, convert: Callable[[str], _Number]
    ) -> _Number:
        text = self.text(name).strip()
        if not text:
            return default
        try:
            value = convert(text)
        except ValueError:
            value = None
        if value is None or value != value:
            _log.warning(_UNREADABLE, name, least, most, text, default)
            return default
        clamped = min(max(value, least), most)
        if clamped != value:
            _log.warning("%s must be between %s and %s, but is %s: using %s.", name, least, most, text, clamped)
        return clamped


def _flush_interval(read: _Reader) -> float:
    name, older_name = "SYNQC_FLUSH_INTERVAL_SEC", "SYNQC_SESSION_FLUSH_INTERVAL_SEC"
    given, given_by_older_name = read.text(name).strip(), read.text(older_name).strip()
    if given and given_by_older_name and given != given_by_older_name:
        _log.warning("%s and %s differ: using the first.", name, older_name)
    return read.real(name if given or not given_by_older_name else older_name, Settings.flush_interval_s, 0.1, 60.0)


def _api_keys(read: _Reader) -> tuple[str, ...]:
    """Who meant to set a key must not serve everybody."""
    given, keys = read.text("SYNQC_API_KEYS", "\0"), read.listed("SYNQC_API_KEYS")
    if keys or given == "\0":
        return keys
    if given:
        raise InputError(
            f"SYNQC_API_KEYS must hold at least one key, but is {given!r}: unset it if everybody may use this service."
        )
    _log.warning("SYNQC_API_KEYS is empty: everybody who reaches this service may use it.")
    return ()


def _log_level(read: _Reader) -> str:
    level = read.text("SYNQC_LOG_LEVEL").strip().upper() or Settings.log_level
    if level not in _LOG_LEVELS:
        _log.warning("SYNQC_LOG_LEVEL must be one of %s, but is %r: using INFO.", ", ".join(_LOG_LEVELS), level)
        return Settings.log_level
    return level


def _prefix(text: str) -> str:
    stripped = text.strip().rstrip("/")
    return stripped if not stripped or stripped.startswith("/") else f"/{stripped}"


def _with_dotenv(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment, and below it what `.env` of the working directory says.

    An address in that file is not taken if the environment holds the secret that is sent there: whoever wrote the
    file would be given it.
    """
    try:
        from dotenv import dotenv_values
    except ImportError:  # the laboratory alone needs no .env
        return dict(environment)
    found = {name: value for name, value in dotenv_values(Path.cwd() / ".env").items() if value is not None}
    for address, secrets in _SECRETS_FOR.items():
        for secret in secrets:
            if address in found and address not in environment and environment.get(secret):
                _log.warning("%s of .env is not used: %s is set outside that file and would go there.", address, secret)
                found.pop(address)
    return {**found, **environment}
