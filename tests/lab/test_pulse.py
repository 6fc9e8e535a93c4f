"""Pulses as Python sees them: MHz and ns, area equal to the angle whatever the envelope."""

import itertools

import numpy as np
import pytest

from synqc import _core
from synqc.errors import InputError, UnknownName

ENVELOPES = next(entry["choices"] for entry in _core.experiment_fields() if entry["name"] == "envelope")
SAMPLES = [0.2 + 0.1j, 1 - 0.4j, 0.7, 0.3]


def pulse(envelope, **changes):
    arguments = {"samples": SAMPLES} if envelope == "samples" else {}
    return _core.Pulse(envelope, 24.0, np.pi, **(arguments | changes))


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_area_is_the_angle(envelope):
    one = pulse(envelope)
    edges = [0.0, *one.breakpoints_ns, 24.0]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    area = 0.0
    for left, right in itertools.pairwise(edges):
        times = (left + right) / 2 + (right - left) / 2 * nodes
        area += (right - left) / 2 * weights @ one.at(times)[:, 0]
    assert 2 * np.pi * area * 1e-3 == pytest.approx(np.pi, rel=1e-12)


def test_drag_quadrature_opposes_the_anharmonicity():
    one = pulse("drag", anharmonicity_mhz=-310, drag_beta=1, drag_detuning=False)
    times = np.linspace(1, 11, 50)
    slope = np.gradient(one.at(np.linspace(0, 24, 24001))[:, 0], 1e-3)[(times * 1000).round().astype(int)]
    # dOmega/dt in MHz/ns is 1e3 MHz/µs; 2 pi turns the anharmonicity into rad/µs.
    expected = slope * 1e3 / (2 * np.pi * 310)
    assert one.at(np.round(times, 3))[:, 1] == pytest.approx(expected, rel=1e-3)


def test_nothing_is_played_outside():
    assert not pulse("drag").at([-1.0, 24.1, np.nan]).any()


def test_amplitudes_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        pulse("cosine").at([1.0])[0, 0] = 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("square", 0.0, 1.0), "Argument `duration` must be finite and greater than 0, but is 0."),
        (("square", 10.0, np.nan), "Argument `angle` must be finite, but is nan."),
        (("samples", 10.0, 1.0), "Argument `samples` must be at least one value, but is empty."),
    ],
)
def test_unplayable_pulses_are_refused(arguments, sentence):
    with pytest.raises(InputError) as caught:
        _core.Pulse(*arguments)
    assert str(caught.value) == sentence


def test_unknown_envelopes_are_answered_with_the_known_ones():
    with pytest.raises(UnknownName, match="'flat-top-gaussian', 'samples', but is 'round'"):
        _core.Pulse("round", 10.0, 1.0)
