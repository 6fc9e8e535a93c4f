"""A likelihood of SynQc inside programs of jax."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from synqc.errors import MissingExtra
from synqc.infer.likelihood import Likelihood

__all__ = ["jax_log_posterior"]


def jax_log_posterior(likelihood: Likelihood) -> Callable[[Any], Any]:
    """The log posterior as a function of jax, with its gradient: for blackjax, numpyro, optax, or your own program.

    It calls back into the core, so it runs on the processor; it may be jitted, differentiated once and vectorised.

    Args:
        likelihood: Of `p` parameters.

    Returns:
        Function of an array (p,) that returns a scalar.

    Raises:
        MissingExtra: jax is not installed.
    """
    try:
        jax: Any = importlib.import_module("jax")
    except ImportError as error:
        raise MissingExtra("jax_log_posterior() needs the package jax: pip install 'synqc[infer-jax]'.") from error

    count = len(likelihood.names)

    def evaluated(values: Any) -> tuple[Any, Any]:
        vector = np.asarray(values, dtype=np.float64)
        if likelihood.log_prior(vector) == -np.inf:
            return np.asarray(-np.inf, values.dtype), np.zeros(count, values.dtype)
        value, gradient = likelihood.log_posterior_and_gradient(vector)
        return np.asarray(value, values.dtype), gradient.astype(values.dtype)

    def call_back(values: Any) -> tuple[Any, Any]:
        shapes = (jax.ShapeDtypeStruct((), values.dtype), jax.ShapeDtypeStruct((count,), values.dtype))
        value, gradient = jax.pure_callback(evaluated, shapes, values, vmap_method="sequential")
        return value, gradient

    def value_alone(values: Any) -> Any:
        return call_back(values)[0]

    def forwards(values: Any) -> tuple[Any, Any]:
        return call_back(values)

    def backwards(gradient: Any, cotangent: Any) -> tuple[Any]:
        return (cotangent * gradient,)

    log_posterior: Any = jax.custom_vjp(value_alone)
    log_posterior.defvjp(forwards, backwards)
    return cast(Callable[[Any], Any], log_posterior)
