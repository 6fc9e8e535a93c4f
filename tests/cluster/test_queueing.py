"""The queueing model against cases that can be counted, and against events one by one."""

import random

import pytest

from synqc.cluster import PointCost, closed_network, plan_sweep
from synqc.cluster.simulation import Simulation, Station, simulated_sweep
from synqc.errors import InputError

EXACT = PointCost(0.2, 0.0, 0.0, 0.0, 0.0, 100_000_000, 1)


def test_without_a_dispatcher_as_many_tasks_go_round_as_there_are_workers_or_tasks():
    assert closed_network(in_flight=3, workers=8, service_s=0.5, dispatch_s=0).tasks_per_s == 6
    assert closed_network(in_flight=32, workers=8, service_s=0.5, dispatch_s=0).tasks_per_s == 16


def test_one_task_meets_nobody():
    found = closed_network(in_flight=1, workers=1, service_s=0.3, dispatch_s=0.2)
    assert found.tasks_per_s == pytest.approx(1 / 0.5)
    assert found.dispatcher_busy == pytest.approx(0.4)
    assert found.workers_busy == pytest.approx(0.6)


def test_two_tasks_between_two_equal_servers_keep_each_busy_two_thirds():
    found = closed_network(in_flight=2, workers=1, service_s=1, dispatch_s=1)
    assert found.dispatcher_busy == pytest.approx(2 / 3)


@pytest.mark.parametrize(("workers", "dispatch_s"), [(2, 0.01), (20, 0.05), (40, 0.05)])
def test_exponential_times_go_round_as_the_model_says(workers, dispatch_s, seed):
    chance = random.Random(seed)
    tasks, in_flight = 20_000, 4 * workers
    seconds = simulated_sweep(
        tasks, workers=workers, in_flight=in_flight, service=lambda: chance.expovariate(1.0),
        dispatch=lambda: chance.expovariate(1 / dispatch_s),
    )  # fmt: skip
    model = closed_network(in_flight=in_flight, workers=workers, service_s=1.0, dispatch_s=dispatch_s)
    # The mean of 20,000 exponential times is known to 0.7 %, and the ends take some tasks' time.
    assert seconds * model.tasks_per_s / tasks == pytest.approx(1, abs=0.05), f"seed {seed}"


@pytest.mark.parametrize(("points", "machines", "processes"), [(97, 1, 1), (1000, 4, 2), (250, 25, 4)])
def test_a_plan_is_what_events_one_by_one_take(points, machines, processes):
    plan = plan_sweep(EXACT, points, machines=machines, processes=processes, processors=processes)
    workers = machines * processes
    exact = simulated_sweep(
        points, workers=workers, in_flight=4 * workers, service=lambda: EXACT.service_s, dispatch=lambda: 0.0
    )
    assert plan.seconds == pytest.approx(exact, abs=EXACT.service_s)


def test_a_dispatcher_bounds_what_more_machines_bring():
    cost = PointCost(0.2, 0.0, 2e-3, 0.0, 1.0, 100_000_000, 1)
    seconds = [plan_sweep(cost, 100_000, machines=k, processes=1, processors=1).seconds for k in (1, 10, 1000)]
    assert seconds[0] == pytest.approx(20_001, rel=1e-3)
    assert seconds[1] == pytest.approx(2001, rel=0.01)
    assert seconds[2] == pytest.approx(200, rel=0.02)
    assert plan_sweep(cost, 100_000, machines=1000, processors=1).throughput.bottleneck == "dispatcher"


def test_processes_beyond_the_processors_share_them():
    crowded = plan_sweep(EXACT, 1000, processes=8, processors=4)
    fitting = plan_sweep(EXACT, 1000, processes=4, processors=4)
    assert crowded.steady_s == pytest.approx(fitting.steady_s)
    assert crowded.machine_bytes == 2 * fitting.machine_bytes


def test_a_station_serves_in_order_and_counts_what_it_did():
    simulation, left = Simulation(), []
    station = Station(simulation, 2, iter([3.0, 1.0, 1.5, 1.0]).__next__)
    for name in "abcd":
        station.visit(lambda name=name: left.append((name, simulation.now_s)))
    assert simulation.run() == 3.5
    assert left == [("b", 1.0), ("c", 2.5), ("a", 3.0), ("d", 3.5)]
    assert (station.served, station.busy_s, station.longest) == (4, 6.5, 2)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"in_flight": 0}, "in_flight"), ({"workers": 0}, "workers"), ({"service_s": 0.0}, "service_s"),
     ({"dispatch_s": -1.0}, "dispatch_s")],
)  # fmt: skip
def test_what_is_no_network_is_refused(change, word):
    asked = {"in_flight": 2, "workers": 2, "service_s": 1.0, "dispatch_s": 0.1}
    with pytest.raises(InputError, match=f"`{word}`"):
        closed_network(**{**asked, **change})
