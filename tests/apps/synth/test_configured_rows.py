"""Rows of whole configurations of the generators, of an example they are fitted to, and of schemas beyond columns."""

import json

import numpy as np
import pytest

from synqc import generate
from synqc.apps.synth.configured_rows import fitted
from synqc.apps.synth.data_card import card_of_generated
from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.generated_rows import GeneratedRows
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_schema import check_row

ORDER = {
    "$defs": {"item": {"type": "object", "required": ["sku"], "additionalProperties": False, "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]{3}[0-9]{2}$"},
        "parts": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/item"}},
    }}},
    "type": "object",
    "properties": {
        "city": {"type": "string"}, "size": {"oneOf": [{"type": "integer", "minimum": 30, "maximum": 50},
                                                       {"enum": ["S", "M", "L"]}]},
        "step": {"type": "number", "multipleOf": 0.5, "minimum": 0, "maximum": 10},
        "any": {"type": ["string", "integer"]},
        "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 3},
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "tags": {"type": "array", "uniqueItems": True, "maxItems": 3, "items": {"enum": ["a", "b", "c"]}},
    },
    "required": ["city", "size", "items"],
}  # fmt: skip


def made(kind="structured", **options):
    return GeneratedRows(kind, DataOptions.of(options))


def test_what_is_no_column_is_a_document_and_the_rest_stays_columns(seed):
    whole = made(schema=ORDER, count=200, seed=seed)
    rows = whole.rows(0, 200)
    for row in rows:
        assert check_row(row, ORDER) == "", f"seed {seed}"
    assert {type(row["size"]) for row in rows} == {int, str}
    assert any(row["city"][0].isupper() for row in rows)  # a word of mimesis, not letters of a document
    assert [*made(schema=ORDER, count=200, seed=seed).rows(0, 77), *whole.rows(77, 123)] == rows
    assert whole.licences


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"n": {"type": "integer"}, "more": {"$ref": "#"}}, "required": ["n"]},
        {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}},
         "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/properties/a"}}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a", "b"]},
    ],
)  # fmt: skip
def test_schemas_that_are_more_than_their_fields_are_documents_as_a_whole(schema):
    rows = made(schema=schema, count=100, seed=4)
    assert [check_row(row, schema) for row in rows.all()] == [""] * 100
    assert set(rows.columns()) == {name for row in rows.all() for name in row}


CONFIGURATIONS = {
    "structured": generate.Table({"n": generate.Integer("poisson", {"mean": 4}), "on": generate.Moment(resolution="1d"),
                                  "at": generate.Moment(), "ok": generate.Boolean(null_rate=0.5),
                                  "c": generate.Category([1, 2]), "w": generate.LocaleText("city")}),
    "json": generate.Documents({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
    "events": generate.EventLog.funnel({"visit": 0.5, "buy": 0.0}, users=9),
    "timeseries": generate.TimeSeries({"load": generate.Series(
        base=50, noise=generate.Noise(2, ar=[0.7]), gap_rate=0.05, decimals=2,
        anomalies=[generate.Anomaly("outage", 0.1, "shift", -40, 3)])}),
}  # fmt: skip


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_configuration_makes_the_rows_that_generate_makes(kind):
    configuration = CONFIGURATIONS[kind]
    rows = made(kind, configuration=configuration.to_dict(), count=300, seed=11)
    assert list(rows.all()) == generate.make(configuration, rows=300, seed=11).to_dicts()
    assert rows.rows(120, 30) == list(rows.all())[120:150]
    assert [check_row(row, rows.schema) for row in rows.all()] == [""] * 300
    assert bool(rows.licences) == (kind == "structured")
    request = DataSetRequest.of(kind, {"configuration": configuration.to_dict(), "count": 300, "seed": 11})
    assert DataSetRequest.from_dict(request.to_dict()).generated().rows(0, 300) == rows.rows(0, 300)


def people(count, seed):
    draw = np.random.default_rng(seed)
    return [
        {"height": round(float(draw.normal(170, 8)), 1), "plan": str(draw.choice(["free", "pro"], p=[0.8, 0.2])),
         "visits": int(draw.poisson(30)), "paid": bool(draw.random() < 0.3), "note": None}
        for _ in range(count)
    ]  # fmt: skip


def test_an_example_gives_rows_like_it_and_its_distances_to_the_card():
    rows = made(example=people(2000, 1), count=2000, seed=5)
    found = list(rows.all())
    assert abs(np.mean([row["height"] for row in found]) - 170) < 8 * 5 / np.sqrt(2000) * np.sqrt(2)
    assert 0.7 < np.mean([row["plan"] == "free" for row in found]) < 0.9
    assert {type(row["visits"]) for row in found} == {int}
    assert {row["note"] for row in found} == {None}
    card = card_of_generated(rows)
    distances = card.to_dict()["distances"]
    assert set(distances["columns"]) == {"height", "plan", "visits", "paid", "note"}
    assert all(0 <= one["distance"] < 0.1 for one in distances["columns"].values())
    assert distances["columns"]["note"]["missing"] == 1
    assert "| height | number |" in card.to_markdown()
    assert "From 2000 rows" in card.to_markdown()


def test_distances_of_a_durable_set_are_kept_and_the_example_is_not():
    example = [{"word": f"secret{k}", "n": k % 3} for k in range(40)]
    request = DataSetRequest.of("structured", {"example": example, "seed": 1, "count": 5})
    document = request.to_dict()
    assert "secret" not in str(document["options"]["configuration"]["columns"]["n"])
    assert "example" not in document["options"]
    assert "secret7" not in str(document)
    again = DataSetRequest.from_dict(document)
    assert again == request
    assert card_of_generated(again.generated()).to_dict()["distances"] == fitted(example).distances()


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("structured", {"example": []}, "`example` must be a list"),
        ("structured", {"example": [{"a": [1]}]}, "plain values"),
        ("structured", {"example": [{"a": float("nan")}]}, "plain values"),
        ("structured", {"example": [{"a": 1}], "schema": {"a": "integer"}}, "`schema` must be left out beside"),
        ("events", {"example": [{"a": 1}]}, "`example` must be left out for events"),
        ("structured", {"example": [{"a": 1}], "prompt": "people"}, "`prompt`"),
        ("structured", {"example": [{"a": 1}], "source": "model"}, "`example` must be left out where a model"),
        ("events", {"configuration": CONFIGURATIONS["timeseries"].to_dict()}, "must be of kind event_log"),
        ("timeseries", {"configuration": CONFIGURATIONS["timeseries"].to_dict(), "trend": "up"}, "`trend`"),
        ("structured", {"configuration": {"kind": "table", "columns": {"a": {"kind": "colour"}}}}, r"\$\.columns\.a"),
        ("structured", {"configuration": {"kind": "documents", "schema": {"type": "integer"}}}, "rows with columns"),
        ("timeseries", {"metrics": ["timestamp"]}, "`metrics`"),
        ("text", {"configuration": {"kind": "table"}}, "`configuration` must be left out for text"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_by_name(synths, kind, options, words):
    with pytest.raises(ValidationError, match=words):
        synths().generate_data_sync(kind, options)


def test_rows_become_tables_of_other_libraries(synths):
    synth = synths(providers={})
    series = synth.generate_data_sync("timeseries", count=3, startDate="2026-01-01", noise=0, trend="up")
    assert series.to_arrow().column("timestamp").type.tz == "UTC"
    frame = series.to_pandas()
    assert (frame["timestamp"].dt.hour.tolist(), frame["value"].tolist()) == ([0, 1, 2], [100.0, 101.0, 102.0])
    columns = series.to_numpy()
    assert columns["timestamp"].dtype.kind == "M"
    assert columns["value"].dtype == np.float64
    nested = synth.generate_data_sync("structured", count=20, schema=ORDER, seed=3)
    told = nested.to_arrow().column("items").to_pylist()
    assert [[json.loads(one) for one in row] for row in told] == [row["items"] for row in nested.data]
    missing = synth.generate_data_sync("structured", count=50, schema={"n": {"type": ["integer", "null"]}}, seed=3)
    assert np.isnan(missing.to_numpy()["n"]).sum() == sum(row["n"] is None for row in missing.data) > 0
    with pytest.raises(ValidationError, match="`format`"):
        synth.generate_data_sync("structured", count=2, schema={"n": "integer"}, format="csv").to_pandas()


def test_leap_seconds_and_small_letters_are_moments_of_a_file():
    from synqc.apps.synth.row_arrow import arrow_table

    schema = {"properties": {"at": {"type": "string", "format": "date-time"}}}
    told = ["2016-12-31T23:59:60Z", "2026-01-01t00:00:00z", "2026-01-01T02:00:00.5+02:00", None]
    found = arrow_table([{"at": one} for one in told], schema).column("at").to_pylist()
    assert [None if one is None else one.isoformat() for one in found] == [
        "2017-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.500000+00:00", None,
    ]  # fmt: skip
