"""Ramsey finds a detuning of either sign within a megahertz from few shots, and never another fringe."""

import numpy as np
import pytest

from synqc.protocols import Ramsey, Settings
from synqc.twin import HiddenQubit, Twin


class CountingInstrument:
    """An instrument that adds up shots and free evolution."""

    def __init__(self, device):
        self._device, self.shots, self.evolution_us = device, 0, 0.0
        self.gate_ns = device.gate_ns

    def counts(self, circuits, shots):
        """As the device."""
        self.shots += shots * len(circuits)
        self.evolution_us += shots * sum(getattr(one, "duration_us", 0.0) for circuit in circuits for one in circuit)
        return self._device.counts(circuits, shots)


def errors_khz(seed, devices):
    """Of the detuning; T2 is 50 us and the readout errs by some 2.5 % in all."""
    found, verdicts = [], []
    for number in range(devices):
        truth = np.random.default_rng([seed, number]).uniform(-1000, 1000)
        hidden = HiddenQubit(t1_us=100.0, tphi_us=200.0 / 3, detuning_khz=truth)
        device = Twin([hidden], seed=seed + number)[0]
        device.settings = Settings(drag=0.5)
        instrument = CountingInstrument(device)
        records = Ramsey().run(instrument)
        assert instrument.shots <= 330
        assert instrument.evolution_us <= 7000
        analysis = Ramsey().analyse(records)
        found.append(analysis.values["detuning_khz"] - truth)
        verdicts.append(analysis.verdict)
    assert verdicts.count("good") >= 0.9 * devices, (seed, verdicts)
    return np.abs(found)


def test_ramsey_is_signed_and_on_the_right_fringe(seed):
    errors = errors_khz(seed, 30)
    # The median of 30 errors varies by 23 %: 3 standard deviations above the goal of 0.7 kHz.
    assert np.median(errors) < 1.2, seed
    assert errors.max() < 100, seed


@pytest.mark.deep
def test_ramsey_is_never_on_another_fringe_in_ten_thousand(seed):
    errors = errors_khz(seed, 10_000)
    assert np.median(errors) < 0.71, seed
    assert errors.max() < 100, seed


def test_one_phase_alone_does_not_know_the_sign(seed):
    """The negative control: what two phases are for."""
    device = Twin([HiddenQubit(detuning_khz=437.0)], seed=seed)[0]
    records = Ramsey(shots=4).run(device)
    in_phase = np.asarray(records.settings)[:, 2] == 0
    halved = type(records)(
        records.protocol,
        records.columns,
        np.asarray(records.settings)[in_phase],
        np.asarray(records.counts)[:, in_phase],
        records.shots,
    )
    found = Ramsey().analyse(halved)
    assert found.verdict == "not determined", seed
    assert any("nearly as well" in reason for reason in found.reasons), seed
