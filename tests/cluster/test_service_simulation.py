"""The simulated service against queues that have closed forms, and its walls where arithmetic puts them."""

import pytest

from synqc.cluster.service_simulation import (
    ServiceCost,
    ServiceLoad,
    simulated_group_commits,
    simulated_service,
)
from synqc.errors import InputError

FREE = 1e-9


def test_reads_at_one_node_wait_as_in_a_queue_with_one_server(seed):
    cost = ServiceCost(run_s=FREE, read_s=0.01, commit_s=FREE, change_s=FREE, hop_s=0.0)
    found = simulated_service(
        ServiceLoad(0.01, 50, 0.0), cost, nodes=1, processors=1, databases=1, seconds=1500, seed=seed
    )
    # M/M/1: times are exponential with mean 1 / (100 - 50) s.
    assert found.read_s[0] == pytest.approx(0.6931 / 50, rel=0.1), f"seed {seed}"
    assert found.read_s[1] == pytest.approx(4.605 / 50, rel=0.2), f"seed {seed}"
    assert found.loops_busy == pytest.approx(0.5, abs=0.03), f"seed {seed}"


def test_every_second_processor_halves_how_busy_they_are(seed):
    cost = ServiceCost(run_s=0.02, read_s=FREE, commit_s=FREE, change_s=FREE, hop_s=0.0)
    load = ServiceLoad(40, 0.1, 0.0)
    one, four = (
        simulated_service(load, cost, nodes=1, processors=k, databases=1, seconds=400, seed=seed) for k in (1, 4)
    )
    assert one.processors_busy == pytest.approx(0.8, abs=0.05), f"seed {seed}"
    assert four.processors_busy == pytest.approx(0.2, abs=0.02), f"seed {seed}"
    assert one.run_s[0] > four.run_s[0], f"seed {seed}"
    assert one.wall == "processors"


def test_groups_grow_until_a_database_keeps_up(seed):
    # A commit alone would allow 100 changes a second; groups store 400, some four in each.
    cost = ServiceCost(run_s=FREE, read_s=FREE, commit_s=0.01, change_s=1e-5, hop_s=0.0)
    found = simulated_service(
        ServiceLoad(400, 0.1, 0.0), cost, nodes=1, processors=1, databases=1, seconds=60, seed=seed
    )
    assert found.runs_per_s == pytest.approx(400, rel=0.05), f"seed {seed}"
    assert found.group == pytest.approx(4, rel=0.1), f"seed {seed}"
    assert found.wall == "databases"


@pytest.mark.parametrize("in_flight", [1, 4, 16])
def test_all_who_wait_are_in_the_next_group(in_flight):
    found = simulated_group_commits(in_flight, commit_s=3e-4, change_s=4e-5, changes=1600)
    assert found == pytest.approx(in_flight / (3e-4 + in_flight * 4e-5), rel=1e-6)


@pytest.mark.parametrize(("in_flight", "measured"), [(4, 9320), (16, 19_451)])
def test_measured_group_commits_are_met_by_what_one_and_64_changes_under_way_cost(in_flight, measured):
    """Best of 30 runs of `Ledger.submit_soon` on SQLite: 3046 a second with 1 under way, 25,786 with 64."""
    change_s = (64 / 25_786 - 1 / 3046) / 63
    found = simulated_group_commits(in_flight, commit_s=1 / 3046 - change_s, change_s=change_s, changes=1600)
    assert found == pytest.approx(measured, rel=0.05)


def test_a_database_that_is_too_small_bounds_the_runs_and_shards_lift_that(seed):
    cost = ServiceCost(run_s=FREE, read_s=FREE, commit_s=0.001, change_s=0.01, hop_s=0.0)
    one, four = (
        simulated_service(ServiceLoad(300, 0.1, 0.0), cost, nodes=4, processors=1, databases=k, seconds=40, seed=seed)
        for k in (1, 4)
    )
    assert one.runs_per_s < 105, f"seed {seed}"  # 1 / change_s
    assert four.runs_per_s == pytest.approx(300, rel=0.06), f"seed {seed}"


def test_forwarding_costs_two_hops_and_the_time_of_another_node(seed):
    cost = ServiceCost(run_s=FREE, read_s=1e-4, commit_s=FREE, change_s=FREE, hop_s=0.01)
    load = [ServiceLoad(0.1, 20, share) for share in (0.0, 1.0)]
    here, there = (
        simulated_service(one, cost, nodes=50, processors=1, databases=1, seconds=60, seed=seed) for one in load
    )
    assert there.read_s[0] - here.read_s[0] == pytest.approx(0.02, rel=0.02), f"seed {seed}"
    assert there.loops_busy == pytest.approx(2 * here.loops_busy, rel=0.2), f"seed {seed}"


@pytest.mark.parametrize("count", ["nodes", "processors", "databases"])
def test_what_is_no_service_is_refused(count):
    cost = ServiceCost(0.1, 0.1, 0.1, 0.1, 0.1)
    asked = {"nodes": 1, "processors": 1, "databases": 1, "seconds": 1.0}
    with pytest.raises(InputError, match=f"`{count}`"):
        simulated_service(ServiceLoad(1, 1, 0), cost, **{**asked, count: 0})
    with pytest.raises(InputError, match="`load`"):
        simulated_service(ServiceLoad(0, 1, 0), cost, **asked)
