"""A twin as a platform of Qibolab: pulses mean what Qibolab says, and protocols of Qibocal run on it unmodified.

Qibocal pins an older Plotly than SynQc's, so that these tests need an environment of their own: `pip install
'synqc[twin-qibolab]' qibocal pytest`. Elsewhere they are skipped.
"""

import math

import numpy as np
import pytest

from synqc.errors import InputError
from synqc.twin import Faults, HiddenQubit, Twin

qibolab = pytest.importorskip("qibolab", reason="qibolab is not installed: pip install 'synqc[twin-qibolab]'")

from synqc.twin.qibolab_platform import twin_platform  # noqa: E402

DISCRIMINATION, INTEGRATION = qibolab.AcquisitionType.DISCRIMINATION, qibolab.AcquisitionType.INTEGRATION
SHOTS, MEAN = qibolab.AveragingMode.SINGLESHOT, qibolab.AveragingMode.CYCLIC


def lasting(**changed):
    return HiddenQubit(**{"t1_us": 1e9, "tphi_us": 1e9, "anharmonicity_mhz": -1e5} | changed)


def share_of_1(platform, *pulses, sweepers=(), nshots=2000, number=0):
    """Mean label behind pulses on the drive of one qubit."""
    natives = platform.natives.single_qubit[number]
    sequence = qibolab.PulseSequence([(platform.qubits[number].drive, pulse) for pulse in pulses])
    read = natives.MZ()
    sequence |= read
    found = platform.execute(
        [sequence], list(sweepers), nshots=nshots, acquisition_type=DISCRIMINATION, averaging_mode=MEAN
    )
    return found[read[0][1].id]


def native(platform, name, **changed):
    pulse = getattr(platform.natives.single_qubit[0], name)()[0][1]
    return pulse.model_copy(update=changed)


def test_native_gates_turn_as_they_are_called():
    platform = twin_platform(Twin([lasting()], seed=1))
    half = [native(platform, "RX90") for _ in range(2)]
    assert share_of_1(platform) < 0.03
    assert share_of_1(platform, native(platform, "RX")) > 0.95
    assert share_of_1(platform, *half) > 0.95
    assert share_of_1(platform, half[0]) == pytest.approx(0.5, abs=0.05)


def test_phases_and_frames_add_up():
    """A virtual Z turns the pulses behind it as their own phase does."""
    platform = twin_platform(Twin([lasting()], seed=1))
    first = native(platform, "RX90")
    for phase in (0.0, 1.0, math.pi):
        expected = (1 + math.cos(phase)) / 2
        own = native(platform, "RX90", relative_phase=phase)
        framed = [qibolab.VirtualZ(phase=phase), native(platform, "RX90")]
        assert share_of_1(platform, first, own) == pytest.approx(expected, abs=0.06)
        assert share_of_1(platform, first, *framed) == pytest.approx(expected, abs=0.06)


def test_sweeps_have_the_shapes_that_qibolab_says():
    platform = twin_platform(Twin([lasting()], seed=1))
    pulse = native(platform, "RX")
    amplitudes = qibolab.Sweeper(
        parameter=qibolab.Parameter.amplitude, values=np.array([0.0, 0.05, 0.1]), pulses=[pulse]
    )
    shifts = qibolab.Sweeper(
        parameter=qibolab.Parameter.frequency, values=5e9 + np.array([0.0, 300e6]), channels=["0/drive"]
    )
    found = share_of_1(platform, pulse, sweepers=[[amplitudes], [shifts]])
    assert found.shape == (3, 2)
    assert found[:, 0] == pytest.approx([0.0, 0.5, 1.0], abs=0.06)
    assert found[2, 1] < 0.2
    sequence = qibolab.PulseSequence()
    read = platform.natives.single_qubit[0].MZ()
    sequence |= read
    for kind, mode, shape in (
        (DISCRIMINATION, SHOTS, (50,)),
        (INTEGRATION, SHOTS, (50, 2)),
        (INTEGRATION, MEAN, (2,)),
    ):
        found = platform.execute([sequence], nshots=50, acquisition_type=kind, averaging_mode=mode)
        assert found[read[0][1].id].shape == shape


def test_a_rectangular_pulse_is_a_square_drive():
    platform = twin_platform(Twin([lasting()], seed=1))
    length = platform.natives.single_qubit[0].RX()[0][1].duration
    square = qibolab.Pulse(duration=4 * length, amplitude=0.025, envelope=qibolab.Rectangular())
    assert share_of_1(platform, square) > 0.95


def test_every_qubit_is_its_own():
    platform = twin_platform(Twin([lasting(), lasting()], seed=1))
    sequence = qibolab.PulseSequence()
    sequence += platform.natives.single_qubit[1].RX()
    reads = [platform.natives.single_qubit[number].MZ() for number in range(2)]
    sequence |= qibolab.PulseSequence([one for read in reads for one in read])
    found = platform.execute([sequence], nshots=500, acquisition_type=DISCRIMINATION, averaging_mode=MEAN)
    assert [float(found[read[0][1].id]) for read in reads] == pytest.approx([0.0, 1.0], abs=0.06)


def test_lost_shots_are_nan_and_no_part_of_means():
    platform = twin_platform(Twin([lasting()], seed=1, faults=Faults(dropped_share=0.3)))
    read = platform.natives.single_qubit[0].MZ()
    found = platform.execute([read], nshots=500, acquisition_type=INTEGRATION, averaging_mode=SHOTS)
    assert 0.2 < np.isnan(found[read[0][1].id]).mean() < 0.4
    assert np.isfinite(share_of_1(platform))


def test_what_it_cannot_play_is_refused():
    platform = twin_platform(Twin([lasting()], seed=1))
    with pytest.raises(InputError, match="native envelope"):
        share_of_1(platform, native(platform, "RX", duration=100.0))
    read = platform.natives.single_qubit[0].MZ()
    with pytest.raises(InputError, match="but is RAW"):
        platform.execute([read], nshots=5, acquisition_type=qibolab.AcquisitionType.RAW, averaging_mode=SHOTS)


def protocols_of_qibocal():
    return pytest.importorskip("qibocal.protocols", reason="the package qibocal is not installed")


def test_an_unmodified_t1_of_qibocal_finds_t1():
    t1 = protocols_of_qibocal().t1
    platform = twin_platform(Twin([HiddenQubit(t1_us=60.0), HiddenQubit(t1_us=40.0)], seed=5))
    parameters = t1.parameters_type.load(
        {"delay_before_readout_start": 50, "delay_before_readout_end": 200_000, "delay_before_readout_step": 10_000}
        | {"nshots": 1000, "relaxation_time": 300_000}
    )
    data, _ = t1.acquisition(parameters, platform, [0, 1])
    fitted, _ = t1.fit(data)
    for number, truth in ((0, 60e3), (1, 40e3)):
        value, error = fitted.t1[number]
        assert abs(value - truth) < max(5 * error, 0.05 * truth)
