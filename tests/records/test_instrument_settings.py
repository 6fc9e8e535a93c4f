"""What instruments take: weights, thresholds, angles, waveforms; and streams that never fit into memory."""

import numpy as np
import pytest

from synqc.errors import DocumentError, InputError, ShapeError, UnknownName
from synqc.records import (
    FixedPoint,
    InstrumentGrid,
    ReadoutSettings,
    chunks_of,
    integrated_shots,
    read_waveforms,
    summarise_shots,
    weights_as_pairs,
    write_waveforms,
)

NUMBERS = FixedPoint(bits=27, fraction_bits=15)


def test_pairs_hold_the_weights_and_join_equal_neighbours():
    weights = np.repeat([0.5, 0.5, -0.25], 4)
    pairs = weights_as_pairs(weights, sample_ns=1, grid_ns=4, numbers=NUMBERS)
    assert pairs == [(0.5, 8), (-0.25, 4)]
    assert (np.concatenate([np.full(ns, weight) for weight, ns in pairs]) == weights).all()


def test_weights_are_rounded_to_the_nearest_number_and_refused_beyond_the_last():
    ((weight, length),) = weights_as_pairs(np.full(4, 1 / 3), sample_ns=1, grid_ns=4, numbers=NUMBERS)
    assert length == 4
    assert abs(weight - 1 / 3) <= 2.0**-16
    assert weight * 2**15 == round(weight * 2**15)
    with pytest.raises(InputError, match=r"`weights` must lie between -2048\.0 and 2047"):
        weights_as_pairs(np.full(4, 2048.0), sample_ns=1, grid_ns=4, numbers=NUMBERS)
    with pytest.raises(InputError, match="`weights` must lie between"):
        weights_as_pairs(np.full(4, np.nan), sample_ns=1, grid_ns=4, numbers=NUMBERS)
    with pytest.raises(InputError, match="`weights` must last whole multiples of 4 ns"):
        weights_as_pairs(np.ones(6), sample_ns=1, grid_ns=4, numbers=NUMBERS)


def test_settings_separate_turned_clouds_and_come_back(tmp_path):
    random = np.random.default_rng(3)
    turn = np.exp(2.1j)
    clouds = [turn * (side + 0.2 * (random.normal(size=400) + 1j * random.normal(size=400))) for side in (-1, 3)]
    settings = ReadoutSettings.between(*clouds, weights=np.full(8, 0.5 - 0.25j), sample_ns=2)
    # Ten deviations from the middle on either side.
    assert not settings.bits(clouds[0]).any()
    assert settings.bits(clouds[1]).all()
    settings.write(tmp_path / "settings.json")
    again = ReadoutSettings.read(tmp_path / "settings.json")
    assert (again.angle, again.threshold, again.sample_ns) == (settings.angle, settings.threshold, 2)
    assert (again.weights == settings.weights).all()
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(DocumentError, match=r"bad\.json must hold readout settings"):
        ReadoutSettings.read(tmp_path / "bad.json")


def test_an_instruments_lists_give_the_rotated_in_phase_sum():
    random = np.random.default_rng(4)
    weights = random.normal(size=8) + 1j * random.normal(size=8)
    settings = ReadoutSettings(weights, 4, 0.7, 0.1)
    trace = random.normal(size=8) + 1j * random.normal(size=8)
    lists = settings.for_instrument(grid_ns=4, numbers=FixedPoint(52, 40))
    played = {name: np.concatenate([np.full(ns // 4, w) for w, ns in lists[name]]) for name in ("cosine", "sine")}
    in_phase = played["cosine"] @ trace.real + played["sine"] @ trace.imag
    # 16 products of numbers rounded to 2^-41.
    assert in_phase == pytest.approx((np.exp(0.7j) * (weights @ trace)).real, abs=1e-10)
    assert lists["threshold"] == 0.1


@pytest.mark.parametrize("ending", ["csv", "npz", "json"])
def test_waveforms_come_back_on_the_instruments_grid(ending, tmp_path):
    grid = InstrumentGrid(sample_ns=0.5, granularity=8, full_scale_mhz=200.0, bits=14)
    samples = np.random.default_rng(1).uniform(-200, 200, (2, 5))
    write_waveforms(tmp_path / f"x.{ending}", samples, sample_ns=1.0, grid=grid)
    played = read_waveforms(tmp_path / f"x.{ending}")
    assert played.shape == (2, 16)
    assert (played[:, 10:] == 0).all()
    assert (played == np.round(played * 2**13) / 2**13).all()
    np.testing.assert_allclose(played[:, :10:2], samples / 200, atol=2.0**-13)
    assert (played[:, :10:2] == played[:, 1:10:2]).all()


def test_waveforms_that_an_instrument_cannot_play_are_refused(tmp_path):
    grid = InstrumentGrid(sample_ns=1.0, granularity=4, full_scale_mhz=100.0)
    with pytest.raises(InputError, match=r"`samples_mhz` must lie within the full scale of 100\.0 MHz"):
        write_waveforms(tmp_path / "x.csv", [[101.0], [0.0]], sample_ns=1.0, grid=grid)
    with pytest.raises(InputError, match="`sample_ns` must be a whole multiple"):
        write_waveforms(tmp_path / "x.csv", [[1.0], [0.0]], sample_ns=0.5, grid=grid)
    with pytest.raises(ShapeError, match=r"`samples_mhz` must have shape \(2, k\)"):
        write_waveforms(tmp_path / "x.csv", [[1.0]], sample_ns=1.0, grid=grid)
    with pytest.raises(UnknownName, match=r"`path` must end in \.csv, \.npz or \.json"):
        write_waveforms(tmp_path / "x.wav", [[1.0], [0.0]], sample_ns=1.0, grid=grid)


def written(kind, values, folder):
    """The same array in one of the files that are streamed."""
    if kind == "npy":
        np.save(folder / "a.npy", values)
        return folder / "a.npy"
    if kind == "hdf5":
        with pytest.importorskip("h5py").File(folder / "a.h5", "w") as file:
            file["iq"] = values
        return folder / "a.h5"
    pytest.importorskip("zarr").open_group(folder / "a.zarr", mode="w").create_array("iq", data=values)
    return folder / "a.zarr"


@pytest.mark.parametrize("kind", ["npy", "hdf5", "zarr"])
def test_streams_give_every_shot_once_whatever_the_chunks(kind, tmp_path):
    random = np.random.default_rng(2)
    values = random.normal(size=(103, 7)) + 1j * random.normal(size=(103, 7))
    path = written(kind, values, tmp_path)
    for chunk_bytes in (1, 1000, 1 << 20):
        chunks = [chunk.copy() for chunk in chunks_of(path, "iq", chunk_bytes=chunk_bytes)]
        assert (np.concatenate(chunks) == values).all()
        assert max(len(chunk) for chunk in chunks) <= max(1, chunk_bytes // (7 * 16))
    weights = random.normal(size=7) + 1j * random.normal(size=7)
    points = integrated_shots(chunks_of(path, "iq", chunk_bytes=1000), weights)
    np.testing.assert_allclose(points, values @ weights, rtol=1e-13)


@pytest.mark.parametrize("as_pairs", [False, True])
def test_a_summary_is_that_of_all_shots_even_far_from_zero(as_pairs):
    random = np.random.default_rng(6)
    shots = 1e6 + random.normal(size=1001) + 1j * (random.normal(size=1001) - 1e6)
    pairs = np.stack([shots.real, shots.imag], axis=1)
    source = pairs if as_pairs else shots
    summary = summarise_shots(np.array_split(source, 10))
    assert summary.shots == 1001
    assert summary.mean == pytest.approx(shots.mean(), rel=1e-13)
    np.testing.assert_allclose(summary.covariance, np.cov(pairs.T), rtol=1e-8, atol=1e-9)


def test_streams_that_are_not_what_they_say_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(10.0))
    short = (tmp_path / "a.npy").read_bytes()[:-8]
    (tmp_path / "b.npy").write_bytes(short)
    with pytest.raises((InputError, ValueError)):
        list(chunks_of(tmp_path / "b.npy"))
    with pytest.raises(ShapeError, match=r"`chunks` must have shape \(m, 3\)"):
        integrated_shots(chunks_of(tmp_path / "a.npy"), np.ones(3))
    with pytest.raises(ShapeError, match="`chunks` must be complex"):
        summarise_shots(chunks_of(tmp_path / "a.npy"))
    with pytest.raises(InputError, match="at least one shot"):
        summarise_shots([])
