"""The command line, in process: tables for people, one document for programs, one line for errors."""

import argparse
import dataclasses
import json
import math

import pytest

import synqc
from synqc._version import __version__
from synqc.cli import main
from synqc.cli.options import add_experiment_options, argument_help, parse_axis


@pytest.fixture
def call(capsys):
    """Run the command line: exit code, stdout, stderr."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_version(call):
    assert call("--version") == (0, f"synqc {__version__}\n", "")


def test_a_run_prints_its_card(call):
    code, out, _ = call("run", "--preset", "ibm_fez", "--shots", "1e3", "--seed", 7)
    assert code == 0
    assert out == str(synqc.Experiment("ibm_fez").run(1000, seed=7)) + "\n"


def test_json_is_one_document_and_nothing_else(call):
    code, out, err = call("run", "--shots", 200, "--seed", 7, "--target", "ionq", "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    run = synqc.Experiment(target="ionq").run(200, seed=7)
    assert document["figures"]["fidelity"] == {
        "value": run.fidelity.value,
        "standard_error": run.fidelity.standard_error,
    }
    assert document["emulated"] is True
    assert document["seed"] == 7
    assert synqc.Experiment.from_dict(document["experiment"]) == synqc.Experiment(target="ionq")


def test_json_has_no_word_for_infinity_and_says_null(call):
    _, out, _ = call("run", "--shots", 20, "--target", "ibm-qpu", "--probe-strength", 1, "--json")
    assert json.loads(out)["probe"]["g"] is None


def test_every_argument_of_experiment_is_an_option_with_help():
    parser = argparse.ArgumentParser()
    add_experiment_options(parser)
    options = {action.dest: action for action in parser._actions}
    meanings = argument_help()
    for item in dataclasses.fields(synqc.Experiment):
        if item.init:
            assert item.name in options
            assert len(meanings[item.name]) > 10, item.name


def test_option_values_reach_the_experiment(call, tmp_path):
    drift = tmp_path / "drift.json"
    drift.write_text('[{"kind": "random-walk", "diffusion_khz2_per_s": 3.0}]')
    code, out, _ = call(
        "run", "--json", "--shots", 10, "--seed", 1, "--probe_strength", 0.3, "--first-angle=-pi/2",
        "--no-drag-detuning", "--levels", 2, "--drift", drift, "--envelope", "samples",
        "--samples", "[1, [1, 0.5], 0.5]", "--t1-us", "inf",
    )  # fmt: skip
    assert code == 0
    experiment = json.loads(out)["experiment"]
    assert experiment["probe_strength"] == 0.3
    assert experiment["first_angle"] == -math.pi / 2
    assert experiment["drag_detuning"] is False
    assert experiment["levels"] == 2
    assert experiment["drift"][0]["kind"] == "random-walk"
    assert experiment["samples"] == [[1, 0], [1, 0.5], [0.5, 0]]
    assert experiment["t1_us"] is None


def test_a_device_file_is_a_preset(call, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(synqc.device("ibm_fez").replace(name="mine", t1_us=50, t2_us=50).to_json())
    code, out, _ = call("run", "--preset", path, "--shots", 10)
    assert code == 0
    assert out.startswith("mine on sim-local")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--shots", "0"], "`shots` must be between 1 and"),
        (["run", "--shots", "many"], "must be a whole number, but is 'many'"),
        (["run", "--probe-strength", "2"], "`probe_strength` must be between 0 and 1, but is 2"),
        (["run", "--probe-strength", "nan"], "`probe_strength` must be"),
        (["run", "--preset", "imb_fez"], "near it: 'ibm_fez'"),
        (["run", "--t2-us", "1e6"], "`t2_us` must be at most 2 * t1_us"),
        (["run", "--preset", "nowhere.json"], "must be a readable file, but is 'nowhere.json': No such file"),
        (["run", "--drift", "{"], "must be JSON"),
        (["run", "--save", "/nonexistent/run.npz"], "The folder of /nonexistent/run.npz does not exist"),
        (["run", "--plot", "picture.bmp"], "must end in .html"),
        (["run", "--resume-from", "/nonexistent.npz"], "No such file"),
        (["run", "--unknown"], "synqc run has no option --unknown. See `synqc run --help`"),
        (["run", "--shot", "10"], "synqc run has no option --shot; near it: --shots."),
        (["run", "--probe_strenght=0.3"], "near it: --probe-strength"),
        (["run", "--picture", "trackr"], "but is 'trackr'; near it: tracker."),
        (["run", "5"], "synqc run takes no '5'"),
        (["jobs", "lst"], "but is 'lst'; near it: list. See `synqc jobs --help`"),
        (["sweep"], "--axis"),
        (["sweep", "--axis", "beauty=1"], "`beauty` is not one"),
        (["sweep", "--axis", "qubits=1:2:3"], "must have whole values"),
        (["sweep", "--axis", "probe_strength=0:1"], "must be first:last:count"),
        (["sweep", "--axis", "t1_us=0:1:3:log"], "only positive ones"),
        (["sweep", "--axis", "qubits=1", "--axis", "qubits=2"], "must name every argument once"),
        (["presets", "nothing-like-it"], "must be a device of presets()"),
        (["targets", "mars"], "must be one of sim-local"),
        (["fly"], "argument COMMAND: must be one of run, sweep,"),
        (["serv"], "but is 'serv'; near it: serve."),
        ([], "COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_one_line_and_code_2(call, arguments, words):
    code, out, err = call(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("synqc: error: ")
    assert err.count("\n") == 1
    assert words in err


def test_a_saved_run_loads_and_carries_on(call, tmp_path):
    path = tmp_path / "run.npz"
    code, _, err = call("run", "--adaptive-rule", "kalman", "--shots", 500, "--seed", 1, "--save", path)
    assert code == 0
    assert str(path) in err
    first = synqc.load(path)
    assert first.seed == 1
    code, out, _ = call("run", "--adaptive-rule", "kalman", "--shots", 500, "--seed", 2, "--carry", path, "--json")
    on = synqc.Experiment(adaptive_rule="kalman").run(500, seed=2, resume_from=first)
    assert json.loads(out)["figures"]["fidelity"]["value"] == on.fidelity.value


def test_a_picture_is_written(call, tmp_path):
    path = tmp_path / "run.html"
    code, _, err = call("run", "--shots", 50, "--plot", path, "--picture", "latency")
    assert code == 0
    assert f"picture written to {path}" in err
    assert path.stat().st_size > 1_000_000


def test_a_sweep_prints_its_points_and_marks_the_best(call):
    code, out, _ = call(
        "sweep", "--axis", "probe_strength=0:1:3", "--axis", "probe_duration_ns=50,100", "--shots", 50, "--seed", 3
    )
    assert code == 0
    lines = out.splitlines()
    assert lines[2].split()[:3] == ["probe_strength", "probe_duration_ns", "fidelity"]
    assert len(lines) == 4 + 6
    assert sum(line.endswith("best") for line in lines) == 1


def test_a_sweep_as_a_document_equals_the_one_from_python(call):
    code, out, _ = call("sweep", "--axis", "probe_strength=0,0.5", "--shots", 50, "--seed", 3, "--json")
    assert code == 0
    document = json.loads(out)
    grid = synqc.sweep(synqc.Experiment(), {"probe_strength": [0.0, 0.5]}, shots=50, seed=3, progress=False)
    assert [point["fidelity"]["value"] for point in document["points"]] == list(grid["fidelity"])
    assert document["axes"] == {"probe_strength": [0.0, 0.5]}
    assert document["partial"] is False


def test_a_sweep_goes_on_from_its_file_and_draws_the_map(call, tmp_path):
    cache, page = tmp_path / "sweep.db", tmp_path / "map.html"
    call("sweep", "--axis", "probe_strength=0.2,0.5", "--shots", 50, "--seed", 3, "--cache", cache)
    code, _, err = call(
        "sweep", "--axis", "probe_strength=0.2,0.5,0.8", "--shots", 50, "--seed", 3, "--cache", cache, "--plot", page
    )
    assert code == 0
    assert f"2 of 3 points were read from {cache}." in err
    assert "Englert" in page.read_text(encoding="utf-8")


def test_axes_may_be_ranges_lists_and_names():
    assert parse_axis("probe_strength=0:1:11") == ("probe_strength", [k / 10 for k in range(11)])
    assert parse_axis("probe-duration-ns=100") == ("probe_duration_ns", [100.0])
    assert parse_axis("qubits=1:4:4") == ("qubits", [1, 2, 3, 4])
    assert parse_axis("first_angle=pi/2,pi") == ("first_angle", [math.pi / 2, math.pi])
    assert parse_axis("drag_detuning=yes,no") == ("drag_detuning", [True, False])
    assert parse_axis("target=sim-local,ionq") == ("target", ["sim-local", "ionq"])


def test_presets_and_targets_are_listed_and_shown(call):
    _, out, _ = call("presets")
    assert all(name in out for name in synqc.presets())
    _, out, _ = call("presets", "ibm_fez")
    assert "144.9" in out
    assert "Sources" in out
    _, out, _ = call("presets", "ibm_fez", "--json")
    assert synqc.Device.from_json(out) == synqc.device("ibm_fez")
    _, out, _ = call("targets")
    assert all(name in out for name in synqc.targets())
    assert out.count("emulated") == 3
    _, out, _ = call("targets", "ionq", "--json")
    assert json.loads(out)["emulated"] is True


def test_doctor_reports_what_is_there(call):
    code, out, _ = call("doctor", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["synqc"]["version"] == __version__
    assert found["synqc"]["compiler"]
    assert found["machine"]["threads"] >= 1
    assert found["synqc"]["simd_level"] in {"baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"}
    code, out, _ = call("doctor")
    assert code == 0
    for word in ("simd level", "numpy", "optional packages", "browser"):
        assert word in out


def test_bench_is_handed_on_whole(call, monkeypatch):
    benchmarks = pytest.importorskip("synqc.benchmarks")
    seen = []
    monkeypatch.setattr(benchmarks, "main", lambda argv: seen.append(argv) or 0)
    assert main(["bench", "--kernels", "build/some_folder"]) == 0
    assert seen == [["--kernels", "build/some_folder"]]
