"""What a plan is made of, and the command that shows it."""

import json

import pytest

import synqc
from synqc.cli import main
from synqc.cluster import measure_point, plan_sweep
from synqc.errors import InputError

AXES = {"probe_strength": [k / 40 for k in range(40)]}


@pytest.fixture(scope="module")
def cost():
    return measure_point(synqc.Experiment(qubits=1, levels=2), AXES, shots=10_000_000, measured=2)


def test_a_table_has_a_line_per_number_of_machines(cost):
    from synqc.cli.plan import text_of

    shown = text_of(cost, [plan_sweep(cost, 1000, machines=k, processors=1) for k in (1, 3, 9)])
    assert shown.startswith("1,000 points of ")
    assert [line.split()[0] for line in shown.splitlines()[-3:]] == ["1", "3", "9"]


def test_bad_grids_are_refused():
    with pytest.raises(InputError, match="beauty"):
        measure_point(synqc.Experiment(), {"beauty": [1]})
    with pytest.raises(InputError, match="`measured`"):
        measure_point(synqc.Experiment(), AXES, measured=0)


def test_memory_grows_with_the_points_and_the_processes(cost):
    small, large = plan_sweep(cost, 1000, processes=2), plan_sweep(cost, 1_000_000, processes=6)
    assert large.sweep_bytes == 1000 * small.sweep_bytes
    assert large.machine_bytes == 3 * small.machine_bytes


def test_the_command_shows_a_line_per_number_of_machines(capsys, cost):
    asked = ["plan", "--axis", "probe_strength=0:1:1000", "--shots", "2000", "--measured", "2", "--qubits", "1"]
    assert main([*asked, "--machines", "1,10", "--processes", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["points"] == 1000
    assert [(plan["machines"], plan["processes"]) for plan in document["plans"]] == [(1, 3), (10, 3)]
    assert document["plans"][0]["steady_s"] > document["plans"][1]["steady_s"]
    assert 0 < document["cost"]["service_s"] < cost.service_s  # of more shots
    assert cost.start_s > cost.dispatch_s > 0
    assert cost.worker_bytes > 2**24
    assert main([*asked, "--machines", "none"]) == 2
    assert "`--machines`" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--processes", "--processors"])
def test_a_machine_without_any_is_refused_before_anything_is_measured(option, capsys):
    assert main(["plan", "--axis", "probe_strength=0:1:2", option, "0"]) == 2
    assert f"Argument `{option}` must be a whole number from 1, but is 0." in capsys.readouterr().err
