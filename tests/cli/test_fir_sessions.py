"""`synqc fir` from a complaint to a sealed report: what a person reads, what a program reads, and exit codes."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "service" / "fir"))

from fir_service import COMPLAINT, REQUIRED_FIELDS, WritingServer

from synqc.cli import main
from synqc.cli.fir.gate_clients import LedSession, RunFailed
from synqc.cli.fir.measured_runs import STEPS, Tokens, measure_run, measure_runs, results_document
from synqc.cli.fir.performance import step_table
from synqc.llm.completion import Spent


@pytest.fixture(scope="module")
def model():
    server = WritingServer()
    yield server
    server.stop()


@pytest.fixture
def call(model, tmp_path, monkeypatch, capsys):
    """Run the command line on a database of the test's: exit code, stdout, stderr."""
    for name in [*os.environ]:
        if name.startswith(("SYNQC_", "OPENAI_", "OLLAMA_")):
            monkeypatch.delenv(name)
    settings = {
        "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k", "SYNQC_STATE_DIR": str(tmp_path / "state"),
        "SYNQC_LOCAL_MODEL": "none", "SYNQC_FIR_ASR_URL": "none", "SYNQC_FIR_OCR_URL": "none",
        "SYNQC_FIR_OFFICER": "SI Meera Rao",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = main(["fir", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def shown(call, session):
    code, out, err = call("show", session, "--json")
    assert code == 0, err
    return json.loads(out)


def led(call, session, until="final_review"):
    while (gate := shown(call, session))["step"] != until:
        code, _, err = call("answer", session, "accept", "--token", gate["token"])
        assert code == 0, err
    return gate


def begun(call):
    code, out, _ = call("new", COMPLAINT)
    assert code == 0
    assert "transcript_review: shown" in out
    (row,) = json.loads(call("list", "--json")[1])
    return row["session_id"]


def test_a_complaint_goes_to_a_sealed_report_that_is_verified_and_audited(call, tmp_path, model):
    session = begun(call)
    gate = led(call, session[:8], "summary_review")
    (tmp_path / "summary.txt").write_text("चेन छीनी गई। {{7*7}}", "utf-8")
    code, out, err = call(
        "answer", session[:8], "edit", "--content", "summary.txt", "--accept", "--token", gate["token"][:8]
    )
    assert (code, err) == (0, "The next gate is being made.\n")
    assert "in        yes     304 Snatching" in out
    assert "चेन छीनी गई। {{7*7}}" in model.of("check")[-1]
    led(call, session)
    code, out, _ = call("state", session, *(f"{name}={value}" for name, value in REQUIRED_FIELDS.items()))
    assert code == 0
    gate = shown(call, session)
    assert gate["content"]["obstacles"] == []
    assert call("answer", session, "accept", "--token", gate["token"])[0] == 0
    code, out, _ = call("file", session, "--json")
    assert code == 0
    seal = json.loads(out)
    assert call("file", session)[0] == 2  # once
    for form in ("pdf", "docx"):
        assert call("export", seal["number"], "--form", form, "--output", f"report.{form}")[0] == 0
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    assert call("verify", seal["number"], "report.pdf") == (0, "genuine (pdf)\n", "")
    (tmp_path / "report.pdf").write_bytes((tmp_path / "report.pdf").read_bytes() + b" ")
    assert call("verify", seal["number"], "report.pdf")[:2] == (1, "different\n")
    assert call("verify", seal["number"], seal["files"]["docx"])[:2] == (0, "genuine (docx)\n")
    assert call("audit", session)[1].startswith("Whole: ")
    assert call("export", session, "--output", "history.jsonl")[0] == 0
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) > 10
    (report,) = json.loads(call("list", "--reports", "--json")[1])
    assert (report["number"], report["status"]) == (seal["number"], "filed")


def test_answers_are_of_what_was_shown_and_of_nothing_else(call):
    session = begun(call)
    token = shown(call, session)["token"]
    assert "must have at least 8 digits" in call("answer", session, "accept", "--token", token[:7])[2]
    assert "must be of what is there now" in call("answer", session, "accept", "--token", "0" * 8)[2]
    assert "must say why" in call("answer", session, "reject", "--token", token)[2]
    assert "must be given for an edit" in call("answer", session, "edit", "--token", token)[2]
    code, out, _ = call("answer", session, "reject", "--token", token, "--note", "It is another's.")
    assert (code, out.splitlines()[0].partition(". Token")[0]) == (0, f"Session {session}, transcript_review: rejected")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("new",), "Exactly one of TEXT, --audio and --image must be given, but 0 are."),
        (("new", "stolen"), "must have 10 to 50,000 characters, but has 6."),
        (("new", "--image", "page.png"), "The picture must be JPEG or PNG, but begins with b'<svg/>'."),
        (("new", "--audio", "nowhere.wav"), "nowhere.wav: No such file or directory."),
        (("show", "abcd"), "Argument SESSION must be an id, or at least 4 first digits of one session"),
        (("state", "0a1b2c3d-0000-4000-8000-000000000000", "name"), "must have an equals sign, but is 'name'."),
        (("verify", "FIR-0a1b2c3d-20261130101010", "f" * 64), "There is no"),
        (("performance", "--runs", "0"), "Option --runs must be from 1 to 10,000, but is 0."),
        (("performance", "--url", "nowhere"), "must look like http://127.0.0.1:8000/fir, but is 'nowhere'."),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_one_line(call, tmp_path, words, refusal):
    (tmp_path / "page.png").write_bytes(b"<svg/>")
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert refusal in err
    assert err.count("\n") == 1


def test_a_picture_that_nothing_reads_leaves_a_gate_that_says_what_would_help(call, tmp_path):
    sys.path.insert(0, str(Path(__file__).parents[1] / "apps" / "fir" / "input"))
    from media_doubles import png

    (tmp_path / "page.png").write_bytes(png())
    code, out, _ = call("new", "--image", "page.png")
    assert code == 0
    assert "No pictures are taken here: type the complaint. Pictures are switched off." in out


def test_performance_prints_the_originals_banner_and_writes_its_members(call, tmp_path):
    code, out, err = call("performance", "--text", COMPLAINT)
    assert (code, err) == (0, "Results are in performance_test_results.json.\n")
    for words in (
        "PERFORMANCE TEST RESULTS",
        "Target:     under 30.00 s",
        "Status:     PASS",
        "Step 6 of 6: completion",
    ):
        assert words in out
    document = json.loads((tmp_path / "performance_test_results.json").read_text())
    assert list(document) == ["total_time", "steps", "success", "error"]
    assert list(document["steps"]) == [
        "process", "transcript_validation", "summary_validation", "violations_validation", "narrative_validation",
        "final_review",
    ]  # fmt: skip
    assert document["success"] is True


def test_performance_of_several_at_once_ends_with_1_where_one_is_too_slow(call):
    code, out, _ = call("performance", "--runs", 3, "--concurrent", 3, "--target", 0.001, "--output", "none", "--json")
    document = json.loads(out)
    assert code == 1
    assert [run["success"] for run in document["runs"]] == [True] * 3
    assert set(document["percentiles"]) == {"p50", "p95", "p99"}


def test_demo_writes_a_sealed_pdf_and_docx(call, tmp_path):
    code, out, err = call("demo", "--json")
    document = json.loads(out)
    assert (code, document["error"]) == (0, None), err
    assert 0 < document["own_s"] <= document["total_time"]
    counted = document["tokens"]
    assert list(counted) == list(document["steps"])
    assert all(counted["transcript_validation"][kind] > 0 for kind in ("read", "written"))
    assert counted["process"] == counted["final_review"] == {"read": 0, "known": 0, "written": 0}
    names = sorted(path.suffix for path in (tmp_path / "fir_demo").iterdir())
    assert names == [".docx", ".json", ".pdf"]


class Client:
    """Comes to a gate, and no further."""

    def begin(self, text):
        return LedSession("s", "transcript_review")

    def approve(self, session):
        raise RunFailed("summary_review has no result: there is no model.")


def test_tokens_of_each_step_are_those_that_models_had_cost_until_then():
    class Writer:
        spent = Spent()

        def begin(self, text):
            return LedSession("s", "transcript_review")

        def approve(self, session):
            self.spent += Spent(1, 100, 7, cached_prompt_tokens=60)
            return LedSession("s", "final_review", completed=True)

    writer = Writer()
    run = measure_run(writer, COMPLAINT, spent=lambda: writer.spent)
    assert [run.tokens[step.key] for step in STEPS] == [Tokens(0, 0, 0), *[Tokens(40, 60, 7)] * 5]
    assert step_table([run], computes_here=True).splitlines()[-1].split()[-8:-5] == ["200", "300", "35"]


def test_a_run_that_fails_has_the_steps_before_and_the_reason():
    lines = []
    run = measure_run(Client(), COMPLAINT, tell=lines.append)
    assert list(run.steps) == [STEPS[0].key]
    assert run.to_plain()["error"] == "summary_review has no result: there is no model."
    assert lines[-1] == "Failed: summary_review has no result: there is no model."
    assert list(run.processor_s) == list(run.steps)
    told = step_table([run], computes_here=True).splitlines()
    assert "processors s" in told[0]
    assert len(told) == 2 + len(STEPS) + 1
    runs = measure_runs(Client(), COMPLAINT, runs=2, concurrent=2)
    assert "processors s" not in step_table(runs)
    document = results_document(runs)
    assert (document["success"], document["percentiles"], len(document["runs"])) == (False, {}, 2)
