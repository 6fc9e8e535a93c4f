"""Rows do not depend on how they are asked for, and come back from every format as they were."""

import io
import json
import re
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawn_seed import drawn_seed

import synqc
from synqc import generate
from synqc.errors import Cancelled, DocumentError, InputError, UnknownName

PARENT = generate.Table({"key": generate.Pattern("[A-Z]{2}[0-9]{4}", unique=True)}, name="parent")
TABLE = generate.Table(
    {
        "id": generate.Sequence(),
        "unique": generate.UniqueInteger(10**6, 10**7),
        "uuid": generate.Uuid(),
        "parent": generate.ForeignKey(PARENT, "key", rows=500, null_rate=0.05),
        "real": generate.Number("gamma", {"shape": 2, "scale": 3}, null_rate=0.1),
        "other": generate.Number("student_t", {"degrees": 5, "location": 0, "scale": 1}, decimals=3),
        "whole": generate.Integer("poisson", {"mean": 3}, null_rate=0.2),
        "truth": generate.Boolean(0.3, null_rate=0.1),
        "word": generate.Category(["plain", 'with "quotes"', "with, comma", "with\nbreak", "Grüße"], null_rate=0.1),
        "level": generate.Category([1, 2, 3], [5, 3, 2]),
        "text": generate.Pattern('[a-z ,"é]{1,12}', null_rate=0.1),
        "name": generate.LocaleText("full_name", "de"),
        "at": generate.Moment("2023-01-01", "2024-01-01", "1ms", null_rate=0.1),
        "day": generate.Moment("1960-01-01", "2024-01-01", "1d", null_rate=0.1),
    },
    name="all kinds",
    correlations=[generate.Correlations(["real", "whole", "day"], [[1, 0.5, 0.2], [0.5, 1, 0.1], [0.2, 0.1, 1]])],
)
ROWS = 20_000
SEED = drawn_seed(__name__)


@pytest.fixture(scope="module")
def rows():
    return generate.make(TABLE, rows=ROWS, seed=SEED)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_bytes_do_not_depend_on_threads(rows, threads):
    assert generate.make(TABLE, rows=ROWS, seed=SEED, threads=threads).to_csv() == rows.to_csv()


@pytest.mark.parametrize("chunk_rows", [777, 4096, 19_999])
def test_bytes_do_not_depend_on_chunks(rows, chunk_rows):
    chunks = list(generate.stream(TABLE, rows=ROWS, seed=SEED, chunk_rows=chunk_rows))
    assert b"".join(chunk.to_csv(header=False) for chunk in chunks) == rows.to_csv(header=False)
    assert b"".join(chunk.to_json_lines() for chunk in chunks) == rows.to_json_lines()
    assert chunks[1].first_row == chunk_rows


@pytest.mark.parametrize("first_row", [1, 15, 16, 8191, 12_345])
def test_any_row_can_be_gone_on_with(rows, first_row):
    rest = generate.make(TABLE, rows=100, seed=SEED, first_row=first_row)
    assert rest.to_json_lines().splitlines() == rows.to_json_lines().splitlines()[first_row : first_row + 100]


def test_rows_far_out_are_made_at_once():
    far = generate.make(TABLE, rows=3, seed=SEED, first_row=5_000_000)
    assert far.column("id").tolist() == [5_000_001, 5_000_002, 5_000_003]
    endless = generate.Table({"x": generate.Number(), "n": generate.Sequence()})
    assert generate.make(endless, rows=2, first_row=2**61).column("n").tolist() == [2**61 + 1, 2**61 + 2]


def test_a_further_column_changes_no_other(rows):
    fewer = generate.Table({"text": TABLE.columns["text"], "uuid": TABLE.columns["uuid"]}, name=TABLE.name)
    some = generate.make(fewer, rows=100, seed=SEED)
    assert some.column("text").tolist() == rows.column("text")[:100].tolist()
    assert some.column("uuid").tolist() == rows.column("uuid")[:100].tolist()


@pytest.mark.parametrize("seeds", [5_000, pytest.param(100_000, marks=pytest.mark.deep)])
def test_every_seed_gives_another_first_row_g7(seeds):
    """faker PR#1178: ten different outputs in all."""
    table = generate.Table({"x": generate.Number()})
    firsts = {generate.make(table, rows=1, seed=SEED + k, threads=1).column("x")[0] for k in range(seeds)}
    assert len(firsts) == seeds, f"seed {SEED}"


def test_texts_are_what_they_claim(rows):
    assert all(uuid.UUID(text).version == 4 for text in rows.column("uuid")[:500])
    assert len(set(rows.column("uuid"))) == ROWS
    assert len(set(rows.column("unique").tolist())) == ROWS
    keys = set(generate.make(PARENT, rows=500, seed=SEED).column("key"))
    assert {key for key in rows.column("parent") if key is not None} == keys
    assert all(re.fullmatch('[a-z ,"é]{1,12}', text) for text in rows.column("text") if text is not None)


def test_distinct_values_end_with_a_refusal():
    table = generate.Table({"n": generate.UniqueInteger(1, 1000)})
    assert sorted(generate.make(table, rows=1000, seed=3).column("n").tolist()) == list(range(1, 1001))
    with pytest.raises(InputError, match="must end at 1000, as column `n` has no more distinct values"):
        generate.make(table, rows=1, first_row=1000)


def test_csv_is_read_by_pandas_as_it_was(rows):
    frame = pd.read_csv(
        io.BytesIO(rows.to_csv()),
        parse_dates=["at", "day"],
        keep_default_na=False,
        float_precision="round_trip",
        na_values={name: [""] for name in rows.names if name not in ("text", "word", "parent")},
    )
    np.testing.assert_array_equal(frame["real"], rows.column("real"))
    np.testing.assert_array_equal(frame["other"], rows.column("other"))
    np.testing.assert_array_equal(frame["id"], rows.column("id"))
    assert frame["word"].tolist() == ["" if word is None else word for word in rows.column("word")]
    assert frame["text"].tolist() == ["" if text is None else text for text in rows.column("text")]
    np.testing.assert_array_equal(frame["at"].to_numpy("datetime64[us]"), rows.column("at"))


def test_json_is_read_as_it_was(rows):
    documents = json.loads(rows.to_json())
    assert documents == [json.loads(line) for line in rows.to_json_lines().splitlines()] == rows.to_dicts()
    assert [document["real"] for document in documents[:200]] == [
        None if np.isnan(value) else value for value in rows.column("real")[:200]
    ]
    assert all(isinstance(document["level"], int) for document in documents[:20])
    assert documents[0]["uuid"] == rows.column("uuid")[0]


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_parquet_and_arrow_are_read_as_they_were(rows, suffix, tmp_path):
    path = tmp_path / f"rows.{suffix}"
    card = generate.write(TABLE, path, rows=ROWS, seed=SEED, chunk_rows=7000)
    read = pq.read_table(path) if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    read.validate(full=True)
    assert read.num_rows == ROWS
    whole = pa.Table.from_batches([rows.to_arrow()])
    for name in TABLE.columns:
        assert read[name].to_pylist() == whole[name].to_pylist(), name
    assert json.loads(read.schema.metadata[b"synqc"]) == card.to_dict()
    frame = rows.to_pandas()
    assert frame["whole"].isna().sum() == (~rows.valid("whole")).sum()
    assert frame["name"].tolist() == rows.column("name").tolist()


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_files_hold_the_bytes_of_the_rows_and_a_card_that_makes_them_again(rows, suffix, tmp_path):
    path = tmp_path / f"rows.{suffix}"
    generate.write(TABLE, path, rows=ROWS, seed=SEED, chunk_rows=6001)
    text = {"csv": rows.to_csv(), "jsonl": rows.to_json_lines(), "json": rows.to_json() + b"\n"}[suffix]
    assert path.read_bytes() == text
    card = json.loads((tmp_path / f"rows.{suffix}.card.json").read_text())
    assert card["generator_version"] == generate.GENERATOR_VERSION
    assert [licence["name"] for licence in card["licences"]] == ["synqc", "mimesis"]
    again = generate.Table.from_dict(card["configuration"])
    assert generate.make(again, rows=card["rows"], seed=card["seed"]).to_csv() == rows.to_csv()
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name, f"{path.name}.card.json"]


def test_a_card_makes_its_rows_again_or_is_refused(rows, tmp_path):
    path = tmp_path / "rows.csv"
    card = generate.write(TABLE, path, rows=50, seed=SEED, first_row=100)
    assert generate.remake(card).to_csv() == path.read_bytes()
    assert generate.remake(f"{path}.card.json").to_csv() == path.read_bytes()
    document = card.to_dict()
    for change, words in (
        ({"generator_version": 99}, "must be of generators of version 1, .* but is of version 99"),
        ({"fingerprint": "0" * 64}, "must have the configuration that it was written with"),
        ({"licences": [{"name": "mimesis", "version": "0.1"}]}, "must be of the tables of mimesis"),
    ):
        with pytest.raises(InputError, match=words):
            generate.remake({**document, **change})
    with pytest.raises(DocumentError, match="`fingerprint` must be given"):
        generate.remake({"configuration": {}})


@pytest.mark.parametrize(
    "configuration",
    [
        generate.TimeSeries({"x": generate.Series(noise=generate.Noise(1))}),
        generate.EventLog.funnel({"a": 0.5, "b": 0}),
        generate.Documents({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}),
    ],
    ids=lambda configuration: configuration.kind,
)
def test_every_kind_of_card_makes_its_rows_again(configuration, tmp_path):
    card = generate.write(configuration, tmp_path / "rows.jsonl", rows=20, seed="words")
    assert generate.remake(card).to_json_lines() == (tmp_path / "rows.jsonl").read_bytes()


def test_a_stop_leaves_no_file(tmp_path):
    stop = synqc.StopFlag()
    stop.stop()
    with pytest.raises(Cancelled):
        generate.write(TABLE, tmp_path / "rows.csv", rows=ROWS, stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_configuration_comes_back_from_its_document():
    again = generate.Table.from_json(TABLE.to_json())
    assert again.to_dict() == TABLE.to_dict()
    assert generate.make(again, rows=50, seed=SEED).to_csv() == generate.make(TABLE, rows=50, seed=SEED).to_csv()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"kind": "chair"}, "`kind` must be one of"),
        ({"kind": "table"}, r"`columns` must be given, but is not \(at \$\)"),
        (
            {"columns": {"x": {"kind": "nmber"}}},
            r"`kind` must be one of boolean, .* but is 'nmber' \(at \$.columns.x\)",
        ),
        ({"columns": {"x": {"kind": "number", "scale": 2}}}, r"There is no `scale`, but .* \(at \$.columns.x\)"),
        ({"columns": {"x": 3}}, r"A configuration must be an object, but is 3 \(at \$.columns.x\)"),
        ({"columns": {"x": {"kind": "sequence"}}, "correlations": {}}, r"`correlations` must be an array"),
    ],
)
def test_a_wrong_document_is_refused_with_its_path(document, words):
    with pytest.raises(DocumentError, match=words):
        generate.Table.from_dict(document)


def test_a_seed_may_be_a_text():
    table = generate.Table({"x": generate.Number()})
    some, same, others = (generate.make(table, rows=1, seed=seed).column("x")[0] for seed in ("a", "a", "b"))
    assert some == same != others
    with pytest.raises(InputError, match="Argument `seed` must be between 0 and 18446744073709551615"):
        generate.make(table, rows=1, seed=-1)


def test_arguments_are_refused_by_name(rows):
    with pytest.raises(UnknownName, match="There is no column 'nobody'"):
        rows.column("nobody")
    with pytest.raises(InputError, match="suffix of `path` must be one of csv"):
        generate.write(TABLE, "rows.docx", rows=1)
    with pytest.raises(InputError, match="Argument `rows` must be between 0"):
        generate.make(TABLE, rows=-1)


@pytest.mark.parametrize(
    ("names", "matrix", "words"),
    [
        (["real", "other"], [[1, 2], [2, 1]], "positive definite"),
        (["real", "other"], [[1, 0.2], [0.1, 1]], "symmetric"),
        (["real", "text"], [[1, 0], [0, 1]], "but names `text`"),
        (["real", "real"], [[1, 0], [0, 1]], "but names `real` twice"),
        (["real"], [[1]], "two columns or more"),
        (["real", "x"], [[1, 0], [0, 1]], "There is no column `x`"),
    ],
)
def test_correlations_that_cannot_be_are_refused(names, matrix, words):
    group = generate.Correlations(names, matrix, measure="normal")
    table = generate.Table(TABLE.columns, correlations=[group])
    with pytest.raises(InputError, match=words):
        generate.make(table, rows=1)


def test_no_rows_are_rows_too():
    none = generate.make(TABLE, rows=0)
    assert len(none) == 0
    assert none.to_json() == b"[]"
    assert none.to_arrow().num_rows == 0
    assert none.to_dicts() == []
