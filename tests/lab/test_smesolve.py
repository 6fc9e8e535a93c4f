"""smesolve as a door: what it accepts, returns, refuses and promises."""

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from synqc.errors import InputError, NonPhysicalState, ShapeError
from synqc.lab.smesolve import smesolve

SX = np.array([[0, 1], [1, 0]], dtype=complex)
SZ = np.diag([1.0 + 0j, -1.0])
LOWER = np.array([[0, 1], [0, 0]], dtype=complex)
GROUND = np.array([1.0, 0.0])
WEAK = SZ / math.sqrt(2)


def rabi(**changes):
    arguments = dict(
        H=math.pi * SX,
        rho0=GROUND,
        tlist=np.linspace(0, 1, 11),
        sc_ops=[WEAK],
        e_ops=[SZ, SX],
        ntraj=200,
        seeds=1,
        dt=0.02,
    )
    arguments.update(changes)
    return smesolve(**arguments)


def all_bytes(result):
    arrays = (
        result.average_expect,
        result.std_expect,
        result.average_states,
        result.measurement,
        result.runs_final_states,
    )
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_bytes_do_not_depend_on_threads(method):
    runs = [
        all_bytes(rabi(ntraj=1000, threads=threads, method=method, keep_runs_results=True)) for threads in (1, 2, 7)
    ]
    assert runs[0] == runs[1] == runs[2]


def test_first_trajectories_do_not_depend_on_how_many_follow():
    few = rabi(ntraj=70, keep_runs_results=True)
    many = rabi(ntraj=200, keep_runs_results=True)
    assert np.array_equal(few.measurement, many.measurement[:70])
    assert np.array_equal(few.runs_final_states, many.runs_final_states[:70])


def test_saved_times_do_not_change_trajectories():
    often = rabi(tlist=np.linspace(0, 1, 51), keep_runs_results=True)
    seldom = rabi(tlist=np.linspace(0, 1, 2), keep_runs_results=True)
    assert np.abs(often.runs_final_states - seldom.runs_final_states).max() < 1e-12
    assert np.abs(often.measurement.mean(axis=2) - seldom.measurement[:, :, 0]).max() < 1e-12


def test_seed_is_recorded_and_reproduces():
    first = rabi(seeds=None, keep_runs_results=True)
    again = rabi(seeds=first.seeds, keep_runs_results=True)
    assert isinstance(first.seeds, int)
    assert all_bytes(first) == all_bytes(again)
    assert not np.array_equal(first.measurement, rabi(seeds=None).measurement)


def test_each_trajectory_can_have_its_own_seed():
    seeds = list(range(100, 170))
    together = rabi(ntraj=70, seeds=seeds, keep_runs_results=True)
    alone = rabi(ntraj=1, seeds=[133], keep_runs_results=True)
    assert np.array_equal(together.runs_final_states[33], alone.runs_final_states[0])
    assert together.seeds == seeds


def test_result_has_the_documented_shapes():
    result = rabi(keep_runs_results=True, store_states=True)
    assert result.average_expect.shape == result.std_expect.shape == result.standard_errors.shape == (2, 11)
    assert result.average_states.shape == (11, 2, 2)
    assert result.runs_expect.shape == (2, 200, 11)
    assert result.runs_states.shape == (200, 11, 2, 2)
    assert result.runs_final_states.shape == (200, 2, 2)
    assert result.measurement.shape == (200, 1, 10)
    assert result.num_trajectories == 200
    assert not result.partial
    assert np.abs(result.runs_expect.mean(axis=1) - result.average_expect).max() < 1e-14
    assert np.abs(result.runs_expect.std(axis=1) - result.std_expect).max() < 1e-12
    assert np.abs(result.runs_states.mean(axis=0) - result.average_states).max() < 1e-14
    assert np.array_equal(result.runs_states[:, -1], result.runs_final_states)
    assert np.array_equal(result.average_final_state, result.average_states[-1])


def test_nothing_is_kept_that_was_not_asked_for():
    result = rabi(store_measurement=False)
    assert result.measurement is None
    assert result.runs_expect is None
    assert result.runs_states is None
    assert result.runs_final_states is None


def test_heterodyne_gives_two_quadratures():
    result = rabi(heterodyne=True, ntraj=2000, rho0=np.diag([1, 0]), H=0 * SX, tlist=[0, 1])
    assert result.measurement.shape == (2000, 1, 2, 1)
    in_phase, quadrature = result.measurement[:, 0, :, 0].T
    error = math.sqrt(2 / 2000)
    assert abs(in_phase.mean() - math.sqrt(2)) < 4 * error, "seed 1"
    assert abs(quadrature.mean()) < 4 * error, "seed 1"
    assert in_phase.std() == pytest.approx(math.sqrt(2), rel=0.1)


def test_operators_may_be_named_and_need_not_be_hermitian():
    result = rabi(e_ops={"z": SZ, "lower": LOWER}, keep_runs_results=True)
    assert list(result.e_data) == ["z", "lower"]
    expected = np.einsum("ij,tji->t", LOWER, result.average_states)
    assert np.abs(result.e_data["lower"] - expected).max() < 1e-14
    assert result.runs_expect.dtype == np.complex128


def test_time_dependent_hamiltonians_may_be_written_in_four_ways():
    times = np.linspace(0, 1, 21)
    arguments = dict(tlist=times, dt=0.005, keep_runs_results=True, ntraj=20)
    envelope = lambda t: 3 * np.sin(np.pi * t) ** 2  # noqa: E731
    direct = rabi(H=[0 * SX, [SX, envelope]], **arguments)
    with_args = rabi(H=[[SX, lambda t, peak: peak * np.sin(np.pi * t) ** 2]], args={"peak": 3}, **arguments)
    matrix = rabi(H=lambda t: envelope(t) * SX, **arguments)
    sampled = rabi(H=[[SX, envelope(times)]], **arguments)
    assert np.abs(direct.runs_final_states - with_args.runs_final_states).max() < 1e-12
    assert np.abs(direct.runs_final_states - matrix.runs_final_states).max() < 1e-12
    # A spline through 21 samples is off by some 1e-5.
    assert np.abs(direct.runs_final_states - sampled.runs_final_states).max() < 1e-3


def test_constant_coefficients_equal_a_constant_hamiltonian():
    constant = rabi(keep_runs_results=True)
    moving = rabi(H=[0 * SX, [SX, lambda t: math.pi]], keep_runs_results=True)
    assert np.abs(constant.runs_final_states - moving.runs_final_states).max() < 1e-12


def test_default_step_is_the_interval_where_that_is_exact():
    quiet = rabi(H=0.7 * SZ, dt=None)
    assert quiet.stats["steps"] == 10
    assert quiet.stats["weak_error"] < 1e-13
    driven = rabi(dt=None)
    assert driven.stats["dt"] <= 0.05 / (2 * math.pi) * (1 + 1e-9)
    assert driven.stats["weak_error"] < 1e-4


def test_efficiency_zero_sees_noise_and_dephases_all_the_same():
    result = rabi(H=0 * SX, rho0=np.array([1, 1]) / math.sqrt(2), eta=0.0, tlist=[0, 0.5], keep_runs_results=True)
    assert np.abs(result.runs_final_states[:, 0, 1] - math.exp(-0.5) / 2).max() < 1e-14


def test_nine_levels_agree_with_the_lindblad_mean():
    n = 9
    b = np.diag(np.sqrt(np.arange(1, n)), 1).astype(complex)
    H = 0.5 * (b + b.T)
    result = smesolve(
        H, np.eye(n)[0], [0, 1], [0.2 * b], [0.3 * b.T @ b], e_ops=[b.T @ b], eta=0.5, ntraj=500, seeds=4, dt=0.02
    )
    from synqc.lab.mesolve import mesolve

    exact = mesolve(H, np.eye(n)[0], [0, 1], [0.2 * b, 0.3 * b.T @ b], e_ops=[b.T @ b])
    allowed = 4 * result.standard_errors[0, -1] + 2 * n * result.stats["weak_error"]
    assert abs(result.average_expect[0, -1] - np.real(exact.expect[0][-1])) < allowed, "seed 4"


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon", "platen"])
def test_nothing_monitored_is_the_master_equation(method):
    from synqc.lab.mesolve import mesolve

    result = rabi(sc_ops=[], c_ops=[WEAK], method=method, dt=1e-3, ntraj=3)
    exact = mesolve(math.pi * SX, GROUND, np.linspace(0, 1, 11), [WEAK], e_ops=[SZ])
    assert np.abs(result.average_expect[0] - exact.expect[0]).max() < (1e-8 if method == "bayes-strang" else 0.05)
    assert result.std_expect.max() < 1e-12
    assert result.measurement.shape == (3, 0, 10)


REFUSALS = {
    "step of euler too long": (dict(method="euler", dt=0.1), NonPhysicalState, r"at time .* lowest eigenvalue is -"),
    "sigma_minus by Bayes": (dict(sc_ops=[LOWER]), InputError, "rouchon"),
    "observables that do not commute": (dict(sc_ops=[SZ, SX]), InputError, "commute"),
    "H not Hermitian": (dict(H=LOWER), InputError, "`H` must be Hermitian"),
    "H(t) not Hermitian": (dict(H=[[SX, lambda t: 1j]]), InputError, "`H` must be Hermitian, but is not at time"),
    "H with NaN": (dict(H=np.full((2, 2), np.nan)), InputError, "`H` must be finite"),
    "coefficient as text": (dict(H=[[SX, "sin(t)"]]), InputError, "is the text"),
    "samples of another length": (dict(H=[[SX, np.ones(3)]]), ShapeError, "samples"),
    "unsorted times": (dict(tlist=[0, 2, 1]), InputError, "`tlist` must be strictly increasing"),
    "one time": (dict(tlist=[0]), ShapeError, "`tlist`"),
    "times as text": (dict(tlist="now"), InputError, "`tlist`"),
    "operator too large": (dict(sc_ops=[np.eye(3)]), ShapeError, r"`sc_ops\[0\]` must have shape \(2, 2\)"),
    "collapse operator not square": (dict(c_ops=[np.ones((2, 3))]), ShapeError, r"`c_ops\[0\]`"),
    "observable of another size": (dict(e_ops=[np.eye(3)]), ShapeError, r"`e_ops\[0\]`"),
    "state of another size": (dict(rho0=np.eye(3) / 3), ShapeError, "`rho0`"),
    "state of trace 2": (dict(rho0=np.eye(2)), InputError, "trace 1"),
    "state that is not positive": (dict(rho0=np.diag([1.5, -0.5])), InputError, "positive"),
    "efficiency above 1": (dict(eta=1.5), InputError, "`eta` must be between 0 and 1"),
    "NaN efficiency": (dict(eta=math.nan), InputError, "`eta`"),
    "efficiencies for two": (dict(eta=[0.1, 0.2]), ShapeError, "`eta`"),
    "no trajectories": (dict(ntraj=0), InputError, "`ntraj`"),
    "half a trajectory": (dict(ntraj=1.5), InputError, "`ntraj`"),
    "unknown method": (dict(method="heun"), InputError, "`method` must be one of bayes-strang"),
    "negative step": (dict(dt=-1.0), InputError, "`dt`"),
    "NaN step": (dict(dt=math.nan), InputError, "`dt`"),
    "far too many steps": (dict(dt=1e-12), InputError, "`dt` must give fewer"),
    "negative seed": (dict(seeds=-1), InputError, "`seeds`"),
    "too few seeds": (dict(seeds=[1, 2]), InputError, "`seeds`"),
    "negative threads": (dict(threads=-1), InputError, "`threads`"),
    "ten levels": (dict(H=np.eye(10), rho0=np.eye(10)[0], sc_ops=[np.eye(10)], e_ops=[]), InputError, "levels"),
    "H as text": (dict(H="sigmax"), InputError, "`H`"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_gets_one_clear_sentence(name):
    changes, error, sentence = REFUSALS[name]
    with pytest.raises(error, match=sentence) as caught:
        rabi(**changes)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_overflow_raises_whatever_the_tolerance():
    with pytest.raises(NonPhysicalState, match="overflowed"):
        rabi(method="euler", dt=0.5, H=400 * SX, tlist=np.linspace(0, 400, 3), eigenvalue_tolerance=math.inf, ntraj=2)


def test_comparison_methods_return_when_told_to():
    result = rabi(method="euler", dt=0.02, eigenvalue_tolerance=math.inf)
    assert result.num_trajectories == 200


@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_returns_the_complete_trajectories(threads):
    def press_later():
        time.sleep(0.3)
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    pressed = []
    presser = threading.Thread(target=press_later)
    presser.start()
    result = rabi(
        ntraj=3_000_000, tlist=[0, 1], dt=1e-3, store_measurement=False, threads=threads, keep_runs_results=False
    )
    returned = time.perf_counter()
    presser.join()
    assert result.partial
    assert 0 < result.num_trajectories < 3_000_000
    assert result.num_trajectories % 64 == 0
    # 50 ms promised; room for a machine that is busy with other tests.
    assert returned - pressed[0] < 0.25
    whole = rabi(ntraj=result.num_trajectories, tlist=[0, 1], dt=1e-3, store_measurement=False, threads=threads)
    assert np.array_equal(result.average_states, whole.average_states)


def test_ctrl_c_before_anything_is_complete_raises():
    program = """
        import os, signal, threading, time
        import numpy as np
        from synqc.lab.smesolve import smesolve
        n = 9
        b = np.diag(np.sqrt(np.arange(1, n)), 1)
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            smesolve(b + b.T, np.eye(n)[0], [0, 1], sc_ops=[b.T @ b], ntraj=64, dt=1e-8, error_estimate=False)
        except KeyboardInterrupt:
            print("interrupted")
    """
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "interrupted\n", done.stderr
    assert time.perf_counter() - started < 30
