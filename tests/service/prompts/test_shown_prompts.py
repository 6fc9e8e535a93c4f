"""Where the page of synthetic prompts is, what it may do there, and what it is told of rows."""

import json

import pytest
from fastapi.testclient import TestClient
from prompts_service import asked

from synqc.apps.prompts.settings import PromptsSettings
from synqc.apps.tds.settings import TdsSettings
from synqc.service import create_app
from synqc.service.prompts.mathematics import LONGEST_SHOWN, segments
from synqc.service.settings import ServiceSettings

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}", "\x1b[31mred\x1b[0m", "\u202eesrever",
    "{" * 10_000, "$" * 10_000, r"$\href{javascript:alert(1)}{x}$", r"$\text{</math><script>}$", "$" + "{" * 1500 + "$",
    r"$\begin{pmatrix}1$", r"$\frac$", "a" * (1 << 20), "$x" * 5000, "\ud800", "$" + r"\sqrt{" * 300 + "}" * 300 + "$",
]  # fmt: skip


def parts_of(tree):
    """(tag, attributes) of a tree and all within."""
    tag, attributes, *children = tree
    yield tag, attributes
    for child in children:
        if isinstance(child, list):
            yield from parts_of(child)


class TestAddresses:
    @pytest.fixture
    def beside(self, tmp_path):
        """With TDS at the root."""
        settings = {"state_dir": tmp_path, "local_model": "none"}
        app = create_app(ServiceSettings(), TdsSettings(**settings), PromptsSettings(**settings))
        yield TestClient(app, follow_redirects=False)
        for one in reversed(app.state.applications.values()):
            one.offered.close()

    def test_the_page_is_at_its_name_from_the_root_and_below_its_prefix(self, beside):
        answer = beside.get("/ui/prompts?to=https://elsewhere.example")
        assert (answer.status_code, answer.headers["location"]) == (307, "../prompts/ui")
        page = beside.get("/prompts/ui")
        assert "synthetic prompts" in page.text
        assert "Temporal Dynamics" in beside.get("/ui").text
        for path in ("static/app.js", "shared/base.css"):
            assert beside.get(f"/prompts/ui/{path}").status_code == 200
        assert beside.get("/prompts/ui/static/synthetic_prompts.html").status_code == 404

    def test_browsers_are_sent_to_the_page_and_scripts_are_told_what_this_is(self, shared):
        assert shared.get("/", headers={"accept": "text/html"}).headers["location"] == "ui"
        assert list(shared.get("/").json()) == ["message"]
        assert shared.get("/ui/prompts").headers["location"] == "../ui"

    @pytest.mark.parametrize("path", ["/ui", "/ui/static/app.js", "/ui/shared/base.css"])
    def test_the_page_may_ask_nobody_else_and_run_nothing_of_its_markup(self, shared, path):
        policy = shared.get(path).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


class TestMathematics:
    def test_formulas_become_trees_and_money_stays_text(self):
        found = segments(r"Pay $5 or $6: $\frac{1}{2}$ and \[x^2\] or \(y\).")
        assert [part.get("text", part.get("source")) for part in found] == [
            "Pay $5 or $6: ", r"$\frac{1}{2}$", " and ", r"\[x^2\]", " or ", r"\(y\)", ".",
        ]  # fmt: skip
        assert ("mfrac", {}) in list(parts_of(found[1]["mathematics"]))
        assert found[3]["mathematics"][1] == {"display": "block"}

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_nothing_a_model_writes_is_more_than_words_and_mathematics(self, text):
        found = segments(text)
        json.dumps(found).encode()
        for part in found:
            assert set(part) in ({"text"}, {"source", "mathematics"}, {"omitted"})
            shown = part.get("text", "")
            assert not any((ord(letter) < 32 and letter not in "\n\t") or letter in "\u202e\ud800" for letter in shown)
            for tag, attributes in parts_of(part["mathematics"]) if "mathematics" in part else ():
                assert tag not in ("script", "semantics", "annotation-xml", "maction")
                assert not {"href", "style", "id", "class", "onclick", "src"} & set(attributes)
        assert sum(len(part.get("text", part.get("source", ""))) for part in found) <= LONGEST_SHOWN


class TestRows:
    def test_a_row_has_the_words_of_all_its_models(self, shared):
        found = shared.get("/api/batches/1/rows?status=valid&limit=2").json()
        assert found["has_more"] is True
        row = found["rows"][0]
        assert {call["role"] for call in row["calls"]} >= {"engineer", "checker", "target"}
        assert row["models"]["target"] == "openai:target-1"
        assert row["verdicts"][0]["kind"] == "unequal"
        assert row["may_be_accepted"] is False
        words = [part["text"] for call in row["calls"] if call["step"] == "checker" for part in call["words"]]
        assert words == ["sound: It is sound."]
        ids = [one["id"] for one in shared.get("/api/batches/1/rows").json()["rows"]]
        assert ids == sorted(ids, reverse=True)

    def test_a_repetition_says_of_what_how_nearly_and_where(self, open_service):
        client = open_service(rules={"distinct": 3, "sound": 1.0, "failing": 1.0})
        client.made(asked(6, max_attempts=30, limits={"duplicate_rate": None}))
        (row, *_) = client.get("/api/batches/1/rows?cause=duplicate").json()["rows"]
        match = row["duplicates"][0]
        assert match["of"].startswith("row ")
        assert match["of"].endswith(" of this batch")
        assert match["score"] == 1.0
        ((first, last), *_) = match["spans"]
        assert 0 <= first < last <= len(match["text"])

    def test_filters_of_rows_are_honoured(self, shared):
        every = shared.get("/api/batches/1/rows?limit=500").json()["rows"]
        for cause in {row["cause"] for row in every} - {None}:
            rows = shared.get(f"/api/batches/1/rows?limit=500&cause={cause}").json()["rows"]
            assert [row["id"] for row in rows] == [row["id"] for row in every if row["cause"] == cause]
        assert shared.get("/api/batches/1/rows?status=solved").json() == {"rows": [], "has_more": False}
        assert shared.get("/api/batches/1/rows?cause=boredom").status_code == 422

    def test_progress_says_where_attempts_ended_and_what_they_cost(self, shared):
        found = shared.get("/api/batches/1/progress").json()
        assert sum(one["count"] for one in found["funnel"]) == found["attempted"]
        assert found["cost"]["total_usd"] > 0
        assert found["rate"]["low"] < found["rate"]["value"] < found["rate"]["high"]
        assert (found["has_ended"], found["target"], found["accepted"]) == (True, 4, 4)


class TestWhatModelsWrite:
    def test_no_character_that_acts_reaches_a_page_in_any_member(self, open_service):
        client = open_service(rules={"distinct": 2, "sound": 0.5, "failing": 1.0})
        engineer, checker = client.world.engineer, client.world.checker

        def turn(text):
            document = json.loads(text)
            return json.dumps(
                {name: f"\u202e{said}" if isinstance(said, str) else said for name, said in document.items()}
            )

        client.world.engineer = lambda said, body: turn(engineer(said, body)).replace("\\u202eWhat", "What")
        client.world.checker = lambda said, body: turn(checker(said, body)) if said.startswith("{") else "\u202e1"
        client.world.target = lambda said, body: "\u202e7"
        client.made(asked(3, name="\u202ename", max_attempts=12, limits={"duplicate_rate": None}))
        for path in ("rows?limit=500", "progress"):
            text = client.get(f"/api/batches/1/{path}").text
            assert "\ufffd" in text
            assert "\u202e" not in json.dumps(json.loads(text), ensure_ascii=False)


class TestPreview:
    def test_three_attempts_are_made_and_the_job_is_estimated_by_them(self, open_service):
        client = open_service(rules={"sound": 1.0, "failing": 1.0})
        answer = client.post("/api/preview", json=asked(100))
        assert answer.status_code == 202
        batch = answer.json()["batch_id"]
        client.ended(answer.json()["job_id"])
        found = client.get(f"/api/batches/{batch}/estimate?num_problems=100&max_workers=10").json()
        assert found["attempts"] == 3
        assert found["acceptance_rate"][0] == 1.0
        assert found["attempts_needed"][0] == 100
        assert found["usd"][0] > 0
        assert client.get("/api/batches/").json() == []
        assert client.get(f"/api/batches/{batch}/progress").json()["is_preview"] is True


class TestFiles:
    @pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
    def test_valid_rows_are_exported(self, shared, tmp_path, format):
        answer = shared.get(f"/api/batches/1/export?format={format}")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="batch_1.{format}"'
        problems = {row["question"] for row in shared.get("/api/problems/?batch_id=1&status=valid").json()}
        if format == "jsonl":
            assert {json.loads(line)["problem"] for line in answer.text.splitlines()} == problems
        elif format == "csv":
            assert answer.text.count("\r\n") == 5
        else:
            import pyarrow.parquet as parquet

            file = tmp_path / "rows.parquet"
            file.write_bytes(answer.content)
            assert set(parquet.read_table(file)["problem"].to_pylist()) == problems

    def test_the_data_card_says_how_rows_were_made(self, shared):
        card = shared.get("/api/batches/1/card")
        assert card.headers["content-type"].startswith("text/markdown")
        assert "openai:target-1" in card.text
        assert shared.get("/api/batches/1/card?format=json").json()["rows"]["accepted"] == 4
        assert shared.get("/api/batches/99/export").status_code == 404
        assert shared.get("/api/batches/1/export?format=xlsx").status_code == 422
