"""Arguments of an experiment that are legal but hardly meant: mistaken units, and arguments without effect."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from synqc import _core
from synqc.errors import ImplausibleWarning, ValidityWarning
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.validity import validity

if TYPE_CHECKING:
    from synqc.lab.experiment import Experiment

__all__ = ["warn_if_implausible", "warn_of_photons"]

_USUAL: dict[str, tuple[float, float]] = {
    "probe_duration_ns": (1.0, 1e7),
    "probe_ringdown_ns": (1.0, 1e7),
    "decision_latency_ns": (0.1, 1e9),
    "t1_us": (1e-2, 1e10),
    "t2_us": (1e-2, 1e10),
    "tphi_us": (1e-2, 1e10),
    "detuning_khz": (1e-6, 1e5),
    "gamma_max_per_us": (1e-6, 1e4),
}
"""Least and most an argument usually is, apart from its sign; 0 and infinity always are meant."""

_UNITS = {"ns": "ns", "us": "µs", "khz": "kHz"}
_OTHER_UNITS = {
    "ns": {"s": 1e9, "ms": 1e6, "µs": 1e3, "ps": 1e-3},
    "us": {"s": 1e6, "ms": 1e3, "ns": 1e-3},
    "khz": {"Hz": 1e-3, "MHz": 1e3, "GHz": 1e6},
}
"""What one of another unit is, in the argument's own."""

_ENVELOPES = {one["name"]: one["has_derivative_quadrature"] for one in _core.envelope_properties()}
_WITH_DERIVATIVE = frozenset(name for name, has_derivative in _ENVELOPES.items() if has_derivative)
_FLAT_TOPS = frozenset(name for name in _ENVELOPES if name.startswith("flat-top"))
_SAMPLES = frozenset({"samples"})

_WITHOUT_EFFECT: tuple[tuple[str, frozenset[str], str], ...] = (
    ("samples", _SAMPLES, 'envelope="samples"'),
    ("interpolate_samples", _SAMPLES, 'envelope="samples"'),
    ("drag_beta", _WITH_DERIVATIVE, "a drag envelope"),
    ("drag_detuning", _WITH_DERIVATIVE, "a drag envelope"),
    ("edge_fraction", _FLAT_TOPS, "a flat-top envelope"),
)
"""Argument, envelopes that use it, and those in words."""

_OF_RESONATOR = ("probe_ringdown_ns", "stark_correction")
_OF_STATIONARY_PROBE = ("gamma_max_per_us", "efficiency")


def warn_if_implausible(experiment: Experiment, defaults: dict[str, Any], stacklevel: int) -> None:
    """Warn of numbers that look like another unit, and of arguments that do nothing beside the others."""
    for name, (least, most) in _USUAL.items():
        value = getattr(experiment, name)
        if value is not None and value != 0 and math.isfinite(value) and not least <= abs(value) <= most:
            _warn(_unit_sentence(name, value, least, most), stacklevel + 1)
    for name, users, needed in _WITHOUT_EFFECT:
        value = getattr(experiment, name)
        is_given = value is not None if defaults[name] is None else value != defaults[name]
        if is_given and experiment.envelope not in users:
            _warn(
                f"Argument `{name}` has no effect without {needed}, but `envelope` is {experiment.envelope!r}.",
                stacklevel + 1,
            )
    through_resonator = experiment.probe_mapping == "resonator"
    for name in _OF_STATIONARY_PROBE if through_resonator else _OF_RESONATOR:
        value = getattr(experiment, name)
        if value != defaults[name]:
            needed = "another `probe_mapping`" if through_resonator else 'probe_mapping="resonator"'
            _warn(
                f"Argument `{name}` has no effect without {needed}, but `probe_mapping` is "
                f"{experiment.probe_mapping!r}.",
                stacklevel + 1,
            )


_FEW_PHOTONS = 0.05
"""Left in the resonator: their shift turns a qubit by little while a drive lasts."""


def warn_of_photons(experiment: Experiment, stacklevel: int) -> None:
    """Warn where a probe through a resonator leaves the dispersive model, or photons for the second drive."""
    resonator = experiment.device.resonator
    on, rest = experiment.probe_duration_ns, experiment.probe_ringdown_ns
    if resonator is None or experiment.probe_mapping != "resonator" or 0 in (experiment.probe_strength, on):
        return
    pulse = ReadoutPulse((on,), (experiment.probe_strength,))
    for problem in validity(resonator, pulse).problems:
        sentence = f"{problem} Transitions that strong readout induces are not modelled."
        warnings.warn(sentence, ValidityWarning, stacklevel=stacklevel + 1)
    left = float(resonator.photons(pulse, [on + rest]).max())
    if left > _FEW_PHOTONS:
        warnings.warn(
            f"The resonator holds {left:.3g} photons at the end of the probe, which count as lost then; what they do "
            "to the second drive is not modelled. A longer `probe_ringdown_ns` lets them leave.",
            ValidityWarning,
            stacklevel=stacklevel + 1,
        )


def _unit_sentence(name: str, value: float, least: float, most: float) -> str:
    suffix = name.rsplit("_", 1)[-1]
    meant = [
        f"{value:g} {unit} would be {value * worth:g}"
        for unit, worth in _OTHER_UNITS.get(suffix, {}).items()
        if name != "gamma_max_per_us" and least <= abs(value * worth) <= most
    ]
    unit = "1/µs" if name == "gamma_max_per_us" else _UNITS[suffix]
    hint = f" ({meant[0]})" if meant else ""
    return f"Argument `{name}` is in {unit} and usually between {least:g} and {most:g}, but is {value:g}{hint}."


def _warn(sentence: str, stacklevel: int) -> None:
    warnings.warn(sentence, ImplausibleWarning, stacklevel=stacklevel + 1)
