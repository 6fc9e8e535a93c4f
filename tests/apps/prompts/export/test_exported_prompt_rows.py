"""Exported files: read back what was written, byte for byte the same for the same rows, in parts."""

import csv
import io
import json
import random

import pyarrow.parquet
import pytest

from synqc.apps.prompts.export import (
    COLUMNS,
    csv_parts,
    exported,
    jsonl_parts,
    parquet_parts,
    write_csv,
    write_jsonl,
    write_parquet,
)
from synqc.errors import InputError

PIECES = [
    "x",
    '"',
    ",",
    "\n",
    "\r\n",
    "\\frac{1}{2}",
    "é",
    "प्रश्न",
    "=1+1",
    "\x00",
    "'",
    "\t",
    "𝑥",
    "{",
    "|",
    "<b>",
    " ",
]


def rows_of(generator, number):
    def text():
        return "".join(generator.choice(PIECES) for _ in range(generator.randint(1, 12)))

    return [
        {
            "id": k, "attempt": k, "subject": text(), "topic": text(), "difficulty": "", "problem": text(),
            "answer": text(),
            "hints": {"10": text(), "2": text(), "0": text()}, "hints_were_corrected": k % 2 == 0, "reference": None,
            "target_answers": [text(), ""], "status": "accepted", "cause": None, "reason": text(), "by_hand": False,
            "verdicts": [{"of": "target", "kind": "unequal", "method": "interval", "confidence": 1.0, "more": 1}],
            "duplicates": [{"source": "batch", "row": 1, "score": 0.9, "containment": 1.0,
            "spans": [[0, 1]], "text": "t"}],
            "usd_micros": generator.choice([None, 12]), "tokens": 40, "created_at": 1.5, "updated_at": 2.5,
        }
        for k in range(number)
    ]  # fmt: skip


@pytest.fixture
def rows(seed):
    return rows_of(random.Random(seed), 40)


def test_json_lines_read_back(rows):
    lines = b"".join(jsonl_parts(rows)).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == [exported(row) for row in rows]
    assert [list(json.loads(line)) for line in lines] == [list(COLUMNS)] * len(rows)


def test_csv_reads_back(rows):
    text = b"".join(csv_parts(rows)).decode()
    assert text.count("\r\n") >= len(rows) + 1
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(found[0]) == list(COLUMNS)
    for row, line in zip(rows, found, strict=True):
        assert line["problem"] == row["problem"]
        assert line["reference"] == ""
        assert line["hints_were_corrected"] == str(row["hints_were_corrected"]).lower()
        assert json.loads(line["hints"]) == exported(row)["hints"]
        assert json.loads(line["target_answers"]) == row["target_answers"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_cell_begins_like_a_formula_if_that_is_asked_for(start):
    row = {"id": 1, "problem": f"{start}cmd|' /C calc'!A0", "answer": f"{start}1", "hints": {"0": start}}
    (_, line) = csv.reader(io.StringIO(b"".join(csv_parts([row], formula_safe=True)).decode(), newline=""))
    assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))]
    (_, plain) = csv.reader(io.StringIO(b"".join(csv_parts([row])).decode(), newline=""))
    assert row["problem"] in plain


def test_parquet_reads_back_with_types_and_card(rows):
    card = {"name": "Batch", "licence": "CC0-1.0"}
    body = b"".join(parquet_parts(rows, card=card))
    table = pyarrow.parquet.read_table(io.BytesIO(body))
    assert table.column_names == list(COLUMNS)
    assert json.loads(table.schema.metadata[b"synqc_data_card"]) == card
    for row, found in zip(rows, table.to_pylist(), strict=True):
        wanted = exported(row)
        wanted["hints"] = [{"index": index, "hint": hint} for index, hint in wanted["hints"].items()]
        assert found == wanted


def test_parts_come_before_all_rows_are_read():
    read = []

    def endless():
        for row in rows_of(random.Random(1), 3000):
            read.append(row["id"])
            yield row

    for parts in (jsonl_parts(endless()), csv_parts(endless()), parquet_parts(endless())):
        read.clear()
        next(parts)
        assert len(read) <= 1000


def test_the_same_rows_give_the_same_bytes(rows, tmp_path):
    for write in (write_jsonl, write_csv, write_parquet):
        bodies = []
        for k in range(2):
            path = tmp_path / f"{write.__name__}{k}"
            assert write(iter(rows), path) == path.stat().st_size
            bodies.append(path.read_bytes())
        stream = io.BytesIO()
        write(rows, stream)
        assert bodies[0] == bodies[1] == stream.getvalue()


def test_no_rows_are_a_file_all_the_same(tmp_path):
    assert write_jsonl([], tmp_path / "a") == 0
    write_csv([], tmp_path / "b")
    assert (tmp_path / "b").read_text().strip().split(",") == list(COLUMNS)
    write_parquet([], tmp_path / "c")
    assert pyarrow.parquet.read_table(tmp_path / "c").num_rows == 0


def test_a_lone_surrogate_does_not_end_an_export():
    row = {"id": 1, "problem": "a\ud800b", "answer": "1"}
    assert json.loads(b"".join(jsonl_parts([row])))["problem"] == "a\ud800b"
    assert "a\ufffdb" in b"".join(csv_parts([row])).decode()
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(parquet_parts([row]))))
    assert table["problem"].to_pylist() == ["a\ufffdb"]


def test_an_export_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("old")

    def failing():
        yield {"id": 1, "problem": "x"}
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write_jsonl(failing(), path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["rows.jsonl"]


def test_what_is_no_row_is_refused():
    with pytest.raises(InputError, match="`rows` must hold rows, but holds str"):
        write_jsonl(["x"], io.BytesIO())
