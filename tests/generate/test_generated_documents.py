"""Documents fulfil their schema by another validator, in all its shapes, and do not depend on chunks."""

import json
import threading
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema
import jsonschema_rs
import pytest
from drawn_seed import drawn_seed

from synqc import generate
from synqc.errors import DocumentError, InputError
from synqc.generate.schema_sampler import FORMATS

SEED = drawn_seed(__name__)
TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 5},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 3},
            },
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}
ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["id", "customer", "lines", "state"],
    "properties": {
        "id": {"type": "string", "pattern": "^ORD-[0-9]{6}$"},
        "state": {"enum": ["new", "paid", "sent", None]},
        "customer": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["email"],
                    "properties": {"email": {"type": "string", "format": "email"}},
                },
                {
                    "type": "object",
                    "required": ["phone"],
                    "properties": {"phone": {"type": "string", "pattern": "[0-9]{8}"}},
                },
            ]
        },
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 4,
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["sku", "count", "price"],
                "properties": {
                    "sku": {"type": "string", "minLength": 3, "maxLength": 8},
                    "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10},
                    "price": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 500},
                },
                "additionalProperties": False,
            },
        },
        "ip": {"type": "string", "format": "ipv4"},
        "at": {"type": "string", "format": "date-time"},
    },
}
SCHEMAS = {
    "tree": TREE,
    "order": ORDER,
    "anything": True,
    "empty": {},
    "several types": {"type": ["integer", "null", "string"]},
    "prefix": {"prefixItems": [{"const": 1}, {"type": "boolean"}], "items": False, "minItems": 2},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 7}, "minContains": 2},
    "merged": {"allOf": [{"type": "integer", "minimum": 3}, {"maximum": 5}], "minimum": 4, "not": {"const": 4}},
    "conditional": {
        "properties": {"kind": {"enum": ["a", "b"]}, "size": {"type": "integer"}},
        "required": ["kind", "size"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"size": {"minimum": 1000, "maximum": 2000}}},
        "else": {"properties": {"size": {"maximum": -5}}},
    },
    "patterns of properties": {
        "type": "object",
        "patternProperties": {"^x_[a-z]{3}$": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 3,
    },
    "names": {"type": "object", "propertyNames": {"pattern": "^[A-Z]{4}$"}, "minProperties": 2},
    "dependent": {
        "type": "object",
        "properties": {"card": {"type": "integer"}, "address": {"type": "string"}, "b": {"type": "null"}},
        "dependentRequired": {"card": ["address"]},
        "dependentSchemas": {"b": {"properties": {"address": {"const": "home"}}, "required": ["address"]}},
    },
    "bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-300},
    "large": {"type": "integer", "minimum": -(10**15), "maximum": 10**15, "multipleOf": 7},
    "reference and more": {
        "$defs": {"s": {"type": "string"}},
        "properties": {"a": {"$ref": "#/$defs/s", "maxLength": 2}},
        "required": ["a"],
    },
    "unevaluated": {
        "allOf": [{"properties": {"a": True}}],
        "properties": {"b": {"const": 1}},
        "unevaluatedProperties": False,
    },
    "anchored": {"$defs": {"s": {"$anchor": "here", "const": "x"}}, "$ref": "#here"},
}
SCHEMAS |= {f"format {name}": {"type": "string", "format": name} for name in FORMATS}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_document_is_valid(name):
    schema = SCHEMAS[name]
    # Its check of `time` is that of draft 3, without an offset.
    checked = set(jsonschema.FormatChecker.checkers) - {"time"}
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(checked))
    other = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    for row, document in enumerate(generate.make(generate.Documents(schema), rows=60, seed=SEED)):
        for one in (validator, other):
            assert one.is_valid(document), f"seed {SEED}, row {row}: {document!r}"


def test_every_format_of_the_draft_is_drawn():
    """JSON Schema Validation 2020-12, section 7.3."""
    assert set(FORMATS) == {
        "date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname", "ipv4", "ipv6",
        "uri", "uri-reference", "iri", "iri-reference", "uuid", "uri-template", "json-pointer", "relative-json-pointer",
        "regex",
    }  # fmt: skip


def test_documents_do_not_depend_on_chunks_or_where_they_are_resumed():
    documents = generate.Documents(ORDER)
    whole = generate.make(documents, rows=50, seed=SEED)
    chunks = generate.stream(documents, rows=50, seed=SEED, chunk_rows=7)
    assert b"".join(chunk.to_json_lines() for chunk in chunks) == whole.to_json_lines()
    assert generate.make(documents, rows=5, seed=SEED, first_row=40).to_dicts() == whole.to_dicts()[40:45]
    assert json.loads(whole.to_json()) == whole.to_dicts()
    again = generate.Documents.from_json(documents.to_json())
    assert generate.make(again, rows=50, seed=SEED).to_json() == whole.to_json()


def test_documents_are_various():
    documents = generate.make(generate.Documents(ORDER), rows=200, seed=SEED).to_dicts()
    assert len({json.dumps(document) for document in documents}) == 200
    assert {document["state"] for document in documents} == {"new", "paid", "sent", None}
    assert {len(document["lines"]) for document in documents} == {1, 2, 3, 4}
    assert 60 < sum("at" in document for document in documents) < 140
    assert {tuple(document["customer"]) for document in documents} == {("email",), ("phone",)}
    deep = generate.make(generate.Documents(TREE), rows=200, seed=SEED).to_dicts()
    assert any(node.get("children") and node["children"][0].get("children") for node in deep)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_documents_are_written_as_json(suffix, tmp_path):
    documents = generate.Documents(ORDER)
    path = tmp_path / f"orders.{suffix}"
    card = generate.write(documents, path, rows=30, seed=SEED, chunk_rows=8)
    text = path.read_text()
    read = json.loads(text) if suffix == "json" else [json.loads(line) for line in text.splitlines()]
    assert read == generate.make(documents, rows=30, seed=SEED).to_dicts()
    assert card.kind == "documents"
    with pytest.raises(InputError, match="`format` must be json or jsonl for documents, but is 'csv'"):
        generate.write(documents, tmp_path / "orders.csv", rows=1)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$dynamicAnchor": "x"}, "must do without \\$dynamicAnchor"),
        ({"$dynamicRef": "#x"}, "must do without \\$dynamicRef"),
        ({"items": {"$ref": "https://example.com/x"}, "minItems": 1}, "must refer to parts of itself"),
        ({"$ref": "#/$defs/none"}, "must have what \\$ref names"),
        ({"properties": {"a": {"$id": "x"}}}, "must do without \\$id within it, .* \\(at \\$.properties.a\\)"),
        ({"type": "string", "format": "phone"}, "must have formats of date, .* but has 'phone'"),
        ({"type": "string", "pattern": "(?=a)b"}, "look-ahead"),
        ({"minimum": "3"}, "must be a JSON Schema of 2020-12"),
        ({"type": "shoe"}, "must be a JSON Schema of 2020-12"),
        (False, "one that draws can fulfil"),
        ({"minimum": 3, "maximum": 2}, "bounds leave no number"),
        ({"allOf": [{"type": "string"}, {"type": "null"}]}, "no type is left"),
        ({"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 3}, "too few distinct items"),
        (3, "must have an object or a truth value at \\$"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(schema, words):
    with pytest.raises(InputError, match=words):
        generate.make(generate.Documents(schema), rows=5, seed=SEED)


@pytest.mark.parametrize("keyword", ["$schema", "$ref", "$id"])
def test_no_other_address_is_asked_for_a_schema(keyword):
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        elsewhere = f"http://127.0.0.1:{server.server_port}/schema"
        reference = "other" if keyword == "$id" else "#"
        schema = {keyword: elsewhere, "properties": {"a": {"$ref": reference}}, "oneOf": [{}]}
        # Another `$schema` is passed over: all are read as 2020-12.
        is_refused = keyword != "$schema"
        with pytest.raises(InputError, match="must refer to parts of itself") if is_refused else nullcontext():
            assert len(generate.make(generate.Documents(schema), rows=1)) == 1
        server.shutdown()
    assert asked == []


def test_a_schema_is_a_document_too():
    with pytest.raises(DocumentError, match="`schema` must be given"):
        generate.Documents.from_dict({"kind": "documents"})
