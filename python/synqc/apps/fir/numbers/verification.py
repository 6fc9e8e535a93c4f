"""Verification of a seal: whether what somebody holds is what was filed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from synqc import json
from synqc.apps.fir.numbers.register import find_record
from synqc.apps.fir.numbers.status import RecordStatus

__all__ = ["SealVerdict", "Verification", "verify_digest", "verify_file"]


class SealVerdict(StrEnum):
    """What came of it."""

    GENUINE = "genuine"
    """It is what was filed."""
    DIFFERENT = "different"
    """It is not what was filed under this number."""
    NOT_SEALED = "not_sealed"
    """The report is a draft: nothing of it is sealed yet."""
    REGISTER_DAMAGED = "register_damaged"
    """The register itself does not agree with the seal it holds."""


@dataclass(frozen=True)
class Verification:
    """What came of it, and of which form: `state`, or the ending of a file; "" where it is none of them."""

    number: str
    verdict: SealVerdict
    form: str = ""
    status: RecordStatus = RecordStatus.DRAFT


def verify_digest(connection: Connection, number: str, digest: str) -> Verification:
    """Whether a SHA-256 is that of the report's state, or of one of its files.

    Raises:
        UnknownNumber: There is no such report.
    """
    record = find_record(connection, number)
    if record.seal is None or record.report is None:
        return Verification(number, SealVerdict.NOT_SEALED, status=record.status)
    state = hashlib.sha256(json.canonical(record.report)).hexdigest()
    if not state == record.digest == record.seal["digest"]:
        return Verification(number, SealVerdict.REGISTER_DAMAGED, status=record.status)
    forms = {state: "state"} | {one: form for form, one in record.seal["files"].items()}
    form = forms.get(digest.strip().lower(), "")
    return Verification(number, SealVerdict.GENUINE if form else SealVerdict.DIFFERENT, form, record.status)


def verify_file(connection: Connection, number: str, data: bytes) -> Verification:
    """Whether a file is one that was sealed, byte for byte.

    Raises:
        UnknownNumber: There is no such report.
    """
    return verify_digest(connection, number, hashlib.sha256(data).hexdigest())
