"""`synqc text dedup`: kept lines as they were, a report, exit codes."""

import json

import pytest

from synqc.cli import main


@pytest.fixture
def call(capsysbinary):
    """Run the command line: exit code, stdout, stderr."""

    def run(*arguments):
        code = main(["text", "dedup", *map(str, arguments)])
        captured = capsysbinary.readouterr()
        return code, captured.out, captured.err.decode()

    return run


def test_kept_lines_are_written_as_they_were(call, tmp_path):
    rows = tmp_path / "rows.txt"
    rows.write_bytes(b"One  fine row\r\nanother \xff\xfe\none fine ROW\n\n\n")
    code, out, err = call(rows)
    assert (code, out) == (0, b"One  fine row\nanother \xff\xfe\n\n")
    assert err == "5 rows: 3 kept, 2 repeats of rows, 0 repeats of sources.\n"


def test_json_lines_are_compared_by_their_key_and_reported(call, tmp_path):
    rows, more, exam = tmp_path / "rows.jsonl", tmp_path / "more.jsonl", tmp_path / "exam.jsonl"
    rows.write_text('{"q": "Add 12 to 30.", "id": 1}\n\n{"id":2,"q":"Name a prime."}\n')
    more.write_text('{"q": "name a PRIME.", "id": 3}\n')
    exam.write_text('"Add 1 to 2."\n')
    kept, report = tmp_path / "kept.jsonl", tmp_path / "report.json"
    code, out, err = call(
        rows, more, "--key", "q", "--against", f"exam={exam}", "--output", kept, "--report", report, "--quiet"
    )
    assert (code, out, err) == (0, b"", "")
    assert kept.read_text() == '{"id":2,"q":"Name a prime."}\n'
    document = json.loads(report.read_text())
    assert (document["rows"], document["kept"], document["repeats_of_sources"]) == (3, 1, {"exam": 1})
    assert [(match["row"], match["source"], match["of"]) for match in document["duplicates"]] == [
        (0, "exam", 0),
        (2, None, 1),
    ]
    code, out, _ = call(rows, "--key", "q", "--json", "--check", "--against", f"exam={exam}")
    assert code == 1
    assert json.loads(out)["kept"] == 1
    code, _, _ = call(rows, "--key", "q", "--check")
    assert code == 0


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ("[1", (), "rows.jsonl:1 must be a JSON value"),
        ('"a"\n7', (), "rows.jsonl:2 must be a text or an object with a text under 'text' (--key), but is a int"),
        ('{"b": "c"}', (), "under 'text' (--key), but has 'b'"),
        ('"a"', ("--threshold", "3"), "`threshold` must be between 0.2 and 1, but is 3.0"),
        ('"a"', ("--against", "exam"), "`--against` must be NAME=FILE, but is exam"),
        ('"a"', ("--against", "exam=/nowhere.txt"), "/nowhere.txt: No such file"),
        ('"a"', ("--width", "99"), "`width` must be between 1 and 32, but is 99"),
        ('"a"', ("--output", "/nowhere/at/all"), "The folder of /nowhere/at/all does not exist"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(call, tmp_path, content, arguments, words):
    rows = tmp_path / "rows.jsonl"
    rows.write_text(content)
    code, out, err = call(rows, *arguments)
    assert (code, out) == (2, b"")
    assert words in err
    assert err.count("\n") == 1


def test_a_file_is_not_written_over_while_it_is_read(call, tmp_path):
    rows = tmp_path / "rows.txt"
    rows.write_text("a\n")
    code, _, err = call(rows, "--output", rows)
    assert code == 2
    assert "is one of the files to be read" in err
    assert rows.read_text() == "a\n"
