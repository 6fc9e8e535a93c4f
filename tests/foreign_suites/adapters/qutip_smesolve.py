"""QuTiP's `smesolve` on top of `synqc.smesolve`."""

import numpy as np
import pytest
from sources import Installed
from suite import counted

from synqc.lab.smesolve import smesolve

SOURCE = Installed("qutip")
TESTS = ["--pyargs", "qutip.tests.solver.test_stochastic"]

_how = {"map", "num_cpus", "progress_bar", "progress_kwargs", "keep_runs_results", "store_final_state"}
_what = {"method", "dt", "store_measurement"}
_methods = {"platen", "milstein", "euler", "rouchon"}


class _Result:
    """QuTiP's names for what the door returns."""

    def __init__(self, result):
        self.expect = self.average_expect = list(result.average_expect)
        self.measurement = result.measurement
        self.dW = result.dW
        self.wiener_process = result.wiener_process
        self.final_state = result.runs_final_states
        self.seeds = result.seeds


def replacement(
    H, rho0, tlist, c_ops=(), sc_ops=(), heterodyne=False, *, e_ops=None, args=None, ntraj=500, options=None, seeds=None
):
    """QuTiP's signature; skips the test where the door has no such feature."""
    options = options or {}
    if unknown := set(options) - _how - _what:
        pytest.skip(f"option {sorted(unknown)[0]} belongs to QuTiP's integrators")
    method = options.get("method", "rouchon")
    if method not in _methods:
        pytest.skip(f"method {method} belongs to QuTiP's integrators")
    step = options.get("dt", 0.001)
    if min(np.diff(tlist)) < step / 2:
        pytest.skip("an interval shorter than dt gets a step of its own; QuTiP skips it with a warning")
    result = smesolve(
        H,
        rho0,
        tlist,
        c_ops,
        sc_ops,
        e_ops=e_ops if e_ops is not None else (),
        args=args,
        ntraj=ntraj,
        seeds=seeds,
        method=method,
        dt=step,
        heterodyne=heterodyne,
        store_measurement=bool(options.get("store_measurement", False)),
        keep_runs_results=bool(options.get("keep_runs_results", False)),
        eigenvalue_tolerance=float("inf"),
    )
    return _Result(result)


def prepare(module):
    """QuTiP's test finds the door under the name of QuTiP's solver."""
    module.smesolve = counted(replacement)
