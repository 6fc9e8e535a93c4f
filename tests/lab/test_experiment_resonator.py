"""A probe through the device's resonator: against qubit and resonator in QuTiP, and against the stationary probe."""

import json
import math

import numpy as np
import pytest

import synqc
from synqc import Experiment, MonitoredQubit, smesolve
from synqc.cli import main
from synqc.errors import ImplausibleWarning, InputError, ValidityWarning
from synqc.readout import ReadoutPulse, Resonator

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=0.9, drive_mhz=4.0, detuning_mhz=0.3, efficiency=0.6, phase=0.2)
QUIET = synqc.device("transmon-default").replace(
    levels=2, drift="none", spread=0.0, thermal_population=0.0, p0_given_1=0.01, p1_given_0=0.02, resonator=CAVITY
)
THROUGH = {"probe_mapping": "resonator", "qubits": 1, "envelope": "square"}


def experiment(**changes):
    figures = {"t1_us": 3.0, "t2_us": 2.0, "detuning_khz": 300.0, "amplitude_error": 0.0}
    figures |= {"probe_strength": 0.5, "probe_duration_ns": 250.0, "probe_ringdown_ns": 150.0, "second_axis": 0.3}
    return Experiment(changes.pop("preset", QUIET), **{**THROUGH, **figures, **changes})


def behind_qutip(made, *, fock=14):
    """States of the qubit after the probe, with it and without, and after the second drive, by QuTiP."""
    qutip = pytest.importorskip("qutip")
    device, turn = made.device, 2 * math.pi
    resonator = device.resonator
    detuning = turn * 1e-3 * made.detuning_khz * qutip.basis(2, 1).proj()
    lower = qutip.basis(2, 0) * qutip.basis(2, 1).dag()
    jumps = [math.sqrt(1 / device.t1_us) * lower, math.sqrt(2 / device.tphi_us) * qutip.basis(2, 1).proj()]
    precise = {"atol": 1e-12, "rtol": 1e-10}

    def driven(state, angle, axis):
        rabi = angle / (device.gate_ns * 1e-3)
        push = rabi / 2 * (math.cos(axis) * qutip.sigmax() + math.sin(axis) * qutip.sigmay())
        return qutip.mesolve(detuning + push, state, [0, device.gate_ns * 1e-3], jumps, options=precise).states[-1]

    start = driven(qutip.basis(2, 0).proj(), made.first_angle, made.first_axis)
    whole = [qutip.tensor(one, qutip.qeye(fock)) for one in (detuning, *jumps)]
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(fock))
    levels = [qutip.tensor(qutip.basis(2, k).proj(), qutip.qeye(fock)) for k in (0, 1)]
    shift = sum(
        (turn * one * level for one, level in zip(resonator.level_detunings_mhz, levels, strict=True)), start=0 * a
    )
    drive = turn * resonator.drive_mhz * made.probe_strength
    state = qutip.tensor(start, qutip.basis(fock, 0).proj())
    for amplitude, duration in ((drive, made.probe_duration_ns), (0.0, made.probe_ringdown_ns)):
        still = whole[0] + shift * a.dag() * a + amplitude * (a + a.dag())
        damped = [*whole[1:], math.sqrt(turn * resonator.kappa_mhz) * a]
        state = qutip.mesolve(still, state, [0, duration * 1e-3], damped, options=precise).states[-1]
    probed = state.ptrace(0)
    idle = [0, (made.probe_duration_ns + made.probe_ringdown_ns) * 1e-3]
    alone = qutip.mesolve(detuning, start, idle, jumps, options=precise).states[-1]
    final = driven(probed, made.second_angle, made.second_axis)
    return probed.full(), alone.full(), final.full()


def test_back_action_and_shots_are_those_of_qubit_and_resonator(seed):
    made = experiment(stark_correction=False)
    probed, alone, final = behind_qutip(made)
    run = made.run(20_000, seed=seed, progress=False)
    assert float(run.backaction) == pytest.approx(np.linalg.norm(probed - alone, "nuc") / 2, abs=2e-6)
    assert run.probe.coherence_left == pytest.approx(abs(probed[0, 1] / alone[0, 1]), abs=2e-6)
    assert run.probe.stark_phase == pytest.approx(np.angle(probed[0, 1] / alone[0, 1]), abs=5e-6)
    assert abs(run.probe.stark_phase) > 0.4
    ideal = np.array([math.cos(math.pi / 4), -1j * math.sin(math.pi / 4)])
    turned = np.array([[1, -1j * np.exp(-0.3j)], [-1j * np.exp(0.3j), 1]]) / math.sqrt(2)
    wanted = (turned @ ideal).conj() @ final @ (turned @ ideal)
    assert abs(run.fidelity.value - wanted.real) < 4.5 * run.fidelity.standard_error + 2e-4, seed
    ones = final[1, 1].real * (1 - 0.01 - 0.02) + 0.02
    found = run.history[-1].qubits[0].one_fraction
    assert abs(found.value - ones) < 4.5 * found.standard_error + 2e-4, seed


def test_the_second_drive_follows_the_stark_phase():
    """What is left is dephasing: the back-action is what the contrast lost."""
    corrected, left = (experiment(stark_correction=wished).run(10, seed=1, progress=False) for wished in (True, False))
    probed, alone, _ = behind_qutip(experiment())
    lost = abs(alone[0, 1]) - abs(probed[0, 1])
    assert float(corrected.backaction) == pytest.approx(lost, abs=2e-6)
    assert float(left.backaction) > 1.5 * lost


def test_records_are_those_of_smesolve(seed):
    """Ring-up, ring-down, and fields of qubits that decayed, in bins."""
    made = experiment(first_angle=math.pi, probe_bins=8, t1_us=0.4, t2_us=0.5, detuning_khz=0.0)
    run = made.run(20_000, seed=seed, keep_records=True, progress=False)
    mine = run.records[0, 0]
    pulse = ReadoutPulse((250.0,), (0.5,))
    qubit = MonitoredQubit(t1_us=0.4, t2_us=0.5, resonator=CAVITY, pulse=pulse)
    # Prepared by the same drive, which is not perfect where the qubit decays during it.
    start = np.diag(experiment_populations(made))
    theirs = smesolve(qubit, start, np.linspace(0, 0.4, 9), ntraj=20_000, seeds=seed + 1, progress=False).measurement
    fields = -0.5j * 2 * math.pi * 4.0 / (math.pi * 5.0 + 2j * math.pi * np.array(CAVITY.level_detunings_mhz))
    settled = (2 * math.sqrt(0.6 * 2 * math.pi * 5.0) * fields * np.exp(-0.2j)).real
    theirs = (theirs[:, 0] - settled.mean()) / ((settled[0] - settled[1]) / 2)
    spread = np.hypot(mine.std(axis=0), theirs.std(axis=0)) / math.sqrt(20_000)
    assert (np.abs(mine.mean(axis=0) - theirs.mean(axis=0)) < 4.8 * spread).all(), seed
    assert mine.std(axis=0) == pytest.approx(theirs.std(axis=0), rel=0.04)
    assert np.ptp(mine.mean(axis=0)) > 20 * spread.max()


def experiment_populations(made):
    """Of |0> and |1> behind a square pi pulse with decay, on resonance, from |0>."""
    qutip = pytest.importorskip("qutip")
    device, rabi = made.device, math.pi / (made.device.gate_ns * 1e-3)
    lower = qutip.basis(2, 0) * qutip.basis(2, 1).dag()
    jumps = [math.sqrt(1 / device.t1_us) * lower, math.sqrt(2 / device.tphi_us) * qutip.basis(2, 1).proj()]
    state = qutip.mesolve(rabi / 2 * qutip.sigmax(), qutip.basis(2, 0).proj(), [0, device.gate_ns * 1e-3], jumps)
    return state.states[-1].diag().real


def test_a_fast_resonator_is_a_stationary_probe(seed):
    """At chi = kappa / 2 there is no Stark shift, and Gamma = 2 drive^2 / kappa."""
    kappa = 4000.0
    drive = math.sqrt(QUIET.gamma_max_per_us * kappa / (2 * 2 * math.pi))
    fast = Resonator(kappa, kappa / 2, drive, efficiency=QUIET.efficiency)
    arguments = {"probe_strength": 0.5, "probe_duration_ns": 500.0, "t1_us": 20.0, "t2_us": 15.0}
    arguments |= {"detuning_khz": 0.0, "amplitude_error": 0.0, "probe_bins": 2, "qubits": 1}
    resonator = Experiment(QUIET.replace(resonator=fast), probe_mapping="resonator", probe_steps=100, **arguments)
    through, plain = (
        made.run(20_000, seed=seed, progress=False) for made in (resonator, Experiment(QUIET, **arguments))
    )
    assert through.probe.g == pytest.approx(plain.probe.g, rel=2e-3)
    assert through.probe.s == pytest.approx(plain.probe.s, rel=3e-3)
    assert float(through.backaction) == pytest.approx(float(plain.backaction), rel=3e-3)
    assert float(through.information_bits) == pytest.approx(
        float(plain.information_bits), abs=4 * through.information_bits.standard_error + 3e-3
    )
    for name in ("fidelity", "success"):
        one, other = getattr(through, name), getattr(plain, name)
        assert abs(one.value - other.value) < 4.5 * math.hypot(one.standard_error, other.standard_error), (name, seed)
    one, other = (run.history[-1].qubits[0].mean_record for run in (through, plain))
    assert abs(one.value - other.value) < 4.5 * math.hypot(one.standard_error, other.standard_error) + 2e-3, seed
    assert one.standard_error == pytest.approx(other.standard_error, rel=0.02)
    assert abs(through.probe.stark_phase) < 2e-4  # of ringing up


def test_feed_forward_undoes_what_the_whole_record_tells(seed):
    """eta = 1, no decay, no latency, all photons recorded: the conditioned state is pure, and the drive finds it."""
    clean = Resonator(8.0, 4.0, 3.0)
    arguments = {"probe_duration_ns": 400.0, "probe_ringdown_ns": 300.0, "t1_us": math.inf, "t2_us": math.inf}
    arguments |= {"detuning_khz": 0.0, "decision_latency_ns": 0.0, "probe_strength": 0.4}
    preset = QUIET.replace(resonator=clean, prepared_population=0.0)
    blind, bayes, gain = (
        experiment(preset=preset, adaptive_rule=rule, second_axis=0.0, **arguments).run(4000, seed=seed, progress=False)
        for rule in ("none", "bayes", _proportional)
    )
    assert blind.fidelity.value < 0.9
    assert bayes.fidelity.value > 0.997
    assert gain.fidelity.value > blind.fidelity.value + 0.03


def _proportional(batch):
    return {"feedback_gain": 0.6}


@pytest.mark.parametrize("rule", ["kalman", "bayes", "rl", "rl-reinforce", "nelder-mead", "random-search"])
def test_every_rule_works_behind_a_resonator(rule):
    run = experiment(adaptive_rule=rule).run(400, iterations=3, seed=5, progress=False)
    again = experiment(adaptive_rule=rule).run(400, iterations=3, seed=5, threads=1, progress=False)
    assert run.to_json() == again.to_json()
    assert 0.3 < run.fidelity.value < 1


class Follower:
    """Turns each shot back by what its record says, in proportion."""

    def __init__(self):
        self.seen = []

    def second_angle_corrections(self, qubit, records):
        self.seen.append(records.copy())
        return 0.1 * records.mean(axis=1)


def test_a_rule_of_the_users_sees_the_records():
    rule = Follower()
    run = experiment(probe_bins=4, adaptive_rule=rule).run(50, seed=3, keep_records=True, progress=False)
    assert run.records.shape == (1, 1, 50, 4)
    assert np.array_equal(rule.seen[0], run.records[0, 0])
    assert run.latency_terms["decision"] > 0


def test_without_efficiency_nothing_is_recorded():
    blind = QUIET.replace(resonator=Resonator(5.0, 0.9, 4.0, efficiency=0.0))
    run = experiment(preset=blind).run(300, seed=2, keep_records=True, progress=False)
    assert (run.records == 0).all()
    assert float(run.information_bits) == run.probe.s == 0
    assert run.probe.g > 0.1
    assert run.fidelity.standard_error == 0


def test_dead_knobs():
    off = experiment(probe_strength=0.0).run(50, seed=1, progress=False)
    assert float(off.backaction) == float(off.information_bits) == off.probe.g == 0
    assert off.probe.mapping == "resonator"


def test_a_longer_ring_down_records_more_and_leaves_less():
    short, long = (experiment(probe_ringdown_ns=time).run(50, seed=1, progress=False) for time in (100.0, 300.0))
    assert long.probe.s > short.probe.s
    assert long.probe.photons_left < short.probe.photons_left < 0.05
    assert float(long.latency_us) == pytest.approx(float(short.latency_us) + 0.2)


def test_a_document_and_the_command_line_take_it(tmp_path, capsys):
    made = experiment()
    read = Experiment.from_json(json.dumps(made.to_dict()))
    assert read == made
    run = made.run(100, seed=4, progress=False)
    assert read.run(100, seed=4, progress=False).to_json() == run.to_json()
    assert synqc.load(run.save(tmp_path / "run.npz")).probe == run.probe
    (tmp_path / "device.json").write_text(QUIET.to_json())
    words = ["run", "--preset", str(tmp_path / "device.json"), "--probe-mapping", "resonator"]
    words += ["--probe-ringdown-ns", "150", "--shots", "50", "--seed", "1", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["probe"]["mapping"] == "resonator"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"preset": QUIET.replace(resonator="none")}, "`probe_mapping`"),
        ({"levels": 3}, "`levels`"),
        ({"target": "classical-only"}, "`probe_mapping`"),
        ({"preset": QUIET.replace(resonator=Resonator(5.0, 0.5))}, "`drive_mhz`"),
        ({"preset": QUIET.replace(resonator=Resonator(5.0, 0.5, 1.0, phase=math.pi / 2))}, "`phase`"),
    ],
    ids=["no resonator", "three levels", "classical plant", "no drive", "a quadrature that shows nothing"],
)
def test_what_cannot_be_is_refused_by_name(changes, named):
    with pytest.raises(InputError, match=named):
        experiment(**changes)


def test_warnings_tell_of_photons_and_of_arguments_without_effect():
    with pytest.warns(ValidityWarning, match="photons at the end of the probe"):
        experiment(probe_ringdown_ns=0.0)
    with pytest.warns(ValidityWarning, match="critical number"):
        experiment(preset=QUIET.replace(resonator=Resonator(5.0, 0.9, 4.0, critical_photons=1.0)))
    with pytest.warns(ImplausibleWarning, match="`efficiency` has no effect"):
        experiment(efficiency=0.3)
    with pytest.warns(ImplausibleWarning, match="`probe_ringdown_ns` has no effect"):
        Experiment(probe_ringdown_ns=10.0)


def test_bloch_path_refuses_it_by_name():
    from synqc.lab.plots.bloch import bloch_path

    with pytest.raises(InputError, match="`probe_mapping`"):
        bloch_path(experiment())
