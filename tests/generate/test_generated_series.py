"""Time series do what their configuration says, and any rows of them can be made alone."""

import numpy as np
import pytest
from drawn_seed import drawn_seed
from scipy import stats

from synqc import generate
from synqc.errors import InputError

SEED = drawn_seed(__name__)
Season, Noise, Series = generate.Season, generate.Noise, generate.Series


def values_of(series, rows=20_000, seed=SEED, **others):
    made = generate.make(generate.TimeSeries({"x": series}, **others), rows=rows, seed=seed)
    return made.column("x")


EVERYTHING = generate.TimeSeries(
    {
        "x": Series(
            base=5,
            slope=1e-3,
            walk=0.1,
            seasons=[Season("1d", 2), Season(100.5, 1, 0.25)],
            noise=Noise(1, ar=[0.6, 0.2], ma=[0.3], seasons=[Season("7d", 0.5)], arch=[0.2], garch=[0.5, 0.1]),
            regimes=[generate.Regime("calm", 3), generate.Regime("wild", 1, 4, 3)],
            regime_length=50,
            anomalies=[
                generate.Anomaly("spike", 0.01, "spike", 30),
                generate.Anomaly("flat", 0.002, "flat", length=40),
            ],
            gap_rate=0.005,
            gap_length=12,
            drifts=[generate.Drift(6000, 0.01, 2)],
            decimals=3,
        ),
        "y": Series(walk=1, bounds=(-50, 50), null_rate=0.1),
    },
    start="2024-01-01",
    interval="10m",
    jitter=0.9,
)


def test_rows_do_not_depend_on_threads_chunks_or_where_they_are_resumed():
    rows = 12_000
    whole = generate.make(EVERYTHING, rows=rows, seed=SEED, threads=1).to_csv(header=False)
    assert generate.make(EVERYTHING, rows=rows, seed=SEED, threads=7).to_csv(header=False) == whole
    for chunk_rows in (777, 4096, 5000):
        chunks = generate.stream(EVERYTHING, rows=rows, seed=SEED, chunk_rows=chunk_rows)
        assert b"".join(chunk.to_csv(header=False) for chunk in chunks) == whole
    rest = generate.make(EVERYTHING, rows=10, seed=SEED, first_row=8191).to_csv(header=False)
    assert rest == b"".join(whole.splitlines(keepends=True)[8191:8201])
    again = generate.TimeSeries.from_json(EVERYTHING.to_json())
    assert generate.make(again, rows=100, seed=SEED).to_csv() == generate.make(EVERYTHING, rows=100, seed=SEED).to_csv()


def test_trend_and_seasons_are_exact():
    row = np.arange(20_000)
    expected = 3 + 0.01 * row + 2 * np.sin(2 * np.pi * row / 24) + np.sin(2 * np.pi * (row / 168 + 0.25))
    made = values_of(Series(3, 0.01, seasons=[Season("1d", 2), Season(168, 1, 0.25)]))
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("ar", "ma"), [((), ()), ((0.9,), ()), ((), (0.8,)), ((0.5, -0.3), (0.4, 0.2)), ((0.99,), ())])
def test_noise_has_its_deviation_and_autocorrelation(ar, ma):
    rows = 200_000
    noise = values_of(Series(noise=Noise(2, ar, ma)), rows=rows)
    # Autocorrelations from the response to an impulse.
    response = np.zeros(6000)
    response[0] = 1
    for k in range(1, len(response)):
        response[k] = (ma[k - 1] if k <= len(ma) else 0) + sum(a * response[k - 1 - j] for j, a in enumerate(ar[:k]))
    power = response @ response
    correlations = np.array([response[: len(response) - lag] @ response[lag:] / power for lag in range(2000)])
    independent = rows / (1 + 2 * (correlations[1:] ** 2).sum())  # rows that would tell as much of a variance
    assert abs(noise.var() / 4 - 1) < 5 * np.sqrt(2 / independent), f"seed {SEED}"
    for lag in (1, 2, 5):
        found = np.mean(noise[lag:] * noise[:-lag]) / 4
        assert abs(found - correlations[lag]) < 5 * np.sqrt(2 / independent), f"seed {SEED}, lag {lag}"


def test_a_walk_has_steps_of_its_deviation_across_blocks_too():
    walk = values_of(Series(walk=0.5), rows=100_000)
    assert walk[0] == 0
    steps = np.diff(walk)
    assert abs(steps.std() / 0.5 - 1) < 5 / np.sqrt(2 * len(steps)), f"seed {SEED}"
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 5 / np.sqrt(len(steps)), f"seed {SEED}"
    # What is reached after n steps has variance 0.25 n: over 200 seeds, a chi squared of 200 degrees.
    for rows in (1000, 4096, 40_001):
        ends = [
            generate.make(
                generate.TimeSeries({"x": Series(walk=0.5)}), rows=1, first_row=rows, seed=seed, threads=1
            ).column("x")[0]
            for seed in range(SEED, SEED + 200)
        ]
        assert abs(np.mean(np.square(ends)) / (0.25 * rows) - 1) < 5 * np.sqrt(2 / 200), f"seeds from {SEED}"


def test_noise_follows_its_seasons_and_drifts():
    row = np.arange(200_000)
    noise = values_of(
        Series(noise=Noise(1, seasons=[Season(1000, 0.5)]), drifts=[generate.Drift(100_000, 0.0, 3)]), 200_000
    )
    expected = (1 + 0.5 * np.sin(2 * np.pi * row / 1000)) * np.where(row < 100_000, 1, 3)
    standard = noise / expected
    for part in (row % 1000 < 250, row % 1000 >= 750, row >= 100_000):
        assert abs(standard[part].std() - 1) < 5 / np.sqrt(2 * part.sum()), f"seed {SEED}"
    slope = values_of(Series(drifts=[generate.Drift(50, 0.5)]), 100)
    np.testing.assert_allclose(slope, np.maximum(0, np.arange(100) - 50) * 0.5)


@pytest.mark.parametrize(
    ("arch", "garch"), [((0.3,), ()), ((0.1,), (0.8,)), ((0.1, 0.05), (0.5, 0.2)), ((0.02,), (0.97,))]
)
def test_garch_noise_has_its_deviation_and_clusters(arch, garch):
    rows = 400_000
    noise = values_of(Series(noise=Noise(2, arch=arch, garch=garch)), rows=rows) / 2
    # Squares are ARMA: their correlations follow from the response to an impulse (Bollerslev 1986, section 4).
    order = max(len(arch), len(garch))
    both = np.array([sum(part[k] for part in (arch, garch) if k < len(part)) for k in range(order)])
    response = np.zeros(3000)
    response[0] = 1
    for k in range(1, len(response)):
        response[k] = -(garch[k - 1] if k <= len(garch) else 0) + both[:k] @ response[max(0, k - order) : k][::-1]
    power = response @ response
    correlations = np.array([response[: len(response) - lag] @ response[lag:] / power for lag in range(1, 1000)])
    # Variance of squares from the kurtosis 3 / (1 - 2 (response power without its first)); of their mean by the sum.
    kurtosis = 3 / (3 - 2 * power)
    error = np.sqrt((kurtosis - 1) * (1 + 2 * correlations.sum()) / rows)
    assert abs(np.mean(noise**2) - 1) < 5 * error, f"seed {SEED}"
    squares = noise**2 - 1
    for lag in (1, 2, 5):
        found = np.mean(squares[lag:] * squares[:-lag]) / np.mean(squares**2)
        assert abs(found - correlations[lag - 1]) < 0.03, f"seed {SEED}, lag {lag}"
        assert abs(np.mean(noise[lag:] * noise[:-lag])) < 5 * np.sqrt(kurtosis / rows), f"seed {SEED}, lag {lag}"


def test_garch_impulses_have_the_variance_that_their_past_says():
    noise = values_of(Series(noise=Noise(3, arch=[0.2], garch=[0.7])), rows=20_000) / 3
    variance = np.ones(len(noise))
    for k in range(1, len(noise)):
        variance[k] = 0.1 + 0.2 * noise[k - 1] ** 2 + 0.7 * variance[k - 1]
    standard = (noise / np.sqrt(variance))[500:]  # by when what was before the first row is forgotten
    p = stats.kstest(standard, stats.norm.cdf).pvalue
    assert p > 1e-6, f"seed {SEED}: p = {p}"
    assert abs(np.corrcoef(standard[1:] ** 2, standard[:-1] ** 2)[0, 1]) < 5 / np.sqrt(len(standard)), f"seed {SEED}"


def test_regimes_last_as_long_and_are_as_often_as_they_should():
    regimes = [generate.Regime("a", 3, 0), generate.Regime("b", 1, 10)]
    series = generate.TimeSeries({"x": Series(regimes=regimes, regime_length=20)})
    rows = generate.make(series, rows=400_000, seed=SEED)
    labels = rows.column("x_regime")
    np.testing.assert_array_equal(rows.column("x"), np.where(labels == "b", 10, 0))
    # Drawn anew 20,000 times, of which a quarter is b: standard error of its share of rows about 0.0043.
    assert abs((labels == "b").mean() - 0.25) < 5 * 0.0043, f"seed {SEED}"
    changes = (labels[1:] != labels[:-1]).mean()
    expected = 1 / 20 * 2 * 0.25 * 0.75
    assert abs(changes / expected - 1) < 5 / np.sqrt(400_000 * expected), f"seed {SEED}"


def test_anomalies_are_where_their_labels_say():
    anomalies = [generate.Anomaly("up", 0.001, "shift", 50, 10), generate.Anomaly("dead", 0.0005, "flat", length=30)]
    rows = generate.make(
        generate.TimeSeries({"x": Series(noise=Noise(1), anomalies=anomalies)}), rows=300_000, seed=SEED
    )
    labels, values = rows.column("x_anomaly"), rows.column("x")
    assert values[labels == "up"].min() > 40
    assert np.abs(values[labels == "none"]).max() < 10
    assert not values[labels == "dead"].any()
    begins = ((labels == "up")[1:] & ~(labels == "up")[:-1]).sum()
    assert abs(begins - 300) < 5 * np.sqrt(300) + 10, f"seed {SEED}"
    unlabelled = generate.TimeSeries({"x": Series(noise=Noise(1), anomalies=anomalies)}, labels=False)
    np.testing.assert_array_equal(generate.make(unlabelled, rows=1000, seed=SEED).column("x"), values[:1000])


def test_gaps_are_as_many_and_as_long_as_they_may_be():
    made = generate.make(generate.TimeSeries({"x": Series(gap_rate=0.002, gap_length=9)}), rows=500_000, seed=SEED)
    missing = ~made.valid("x")
    # A gap of 5 rows on average begins at 0.2 % of rows; overlaps take a hundredth away at most.
    assert abs(missing.mean() / 0.01 - 1) < 0.02 + 5 / np.sqrt(1000), f"seed {SEED}"
    edges = np.flatnonzero(np.diff(np.concatenate([[0], missing.astype(int), [0]])))
    lengths = edges[1::2] - edges[::2]
    assert set(range(1, 10)) <= set(lengths.tolist())


def test_irregular_moments_stay_in_order():
    made = generate.make(generate.TimeSeries({"x": Series()}, interval="1s", jitter=1), rows=50_000, seed=SEED)
    gaps = np.diff(made.column("time").astype(np.int64))
    assert gaps.min() >= 0
    assert 1_900_000 < gaps.max() <= 2_000_000
    assert gaps.std() == pytest.approx(1e6 / np.sqrt(6), rel=0.03)  # of the difference of two uniforms
    days = generate.make(generate.TimeSeries({"x": Series()}, interval="1d"), rows=3)
    assert days.column("time").astype(str).tolist() == ["2025-01-01", "2025-01-02", "2025-01-03"]


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (Series(noise=Noise(1, ar=[1.0])), "Argument `ar` must have a memory that fades within 1000000 rows"),
        (Series(noise=Noise(-1)), "must be finite and at least 0, but is -1"),
        (Series(seasons=[Season(0, 1)]), "Argument `seasons.period` must be finite and greater than 0, but is 0"),
        (Series(noise=Noise(1, arch=[0.2], garch=[0.8])), "Arguments `arch` and `garch` must be below 1 together"),
        (Series(noise=Noise(1, garch=[0.99999])), "must have a memory that fades within 1000000 rows"),
        (Series(noise=Noise(1, arch=[-0.1])), "Argument `arch` must be finite and at least 0, but is -0.1"),
        (Series(gap_rate=2), "Argument `gap_rate` must be between 0 and 1"),
        (Series(bounds=(1, 0)), "Argument `bounds` must be two numbers in order, but is (1, 0)"),
        (Series(anomalies=[generate.Anomaly("x", 0.1, "jump")]), 'must be spike, shift, noise or flat, but is "jump"'),
        (Series(regimes=[generate.Regime("a")], regime_length=0.5), "Argument `regime_length` must be between 1"),
    ],
)
def test_what_is_wrong_with_a_series_is_said_with_its_name(series, words):
    with pytest.raises(InputError) as refused:
        generate.make(generate.TimeSeries({"its name": series}), rows=1)
    assert str(refused.value).startswith("Series `its name`: ")
    assert words in str(refused.value)
