"""`synqc measure`: verdicts as exit codes, one document for programs."""

import json
import sys
import types

import pytest

from synqc.cli import main
from synqc.measure.null_server import null_server

QUICK = f"{sys.executable} -S -c pass"


@pytest.fixture
def call(capsys):
    """Run the command line: exit code, stdout, stderr."""

    def run(*arguments):
        code = main(["measure", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def things(monkeypatch):
    """A module of functions to be measured."""
    module = types.ModuleType("measured_things")
    kept = []
    module.short = lambda: sum(range(100))
    module.long = lambda: sum(range(10_000))
    module.leaky = lambda: kept.append([object() for _ in range(200)])
    module.number = 7
    monkeypatch.setitem(sys.modules, "measured_things", module)
    return module


def test_a_comparison_ends_with_its_verdict(call, things):
    code, out, err = call("compare", "measured_things:short", "measured_things:long", "--json", "--seed", 3)
    assert (code, err) == (1, "")
    document = json.loads(out)
    assert document["verdict"] == "slower"
    assert document["seed"] == 3
    code, out, _ = call("compare", "measured_things:long", "measured_things:short")
    assert code == 0
    assert "b is faster than a" in out


def test_too_few_pairs_are_inconclusive(call, things):
    code, out, _ = call("compare", "measured_things:short", "measured_things:short", "--pairs", 2)
    assert code == 3
    assert "inconclusive" in out


def test_what_fails_measured_nothing(call):
    code, out, err = call("compare", QUICK, f"{sys.executable} -c 'raise SystemExit(5)'")
    assert (code, out) == (4, "")
    assert "ended with exit code 5" in err
    assert call("load", "http://127.0.0.1:9/", "--rate", 20, "--seconds", 0.1)[0] == 4


def test_baselines_are_recorded_listed_and_judged(call, things, tmp_path):
    file = ("--file", tmp_path / "runs.json")
    assert call("baseline", "list", *file)[:2] == (0, "No baselines.\n")
    code, out, err = call("baseline", "record", "short", "measured_things:short", "--turns", 9, *file)
    assert (code, err) == (0, "")
    assert "times the reference work; 1 runs." in out
    code, out, _ = call("baseline", "check", "short", "measured_things:short", "--turns", 9, *file)
    assert code == 3
    assert "5 runs of this machine are needed" in out
    assert "short" in call("baseline", "list", *file)[1]


def test_an_outlier_is_refused_in_the_words_of_the_command_line(call, things, tmp_path):
    file = ("--file", tmp_path / "runs.json")
    call("baseline", "record", "x", "measured_things:short", "--turns", 9, *file)
    stored = json.loads((tmp_path / "runs.json").read_text())
    stored["runs"]["x"] = 4 * [{**stored["runs"]["x"][0], "relative": 1e6}]
    (tmp_path / "runs.json").write_text(json.dumps(stored))
    code, _, err = call("baseline", "record", "x", "measured_things:short", "--turns", 9, *file)
    assert code == 2
    assert "`--even-if-outlier`" in err
    assert call("baseline", "record", "x", "measured_things:short", "--turns", 9, "--even-if-outlier", *file)[0] == 0


def test_a_leak_is_found_by_name(call, things):
    short = ("--cycles", 20, "--blocks", 12, "--warm-blocks", 2)
    code, out, _ = call("leak", "measured_things:leaky", *short)
    assert code == 1
    assert out.startswith("leak: ")


def test_a_load_is_a_document(call, tmp_path):
    body = tmp_path / "body.json"
    body.write_text("{}")
    with null_server() as url:
        code, out, err = call(
            "load", url, "--rate", 50, "--seconds", 0.3, "--arrivals", "even", "--closed", 1, "--body", f"@{body}",
            "--header", "x-key: 7", "--json",
        )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["open"]["answered"] == 15
    assert document["closed"]["omitting"] is True
    assert document["open"]["floor"]["answered"] == 15


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("compare", "no_such_module:x", QUICK), "must be module:function, but cannot be found"),
        (("compare", "measured_things:number", QUICK), "must be a function, but is a int"),
        (("load", "http://x/", "--rate", "1", "--header", "x"), "`--header` must be NAME:VALUE"),
        (("load", "http://x/"), "--rate"),
    ],
)
def test_wrong_words_are_refused(call, things, arguments, words):
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
