"""Peers as they are used best: imported late, with their fastest settings and without their progress bars."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.benchmarks.measurement import Unavailable

__all__ = ["import_dynamiqs", "import_qutip", "qutip_smesolve", "without_words"]

without_words: dict[str, Any] = {"progress_bar": ""}


def import_qutip() -> ModuleType:
    """QuTiP, or the reason why not."""
    try:
        import qutip
    except ImportError as error:
        raise Unavailable(f"QuTiP cannot be imported ({error}): pip install 'synqc[bench]'.") from error
    return qutip  # type: ignore[no-any-return]


def import_dynamiqs() -> tuple[ModuleType, ModuleType]:
    """dynamiqs and JAX, or the reason why not: it follows JAX's private names, so that versions must suit each "
    "other."""
    try:
        import dynamiqs
        import jax
    except Exception as error:  # an unsuitable JAX fails with whatever it stumbles over
        raise Unavailable(
            f"dynamiqs cannot be imported ({type(error).__name__}: {error}): pip install 'synqc[bench]'."
        ) from error
    return dynamiqs, jax


def qutip_smesolve(
    hamiltonian: NDArray[Any],
    start: NDArray[Any],
    times: NDArray[np.float64],
    *,
    unseen: Sequence[NDArray[Any]],
    seen: Sequence[NDArray[Any]],
    watched: Sequence[NDArray[Any]],
    trajectories: int,
    steps: int,
    solver: str,
) -> Any:
    """`qutip.smesolve` with `steps` steps over `times`, keeping nothing but means."""
    import qutip

    return qutip.smesolve(
        qutip.Qobj(hamiltonian),
        qutip.Qobj(start),
        times,
        c_ops=[qutip.Qobj(operator) for operator in unseen],
        sc_ops=[qutip.Qobj(operator) for operator in seen],
        e_ops=[qutip.Qobj(operator) for operator in watched],
        ntraj=trajectories,
        seeds=time.perf_counter_ns() % 2**32,
        options={
            **without_words,
            "method": solver,
            "dt": float(times[-1] - times[0]) / steps,
            "store_states": False,
            "store_final_state": False,
            "store_measurement": "",
        },
    )
