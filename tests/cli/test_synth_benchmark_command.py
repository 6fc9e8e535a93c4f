"""`synqc synth benchmark`, `analyze` and `report`: the flags of the original, reports, exit codes."""

import json
import pstats
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps" / "synth"))

from model_rows import RowModel
from scripted_server import ScriptedServer, refusal

from synqc.cli import main

QUICK = ("--iterations", 2, "--concurrency", 2, "--warmup", 0, "-m", "openai:m-1")


@pytest.fixture
def server(monkeypatch):
    started = ScriptedServer()
    started.otherwise = RowModel()
    monkeypatch.setenv("OPENAI_BASE_URL", started.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("SYNQC_LOCAL_MODEL", "none")
    yield started
    started.stop()


@pytest.fixture
def call(capsys, tmp_path, monkeypatch, server):
    """Run the command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["synth", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_one_suite_is_run_and_written_in_three_forms(call, tmp_path):
    code, out, err = call("benchmark", "--suite", "cache", "--output", "reports", *QUICK)
    assert (code, err.count("written to")) == (0, 3)
    assert "Cache Test" in out
    assert "not judged: p99LatencyMs: insufficient data, 2 requests of at least 100." in out
    assert {file.name for file in (tmp_path / "reports").iterdir()} == {
        "performance-report.md", "performance-report.html", "performance-data.json",
    }  # fmt: skip
    document = json.loads((tmp_path / "reports" / "performance-data.json").read_text())
    assert document["evidence"]["stageSeconds"]["generation"] > 0


def test_stored_results_are_analyzed_and_reported_again(call, tmp_path):
    call("benchmark", "--suite", "cache", "--output", "data.json", *QUICK)
    code, out, _ = call("analyze", "data.json", "--threshold", "maxMemoryMB=1")
    assert code == 0
    assert "critical: large cache, leak, or buffering" in out
    assert json.loads(call("analyze", "data.json", "--json")[1])["insufficient"]
    assert call("report", "data.json", "--output", "again.md")[0] == 0
    assert "## Cache Test: pass" in (tmp_path / "again.md").read_text()
    assert call("report", "data.json", "--output", "again.html")[0] == 0
    assert "<svg" in (tmp_path / "again.html").read_text()


def test_s23_the_gate_ends_with_a_regression_or_too_little(call, tmp_path):
    """The original's rating could not fail its process, which always ended with 0."""
    code, _, err = call("benchmark", "--ci", "--suite", "latency", "--threshold", "maxMemoryMB=1", *QUICK)
    assert code == 1
    assert "the limit 1." in err
    assert (tmp_path / "benchmarks" / "performance-report.md").exists()
    code, _, _ = call("benchmark", "--ci", "--suite", "latency", "--threshold", "maxMemoryMB=100000", *QUICK)
    assert code == 0
    assert len(json.loads((tmp_path / "benchmarks" / "performance-data.json").read_text())["history"]) == 1


def test_a_model_that_is_away_measured_nothing(call, server):
    server.otherwise = refusal(401)
    code, out, _ = call("benchmark", "--suite", "throughput", "--json", *QUICK)
    assert code == 4
    assert json.loads(out)["measured"] == 0
    assert call("benchmark", "--ci", "--suite", "throughput", *QUICK)[0] == 4


def test_a_profile_is_written(call, tmp_path):
    assert call("benchmark", "--suite", "cache", "--profile", "run.prof", *QUICK)[0] == 0
    assert pstats.Stats(str(tmp_path / "run.prof")).total_calls > 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("benchmark", "--suite", "speed", *QUICK), "`suite` must be one of All"),
        (("benchmark", "--threshold", "maxMemoryMB", *QUICK), "`--threshold` must be NAME=NUMBER"),
        (("benchmark", "--threshold", "maxMemory=1", *QUICK), "is not known"),
        (("benchmark", "--output", "x.txt", *QUICK), "must end in .md, .json or .html"),
        (("report", "nowhere.json", "--output", "x.md"), "nowhere.json"),
        (("report", "nowhere.json", "--output", "x.pdf"), "must end in .md or .html"),
    ],
)
def test_wrong_words_are_refused(call, arguments, words):
    code, _, err = call(*arguments)
    assert code == 2
    assert words in err
