"""Whatever a document of a configuration holds, it is made or refused in words, and soon: it may come from anybody."""

import functools
import json

import pytest

from synqc import generate
from synqc.errors import InputError
from synqc.generate._documents import Configuration, value_from_json

SERIES = "time_series"
COLUMNS = [
    {"kind": "number", "parameters": [1]},
    {"kind": "number", "parameters": {"low": "x", "high": 2}},
    {"kind": "number", "parameters": {"low": 0, "high": 10**400}},
    {"kind": "number", "bounds": {"low": 0}},
    {"kind": "number", "bounds": [0, None]},
    {"kind": "number", "decimals": "2"},
    {"kind": "integer", "parameters": {"low": None, "high": 2}},
    {"kind": "integer", "distribution": "poisson", "parameters": {"mean": []}},
    {"kind": "category", "values": 5},
    {"kind": "category", "values": ["a"], "weights": "b"},
    {"kind": "category", "values": ["a"], "weights": [{}]},
    {"kind": "pattern", "pattern": "(" * 5000 + "a" + ")" * 5000},
    {"kind": "pattern", "pattern": "((a{1,1000}){1,1000}){1,1000}"},
    {"kind": "derived", "expression": "1" + "+1" * 20_000},
    {"kind": "template", "template": "{x.__class__}"},
]
PARTS_OF_SERIES = [
    {"noise": {"deviation": "x"}},
    {"noise": {"deviation": 1, "ar": 3}},
    {"noise": {"deviation": 1, "garch": ["x"]}},
    {"regimes": [{"name": "a", "noise_factor": "x"}]},
    {"anomalies": [{"name": "a", "rate": 0.1, "size": "x"}]},
    {"anomalies": [{"name": "a", "rate": 0.1, "length": 2.5}]},
    {"drifts": [{"first_row": 0, "slope": None}]},
    {"seasons": [{"period": None, "amplitude": 1}]},
]
SCHEMAS = [
    {"type": "integer", "minimum": 0, "maximum": 10**40},
    functools.reduce(lambda inner, _: {"type": "array", "items": inner, "minItems": 2}, range(40), {"type": "integer"}),
    {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/$defs/a"}}}},
    },
]
DOCUMENTS = [
    *({"kind": "table", "columns": {"x": column}} for column in COLUMNS),
    {"kind": "table", "columns": {"\ud800": {"kind": "sequence"}}},
    *({"kind": SERIES, "series": {"x": part}} for part in PARTS_OF_SERIES),
    *({"kind": "documents", "schema": schema} for schema in SCHEMAS),
    {"kind": "event_log", "transitions": {"a": {"end": -1}}},
    {"kind": "event_log", "transitions": {"a": {"end": 1}}, "user_distribution": "zipf", "user_parameters": {"x": "q"}},
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: json.dumps(document)[:70])
def test_what_cannot_be_made_is_refused_in_words(document):
    with pytest.raises(InputError):
        generate.make(value_from_json(json.dumps(document), Configuration), rows=2)


def test_a_schema_that_is_nested_too_deep_is_refused():
    nested = functools.reduce(lambda inner, _: {"allOf": [inner]}, range(5000), {})
    with pytest.raises(InputError, match="must not be nested as deep"):
        generate.make(generate.Documents(nested), rows=1)


def test_a_file_that_is_no_csv_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(bytes(range(256)) * 50)
    with pytest.raises(InputError, match="must lead to CSV in UTF-8"):
        generate.fit_csv(tmp_path / "x.csv")
