"""Protocols by name: what a file or a command line calls them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

from synqc.errors import InputError, UnknownName
from synqc.protocols.all_xy import AllXY
from synqc.protocols.amplitude import AmplifiedAmplitude, RabiAmplitude
from synqc.protocols.drag import Drag
from synqc.protocols.echo import Echo
from synqc.protocols.iq_blobs import IQBlobs
from synqc.protocols.monitors import FrequencyMonitor, T1Monitor
from synqc.protocols.rabi_drives import RabiChevron, RabiDuration
from synqc.protocols.ramsey import Ramsey, RamseyDecay
from synqc.protocols.randomised_benchmarking import RandomisedBenchmarking
from synqc.protocols.readout_scans import ReadoutDuration, ReadoutFrequency, ReadoutPower
from synqc.protocols.relaxation import T1
from synqc.protocols.tones import ReadoutDephasing, RingDown

__all__ = ["PROTOCOLS", "full_name", "protocol_named"]

PROTOCOLS: Mapping[str, type[Any]] = {
    protocol.__name__: protocol
    for protocol in (
        T1, Echo, Ramsey, RamseyDecay, RabiAmplitude, RabiDuration, RabiChevron, AmplifiedAmplitude, Drag, AllXY,
        RandomisedBenchmarking, IQBlobs, ReadoutDuration, ReadoutPower, ReadoutFrequency, ReadoutDephasing, RingDown,
        T1Monitor, FrequencyMonitor,
    )
}  # fmt: skip
"""Every protocol of one qubit by its name, whose records a file can hold."""


def protocol_named(name: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Make a protocol from its name.

    Args:
        name: As `PROTOCOLS` has it; case, dashes and underscores do not matter.
        arguments: Of the protocol; what is not there is as usual. Lists become tuples.

    Raises:
        UnknownName: There is no such protocol.
        InputError: It has no such argument, or refuses one.

    Examples:
        >>> protocol_named("t1", {"shots": 50}).shots
        50
        >>> protocol_named("Ramsy")
        Traceback (most recent call last):
        synqc.errors.UnknownName: ...
    """
    protocol = PROTOCOLS[full_name(name)]
    known = {field.name for field in dataclasses.fields(protocol)}
    given = {key: _plain(value) for key, value in (arguments or {}).items()}
    for key in given:
        if key not in known:
            raise InputError(
                f"Argument `arguments` must be of {protocol.__name__}, {', '.join(sorted(known))}, but has {key!r}."
            )
    missing = [
        field.name
        for field in dataclasses.fields(protocol)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if field.name not in given
    ]
    if missing:
        raise InputError(
            f"Argument `arguments` must have {', '.join(missing)} of {protocol.__name__}, but has {sorted(given)}."
        )
    try:
        return protocol(**given)
    except TypeError as error:
        raise InputError(f"Argument `arguments` must fit {protocol.__name__}, but does not: {error}.") from error


def full_name(name: str) -> str:
    """Name of a protocol as `PROTOCOLS` has it; case, dashes and underscores do not matter.

    Raises:
        UnknownName: There is no such protocol.

    Examples:
        >>> full_name("iq-blobs")
        'IQBlobs'
    """
    folded = {_folded(known): known for known in PROTOCOLS}
    if _folded(name) not in folded:
        near = [folded[one] for one in difflib.get_close_matches(_folded(name), list(folded), n=2)]
        words = f"; near it: {', '.join(near)}" if near else ""
        raise UnknownName(f"Argument `protocol` must be one of {', '.join(PROTOCOLS)}, but is {name!r}{words}.")
    return folded[_folded(name)]


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _plain(value: Any) -> Any:
    return tuple(_plain(one) for one in value) if isinstance(value, list | tuple) else value
