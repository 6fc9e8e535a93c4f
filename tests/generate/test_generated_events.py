"""Logs of events have the rates, sessions and chains of their configuration, and the same bytes in any chunks."""

from collections import Counter

import numpy as np
import pytest
from drawn_seed import drawn_seed
from scipy import stats

from synqc import generate
from synqc.errors import Cancelled, DocumentError, InputError

SEED = drawn_seed(__name__)
LEAST_P = 1e-6
CHAIN = {
    "visit": {"look": 3, "search": 1, "end": 1},
    "look": {"look": 2, "buy": 1, "end": 2},
    "search": {"look": 1, "end": 1},
    "buy": {"end": 1},
}
LOG = generate.EventLog(
    CHAIN,
    first={"visit": 3, "search": 1},
    session_gap="10s",
    event_gap={"visit": "30s", "look": "20s", "search": "10s", "buy": "1s"},
    day_amplitude=0.8,
    caused_sessions=0.4,
    caused_gap="5m",
    users=50,
    user_distribution="zipf",
    user_parameters={"exponent": 1.2, "ranks": 50},
    columns={"amount": generate.Number("gamma", {"shape": 2, "scale": 10}, decimals=2, null_rate=0.1)},
)


def test_bytes_do_not_depend_on_threads_chunks_or_where_they_are_resumed():
    rows = 20_000
    whole = generate.make(LOG, rows=rows, seed=SEED, threads=1).to_csv(header=False)
    assert generate.make(LOG, rows=rows, seed=SEED, threads=7).to_csv(header=False) == whole
    for chunk_rows in (777, 4096):
        chunks = generate.stream(LOG, rows=rows, seed=SEED, chunk_rows=chunk_rows)
        assert b"".join(chunk.to_csv(header=False) for chunk in chunks) == whole
    rest = generate.make(LOG, rows=10, seed=SEED, first_row=12_345).to_csv(header=False)
    assert rest == b"".join(whole.splitlines(keepends=True)[12_345:12_355])
    again = generate.EventLog.from_json(LOG.to_json())
    assert generate.make(again, rows=500, seed=SEED).to_csv() == generate.make(LOG, rows=500, seed=SEED).to_csv()


def test_a_log_goes_on_from_the_checkpoint_of_any_rows_as_if_it_had_never_stopped(tmp_path):
    whole = generate.make(LOG, rows=3000, seed=SEED).to_csv(header=False).splitlines(keepends=True)
    begun = generate.make(LOG, rows=1000, seed=SEED)
    for first_row in (1000, 2345):
        rest = generate.make(LOG, rows=500, seed=SEED, first_row=first_row, resume_from=begun.checkpoint)
        assert rest.to_csv(header=False) == b"".join(whole[first_row : first_row + 500])
    chunks = generate.stream(LOG, rows=900, seed=SEED, first_row=1000, chunk_rows=300, resume_from=begun.checkpoint)
    parts = list(chunks)
    assert b"".join(part.to_csv(header=False) for part in parts) == b"".join(whole[1000:1900])
    card = generate.write(
        LOG, tmp_path / "rest.csv", rows=100, seed=SEED, first_row=1900, resume_from=parts[-1].checkpoint
    )  # fmt: skip
    assert (tmp_path / "rest.csv").read_bytes().splitlines(keepends=True)[1:] == whole[1900:2000]
    assert card.first_row == 1900
    assert generate.make(generate.Table({"n": generate.Sequence()}), rows=1).checkpoint is None


def test_a_checkpoint_of_another_log_is_refused():
    mark = generate.make(LOG, rows=100, seed=SEED).checkpoint
    other = generate.EventLog(CHAIN, first={"visit": 1})
    table = generate.Table({"n": generate.Sequence()})
    for log, seed, first_row, resume_from, words in (
        (LOG, SEED + 1, 100, mark, "must be a checkpoint of this log, with this seed"),
        (other, SEED, 100, mark, "must be a checkpoint of this log, with this seed"),
        (LOG, SEED, 99, mark, "`first_row` must be at least 100, where `resume_from` stands, but is 99"),
        (LOG, SEED, 100, mark[:-1], "as it was given, but is none or was changed"),
        (LOG, SEED, 100, b"", "as it was given, but is none or was changed"),
        (LOG, SEED, 100, "text", "must be the bytes of a checkpoint, but is str"),
        (table, SEED, 100, mark, "`resume_from` is of logs of events"),
    ):
        with pytest.raises((InputError, DocumentError), match=words):
            generate.make(log, rows=1, seed=seed, first_row=first_row, resume_from=resume_from)


def test_events_are_in_order_and_sessions_are_of_one_user():
    rows = generate.make(LOG, rows=30_000, seed=SEED)
    assert (np.diff(rows.column("time").astype(np.int64)) >= 0).all()
    users = {}
    for session, user in zip(rows.column("session").tolist(), rows.column("user").tolist(), strict=True):
        assert users.setdefault(session, user) == user
    assert set(users) == set(range(1, len(users) + 1))
    assert Counter(users.values()).most_common(1)[0][0] == 1
    assert rows.column("event").tolist() == list(range(1, 30_001))


def chains_of(rows):
    chains = {}
    for session, kind in zip(rows.column("session").tolist(), rows.column("type").tolist(), strict=True):
        chains.setdefault(session, []).append(kind)
    return chains


def test_types_follow_their_weights():
    rows = generate.make(LOG, rows=200_000, seed=SEED)
    chains = list(chains_of(rows).values())[:-500]  # the last ones are under way
    firsts = Counter(chain[0] for chain in chains)
    p = stats.chisquare([firsts["visit"], firsts["search"]], np.array([0.75, 0.25]) * len(chains)).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"
    after = {kind: Counter() for kind in CHAIN}
    for chain in chains:
        for kind, following in zip(chain, [*chain[1:], "end"], strict=True):
            after[kind][following] += 1
    for kind, weights in CHAIN.items():
        assert set(after[kind]) <= set(weights)
        if len(weights) > 1:
            seen = np.array([after[kind][following] for following in weights])
            wanted = np.array(list(weights.values())) / sum(weights.values()) * seen.sum()
            assert stats.chisquare(seen, wanted).pvalue > LEAST_P, f"seed {SEED}, {kind}"


def test_sessions_begin_as_a_poisson_process_and_events_follow_after_exponential_times():
    plain = generate.EventLog({"a": {"b": 1}, "b": {"end": 1}}, session_gap="7s", event_gap="3s", resolution="1us")
    rows = generate.make(plain, rows=60_000, seed=SEED)
    times, kinds = rows.column("time").astype(np.int64) / 1e6, rows.column("type")
    begins = times[kinds == "a"]
    assert stats.kstest(np.diff(begins), stats.expon(scale=7).cdf).pvalue > LEAST_P, f"seed {SEED}"
    begun = dict(zip(rows.column("session")[kinds == "a"].tolist(), begins.tolist(), strict=True))
    delays = [
        t - begun[s] for s, t in zip(rows.column("session")[kinds == "b"].tolist(), times[kinds == "b"], strict=True)
    ]
    assert stats.kstest(delays, stats.expon(scale=3).cdf).pvalue > LEAST_P, f"seed {SEED}"
    p = stats.chisquare(np.bincount(rows.column("user")[kinds == "a"], minlength=1001)[1:]).pvalue
    assert p > LEAST_P, f"seed {SEED}: p = {p}"


def test_caused_sessions_make_more_of_them_in_clusters():
    hawkes = generate.EventLog({"a": {"end": 1}}, session_gap="1m", caused_sessions=0.6, caused_gap="30s")
    moments = generate.make(hawkes, rows=100_000, seed=SEED).column("time")
    times = (moments - np.datetime64("2025-01-01")) / np.timedelta64(1, "s")
    rate = len(times) / times[-1]
    # 1 / (1 - 0.6) times as many; over long times a count has (1 - 0.6)^-2 times the variance of Poisson's.
    expected = 1 / 60 / (1 - 0.6)
    assert abs(rate / expected - 1) < 5 * np.sqrt(1 / (1 - 0.6) ** 2 / len(times)), f"seed {SEED}"
    counts = np.histogram(times, bins=np.arange(0, times[-1], 3600))[0]
    dispersion = counts.var() / counts.mean()
    assert abs(dispersion / 6.25 - 1) < 0.35, f"seed {SEED}: {dispersion}"  # (1 - 0.6)^-2, over hours


def test_sessions_follow_the_time_of_day():
    daily = generate.EventLog({"a": {"end": 1}}, session_gap="20s", day_amplitude=0.9, day_peak=18)
    moments = generate.make(daily, rows=100_000, seed=SEED).column("time")
    days = (moments[-1] - np.datetime64("2025-01-01")) // np.timedelta64(1, "D")
    whole = moments[moments < np.datetime64("2025-01-01") + np.timedelta64(days, "D")]  # part of a day has another mean
    turn = 2 * np.pi * ((whole.astype(np.int64) % 86_400_000_000) / 3.6e9 - 18) / 24
    # The mean of the cosine is half the amplitude; the deviation of a cosine or sine is 0.71 at most.
    assert abs(np.cos(turn).mean() - 0.45) < 5 * 0.71 / np.sqrt(len(whole)), f"seed {SEED}"
    assert abs(np.sin(turn).mean()) < 5 * 0.71 / np.sqrt(len(whole)), f"seed {SEED}"
    assert abs(len(whole) / (days * 86_400 / 20) - 1) < 5 / np.sqrt(len(whole)), f"seed {SEED}"


def test_a_funnel_is_passed_as_often_as_it_says():
    log = generate.EventLog.funnel({"visit": 0.4, "basket": 0.5, "purchase": 0.0})
    counts = Counter(generate.make(log, rows=100_000, seed=SEED).column("type").tolist())
    for before, after, share in (("visit", "basket", 0.4), ("basket", "purchase", 0.5)):
        deviation = np.sqrt(share * (1 - share) / counts[before])
        assert abs(counts[after] / counts[before] - share) < 5 * deviation, f"seed {SEED}"


def test_a_stop_ends_a_log():
    import synqc

    stop = synqc.StopFlag()
    stop.stop()
    with pytest.raises(Cancelled):
        generate.make(LOG, rows=1000, stop=stop)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"transitions": {}}, "Argument `transitions` must map types"),
        ({"transitions": {"a": {"b": 1}}}, "must name types that it has, or `end`"),
        ({"transitions": {"a": {"a": 1}}}, "must lead to an end from every type, but from `a` it does not"),
        ({"caused_sessions": 1.0}, "at least 0 and below 1, or the log explodes"),
        ({"first": {"x": 1}}, "Argument `first` must name types of `transitions`, but names \\['x'\\]"),
        ({"event_gap": {"x": "1s"}}, "Argument `event_gap` must have a time for each"),
        ({"resolution": "1m"}, "Argument `resolution` must be 1s, 1ms or 1us"),
        ({"columns": {"time": generate.Number()}}, "Argument `columns` must have other names"),
    ],
)
def test_what_is_wrong_with_a_log_is_said(arguments, words):
    with pytest.raises(InputError, match=words):
        generate.make(generate.EventLog(**{"transitions": {"a": {"end": 1}}, **arguments}), rows=1)
