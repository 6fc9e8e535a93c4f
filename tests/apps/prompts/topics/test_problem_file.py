"""Files of problems: four forms with one content, errors by row, and whatever is no such file is refused in words."""

import io
import json
import random

import pyarrow
import pyarrow.parquet
import pytest

from synqc.apps.prompts.topics import read_problems
from synqc.errors import DocumentError, InputError

ROWS = [
    {
        "problem": 'Find x, if 2x = "4".\nAlways.',
        "answer": "2",
        "solution": "Halve.",
        "source_id": "a-1",
        "tags": ["AIME", "2020"],
    },
    {"problem": "प्रश्न: ½ + ½?", "answer": "1"},
]


def _csv(rows):
    import csv

    text = io.StringIO()
    writer = csv.DictWriter(text, ["problem", "answer", "solution", "source_id", "tags"])
    writer.writeheader()
    writer.writerows({**row, "tags": ";".join(row.get("tags", []))} for row in rows)
    return text.getvalue().encode()


def _parquet(rows):
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


BODIES = {
    "json": json.dumps(ROWS).encode(),
    "jsonl": "\n".join(map(json.dumps, ROWS)).encode(),
    "csv": _csv(ROWS),
    "parquet": _parquet(ROWS),
}


@pytest.mark.parametrize("form", BODIES)
def test_four_forms_say_the_same(form, tmp_path):
    (tmp_path / f"exam.{form}").write_bytes(BODIES[form])
    for found in (
        read_problems(BODIES[form], name=f"upload.{form.upper()}"),
        read_problems(BODIES[form], format=form),
        read_problems(tmp_path / f"exam.{form}"),
    ):
        assert found.errors == ()
        assert found.format == form
        assert [one.problem for one in found.problems] == [row["problem"] for row in ROWS]
        assert [one.answer for one in found.problems] == ["2", "1"]
        assert found.problems[0].source_id == "a-1"
        assert found.problems[0].tags == ("AIME", "2020")
        assert found.problems[1].tags == ()


def test_other_words_for_a_problem_are_understood():
    body = json.dumps({"data": [{"Question": "1 + 1?", "final_answer": 2, "id": 7}, "Find x."]}).encode()
    found = read_problems(body, format="json").problems
    assert [(one.problem, one.answer, one.source_id) for one in found] == [("1 + 1?", "2", "7"), ("Find x.", "", "")]


def test_a_bad_row_is_named_and_the_others_are_kept():
    lines = ['{"problem": "a"}', "{nonsense", '{"answer": "1"}', "[1]", '{"problem": 5}', "", '"b"']
    found = read_problems("\n".join(lines).encode(), format="jsonl")
    assert [one.problem for one in found.problems] == ["a", "b"]
    assert [error.row for error in found.errors] == [2, 3, 4, 5]
    assert "It is no JSON" in found.errors[0].words
    assert found.errors[1].words == "It has no `problem`, but answer."
    assert found.errors[2].words == "It must be a text or an object, but is list."
    assert "`problem`" in found.errors[3].words
    assert found.refused == 4


def test_short_records_of_csv_are_errors_of_their_row():
    found = read_problems(b"problem,answer\r\na,1\r\nb\r\nc,3\r\n", format="csv")
    assert [one.problem for one in found.problems] == ["a", "c"]
    assert found.errors[0].row == 2
    assert "1 cells, but there are 2 columns" in found.errors[0].words


def test_errors_are_counted_beyond_those_that_are_told():
    found = read_problems(b"{}\n" * 500, format="jsonl")
    assert (len(found.errors), found.refused) == (100, 500)


@pytest.mark.parametrize(
    ("body", "form", "kind", "words"),
    [
        (b"{", "json", DocumentError, "must"),
        (b"5", "json", DocumentError, "must be a list, but is int"),
        (b'{"a": [], "b": []}', "json", DocumentError, "an object that holds one list"),
        (b"[" * 100_000, "json", DocumentError, "must"),
        (b"a,b\n1,2\n", "csv", DocumentError, "must have a column `problem`, but has a, b"),
        (b"problem\n\xff\n", "csv", DocumentError, "must be UTF-8, but byte 8 is not"),
        (b'problem\n"a\n', "csv", DocumentError, "must be CSV, but is not"),
        (b"PAR1nonsense", "parquet", DocumentError, "must be Parquet, but cannot be read"),
        (b"", "parquet", DocumentError, "must be Parquet, but cannot be read"),
        (_parquet([{"other": 1}]), "parquet", DocumentError, "must have a column `problem`, but has other"),
        (b"x", "xlsx", InputError, "must be of json, jsonl, csv, parquet by its suffix or `format`, but is of 'xlsx'"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(body, form, kind, words):
    with pytest.raises(kind, match=words):
        read_problems(body, format=form)


def test_sizes_are_bounded(tmp_path):
    with pytest.raises(InputError, match="at most 3 bytes, but has more"):
        read_problems(b'["a"]', format="json", most_bytes=3)
    (tmp_path / "a.json").write_bytes(b'["a"]')
    with pytest.raises(InputError, match="at most 3 bytes, but has more"):
        read_problems(tmp_path / "a.json", most_bytes=3)
    for form in ("json", "jsonl", "csv", "parquet"):
        with pytest.raises(InputError, match="at most 1 rows, but has"):
            read_problems(BODIES[form], format=form, most_rows=1)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DocumentError, match=r"must be readable, but .*none.json' is not: No such file"):
        read_problems(tmp_path / "none.json")


def test_damaged_uploads_never_raise_anything_else(seed):
    generator = random.Random(seed)
    for form, body in BODIES.items():
        for _ in range(150):
            damaged = bytearray(body)
            for _ in range(generator.randint(1, 6)):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            try:
                read_problems(bytes(damaged), format=form)
            except (InputError, DocumentError):
                continue
            except Exception as error:
                raise AssertionError((seed, form)) from error
