"""`synqc fir`: what a stranger reads, what a program reads, and refusals of one line."""

import json

import pytest

from synqc.apps.fir.knowledge.facts import DESCRIPTION_LABEL, bns_2023
from synqc.cli import main
from synqc.llm import TokenLogprobs
from synqc.llm.completion import Completion, Spent

COMPLAINTS = """[[complaints]]
sections = [304]
english = "Two men on a motorcycle snatched my chain."
hindi = "चेन छीनकर भागे।"
"""


class YesSayer:
    """Says YES to everything, more surely to snatching."""

    name, is_local, most_at_once, closed = "yes-sayer", True, 2, False

    async def acomplete(self, request, **_):
        return self.complete(request)

    def complete(self, request, **_):
        low = -0.001 if "\n\nSnatching. " in request.messages[-1].content else -0.1
        pairs = (("YES", low), ("NO", -7.0 if low > -0.01 else -2.4))
        return Completion("YES", "YES", "m", "stop", Spent(1), logprobs=(TokenLogprobs("YES", low, pairs),))

    def close(self):
        self.closed = True


def asked(monkeypatch, provider, *, is_here=False):
    """Whatever model is named, `provider` answers."""
    answers = "synqc.cli.fir.evaluating.provider_of"
    monkeypatch.setattr(answers, lambda arguments, **_: (provider, arguments.model, is_here))


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Run the command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["fir", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def complaints(tmp_path):
    (tmp_path / "complaints.toml").write_text(COMPLAINTS, "utf-8")
    return tmp_path / "complaints.toml"


def test_search_names_sections_and_repealed_citations(call):
    code, out, err = call("search", "चेन छीनकर भागे, धारा 379 भादवि", "--most", 2)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["303", "304"]
    assert out.splitlines()[-1].startswith("Section 379 of the Indian Penal Code, 1860, is repealed")
    assert err == "vectors: no embedder is configured.\n"


def test_search_as_json_says_whose_words_texts_are(call):
    code, out, _ = call("search", "chain snatched", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["hits"][0]["text_is"] == DESCRIPTION_LABEL
    assert document["engines"][1] == {"name": "vectors", "hits": 0, "note": "no embedder is configured"}


def test_what_matches_nothing_is_said(call):
    assert call("search", "xyzzy")[:2] == (0, "Nothing matches.\n")


def test_section_shows_facts_and_no_statute_before_an_import(call):
    code, out, _ = call("section", 303)
    assert code == 0
    assert DESCRIPTION_LABEL in out
    assert "Copies of the First Schedule disagree on cognizable of 303(2): look it up." in out
    assert "Statute (" not in out
    assert json.loads(call("section", 303, "--json")[1])["statute"] is None


def test_imported_statute_is_shown_with_its_version(call, tmp_path):
    rows = [
        {"section": number, "title": one.title, "text": f"The words of section number {number}."}
        for number, one in bns_2023().items()
    ]
    (tmp_path / "law.json").write_text(json.dumps(rows))
    code, out, err = call("import", "law.json", "--check-only")
    assert (code, err) == (0, "")
    assert out.endswith("Nothing was kept.\n")
    assert not (tmp_path / "kb").exists()
    code, out, _ = call("import", "law.json")
    assert code == 0
    version = out.split("version ")[1].split()[0]
    assert f"Statute ({version}, from law.json):\nThe words of section number 303.\n" in call("section", 303)[1]


def test_evaluation_of_the_search(call, complaints):
    code, out, _ = call("evaluate", complaints, "--json")
    document = json.loads(out)
    assert code == 0
    assert [one["best_found"]["count"] for one in document["search"]] == [1, 1]
    assert document["checks"] == []


def test_evaluation_of_a_calibrated_model(call, complaints, monkeypatch, tmp_path):
    provider = YesSayer()
    asked(monkeypatch, provider)
    code, out, _ = call(
        "evaluate", complaints, "--model", "m", "--calibrate-on", complaints, "--calibration", tmp_path / "fitted.json",
        "--error-rate", "0.3", "--json",
    )  # fmt: skip
    fresh = json.loads(out)["checks"][0]
    assert code == 0
    assert (fresh["calibrated"], fresh["precision"]["count"], fresh["precision"]["of"]) == (True, 1, 1)
    assert provider.closed
    code, out, _ = call(
        "evaluate",
        complaints,
        "--model",
        "m",
        "--calibration",
        tmp_path / "fitted.json",
        "--error-rate",
        "0.3",
        "--json",
    )
    assert json.loads(out)["checks"][0] == fresh


def test_uncalibrated_model_is_told_as_such(call, complaints, monkeypatch):
    asked(monkeypatch, YesSayer(), is_here=True)
    code, out, told = call("evaluate", complaints, "--model", "m")
    assert code == 0
    assert "more capable" in told
    assert "Checks of m (not calibrated), hindi:" in out
    assert "unknown" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["section", 400], "has sections 1 to 358, but no section 400"),
        (["search", "theft", "--most", 0], "`most` must be a whole number from 1 to 500, but is 0"),
        (["search", "theft", "--records", "nowhere"], "must be a file of records, or a folder"),
        (["import", "law.docx"], "must end in one of"),
        (["evaluate", "nowhere.toml"], "must be a file of complaints"),
        (["evaluate", "complaints.toml", "--url", "http://127.0.0.1:9/v1"], "give --model, too"),
        (
            ["evaluate", "x.toml", "--model", "m", "--calibrate-on", "x.toml", "--calibration", "nowhere/fitted.json"],
            "The folder of nowhere/fitted.json does not exist",
        ),
    ],
)
def test_refusals_are_one_line(call, complaints, arguments, told):
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("synqc: error: ")
    assert err.count("\n") == 1
