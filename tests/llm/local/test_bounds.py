"""Bounds that schemas get before they become grammars."""

import random
from typing import Any

import pytest

from synqc.llm.providers.local import bounded


def test_texts_and_lists_get_an_end_and_keep_the_one_they_have() -> None:
    schema = {
        "type": "object",
        "properties": {
            "maxLength": {"type": "string"},
            "short": {"type": "string", "maxLength": 3},
            "one": {"type": ["string", "null"], "enum": ["a", None]},
            "long": {"type": "string", "minLength": 900},
            "many": {"type": "array", "minItems": 20, "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        },
        "$defs": {"inner": {"type": "string"}},
    }
    made = bounded(schema)
    properties = made["properties"]
    assert properties["maxLength"] == {"type": "string", "maxLength": 400}
    assert properties["short"] == schema["properties"]["short"]
    assert properties["one"] == schema["properties"]["one"]
    assert properties["long"]["maxLength"] == 900
    assert properties["many"]["maxItems"] == 20
    assert properties["many"]["items"]["anyOf"][0]["maxLength"] == 400
    assert made["$defs"]["inner"]["maxLength"] == 400
    assert "maxLength" not in made


def a_schema(chance: random.Random, depth: int = 0) -> dict[str, Any]:
    kind = chance.choice(["string", "array", "object", "integer"] if depth < 4 else ["string", "integer"])
    if kind == "array":
        return {"type": "array", "items": a_schema(chance, depth + 1)}
    if kind == "object":
        return {
            "type": "object",
            "properties": {f"p{n}": a_schema(chance, depth + 1) for n in range(chance.randint(0, 3))},
        }
    return {"type": kind}


def unbounded(schema: Any) -> list[Any]:
    if isinstance(schema, list):
        return [found for one in schema for found in unbounded(one)]
    if not isinstance(schema, dict):
        return []
    own = {"string": "maxLength", "array": "maxItems"}.get(str(schema.get("type")))
    return ([schema] if own and own not in schema else []) + [f for one in schema.values() for f in unbounded(one)]


def test_no_text_and_no_list_of_any_schema_is_without_an_end(seed) -> None:
    chance = random.Random(seed)
    for _ in range(200):
        schema = a_schema(chance)
        assert not unbounded(bounded(schema)), f"seed {seed}: {schema}"


@pytest.mark.parametrize("schema", [{}, {"const": "a"}, {"$ref": "#/$defs/a"}, {"type": "string", "format": "date"}])
def test_what_has_no_text_of_its_own_stays(schema: dict[str, Any]) -> None:
    assert bounded(schema) == schema
