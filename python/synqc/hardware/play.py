"""An experiment played on a backend here and now, as figures and arrays that a `Run` is made of."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from synqc.errors import InputError, UnknownName
from synqc.hardware.backend import Backend
from synqc.hardware.circuit import circuit_of
from synqc.hardware.run_figures import run_arrays, run_figures
from synqc.lab._near_words import near_words

__all__ = ["backend_named", "play"]

_BRAKET = ("braket_dm", "braket_sv")
_VENDORS = ("ibm", "braket", "ionq")


def backend_named(name: str) -> Backend:
    """Backend of a name, "<vendor>:<backend>": "ibm:fake_manila", "ibm:aer", "braket:braket_dm".

    Raises:
        UnknownName: There is no such vendor, or it has no such backend.
        InputError: It takes a job, or is a machine of no account.
        MissingExtra: Its packages are not installed.

    Examples:
        >>> backend_named("ibm:fake_manila").capabilities.qubits
        5
        >>> backend_named("fake_manila")
        Traceback (most recent call last):
        synqc.errors.UnknownName: Argument `on` must be ibm:<backend>, ..., but is 'fake_manila'.
    """
    vendor, _, backend = name.partition(":")
    if vendor == "ibm" and backend:
        from synqc.hardware.ibm import ibm_backend

        return ibm_backend(backend)
    if vendor == "braket" and backend in _BRAKET:
        from synqc.hardware.braket import BraketSimulator

        return BraketSimulator(backend)
    if (vendor == "ionq" and backend) or (vendor == "braket" and backend.startswith("arn:")):
        raise InputError(
            f"Argument `on` must be a backend that answers at once, but {name[:200]} takes a job: plan with "
            "synqc.hardware.open_vendor.open_backend and submit it with synqc.hardware.submission."
        )
    known = [f"braket:{one}" for one in _BRAKET]
    near = near_words(name, known) if vendor == "braket" else near_words(vendor, _VENDORS)
    told = f"; near it: {', '.join(near)}" if near else ""
    raise UnknownName(
        f"Argument `on` must be ibm:<backend>, {', '.join(known)} or an adapter of synqc.hardware, but is "
        f"{name[:200]!r}{told}."
    )


def play(
    experiment: Any, on: Any, *, shots: int, seed: int, iterations: int, keep_bits: bool, keep_records: bool
) -> tuple[dict[str, Any], dict[str, NDArray[Any] | None]]:
    """Play an experiment on a backend.

    Args:
        experiment: A `synqc.Experiment`.
        on: A name, as of `backend_named`, or an adapter.
        shots, seed, iterations, keep_bits, keep_records: As of `Experiment.run`; one iteration alone is possible.

    Returns:
        Figures as of `run_figures`, arrays as of `run_arrays`.

    Raises:
        InputError: The backend cannot play the experiment, or is a machine, which takes a job.
    """
    if iterations != 1:
        raise InputError(f"Argument `iterations` must be 1 where a backend plays the experiment, but is {iterations}.")
    circuit = circuit_of(experiment)
    backend = backend_named(on) if isinstance(on, str) else on
    if getattr(backend, "capabilities", None) is None:
        raise InputError(f"Argument `on` must be a name or an adapter of synqc.hardware, but is {type(on).__name__}.")
    backend.capabilities.check(circuit, shots)
    compiled = backend.compile(circuit, seed=seed)
    played = backend.sample(compiled, shots, seed=seed)
    figures = run_figures(experiment, backend.capabilities, compiled, played, seed=seed)
    return figures, run_arrays(played, keep_bits=keep_bits, keep_records=keep_records)
