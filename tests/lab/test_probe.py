"""Probe doors: doses, information, back-action and assignment."""

import importlib

import numpy as np
import pytest

from synqc.errors import InputError, ShapeError
from synqc.lab import probe


def test_information_broadcasts_over_doses_and_priors():
    bits = probe.gaussian_information(np.array([[0.2], [2.0]]), prior_of_0=np.array([0.5, 0.9]))
    assert bits.shape == (2, 2)
    assert (np.diff(bits, axis=0) > 0).all()
    assert (bits[:, 0] > bits[:, 1]).all()


def test_equal_backaction_dichotomic_record_learns_more():
    g = np.geomspace(0.01, 4.0, 9)
    strength = np.sqrt(-np.expm1(-2 * g))
    assert (probe.dichotomic_information(strength) >= probe.gaussian_information(2 * g)).all()


def test_decay_takes_information_away_with_a_small_error_bar():
    estimate = probe.information_with_decay(2.0, 1.0, t1_us=5.0)
    assert estimate.value < probe.gaussian_information(2.0)
    assert 0 < estimate.standard_error < 0.01
    assert probe.information_with_decay(2.0, 1.0, t1_us=float("inf")).standard_error == 0


def test_jumps_up_and_down_cost_different_information_unless_they_are_exchanged():
    down = probe.information_with_decay(4.0, 1.0, t1_us=2.0, samples=1 << 15)
    both = probe.information_with_decay(4.0, 1.0, t1_us=2.0, up_rate_per_us=0.3, samples=1 << 15)
    turned = probe.information_with_decay(4.0, 1.0, t1_us=1 / 0.3, up_rate_per_us=0.5, samples=1 << 15)
    assert both.value < down.value - 10 * np.hypot(both.standard_error, down.standard_error)
    assert abs(both.value - turned.value) < 4 * np.hypot(both.standard_error, turned.standard_error)


@pytest.mark.parametrize(("chi", "linewidth", "drive"), [(0.5, 5.0, 2.0), (1.3, 0.9, 0.4), (0.2, 3.1, 1.7)])
def test_a_resonator_dephases_by_its_photons_shift_and_linewidth(chi, linewidth, drive):
    """(kappa / 2) |alpha_0 - alpha_1|^2 of the two coherent fields, written apart."""
    turn = 2 * np.pi
    fields = [1j * turn * drive / (turn * linewidth / 2 + sign * 1j * turn * chi) for sign in (1, -1)]
    expected = turn * linewidth / 2 * abs(fields[0] - fields[1]) ** 2
    found = probe.dispersive_dephasing_rate(chi_mhz=chi, linewidth_mhz=linewidth, drive_mhz=drive)
    assert found == pytest.approx(expected, rel=1e-12)


def test_backaction_refuses_states_of_different_shape():
    with pytest.raises(ShapeError, match="must have shape"):
        probe.backaction(np.eye(2), np.eye(3))


@pytest.mark.parametrize(
    "call",
    [
        lambda: probe.probe_doses(1.2, 100.0, gamma_max_per_us=1.0),
        lambda: probe.probe_doses(0.5, -1.0, gamma_max_per_us=1.0),
        lambda: probe.pulse_doses(float("nan")),
        lambda: probe.gaussian_information(-1.0),
        lambda: probe.information_with_decay(1.0, 1.0, t1_us=0.0),
    ],
)
def test_numbers_out_of_range_are_refused_in_one_sentence(call):
    with pytest.raises(InputError, match=r"^Argument `\w+` must be .*\.$"):
        call()


@pytest.mark.parametrize(("old", "name"), [("probe_figures", "probe_doses"), ("pulse_figures", "pulse_doses")])
def test_the_doses_are_found_under_their_old_names_with_a_warning(old, name):
    with pytest.warns(DeprecationWarning, match=f"{old} is called {name} now"):
        assert getattr(probe, old) is getattr(probe, name)


@pytest.mark.parametrize(("module", "name"), [("probe", "ProbeDoses"), ("run", "ProbeSummary")])
def test_the_two_classes_of_one_name_are_found_under_it_with_a_warning(module, name):
    place = importlib.import_module(f"synqc.lab.{module}")
    with pytest.warns(DeprecationWarning, match=f"ProbeFigures is called {name} now"):
        assert place.ProbeFigures is getattr(place, name)
    with pytest.raises(AttributeError, match="has no attribute 'ProbeFigure'"):
        place.ProbeFigure  # noqa: B018
