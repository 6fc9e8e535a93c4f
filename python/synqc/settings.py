"""Environment variables of the service, read once, clamped, in one frozen object."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

__all__ = ["Settings"]

_log = logging.getLogger("synqc.settings")
_Number = TypeVar("_Number", int, float)
_UNREADABLE = "%s must be a number between %s and %s, but is %r: using %s."


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may set. A value that cannot be read falls back to its default, and the log says so.

    Args:
        api_prefix: `SYNQC_API_PREFIX`: what every route but the page's begins with.
        state_dir: `SYNQC_STATE_DIR`: where the database lies, absolute.
        database_url: `SYNQC_DATABASE_URL`: a PostgreSQL URL, or None for SQLite in `state_dir`.
        allowed_origins: `SYNQC_ALLOWED_ORIGINS`: comma list for CORS.
        max_probe_strength: `SYNQC_MAX_PROBE_STRENGTH`: a run above it is refused, 0 to 1.
        max_probe_duration_ns: `SYNQC_MAX_PROBE_DURATION_NS`: a run above it is refused.
        max_shots_per_run: `SYNQC_MAX_SHOTS_PER_RUN`: most shots a session's limit may be.
        flush_interval_s: `SYNQC_FLUSH_INTERVAL_SEC`: how often telemetry is written, 0.1 to 60.
        background_flush: `SYNQC_ENABLE_BACKGROUND_FLUSH`: off only for exactly "0"; then it is written at shutdown.
        host, port, reload: `SYNQC_HOST`, `SYNQC_PORT`, `SYNQC_RELOAD`: for the launcher alone.
        openai_api_key, openai_base_url: `OPENAI_API_KEY`, `OPENAI_BASE_URL`: any server that speaks this protocol.
        agent_model, agent_temperature: `SYNQC_AGENT_MODEL`, `SYNQC_AGENT_TEMPERATURE` (0 to 1).
        api_keys: `SYNQC_API_KEYS`: comma list; when there is one, requests need `X-API-Key`.
        max_body_bytes: `SYNQC_MAX_BODY_BYTES`: larger requests are refused with 413.
        request_timeout_s: `SYNQC_REQUEST_TIMEOUT_SEC`: a body must have arrived by then, else 408.
        requests_per_minute: `SYNQC_RATE_LIMIT_PER_MINUTE`: per key or address; 0 means no limit.
        log_level: `SYNQC_LOG_LEVEL`.

    Examples:
        >>> Settings.from_environment({"SYNQC_API_PREFIX": "/lab/", "SYNQC_MAX_PROBE_STRENGTH": "7"}).api_prefix
        '/lab'
    """

    api_prefix: str = "/api/v1/synqc"
    state_dir: Path = Path("synqc_state")
    database_url: str | None = None
    allowed_origins: tuple[str, ...] = ("*",)
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
    max_body_bytes: int = 1 << 20
    request_timeout_s: float = 30.0
    requests_per_minute: int = 0
    log_level: str = "INFO"

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
        """
        known = _with_dotenv(os.environ) if environment is None else environment
        read = _Reader(known)
        flush = _flush_interval(read)
        return cls(
            api_prefix=_prefix(known.get("SYNQC_API_PREFIX", cls.api_prefix)),
            state_dir=Path(known.get("SYNQC_STATE_DIR") or cls.state_dir).expanduser().absolute(),
            database_url=known.get("SYNQC_DATABASE_URL") or None,
            allowed_origins=read.listed("SYNQC_ALLOWED_ORIGINS") or ("*",),
            max_probe_strength=read.real("SYNQC_MAX_PROBE_STRENGTH", cls.max_probe_strength, 0.0, 1.0),
            max_probe_duration_ns=read.integer("SYNQC_MAX_PROBE_DURATION_NS", cls.max_probe_duration_ns, 1, 1_000_000),
            max_shots_per_run=read.integer("SYNQC_MAX_SHOTS_PER_RUN", cls.max_shots_per_run, 1, 10_000_000),
            flush_interval_s=flush,
            background_flush=known.get("SYNQC_ENABLE_BACKGROUND_FLUSH", "1") != "0",
            host=known.get("SYNQC_HOST") or cls.host,
            port=read.integer("SYNQC_PORT", cls.port, 1, 65_535),
            reload=known.get("SYNQC_RELOAD", "0") == "1",
            openai_api_key=known.get("OPENAI_API_KEY") or None,
            openai_base_url=known.get("OPENAI_BASE_URL") or None,
            agent_model=known.get("SYNQC_AGENT_MODEL") or cls.agent_model,
            agent_temperature=read.real("SYNQC_AGENT_TEMPERATURE", cls.agent_temperature, 0.0, 1.0),
            api_keys=read.listed("SYNQC_API_KEYS"),
            max_body_bytes=read.integer("SYNQC_MAX_BODY_BYTES", cls.max_body_bytes, 1024, 1 << 30),
            request_timeout_s=read.real("SYNQC_REQUEST_TIMEOUT_SEC", cls.request_timeout_s, 0.1, 3600.0),
            requests_per_minute=read.integer("SYNQC_RATE_LIMIT_PER_MINUTE", cls.requests_per_minute, 0, 10_000_000),
            log_level=(known.get("SYNQC_LOG_LEVEL") or cls.log_level).upper(),
        )


class _Reader:
    """Values of an environment, each clamped to its range."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known

    def real(self, name: str, default: float, least: float, most: float) -> float:
        return self._number(name, default, least, most, float)

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        return self._number(name, default, least, most, int)

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.known.get(name, "").split(",") if part.strip())

    def _number(
        self, name: str, default: _Number, least: _Number, most: _Number, convert: Callable[[str], _Number]
    ) -> _Number:
        text = self.known.get(name, "").strip()
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
    names = ("SYNQC_FLUSH_INTERVAL_SEC", "SYNQC_SESSION_FLUSH_INTERVAL_SEC")
    given = [name for name in names if read.known.get(name, "").strip()]
    if len(given) == 2 and read.known[names[0]].strip() != read.known[names[1]].strip():
        _log.warning("%s and %s differ: using the first.", *names)
    return read.real(given[0] if given else names[0], Settings.flush_interval_s, 0.1, 60.0)


def _prefix(text: str) -> str:
    stripped = text.strip().rstrip("/")
    return stripped if not stripped or stripped.startswith("/") else f"/{stripped}"


def _with_dotenv(environment: Mapping[str, str]) -> dict[str, str]:
    try:
        from dotenv import dotenv_values
    except ImportError:  # the laboratory alone needs no .env
        return dict(environment)
    found = dotenv_values(Path.cwd() / ".env")
    return {**{name: value for name, value in found.items() if value is not None}, **environment}
