"""QuTiP's `mesolve` on top of `synqc.mesolve`."""

from types import SimpleNamespace

import pytest
import qutip
from sources import Installed
from suite import counted

from synqc.lab.mesolve import mesolve

SOURCE = Installed("qutip")
TESTS = ["--pyargs", "qutip.tests.solver.test_mesolve"]

# Options that choose how QuTiP works, not what it computes.
_how = {"progress_bar", "progress_kwargs", "method", "nsteps", "matrix_form", "atol", "rtol", "max_step", "order"}
_what = {"store_states", "store_final_state", "normalize_output"}


def replacement(
    H, rho0, tlist, c_ops=None, _e_ops=None, _args=None, _options=None, *, e_ops=None, args=None, options=None
):
    """QuTiP's signature; skips the test where the door has no such feature."""
    options = options or {}
    if unknown := set(options) - _how - _what:
        pytest.skip(f"option {sorted(unknown)[0]} belongs to QuTiP's integrators")
    collapse = c_ops if isinstance(c_ops, list | tuple) else ([] if c_ops is None else [c_ops])
    _skip_changing_superoperators(H, collapse, rho0)
    if any("Feedback" in type(value).__name__ for value in (args or {}).values()):
        pytest.skip("feedback of the state into a coefficient is not offered")
    if isinstance(H, qutip.Qobj) and not H.issuper and not H.isherm:
        pytest.skip("H is not Hermitian: the door refuses it")
    _skip_states_that_are_none(rho0)
    tight = {"atol": min(options.get("atol", 1e-8), 1e-8), "rtol": min(options.get("rtol", 1e-6), 1e-6)}
    result = mesolve(
        _with_functions(H, args),
        rho0,
        tlist,
        [_with_functions(c_op, args) for c_op in collapse],
        e_ops=e_ops if e_ops is not None else (),
        args=args,
        store_states=options.get("store_states"),
        options={"normalize_output": options.get("normalize_output", False)},
        **tight,
    )
    return SimpleNamespace(
        times=result.times,
        expect=result.expect,
        e_data=result.e_data,
        states=result.states,
        final_state=result.final_state,
        stats={**result.stats, "num_collapse": len(collapse)},
        solver="synqc",
    )


def _skip_changing_superoperators(H, collapse, rho0):
    if getattr(rho0, "issuper", False):
        pytest.skip("a superoperator as state: the door takes states and operators")
    operators = [H, *collapse]
    if any(_has_superoperator(operator) for operator in operators) and not all(
        isinstance(operator, qutip.Qobj) for operator in operators
    ):
        pytest.skip("superoperators beside what depends on time: the door takes constant ones")


def _has_superoperator(operator):
    if isinstance(operator, list | tuple):
        return any(_has_superoperator(part) for part in operator)
    return getattr(operator, "issuper", False)


def _skip_states_that_are_none(rho0):
    if rho0.shape[0] > 27:
        pytest.skip("more than 27 levels")
    if rho0.isoper and not rho0.isherm:
        return  # evolved as an operator
    norm = rho0.tr() if rho0.isoper else rho0.norm()
    if abs(norm - 1) > 1e-8:
        pytest.skip("rho0 is not normalised: the door takes states")


def _with_functions(operator, args):
    """QuTiP's text coefficients as callables, by QuTiP's own reader."""
    if isinstance(operator, list | tuple):
        return [_with_functions(part, args) for part in operator]
    return qutip.coefficient(operator, args=args or {}) if isinstance(operator, str) else operator


def prepare(module):
    """QuTiP's test finds the door under the name of QuTiP's solver."""
    module.mesolve = counted(replacement)
