"""Many nodes of a service over sharded databases, event by event: where the first wall stands as they grow."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from synqc.cluster.simulation import Event, Simulation, Station
from synqc.errors import InputError

__all__ = ["ServiceCost", "ServiceLoad", "ServiceOutcome", "simulated_group_commits", "simulated_service"]


@dataclass(frozen=True)
class ServiceCost:
    """Costs of a node and a database for one thing, s.

    Args:
        run_s: Time of a processor for a run.
        read_s: Time of a node's event loop for a read at the owner; a forwarded one takes it at both nodes.
        commit_s: Time of a database's disk for a group of changes.
        change_s: Time of a database for each change in a group.
        hop_s: Between two nodes, or a node and its database.
    """

    run_s: float
    read_s: float
    commit_s: float
    change_s: float
    hop_s: float


@dataclass(frozen=True)
class ServiceLoad:
    """Load on the whole.

    Args:
        runs_per_s: Runs, each of which is answered when it is stored.
        reads_per_s: Reads.
        forwarded: Share of requests that come to another node than the session's owner.
    """

    runs_per_s: float
    reads_per_s: float
    forwarded: float


@dataclass(frozen=True)
class ServiceOutcome:
    """Outcome of a simulation.

    Args:
        runs_per_s: Runs that were answered.
        run_s: Their time to the answer: median and 99th percentile, s.
        read_s: That of reads.
        processors_busy: Share of all processors' time.
        loops_busy: Share of all nodes' event loops' time.
        databases_busy: Share of all databases' time.
        group: Changes that a commit stored, on average.
    """

    runs_per_s: float
    run_s: tuple[float, float]
    read_s: tuple[float, float]
    processors_busy: float
    loops_busy: float
    databases_busy: float
    group: float

    @property
    def wall(self) -> str:
        """Who is busiest, and so will be the first that is too small."""
        busy = {"processors": self.processors_busy, "nodes": self.loops_busy, "databases": self.databases_busy}
        return max(busy, key=lambda name: busy[name])


class _Database:
    """Commits whatever has gathered since the last commit as one group."""

    def __init__(self, simulation: Simulation, cost: ServiceCost) -> None:
        self._simulation = simulation
        self._cost = cost
        self._gathered: list[Event] = []
        self._is_writing = False
        self.busy_s = 0.0
        self.commits = 0
        self.changes = 0

    def store(self, stored: Event) -> None:
        self._gathered.append(stored)
        if not self._is_writing:
            self._write()

    def hold(self, call: Event) -> None:
        """Gather what a call stores before the next group begins."""
        self._is_writing = True
        call()
        self._is_writing = False
        if self._gathered:
            self._write()

    def _write(self) -> None:
        group, self._gathered = self._gathered, []
        self._is_writing = True
        seconds = self._cost.commit_s + len(group) * self._cost.change_s
        self.busy_s += seconds
        self.commits += 1
        self.changes += len(group)

        def answer() -> None:
            for stored in group:
                stored()

        # Those who are answered may send at once what then is in the next group.
        self._simulation.after(seconds, lambda: self.hold(answer))


def simulated_group_commits(in_flight: int, *, commit_s: float, change_s: float, changes: int = 10_000) -> float:
    """Changes a second that are stored for clients who have so many under way, and send the next when one is stored.

    Args:
        in_flight: Changes under way.
        commit_s: Time of a commit of a group, s.
        change_s: Time of each change of a group, s.
        changes: To simulate.

    Examples:
        >>> [round(simulated_group_commits(k, commit_s=0.3e-3, change_s=0.035e-3), -2) for k in (1, 64)]
        [3000.0, 25200.0]
    """
    if in_flight < 1:
        raise InputError(f"Argument `in_flight` must be at least 1, but is {in_flight}.")
    simulation = Simulation()
    database = _Database(simulation, ServiceCost(0.0, 0.0, commit_s, change_s, 0.0))
    left = changes

    def send() -> None:
        nonlocal left
        if left:
            left -= 1
            database.store(send)

    def begin() -> None:  # at one moment, so that the first group has them all
        for _ in range(in_flight):
            send()

    simulation.after(0.0, lambda: database.hold(begin))
    return changes / simulation.run()


def simulated_service(
    load: ServiceLoad, cost: ServiceCost, *, nodes: int, processors: int, databases: int, seconds: float, seed: int = 0
) -> ServiceOutcome:
    """Let requests come at random (Poisson) for a while, and see how long they take.

    Sessions lie on databases by hash, so that each database and each node has an equal share; a run takes one processor
    of its owner for an exponential time, then its database's next group commit.

    Args:
        load: Load on the whole.
        cost: Costs of each part.
        nodes: Number of nodes of the service.
        processors: Number of processors of each node.
        databases: Shards.
        seconds: To simulate; the first fifth warms up and is not counted.
        seed: Seed of all that is drawn.

    Raises:
        InputError: A count is below 1, or the load is not positive.

    Examples:
        >>> cost = ServiceCost(run_s=0.004, read_s=1e-4, commit_s=5e-4, change_s=5e-5, hop_s=2e-4)
        >>> found = simulated_service(
        ...     ServiceLoad(200, 1000, 0.0), cost, nodes=1, processors=2, databases=1, seconds=20, seed=3
        ... )
        >>> found.wall, round(found.processors_busy, 1), round(found.runs_per_s, -1)
        ('processors', 0.4, 200.0)
    """
    for name, count in (("nodes", nodes), ("processors", processors), ("databases", databases)):
        if count < 1:
            raise InputError(f"Argument `{name}` must be at least 1, but is {count}.")
    if not (load.runs_per_s > 0 and load.reads_per_s > 0 and 0 <= load.forwarded <= 1):
        raise InputError("Argument `load` must have positive rates and a share from 0 to 1 that is forwarded.")
    chance, simulation = random.Random(seed), Simulation()
    pools = [Station(simulation, processors, lambda: chance.expovariate(1 / cost.run_s)) for _ in range(nodes)]
    loops = [Station(simulation, 1, lambda: chance.expovariate(1 / cost.read_s)) for _ in range(nodes)]
    shards = [_Database(simulation, cost) for _ in range(databases)]
    took: dict[str, list[float]] = {"run": [], "read": []}
    counted_from = seconds / 5

    def ended(kind: str, began: float) -> None:
        if began >= counted_from:
            took[kind].append(simulation.now_s - began)

    def request(kind: str) -> None:
        began, owner = simulation.now_s, chance.randrange(nodes)

        def at_owner() -> None:
            if kind == "read":
                loops[owner].visit(answered)
            else:
                loops[owner].visit(lambda: pools[owner].visit(store))

        def store() -> None:
            shard = shards[chance.randrange(databases)]
            simulation.after(cost.hop_s, lambda: shard.store(lambda: simulation.after(cost.hop_s, answered)))

        def answered() -> None:
            if is_forwarded:
                simulation.after(cost.hop_s, lambda: ended(kind, began))
            else:
                ended(kind, began)

        is_forwarded = nodes > 1 and chance.random() < load.forwarded
        if is_forwarded:
            loops[chance.randrange(nodes)].visit(lambda: simulation.after(cost.hop_s, at_owner))
        else:
            at_owner()

    def arrive(kind: str, rate: float) -> None:
        if simulation.now_s < seconds:
            request(kind)
            simulation.after(chance.expovariate(rate), lambda: arrive(kind, rate))

    simulation.after(chance.expovariate(load.runs_per_s), lambda: arrive("run", load.runs_per_s))
    simulation.after(chance.expovariate(load.reads_per_s), lambda: arrive("read", load.reads_per_s))
    simulation.run(seconds)
    changes, commits = sum(one.changes for one in shards), sum(one.commits for one in shards)
    return ServiceOutcome(
        runs_per_s=len(took["run"]) / (seconds - counted_from), run_s=_percentiles(took["run"]),
        read_s=_percentiles(took["read"]),
        processors_busy=min(1.0, sum(one.busy_s for one in pools) / (seconds * nodes * processors)),
        loops_busy=min(1.0, sum(one.busy_s for one in loops) / (seconds * nodes)),
        databases_busy=min(1.0, sum(one.busy_s for one in shards) / (seconds * databases)),
        group=changes / max(1, commits),
    )  # fmt: skip


def _percentiles(values: list[float]) -> tuple[float, float]:
    if not values:
        return (float("nan"), float("nan"))
    middle, late = np.percentile(values, [50, 99])
    return float(middle), float(late)
