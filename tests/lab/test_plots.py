"""Pictures show what they claim, in units, and become real files."""

import builtins
import sys

import numpy as np
import pytest

import synqc
from synqc.errors import InputError, MissingExtra, SynqcError
from synqc.lab import plots
from synqc.lab.plots import files, style
from synqc.lab.plots.bloch import bloch_path
from synqc.lab.plots.information_map import most_information, operation_fidelity_bound

needs_browser = pytest.mark.skipif(plots.find_browser() is None, reason="no browser draws pictures here")


@pytest.fixture(scope="module")
def experiment():
    return synqc.Experiment("ibm_fez", probe_strength=0.5, probe_duration_ns=400, qubits=2)


@pytest.fixture(scope="module")
def run(experiment):
    return experiment.run(shots=500, iterations=4, seed=7)


@pytest.fixture(scope="module")
def grid(experiment):
    axes = {"probe_strength": [0.0, 0.3, 0.7, 1.0], "probe_duration_ns": [100, 1600]}
    return synqc.sweep(experiment, axes, shots=100, seed=7, progress=False)


def all_axes(figure):
    layout = figure.layout
    return [getattr(layout, name) for name in layout if name.startswith(("xaxis", "yaxis"))]


@pytest.mark.parametrize("kind", [kind for kind in plots.RUN_PICTURES if kind != "tracker"])
def test_every_picture_of_a_run_names_device_and_labels_its_axes(run, kind):
    figure = run.plot(kind)
    text = f"{figure.layout.title.text} {figure.layout.title.subtitle.text}".replace("<br>", " ")
    assert "ibm_fez on sim-local" in text
    titles = [axis.title.text for axis in all_axes(figure)]
    assert any(titles)


def test_a_picture_of_an_emulated_target_says_so(experiment):
    run = experiment.replace(target="ibm-qpu").run(shots=50, seed=1)
    for kind in ("summary", "latency", "history", "bloch", "records"):
        figure = run.plot(kind)
        assert "(emulated)" in figure.layout.title.text + figure.layout.title.subtitle.text, kind


def test_an_unknown_picture_is_refused_with_the_known_ones(run):
    with pytest.raises(InputError, match="`kind` must be one of summary, latency, history, tracker, records, bloch"):
        run.plot("pie")


def test_latency_bars_follow_each_other_and_add_up(run):
    bar = run.plot("latency").data[0]
    assert list(bar.x) == list(run.latency_terms.values())
    assert np.allclose(np.cumsum(bar.x)[:-1], bar.base[1:], rtol=0, atol=1e-12)
    assert sum(bar.x) == pytest.approx(float(run.latency_us))


def test_history_shows_one_standard_error(run):
    fidelity = run.plot("history").data[-1]
    assert fidelity.name == "fidelity"
    assert list(fidelity.y) == [entry.fidelity.value for entry in run.history]
    assert list(fidelity.error_y.array) == [entry.fidelity.standard_error for entry in run.history]


def test_tracker_shows_estimate_band_and_truth(experiment):
    tracked = experiment.replace(adaptive_rule="kalman").run(shots=500, iterations=3, seed=7)
    figure = tracked.plot("tracker")
    names = [trace.name for trace in figure.data]
    assert names == ["± 1 deviation", "estimate", "true value (no rule sees it)"] * 2
    assert list(figure.data[1].y) == [entry.qubits[0].detuning_khz for entry in tracked.history]
    assert list(figure.data[2].y) == [entry.qubits[0].true_detuning_khz for entry in tracked.history]
    assert figure.layout.yaxis.title.text == "Detuning (kHz)"


def test_a_run_that_does_not_track_has_no_tracker_picture(run):
    with pytest.raises(InputError, match="needs a rule that tracks"):
        run.plot("tracker")


def test_record_histograms_are_normalised_and_agree_with_the_law(experiment):
    long_lived = experiment.replace(
        t1_us=1e6, t2_us=1e6, thermal_population=0.0, amplitude_error=0.0, probe_strength=0.8
    )
    figure = plots.plot_records(long_lived, shots=20_000, seed=7)
    for histogram, law in zip(figure.data[:2], figure.data[2:], strict=True):
        width = histogram.x[1] - histogram.x[0]
        assert np.sum(histogram.y) * width == pytest.approx(1, abs=1e-3)
        # 40,000 records: the deviation of a bin's density is sqrt(density / (records * width)).
        deviation = np.sqrt(np.maximum(law.y, 1e-3) / (40_000 * width))
        assert (np.abs(np.array(histogram.y) - law.y) < 5 * deviation).all(), "seed 7"


def test_ancilla_records_are_two_bars(experiment):
    figure = plots.plot_records(experiment.replace(target="ionq"), shots=500, seed=7)
    assert [trace.type for trace in figure.data] == ["bar", "bar"]
    assert all(sum(trace.y) == pytest.approx(1) for trace in figure.data)


def test_records_without_a_probe_are_refused(experiment):
    with pytest.raises(InputError, match="must probe"):
        plots.plot_records(experiment.replace(probe_strength=0.0), shots=10)


def test_bounds_have_their_closed_forms():
    strength = np.linspace(0, 1, 21)
    coherence = np.sqrt(1 - strength**2)
    p = (1 + strength[1:-1]) / 2
    entropy = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
    assert np.allclose(most_information(coherence)[1:-1], 1 - entropy, atol=1e-12)
    # The two-outcome instrument saturates Banaszek's bound for every strength (physics: F = (2 + sqrt(1-eps^2))/3).
    assert np.allclose(operation_fidelity_bound((3 + strength) / 6), (2 + coherence) / 3, atol=1e-7)


@pytest.mark.parametrize("efficiency", [0.1, 1.0])
@pytest.mark.parametrize("target", ["sim-local", "ibm-qpu"])
def test_no_simulated_probe_lies_beyond_the_drawn_bound(experiment, efficiency, target):
    here = experiment.replace(efficiency=efficiency, target=target)
    grid = synqc.sweep(here, {"probe_strength": np.linspace(0.05, 1, 8)}, shots=20, seed=3, progress=False)
    figure = plots.plot_information_map(grid)
    bound = next(trace for trace in figure.data if trace.name == "Englert's bound")
    allowed = np.interp(grid["backaction"], bound.x, bound.y, right=1.0)
    assert (grid["information_bits"] <= allowed + 4 * grid.error("information_bits") + 1e-4).all()
    limit = next(trace for trace in figure.data if trace.name == "Banaszek's bound")
    points = [trace for trace in figure.data if trace.mode == "markers" and trace.xaxis == "x2"]
    for trace in points:
        assert (np.array(trace.y) <= np.interp(trace.x, limit.x, limit.y) + 1e-5).all()


def test_information_map_may_be_turned(grid):
    upright, turned = grid.plot("backaction", "information_bits"), grid.plot("information_bits", "backaction")
    assert upright.layout.xaxis.title.text == turned.layout.yaxis.title.text == "Back-action (trace distance)"
    assert upright.layout.yaxis.title.text == turned.layout.xaxis.title.text == "Information (bit per shot)"


def test_curves_of_a_sweep_carry_error_bars_and_units(grid):
    figure = grid.plot("probe_duration_ns", "fidelity")
    assert figure.layout.xaxis.title.text == "Probe duration (ns)"
    assert len(figure.data) == 4
    assert list(figure.data[0].y) == list(grid["fidelity"][0])
    assert list(figure.data[0].error_y.array) == list(grid.error("fidelity")[0])


def test_unknown_names_of_a_sweep_are_refused(grid):
    with pytest.raises(InputError, match="`y` must be one of fidelity"):
        grid.plot("probe_strength", "beauty")


def test_bloch_path_agrees_with_the_run(experiment):
    """Ensemble path against the experiment's own fidelity: two independent solvers of the same shot."""
    two_levels = experiment.replace(levels=2, qubits=1, drift="none")
    path = bloch_path(two_levels, shots=1, seed=2)
    fidelity = two_levels.run(shots=40_000, seed=2).fidelity
    assert (1 - path.ensemble[-1, 2]) / 2 == pytest.approx(float(fidelity), abs=4 * fidelity.standard_error + 1e-6)
    assert (np.linalg.norm(path.ensemble, axis=1) <= 1 + 1e-9).all()
    assert (np.linalg.norm(path.shots, axis=2) <= 1 + 1e-9).all()


def test_single_shots_average_to_the_ensemble(experiment):
    path = bloch_path(experiment.replace(levels=2), shots=600, seed=5)
    standard_error = path.shots.std(axis=0) / np.sqrt(600)
    begin, end = path.segments["probe"]
    probed = (path.times_ns >= begin) & (path.times_ns <= end)
    assert (np.abs(path.shots.mean(axis=0) - path.ensemble)[probed] <= 5 * standard_error[probed] + 1e-3).all(), (
        "seed 5"
    )


def test_a_page_needs_no_network(run, tmp_path):
    page = plots.write(run.plot("latency"), tmp_path / "latency.html").read_text(encoding="utf-8")
    assert page.lstrip().lower().startswith(("<html", "<!doctype"))
    assert 'src="http' not in page
    assert len(page) > 1_000_000  # Plotly's script is inside


@needs_browser
@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG\r\n\x1a\n"), ("svg", b"<svg")])
def test_a_picture_is_a_real_one(run, tmp_path, suffix, magic):
    figure = run.plot("latency")
    picture = plots.write(figure, tmp_path / f"latency.{suffix}").read_bytes()
    assert picture.startswith(magic)
    assert len(picture) > 10_000
    if suffix == "png":
        width, height = (int.from_bytes(picture[k : k + 4], "big") for k in (16, 20))
        assert (width, height) == (2 * 960, 2 * figure.layout.height)


def test_an_unknown_suffix_is_refused(run, tmp_path):
    with pytest.raises(InputError, match=r"must end in one of \.html, \.png, \.svg, \.pdf"):
        plots.write(run.plot("latency"), tmp_path / "latency.bmp")


def test_without_a_browser_the_message_says_what_to_do(run, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(
        MissingExtra, match=r"BROWSER_PATH=/nowhere/chromium is not an executable file.*page \(\.html\)"
    ):
        plots.write(run.plot("latency"), tmp_path / "latency.png")
    monkeypatch.delenv("BROWSER_PATH")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtra, match=r"none is in \$PATH"):
        plots.write(run.plot("latency"), tmp_path / "latency.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("failing", "calls"), [(1, 2), (5, 2)])
def test_a_browser_whose_page_was_not_loaded_is_asked_once_more(run, tmp_path, monkeypatch, failing, calls):
    import kaleido

    asked = []

    def drawn(*arguments, **options):
        asked.append(options)
        if len(asked) <= failing:
            raise RuntimeError("ReferenceError: kaleido_scopes is not defined")
        return b"a picture"

    monkeypatch.setattr(kaleido, "calc_fig_sync", drawn)
    target = tmp_path / "latency.png"
    if failing == 1:
        plots.write(run.plot("latency"), target)
        assert target.read_bytes() == b"a picture"
    else:
        with pytest.raises(SynqcError, match="could not draw the picture"):
            plots.write(run.plot("latency"), target)
    assert len(asked) == calls


def test_a_browser_that_fails_is_reported_in_one_sentence(run, tmp_path, monkeypatch):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    monkeypatch.setattr(files, "_SECONDS", 5)
    with pytest.raises(SynqcError, match="could not draw the picture"):
        files.picture_bytes(run.plot("latency"))


def test_without_plotly_the_message_says_what_to_install(monkeypatch):
    honest = builtins.__import__

    def without_plotly(name, *rest, **named):
        if name.split(".")[0] == "plotly":
            raise ImportError(name)
        return honest(name, *rest, **named)

    for name in [name for name in sys.modules if name.split(".")[0] == "plotly"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_plotly)
    with pytest.raises(MissingExtra, match=r"pip install 'synqc\[plot\]'"):
        style.graph_objects()
