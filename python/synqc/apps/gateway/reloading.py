"""Another configuration in place of one that is served, without a pause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from synqc.apps.gateway.configuration import ConfigurationError, GatewayConfiguration, Tenant
from synqc.llm.provider import Provider
from synqc.llm.router import Budget, Deployment

__all__ = ["Reloaded", "adopt"]

_LASTING: Final = ("host", "port", "trace", "budgets")
_LASTING_OF_POLICY: Final = (
    "failures_to_open", "open_s", "longest_open_s", "latency_decay_s", "latency_valid_s",
)  # fmt: skip


@dataclass(frozen=True)
class Reloaded:
    """What a reload did.

    Args:
        configuration: That is served from now on.
        added: Names of deployments that were not there.
        removed: Names of those that are there no more.
        changed: Names of those of which something is another.
        idle: Providers that no deployment has any more.
        limits: Budgets whose limit is another, with the new one in micro-dollars.
        budgets: Budgets of tenants that had none, by name.
    """

    configuration: GatewayConfiguration
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    idle: tuple[Provider, ...]
    limits: tuple[tuple[Budget, int], ...]
    budgets: Mapping[str, Budget]

    def to_plain(self) -> dict[str, Any]:
        """As plain values."""
        return {"added": list(self.added), "removed": list(self.removed), "changed": list(self.changed)}


def adopt(present: GatewayConfiguration, fresh: GatewayConfiguration, budgets: Mapping[str, Budget]) -> Reloaded:
    """What a gateway that serves `present` is to serve when it is told of `fresh`; nothing changes by this alone.

    Providers that are asked as before keep their connections, and tenants what they have spent: a limit may change, and
    whoever is removed and comes back finds the same budget.

    Args:
        present: Served now.
        fresh: To be served.
        budgets: Budgets of every tenant there has been, by name.

    Raises:
        ConfigurationError: Something would change that needs another start.
    """
    _check_lasting(present, fresh)
    for tenant in fresh.tenants.values():
        _check_period(tenant, budgets)
    deployments = tuple(_with_its_connections(one, present) for one in fresh.deployments)
    tenants = {
        digest: replace(one, budget=one.budget and budgets.get(one.name, one.budget))
        for digest, one in fresh.tenants.items()
    }
    before, after = {one.name: one for one in present.deployments}, {one.name: one for one in deployments}
    still_asked = {id(one.provider) for one in deployments}
    idle = {id(one.provider): one.provider for one in present.deployments if id(one.provider) not in still_asked}
    budgeted = {one.name: one.budget for one in fresh.tenants.values() if one.budget is not None}
    return Reloaded(
        replace(fresh, deployments=deployments, tenants=tenants),
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
        tuple(name for name, one in after.items() if name in before and before[name] != one),
        tuple(idle.values()),
        tuple((budgets[name], one.microdollars) for name, one in budgeted.items() if name in budgets),
        {name: one for name, one in budgeted.items() if name not in budgets},
    )


def _check_lasting(present: GatewayConfiguration, fresh: GatewayConfiguration) -> None:
    for section, names, old, new in (
        ("gateway", _LASTING, present, fresh), ("policy", _LASTING_OF_POLICY, present.policy, fresh.policy),
    ):  # fmt: skip
        for name in names:
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                raise ConfigurationError(
                    f"Key `{name}` of [{section}] can only change with a restart: it is {_shown(before)}, and would be "
                    f"{_shown(after)}."
                )
    if not fresh.tenants and present.tenants:
        raise ConfigurationError("The last [[tenant]] can only go with a restart: without one no key is asked for.")


def _check_period(tenant: Tenant, budgets: Mapping[str, Budget]) -> None:
    known = budgets.get(tenant.name)
    if known is not None and tenant.budget is not None and known.period_s != tenant.budget.period_s:
        raise ConfigurationError(
            f"Key `budget_period` of [[tenant]] {tenant.name} can only change with a restart: what was spent is of the "
            "present period."
        )


def _with_its_connections(deployment: Deployment, present: GatewayConfiguration) -> Deployment:
    fresh: Any = deployment.provider
    for one in present.deployments:
        known: Any = one.provider
        if type(known) is type(fresh) and known.endpoint == fresh.endpoint and _file_of(known) == _file_of(fresh):
            return replace(deployment, provider=known)
    return deployment


def _file_of(provider: Any) -> Any:
    """Of a model of this process; None of a server."""
    engine = getattr(provider, "engine", None)
    return None if engine is None else engine.path


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
