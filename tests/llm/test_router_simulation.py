"""Replays under another policy: the router's own code on a clock of the simulation's."""

import random
from dataclasses import replace

import pytest
from asking import asking
from scripted_server import answer, refusal

from synqc.errors import DocumentError, InputError
from synqc.llm import Endpoint, LanguageModels, Price
from synqc.llm.router import Deployment, Policy, Record, TraceFile, read_trace, simulate

MODELS = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="k", attempts=1))


def deployments(*names, **more):
    price = Price(prompt="1", completion="1")
    return [Deployment(provider=MODELS, model="m", name=name, price=price, **more) for name in names]


def recorded(count, latencies, *, seed, failing=()):
    """Requests ten a second in turn; latencies by deployment, each with an exponential part."""
    source = random.Random(seed)
    names = list(latencies)
    trace = []
    for number in range(count):
        name = names[number % len(names)]
        took = latencies[name] * (0.5 + source.expovariate(2))
        cause = "server_error" if name in failing else "ok"
        trace.append(
            Record(number, number * 0.1, number * 0.1, "m", name, 1 + number % 3, took, cause, 100, 50, "", 150_000_000)
        )
    return trace


def test_a_policy_that_avoids_the_slow_one_is_predicted_to_be_faster(seed):
    trace = recorded(2000, {"fast": 0.1, "slow": 1.0}, seed=seed)
    simulation = simulate(trace, deployments("fast", "slow"), Policy(strategy="least-latency"), seed=seed)
    assert simulation.recorded.shares == {"fast": 0.5, "slow": 0.5}
    assert simulation.predicted.shares["fast"] > 0.8, f"seed {seed}"
    assert simulation.predicted.mean_s < 0.6 * simulation.recorded.mean_s, f"seed {seed}"
    assert simulation.predicted.answered == 1
    assert simulation.predicted.cost_microdollars == simulation.recorded.cost_microdollars == 300_000


def test_the_error_on_what_was_held_out_is_small_where_nothing_changes_and_large_where_it_does(seed):
    trace = recorded(3000, {"one": 0.2, "other": 0.4}, seed=seed)
    steady = simulate(trace, deployments("one", "other"), Policy(), seed=seed)
    assert steady.held_out == 1000
    # Five standard errors of a thousand draws against a thousand: 3 % of the mean, 7 % of the 95th percentile.
    assert steady.errors["mean_s"] < 0.16, f"seed {seed}: {steady.errors}"
    assert steady.errors["p95_s"] < 0.35, f"seed {seed}: {steady.errors}"
    assert steady.errors["answered"] == 0
    drifting = trace[:2000] + [replace(record, latency_s=3 * record.latency_s) for record in trace[2000:]]
    drifted = simulate(drifting, deployments("one", "other"), Policy(), seed=seed)
    assert drifted.errors["mean_s"] > 0.5, f"seed {seed}: {drifted.errors}"


def test_failures_fall_back_as_they_would(seed):
    trace = recorded(2000, {"well": 0.1, "broken": 0.01}, seed=seed, failing=("broken",))
    simulation = simulate(trace, deployments("broken", "well"), Policy(strategy="preference"), seed=seed)
    assert simulation.recorded.answered == 0.5
    assert simulation.predicted.answered == 1, f"seed {seed}"
    assert simulation.predicted.shares["broken"] < 0.05, f"the breaker holds it back; seed {seed}"


def test_hedges_cut_the_tail_and_cost_calls(seed):
    source = random.Random(seed)
    trace = [
        replace(record, latency_s=5.0 if source.random() < 0.05 else 0.1)
        for record in recorded(2000, {"one": 0.1, "other": 0.1}, seed=seed)
    ]
    plain = simulate(trace, deployments("one", "other"), Policy(strategy="round-robin"), seed=seed).predicted
    hedged = simulate(
        trace, deployments("one", "other"), Policy(strategy="round-robin", hedge_after_s=0.3), seed=seed
    ).predicted
    assert plain.p99_s >= 4
    assert hedged.p99_s <= 0.5, f"seed {seed}"


def test_the_same_seed_predicts_the_same():
    trace = recorded(500, {"one": 0.2, "other": 0.4}, seed=1)
    one, same, other = (simulate(trace, deployments("one", "other"), Policy(), seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_short_traces_tell_no_error_and_empty_ones_are_refused():
    trace = recorded(30, {"one": 0.2}, seed=1)
    assert simulate(trace, deployments("one"), Policy()).errors is None
    with pytest.raises(InputError, match="empty"):
        simulate([], deployments("one"), Policy())
    with pytest.raises(InputError, match="lacks 'two'"):
        simulate(trace, deployments("one", "two"), Policy())


def test_a_router_s_trace_is_read_back_and_holds_no_text(route, tmp_path):
    file = TraceFile(tmp_path / "trace.jsonl")
    made = route(2, record=file)
    made.servers[0].script.append(refusal(500))
    made.servers[1].otherwise = answer()
    for _ in range(3):
        made.router.complete(asking("a secret question"))
    file.close()
    records = read_trace(tmp_path / "trace.jsonl")
    assert [(one.deployment, one.cause) for one in records] == [
        ("d0", "server_error"), ("d1", "ok"), ("d0", "ok"), ("d0", "ok"),
    ]  # fmt: skip
    assert [one.request for one in records] == [0, 0, 1, 2]
    assert all(one.in_flight == 1 for one in records)
    text = (tmp_path / "trace.jsonl").read_text()
    assert "secret" not in text
    (tmp_path / "trace.jsonl").write_text(text + '{"request": 3, "arri')
    assert read_trace(tmp_path / "trace.jsonl") == records, "a line that was broken off is left out"
    for wrong in ("[]", "{}", "null", '{"request": "a"}', text.splitlines()[0].replace('"d0"', "7")):
        (tmp_path / "trace.jsonl").write_text(text + wrong + "\n")
        with pytest.raises(DocumentError, match="Line 5"):
            read_trace(tmp_path / "trace.jsonl")
