"""`synqc synth`: the flags of the original, results whole, refusals of one line, and no key on any screen."""

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps" / "synth"))

from model_rows import SCHEMA, RowModel
from scripted_server import ScriptedServer

from synqc import generate
from synqc.apps.synth.configured_rows import ConfiguredRows
from synqc.cli import main
from synqc.generate._documents import Configuration, value_from
from synqc.storage import StorageUnavailable

KEY = "sk-never-to-be-seen-0123456789"


@pytest.fixture
def server(monkeypatch):
    started = ScriptedServer()
    started.otherwise = RowModel()
    for name in ("GEMINI_API_KEY", "OPENROUTER_API_KEY", "OLLAMA_HOST", "SYNQC_SYNTH_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", started.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("SYNQC_LOCAL_MODEL", "none")
    yield started
    started.stop()


@pytest.fixture
def call(capsys, tmp_path, monkeypatch, server):
    """Run the command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))

    def run(*arguments):
        code = main(["synth", *map(str, arguments)])
        captured = capsys.readouterr()
        assert KEY[:6] not in captured.out + captured.err
        return code, captured.out, captured.err

    return run


def test_generate_with_the_flags_of_the_original(call, server):
    code, out, err = call("generate", "-c", 3, "-s", "schema.json", "--seed", 42, "-p", "openai", "-m", "m-1")
    assert (code, json.loads(out)) == (0, [{"name": f"N{k}", "age": k} for k in range(3)])
    assert err.startswith("3 rows by m-1, 1 calls")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "array"])
def test_s21_format_is_that_of_the_output(call, tmp_path, form):
    code, _, _ = call("generate", "-c", 2, "-s", "schema.json", "-m", "openai:m", "--format", form, "-o", "rows.txt",
                      "--card", "card.md")  # fmt: skip
    text = (tmp_path / "rows.txt").read_text()
    read = {
        "json": json.loads, "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
        "csv": lambda text: [{**row, "age": int(row["age"])} for row in csv.DictReader(io.StringIO(text))],
        "array": lambda text: [{"name": name, "age": age} for name, age in json.loads(text)],
    }[form]  # fmt: skip
    assert code == 0
    assert read(text) == [{"name": "N0", "age": 0}, {"name": "N1", "age": 1}]
    assert (tmp_path / "card.md").read_text().startswith("# Data card: 2 rows of structured")


def test_output_ending_says_the_format(call, tmp_path):
    assert call("generate", "-c", 1, "-s", "schema.json", "-m", "openai:m", "-o", "rows.csv")[0] == 0
    assert (tmp_path / "rows.csv").read_bytes() == b"name,age\r\nN0,0\r\n"
    code, _, err = call("generate", "-s", "schema.json", "-m", "openai:m", "-o", "rows.xyz")
    assert (code, ".jsonl" in err) == (2, True)


def test_s21_doctor_shows_no_part_of_a_key(call):
    code, out, _ = call("doctor", "-v")
    assert code == 0
    assert "OPENAI_API_KEY" in out
    assert "set" in out


def test_configurations_are_begun_checked_and_shown(call, tmp_path):
    assert call("init", "-p", "openai")[0] == 0
    code, _, err = call("init", "-p", "openai")
    assert (code, "--force" in err) == (2, True)
    assert call("validate")[0] == 0
    document = json.loads((tmp_path / ".agentic-synth.json").read_text())
    (tmp_path / "mine.yaml").write_text("model: 'openai:m-7'\ncacheTTL: 5\n")
    code, out, err = call("config", "-f", "mine.yaml", "-t")
    assert (code, json.loads(out)["cacheTtlMs"]) == (0, 5)
    assert "openai:m-7" in err
    (tmp_path / "wrong.json").write_text(json.dumps({**document, "cacheTLL": 3}))
    code, _, err = call("validate", "-f", "wrong.json")
    assert code == 2
    assert "did you mean 'cacheTTL'" in err
    assert len(err.splitlines()) == 1


def test_schema_describes_rows_that_there_are(call, tmp_path):
    (tmp_path / "rows.csv").write_text("name,age\nAda,36\nBob,41\n")
    code, out, _ = call("schema", "rows.csv")
    assert code == 0
    assert json.loads(out)["properties"]["age"] == {"type": "integer", "minimum": 36, "maximum": 41}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"a,b\n1,\xe9\n", "UTF-8, but is not at byte 6"), ("x.json", b'["\xff"]', "UTF-8"),
        ("x.jsonl", b'{"a": "\xff"}', "UTF-8"), ("x.csv", b"a,b\n1\n", "2 columns, but line 2 has 1"),
        ("x.csv", b"a,b\n1,2,3\n", "2 columns, but line 2 has 3"), ("x.csv", b"a,a\n1,2\n", "distinct names"),
        ("x.csv", b"", "at least one row"), ("x.csv", b'a\n"' + b"x" * 200_000, "line 2"),
        ("x.json", b'{"a": 1}', "a list of rows"), ("x.jsonl", b"{", "one JSON object per line"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["schema", "like"])
def test_a_file_that_holds_no_rows_is_refused_by_its_place(call, tmp_path, command, name, content, words):
    (tmp_path / name).write_bytes(content)
    arguments = ("schema", name) if command == "schema" else ("generate", "--like", name)
    code, out, err = call(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err or (words == "at least one row" and "`example`" in err)


def test_a_file_may_begin_with_a_mark_and_hold_any_sign(call, tmp_path):
    (tmp_path / "x.csv").write_bytes("\ufeffcity,n\r\nRome,1\r\n\r\nOslo,2\r\n".encode())
    assert json.loads(call("schema", "x.csv")[1])["required"] == ["city", "n"]
    (tmp_path / "x.jsonl").write_text(json.dumps({"a": "x\u2028y\x85z"}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(call("schema", "x.jsonl")[1])["properties"]["a"]["maxLength"] == 5


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_rows_like_those_of_a_file_become_tables(call, tmp_path, server, ending):
    lines = "".join(f"{20 + k % 9},{'free' if k % 3 else 'paid'}\n" for k in range(90))
    (tmp_path / "people.csv").write_text("age,plan\n" + lines + "NaN,free\n")
    output = ("-o", f"rows.{ending}", "--card", "c.md")
    code, _, err = call("generate", "--like", "people.csv", "-c", 40, "--seed", 3, *output)
    assert (code, err.split(" by ")[0]) == (0, f"40 rows in rows.{ending}")
    file = (tmp_path / f"rows.{ending}").read_bytes()
    opened = {"parquet": lambda: pyarrow.parquet.read_table(io.BytesIO(file)),
              "arrow": lambda: pyarrow.ipc.open_stream(file).read_all()}  # fmt: skip
    read = opened[ending]()
    assert (read.num_rows, read.column_names) == (40, ["age", "plan"])
    assert "| age | category |" in (tmp_path / "c.md").read_text()
    assert server.requests == 0


CONFIGURATIONS = {
    "table": {"columns": {"n": {"kind": "sequence"}, "x": {"kind": "number", "bounds": [0, 0.5]}}},
    "time_series": {"series": {"load": {"noise": {"deviation": 1, "arch": [0.2], "garch": [0.7]}}}},
    "event_log": {"transitions": {"visit": {"end": 1}}},
    "documents": {"schema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json", "parquet"])
@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_whole_configuration_is_made_row_by_row(call, tmp_path, kind, ending):
    """As many rows as one likes: none is held; what is written are the generators' own rows."""
    document = {"kind": kind, **CONFIGURATIONS[kind]}
    (tmp_path / "c.json").write_text(json.dumps(document))
    code, _, err = call("generate", "--configuration", "c.json", "-c", 30, "--seed", 3, "-o", f"rows.{ending}")
    assert (code, err.split(" by ")[0]) == (0, f"30 rows in rows.{ending}")
    made = generate.make(value_from(document, Configuration), rows=30, seed=3).to_dicts()
    file = (tmp_path / f"rows.{ending}").read_bytes()
    if ending == "json":
        assert json.loads(file) == made
    elif ending == "jsonl":
        assert [json.loads(line) for line in file.splitlines()] == made
    elif ending == "csv":
        assert [row.keys() for row in csv.DictReader(io.StringIO(file.decode()))] == [row.keys() for row in made]
    else:
        assert pyarrow.parquet.read_table(io.BytesIO(file)).num_rows == 30
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_was_not_finished_leaves_the_old_one(call, tmp_path, monkeypatch):
    (tmp_path / "rows.jsonl").write_text("old\n")
    monkeypatch.setattr(ConfiguredRows, "tables", lambda made, count: broken())

    def broken():
        raise StorageUnavailable("The disk is full.")
        yield

    (tmp_path / "c.json").write_text(json.dumps({"kind": "table", **CONFIGURATIONS["table"]}))
    code, _, err = call("generate", "--configuration", "c.json", "-o", "rows.jsonl")
    assert (code != 0, err.count("disk is full")) == (True, 1)
    assert {path.name: path.read_text() for path in tmp_path.glob("rows*")} == {"rows.jsonl": "old\n"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("generate", "-s", "schema.json", "-m", "openai:m", "--format", "arrow"), "`--output`"),
        (("generate", "-m", "openai:m"), "`schema`"),
        (("generate", "-c", "0", "-s", "schema.json", "-m", "openai:m"), "`count`"),
        (("generate", "-s", "nowhere.json", "-m", "openai:m"), "nowhere.json"),
        (("generate", "-s", "schema.json", "--option", "interval"), "NAME=JSON"),
        (("generate", "-s", "schema.json", "-p", "gemini", "-m", "x"), "GEMINI_API_KEY"),
        (("generate", "tables"), "structured"),
        (("generate", "-s", "schema.json", "-p", "gemni", "-m", "x"), "Did you mean 'gemini'?"),
        (("generate", "-s", "schema.json", "-p", "gemni"), "Did you mean 'gemini'?"),
    ],
)
def test_refusals_are_one_line(call, arguments, words):
    code, out, err = call(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err
