"""The benchmark program runs, proves its answers, and says what is missing; speed itself is not a test."""

import json
import subprocess

import pytest

from synqc import Experiment, benchmarks
from synqc.benchmarks.goals import Goal, read_goals
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, WrongAnswer, import_peer
from synqc.benchmarks.registry import measures_for
from synqc.benchmarks.report import Entry, entry_document, entry_lines
from synqc.measure.turns import interleaved, ratio

QUICK = Setting(repetitions=1, quick=True, threads=2)
GOAL = Goal(
    "speed",
    "laboratory",
    "runs:measure",
    "something",
    "somebody",
    "small",
    "us",
    "at most",
    {"x86-64-v4": 2.0, "x86-64-v3": 4.0},
)


def figures_of(capsys, *arguments):
    code = benchmarks.main(["--quick", "--json", *arguments])
    return code, {figure["key"]: figure for figure in json.loads(capsys.readouterr().out)["figures"]}


def test_every_goal_is_measured_by_somebody():
    measures = measures_for(read_goals().values())
    assert sorted(key for keys, _ in measures for key in keys) == sorted(read_goals())


def test_a_goal_depends_on_the_instruction_set_and_its_direction():
    assert GOAL.is_met(3.0, "x86-64-v4") is False
    assert GOAL.is_met(3.0, "x86-64-v3") is True
    assert GOAL.is_met(3.0, "baseline") is None
    assert Goal("r", "", "", "", "", "", "times", "at least", {"": 20.0}).is_met(19.0, "baseline") is False


def test_a_row_shows_figure_goal_ratio_verdict_and_peer():
    entry = Entry(GOAL, "x86-64-v4", Measurement(3.0, 2.5, proof="equal to 1e-9", details=("Peer 30 us",)))
    row, *below = entry_lines(entry)
    for text in ("speed", "3 us", "2.5 us", "<= 2 us", "1.5", "missed", "somebody"):
        assert text in row
    assert any("equal to 1e-9" in line for line in below)
    assert entry_document(entry)["ratio_to_goal"] == 1.5


def test_a_missing_peer_is_a_reason_and_a_wrong_answer_is_an_error(monkeypatch, capsys):
    def measures(goals):
        def missing(setting):
            raise Unavailable("No peer here.")

        def wrong(setting):
            raise WrongAnswer("Off by one.")

        return [(("one-shot",), missing), (("memory",), wrong)]

    monkeypatch.setattr(benchmarks, "measures_for", measures)
    code, figures = figures_of(capsys)
    assert code == 1
    assert (figures["one-shot"]["verdict"], figures["one-shot"]["reason"]) == ("unavailable", "No peer here.")
    assert (figures["memory"]["verdict"], figures["memory"]["reason"]) == ("wrong", "Off by one.")


def test_a_figure_that_fails_takes_no_other_with_it(monkeypatch, capsys):
    def broken(setting):
        raise FileNotFoundError(2, "No such file or directory", "litellm")

    def sound(setting):
        return {"memory": Measurement(1.0, proof="one is one")}

    monkeypatch.setattr(benchmarks, "measures_for", lambda goals: [(("one-shot",), broken), (("memory",), sound)])
    code, figures = figures_of(capsys)
    assert code == 1
    assert figures["one-shot"]["verdict"] == "wrong"
    assert "could not be measured: FileNotFoundError" in figures["one-shot"]["reason"]
    assert figures["memory"]["verdict"] == "met"


def test_a_section_can_be_asked_for_by_its_name(capsys):
    assert benchmarks.main(["--only", "laboratory", "--list"]) == 0
    assert "one-shot" in capsys.readouterr().out


def test_a_peer_that_is_not_installed_is_named():
    with pytest.raises(Unavailable, match=r"no_such_peer.*synqc\[bench\]"):
        import_peer("no_such_peer")


def test_turns_give_a_ratio_of_what_ran_under_one_load():
    times = interleaved({"one": lambda: sum(range(2000)), "ten": lambda: sum(range(20000))}, repetitions=5)
    assert len(times["one"].per_call) == 5
    assert times["one"].best <= times["one"].median
    assert ratio(times["ten"], times["one"]) > 3


def test_an_unknown_figure_is_refused(capsys):
    assert benchmarks.main(["--only", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_list_measures_nothing(capsys):
    assert benchmarks.main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(read_goals())


@pytest.mark.parametrize("name", ["one-shot", "mesolve", "import", "linear", "single-flight", "disk-get"])
def test_a_quick_figure_has_a_right_answer(capsys, name):
    code, figures = figures_of(capsys, "--only", name)
    assert code == 0, figures
    for figure in figures.values():
        assert figure["verdict"] in ("met", "missed", "shown", "unavailable"), figure
        if figure["verdict"] == "unavailable":
            assert "synqc[bench]" in figure["reason"], figure  # a peer that the tests do not install
        else:
            assert figure["value"] > 0


def test_equations_written_apart_give_the_engines_mean_fidelity(seed):
    from synqc.benchmarks.laboratory.shot_model import shot_models

    experiment = Experiment(envelope="drag", probe_strength=0.5)
    run = experiment.run(200_000, seed=seed)
    for model, qubit in zip(shot_models(experiment), run.history[-1].qubits, strict=True):
        distance = abs(qubit.fidelity.value - model.exact_fidelity) / qubit.fidelity.standard_error
        assert distance < 5, f"seed {seed}: {distance} standard errors"


def test_smesolve_steps_are_measured_beside_qutip():
    pytest.importorskip("qutip")
    from synqc.benchmarks.laboratory.trajectory_steps import measure_steps

    assert measure_steps(QUICK)["qubit-step-vs-qutip"].value > 1


def test_kernels_need_their_programs(tmp_path):
    from synqc.benchmarks.laboratory.kernels import measure_normals

    with pytest.raises(Unavailable, match="--kernels"):
        measure_normals(QUICK)
    with pytest.raises(Unavailable, match="random_perf"):
        measure_normals(Setting(kernels=tmp_path))


def kernel_program(folder, words):
    program = folder / "random_perf"
    program.write_text(f"#!/bin/sh\n{words}\n")
    program.chmod(0o755)


def test_every_kernel_is_shown_beside_the_goal_in_its_source(tmp_path, capsys):
    rows = [
        '{"name": "normals [v3]", "value": 2.5, "unit": "ns per normal", "goal": 3, "met": true}',
        '{"name": "exponential", "value": 0.4, "unit": "ns per exponential", "goal": null, "met": null}',
    ]
    kernel_program(tmp_path, "\n".join(f"echo '{row}'" for row in rows))
    code, figures = figures_of(capsys, "--kernels", str(tmp_path), "--only", "kernels")
    assert code == 0
    assert {
        key: (figure["value"], figure["goal"], figure["unit"], figure["verdict"]) for key, figure in figures.items()
    } == {
        "normals [v3]": (2.5, 3, "ns", "met"),
        "exponential": (0.4, None, "ns", "shown"),
    }
    assert figures["normals [v3]"]["words"] == "kernel of random, per normal"


def test_kernels_with_a_wrong_answer_fail_the_command(tmp_path, capsys):
    kernel_program(tmp_path, "echo 'value 1 differs from 2' >&2; exit 1")
    code, figures = figures_of(capsys, "--kernels", str(tmp_path), "--only", "kernels")
    assert code == 1
    assert "value 1 differs from 2" in figures["random"]["reason"]
    assert benchmarks.main(["--kernels", str(tmp_path / "nowhere"), "--only", "kernels"]) == 2


def test_kernel_programs_are_read_as_lines_of_json(tmp_path):
    from synqc import _core
    from synqc.benchmarks.laboratory.kernels import measure_normals

    level = _core.build_info()["simd_level"]
    row = {
        "name": f"philox_normals_4096_shots [{level}]",
        "value": 2.5,
        "unit": "ns per normal",
        "goal": 3,
        "met": True,
    }
    program = tmp_path / "random_perf"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(row)}'\n")
    program.chmod(0o755)
    assert measure_normals(Setting(kernels=tmp_path))["normals"].value == 2.5


def test_synqc_bench_is_a_command():
    import sys

    answer = subprocess.run(
        [sys.executable, "-m", "synqc", "bench", "--list"], capture_output=True, text=True, check=True
    )
    assert "one-shot" in answer.stdout
