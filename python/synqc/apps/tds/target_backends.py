"""Backends of qubits that an operator has set up for targets, each with its price, or what is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

from synqc.apps.tds.models import HardwareTarget
from synqc.errors import InputError, SynqcError
from synqc.hardware.backend import Backend, Price
from synqc.hardware.open_vendor import is_local, missing_credentials, open_backend
from synqc.lab._near_words import unknown_name

__all__ = ["BackendAbsent", "TargetBackend", "TargetBackends", "read_target_backends"]

VARIABLE: Final = "SYNQC_TARGET_BACKENDS"
PLAYED: Final = (HardwareTarget.IBM_QPU, HardwareTarget.AWS_BRAKET, HardwareTarget.IONQ)
"""Targets that a backend can be set up for."""
_PRICES = tuple(field.name for field in fields(Price))


class BackendAbsent(SynqcError):
    """No backend is set up for the target, or its account is not there."""

    code = "backend_absent"


@dataclass(frozen=True)
class TargetBackend:
    """Backend that plays hardware runs of one target.

    Args:
        name: Name of the backend, "<vendor>:<backend>".
        price: Price that the account is charged; None: not said.
    """

    name: str
    price: Price | None

    @property
    def is_local(self) -> bool:
        """Whether it is a simulator or a fake of this process."""
        return is_local(self.name)

    @property
    def missing(self) -> str | None:
        """What its account lacks, in words; None if nothing."""
        return missing_credentials(self.name)

    def open(self) -> Backend:
        """Its adapter; of a machine, asks the vendor what it has."""
        return open_backend(self.name, price=self.price)


class TargetBackends:
    """Backends of all targets.

    Args:
        entries: As of `read_target_backends`.

    Raises:
        InputError: One cannot be read.

    Examples:
        >>> backends = TargetBackends(["ibm-qpu=ibm:fake_manila"])
        >>> backends.state(HardwareTarget.IBM_QPU)
        'Hardware runs are played by ibm:fake_manila, which is emulated in this process.'
        >>> backends.state(HardwareTarget.SIM_LOCAL) is None
        True
    """

    def __init__(self, entries: Sequence[str]) -> None:
        self._of_target = read_target_backends(entries)

    def __bool__(self) -> bool:
        return bool(self._of_target)

    def name_of(self, target: HardwareTarget) -> str | None:
        """Name of the backend that plays hardware runs of a target; None where none could."""
        found = self._of_target.get(target)
        return None if found is None or found.missing is not None else found.name

    def state(self, target: HardwareTarget) -> str | None:
        """What plays hardware runs of a target, or what is missing, in one sentence; None of a target that has none."""
        if target not in PLAYED:
            return None
        found = self._of_target.get(target)
        if found is None:
            return f"No backend is set up: {VARIABLE} names none for {target.value}."
        if found.missing is not None:
            return f"{found.name} is set up, but there is no account for it: {found.missing}."
        where = "which is emulated in this process" if found.is_local else "when they are confirmed"
        return f"Hardware runs are played by {found.name}, {where}."

    def of(self, target: HardwareTarget) -> TargetBackend:
        """Backend of a target.

        Raises:
            BackendAbsent: There is none, or its account is not there.
        """
        found = self._of_target.get(target)
        if found is None or found.missing is not None:
            played = ", ".join(one.value for one in PLAYED)
            nowhere = f"Target {target.value} has no hardware: a session's target must be one of {played} for that."
            raise BackendAbsent(self.state(target) or nowhere)
        return found


def read_target_backends(entries: Sequence[str]) -> Mapping[HardwareTarget, TargetBackend]:
    """Backends by target, from entries such as "ibm-qpu=ibm:ibm_fez usd_per_second=1.6".

    Args:
        entries: A target, a backend, and what the account is charged: usd_per_job, usd_per_shot, usd_per_second.

    Raises:
        InputError: An entry cannot be read, or names a target twice.
        UnknownName: A target, a vendor or a price is none.

    Examples:
        >>> read_target_backends(["ionq=ionq:qpu.forte-1 usd_per_job=0.3 usd_per_shot=0.08"])[HardwareTarget.IONQ].price
        Price(usd_per_job=0.3, usd_per_shot=0.08, usd_per_second=0.0)
        >>> read_target_backends(["ibm=ibm:ibm_fez"])
        Traceback (most recent call last):
        synqc.errors.UnknownName: Argument `SYNQC_TARGET_BACKENDS` must be one of ibm-qpu, ...; near it: ibm-qpu.
    """
    found: dict[HardwareTarget, TargetBackend] = {}
    for entry in entries:
        words = entry.split()
        target, is_assigned, backend = words[0].partition("=") if words else ("", "", "")
        if not is_assigned or not backend:
            raise InputError(
                f"Argument `{VARIABLE}` must hold entries such as ibm-qpu=ibm:ibm_fez, but holds {entry[:200]!r}."
            )
        names = [one.value for one in PLAYED]
        if target not in names:
            raise unknown_name(VARIABLE, target, names)
        is_local(backend)  # a vendor that is none is refused here
        if HardwareTarget(target) in found:
            raise InputError(f"Argument `{VARIABLE}` must name each target once, but names {target} twice.")
        found[HardwareTarget(target)] = TargetBackend(backend, _price(words[1:]))
    return found


def _price(words: Sequence[str]) -> Price | None:
    values: dict[str, float] = {}
    for word in words:
        name, _, amount = word.partition("=")
        if name not in _PRICES:
            raise unknown_name(VARIABLE, name, _PRICES)
        try:
            values[name] = float(amount)
        except ValueError:
            values[name] = math.nan
        if not 0 <= values[name] < math.inf:
            raise InputError(f"Argument `{VARIABLE}` must hold {name} as a number of at least 0, but holds {word!r}.")
    return Price(**values) if values else None
