"""QuTiP's `mesolve` on top of `synqc.mesolve`."""

from types import SimpleNamespace

import pytest
import qutip

from synqc.lab.mesolve import mesolve

MODULE = "qutip.tests.solver.test_mesolve"
REPLACED = "mesolve"

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
    for operator in [H, rho0, *collapse]:
        _skip_superoperators(operator)
    if any("Feedback" in type(value).__name__ for value in (args or {}).values()):
        pytest.skip("feedback of the state into a coefficient is not offered")
    if isinstance(H, qutip.Qobj) and not H.isherm:
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
        **tight,
    )
    dims = rho0.dims if result.final_state.ndim == 1 or rho0.isoper else [rho0.dims[0], rho0.dims[0]]
    return SimpleNamespace(
        times=result.times,
        expect=result.expect,
        e_data=result.e_data,
        states=[qutip.Qobj(state, dims=dims) for state in result.states],
        final_state=qutip.Qobj(result.final_state, dims=dims),
        stats={**result.stats, "num_collapse": len(collapse)},
        solver="synqc",
    )


def _skip_superoperators(operator):
    for part in operator if isinstance(operator, list | tuple) else [operator]:
        if isinstance(part, list | tuple):
            _skip_superoperators(part)
        elif getattr(part, "issuper", False):
            pytest.skip("superoperators as Hamiltonian, jump or state: the door takes operators and states")


def _skip_states_that_are_none(rho0):
    if rho0.shape[0] > 27:
        pytest.skip("more than 27 levels")
    if rho0.isoper and not rho0.isherm:
        pytest.skip("rho0 is not Hermitian: the door takes states")
    norm = rho0.tr() if rho0.isoper else rho0.norm()
    if abs(norm - 1) > 1e-8:
        pytest.skip("rho0 is not normalised: the door takes states")


def _with_functions(operator, args):
    """QuTiP's text coefficients as callables, by QuTiP's own reader."""
    if isinstance(operator, list | tuple):
        return [_with_functions(part, args) for part in operator]
    return qutip.coefficient(operator, args=args or {}) if isinstance(operator, str) else operator
