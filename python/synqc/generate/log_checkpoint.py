"""Checkpoints of logs of events: what a log goes on from, sealed so that no other log takes it."""

from __future__ import annotations

import hashlib
from typing import Any

from synqc import json
from synqc.errors import DocumentError, InputError
from synqc.generate.data_card import fingerprint_of
from synqc.generate.version import GENERATOR_VERSION

__all__ = ["opened_checkpoint", "sealed_checkpoint"]

_MAGIC = b"synqc event log\n"
_SEAL = hashlib.sha256().digest_size


def sealed_checkpoint(configuration: dict[str, Any], seed: int, row: int, state: bytes) -> bytes:
    """A checkpoint as users keep it.

    Args:
        configuration: Configuration of the log, as its `to_dict` gives it.
        seed: Seed of the log.
        row: Number of the next row.
        state: As the core gives it.
    """
    body = json.dumps({"log": _log(configuration, seed), "row": row}) + b"\n" + state
    return _MAGIC + hashlib.sha256(body).digest() + body


def opened_checkpoint(given: object, configuration: dict[str, Any], seed: int) -> tuple[int, bytes]:
    """Number of the next row, and the state as the core takes it.

    Raises:
        InputError: It is of another log, seed or version of the generators, or no bytes.
        DocumentError: It is no checkpoint, or was changed.
    """
    if not isinstance(given, bytes):
        raise InputError(f"Argument `resume_from` must be the bytes of a checkpoint, but is {type(given).__name__}.")
    begin = len(_MAGIC) + _SEAL
    body = given[begin:]
    if not given.startswith(_MAGIC) or hashlib.sha256(body).digest() != given[len(_MAGIC) : begin]:
        raise DocumentError("Argument `resume_from` must be a checkpoint as it was given, but is none or was changed.")
    header, _, state = body.partition(b"\n")
    document = json.loads(header)
    if document["log"] != _log(configuration, seed):
        raise InputError(
            "Argument `resume_from` must be a checkpoint of this log, with this seed and these generators, but is one "
            "of another."
        )
    return document["row"], state


def _log(configuration: dict[str, Any], seed: int) -> str:
    return fingerprint_of({"configuration": configuration, "seed": str(seed), "version": GENERATOR_VERSION})
