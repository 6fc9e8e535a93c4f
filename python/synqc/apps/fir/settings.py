"""Settings of First Information Reports: who asks, what the station states, what is known of the law, and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from annotated_types import Interval
from pydantic import field_validator

from synqc.apps.fir.document.statement import LONGEST_NAME
from synqc.apps.fir.input.settings import MediaSettings
from synqc.apps.fir.roles import read_grants
from synqc.environment import Variable
from synqc.errors import InputError
from synqc.jobs.settings import JobsSettings
from synqc.llm.settings import ChoiceSettings

__all__ = ["FirSettings"]


class FirSettings(JobsSettings, ChoiceSettings, MediaSettings):
    """What an operator may set of First Information Reports.

    Examples:
        >>> FirSettings.from_environment({"SYNQC_FIR_KEYS": "officer:SI Meera Rao:k-1234567"}).keys
        (('officer', 'SI Meera Rao', 'k-1234567'),)
    """

    keys: Annotated[
        tuple[tuple[str, str, str], ...], Variable("SYNQC_FIR_KEYS", secret=True, read=read_grants)
    ] = ()  # fmt: skip
    """Comma list of `role:name:key`, with the roles officer, supervisor and auditor; keys of the service are a
    supervisor's. Without any of both everybody may do everything."""
    officer: Annotated[str, Variable("SYNQC_FIR_OFFICER")] = "officer"
    """Name in histories and reports of who shows no key of their own."""
    auth_key: Annotated[str | None, Variable("SYNQC_FIR_AUTH_KEY", older_name="FIR_AUTH_KEY", secret=True)] = None
    """Shown beside a number to file its report; without it `POST authenticate` files by number for nobody."""
    fir_requests_per_minute: Annotated[
        int, Variable("SYNQC_FIR_RATE_LIMIT_PER_MINUTE"), Interval(ge=0, le=10_000_000)
    ] = 100  # fmt: skip
    """As SYNQC_RATE_LIMIT_PER_MINUTE, for this application where that is not set; 0: no limit."""
    police_station: Annotated[str, Variable("SYNQC_FIR_POLICE_STATION")] = ""
    """Stated in the head of every report, as the next two."""
    district: Annotated[str, Variable("SYNQC_FIR_DISTRICT")] = ""
    """See above."""
    state: Annotated[str, Variable("SYNQC_FIR_STATE")] = ""
    """See above."""
    number_pattern: Annotated[str, Variable("SYNQC_FIR_NUMBERS")] = "FIR-{session}-{stamp}"
    """Of the numbers of reports, such as `{station}/{year}/{serial:4}`."""
    station_code: Annotated[str, Variable("SYNQC_FIR_STATION_CODE")] = ""
    """For patterns with `{station}`."""
    utc_offset_min: Annotated[int, Variable("SYNQC_FIR_UTC_OFFSET_MIN"), Interval(ge=-720, le=840)] = 330
    """Of the station's clock, min."""
    expires_after_s: Annotated[float, Variable("SYNQC_FIR_EXPIRES_SEC"), Interval(ge=0.0, le=3.2e7)] = 3600.0
    """A gate that nobody answers for so long expires, and can be reopened, s; 0: never."""
    remind_after_s: Annotated[float, Variable("SYNQC_FIR_REMIND_SEC"), Interval(ge=1.0, le=3.2e7)] = 600.0
    """From when on a gate that waits is due, s."""
    keep_unfiled_days: Annotated[float, Variable("SYNQC_FIR_KEEP_DAYS"), Interval(ge=0.0, le=36500.0)] = 30.0
    """Sessions without a filed report that nobody touched for so long are deleted with their histories; 0: never."""
    model: Annotated[str, Variable("SYNQC_FIR_MODEL")] = "gpt-4-mini"
    """Asked for at a server; a model of this machine has its own name."""
    calibration_path: Annotated[Path | None, Variable("SYNQC_FIR_CALIBRATION")] = None
    """Of that model's checks, as `synqc fir evaluate --calibration` writes it."""
    error_rate: Annotated[float, Variable("SYNQC_FIR_ERROR_RATE"), Interval(ge=0.0, le=0.49)] = 0.1
    """How many verdicts of checks may be wrong: what is less sure is unknown."""
    summary_tokens: Annotated[int, Variable("SYNQC_FIR_SUMMARY_TOKENS"), Interval(ge=10, le=8192)] = 100
    """Of a summary."""
    narrative_tokens: Annotated[int, Variable("SYNQC_FIR_NARRATIVE_TOKENS"), Interval(ge=10, le=8192)] = 150
    """Of a narrative."""
    check_tokens: Annotated[int, Variable("SYNQC_FIR_CHECK_TOKENS"), Interval(ge=1, le=64)] = 3
    """Of the answer to a check."""
    text_timeout_s: Annotated[float, Variable("SYNQC_FIR_TEXT_TIMEOUT_SEC"), Interval(ge=0.1, le=3600.0)] = 60.0
    """Summary and narrative are there by then, s."""
    check_timeout_s: Annotated[float, Variable("SYNQC_FIR_CHECK_TIMEOUT_SEC"), Interval(ge=0.1, le=3600.0)] = 8.0
    """A check is, from when it has one of the places, s; else it is unknown."""
    answer_within_s: Annotated[float, Variable("SYNQC_FIR_ANSWER_SEC"), Interval(ge=0.1, le=3600.0)] = 120.0
    """A request that waits for a stage is answered with 504 by then, while the stage goes on, s."""
    stages_at_once: Annotated[int, Variable("SYNQC_FIR_STAGES"), Interval(ge=1, le=256)] = 15
    """Stages that a process works at a time."""
    checks_at_once: Annotated[int, Variable("SYNQC_FIR_CHECKS"), Interval(ge=1, le=1024)] = 10
    """Checks under way at a time, of all sessions together."""
    computes_ahead: Annotated[bool, Variable("SYNQC_FIR_AHEAD")] = True
    """1: the next stage is computed while an officer reads, and used if nothing changes."""
    statutes_path: Annotated[Path, Variable("SYNQC_FIR_STATUTES")] = Path("kb/statutes")
    """Folder of versions of the statute, into which `synqc fir import` writes."""
    records_path: Annotated[Path | None, Variable("SYNQC_FIR_RECORDS")] = None
    """Further provisions: a file, or a folder of .json and .jsonl files."""

    @field_validator("officer")
    @classmethod
    def _officer_has_a_name(cls, name: str) -> str:
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise InputError(f"SYNQC_FIR_OFFICER must be 1 to {LONGEST_NAME} characters, but is {name[:60]!r}.")
        return name.strip()

    @field_validator("auth_key")
    @classmethod
    def _auth_key_is_long_enough(cls, key: str | None) -> str | None:
        if key is not None and not 8 <= len(key) <= 256:
            raise InputError(f"SYNQC_FIR_AUTH_KEY must have 8 to 256 characters, but has {len(key)}.")
        return key
