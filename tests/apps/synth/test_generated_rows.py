"""Rows of the seeded generators: what they keep to, and the defects of the original's local generators."""

import asyncio
import time
from datetime import datetime

import numpy as np
import pytest

from synqc.apps.synth.data_card import card_of_generated
from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.generated_rows import GENERATOR_NAME, ROWS_VERSION, GeneratedRows
from synqc.apps.synth.options import DataOptions
from synqc.apps.synth.row_schema import check_row, schema_by_example, schema_of_rows

WIDE = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"}, "n": {"type": "integer", "minimum": -5, "maximum": 0},
        "x": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "plan": {"enum": ["a", "b", None]},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}, "when": {"type": "string", "format": "date-time"},
        "day": {"type": "string", "format": "date"}, "at": {"type": "string", "format": "time"},
        "ip": {"type": "string", "format": "ipv4"}, "site": {"type": "string", "format": "uri"},
        "ok": {"type": "boolean"}, "maybe": {"type": ["integer", "null"]}, "never": {"type": "null"},
        "word": {"type": "string", "minLength": 3, "maxLength": 5},
        "address": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "[0-9]{5}"}},
                    "required": ["zip"]},
        "tags": {"type": "array", "items": {"enum": ["x", "y"]}, "minItems": 1, "maxItems": 3},
        "points": {"type": "array", "items": {"type": "object", "properties": {"v": {"type": "number"}}},
                   "maxItems": 2},
    },
    "required": ["id", "n", "address", "tags"],
}  # fmt: skip


def made(kind="structured", **options):
    return GeneratedRows(kind, DataOptions.of(options))


def test_rows_fit_every_keyword_of_their_schema(seed):
    rows = made(schema=WIDE, count=300, seed=seed).rows(0, 300)
    for row in rows:
        assert check_row(row, WIDE) == "", f"seed {seed}"
    assert {len(row["tags"]) for row in rows} == {1, 2, 3}
    assert {row["plan"] for row in rows} == {"a", "b", None}
    assert {row["n"] for row in rows} == set(range(-5, 1))
    assert len({row["id"] for row in rows}) == 300


def test_a_table_by_example_has_words_where_its_columns_are_called_like_them(seed):
    example = [{"name": name, "city": city, "remark": "abc", "tags": [name]}
               for name, city in (("Ada", "Rome"), ("Bo", "Oslo"), ("Cy", "Ulm"))]  # fmt: skip
    schema = schema_by_example(example)
    assert schema["properties"]["name"] == schema["properties"]["city"] == {"type": "string"}
    assert schema["properties"]["tags"]["items"] == {"type": "string", "minLength": 2, "maxLength": 3}
    rows = made(schema=schema, count=50, seed=seed).rows(0, 50)
    assert sum(" " in row["name"] for row in rows) > 40, f"seed {seed}"
    assert all(row["city"][0].isupper() and not any(sign.isdigit() for sign in row["city"]) for row in rows)
    assert [check_row(row, schema) for row in rows] == [""] * 50


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "array", "additionalItems": False}, "additionalItems"),
        ({"type": "number", "multipleOf": 3, "minimum": 1, "maximum": 2}, "draws"),
        ({"type": "string", "format": "idn-phone"}, "'idn-phone'"), ({"$ref": "https://x.example/y"}, "x.example"),
        ({"type": "string", "pattern": "(?=a)b"}, "x"), ({"type": "integer", "minimum": 5, "maximum": 3}, "x"),
        ({"type": "string", "pattern": "^a+$", "maxLength": 0}, "longer or shorter"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, r"`minLength` .* at \$\.x, but asks for more than 2"),
        ({"type": "string", "minLength": 10**8}, r"`minLength` .* at \$\.x, but asks for 100000000 characters"),
        ({"enum": []}, r"`enum` at \$\.x"), ({"type": "integer", "minimum": 1.2, "maximum": 1.8}, r"whole .* at \$\.x"),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1}, r"bounds at \$\.x"),
    ],
)  # fmt: skip
def test_what_has_no_generator_is_refused_by_name(field, words):
    with pytest.raises(ValidationError, match=words):
        made(schema={"x": field}, count=10, seed=1)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("timeseries", {"startDate": "9999-12-31T23:00:00", "count": 5}, "year 10000"),
        ("timeseries", {"interval": "900000d", "count": 50_000, "startDate": "2026-01-01"}, "year 10000"),
        ("events", {"timeRange": {"start": "9999-12-31T12:00:00"}}, "`time_range`"),
        ("events", {"timeRange": {"end": "0001-01-01"}}, "`time_range`"),
        ("structured", {"example": [{1: 2}]}, "columns named by texts"),
    ],
)  # fmt: skip
def test_ends_of_the_calendar_and_of_names_are_refused_in_words(kind, options, words):
    with pytest.raises(ValidationError, match=words):
        made(kind, seed=1, **options)


def test_s13_the_same_seed_gives_the_same_rows():
    asked = {
        "structured": {"schema": {"a": "string"}}, "events": {"timeRange": {"start": "2026-01-01"}},
        "timeseries": {"startDate": "2026-01-01", "trend": "random"},
    }  # fmt: skip
    for kind, options in asked.items():
        one, two = (made(kind, seed=42, count=50, **options).rows(0, 50) for _ in range(2))
        other = made(kind, seed=43, count=50, **options).rows(0, 50)
        assert one == two
        assert one != other


@pytest.mark.parametrize("kind", ["structured", "events", "timeseries"])
def test_any_part_is_that_of_the_whole_g6(kind):
    """mimesis#706: workers that make parts make different ones, and together what one makes."""
    options = {"structured": {"schema": WIDE}, "events": {"timeRange": {"start": "2026-01-01"}},
               "timeseries": {"startDate": "2026-01-01", "trend": "random", "seasonality": True}}[kind]  # fmt: skip
    whole = made(kind, seed=7, count=80, **options).rows(0, 80)
    parts = [made(kind, seed=7, count=80, **options).rows(first, 10) for first in range(0, 80, 10)]
    assert [row for part in parts for row in part] == whole


def test_seeds_give_different_rows_g7():
    """faker PR#1178: ten different outputs in all."""
    firsts = {
        str(made(schema={"a": {"type": "string", "minLength": 12}}, count=1, seed=seed).rows(0, 1))
        for seed in range(1000)
    }
    assert len(firsts) >= 999


def test_version_of_the_generator_is_told_g8(synths):
    """faker-js#1464: other values after an update, and nothing says so."""
    card = card_of_generated(made(schema={"a": "integer"}, count=3, seed=5)).to_dict()
    assert (card["made_by"]["version"], card["seed"]) == (ROWS_VERSION, 5)
    result = synths(providers={}).generate_data_sync("structured", count=3, schema={"a": "integer"})
    assert (result.metadata.provider, result.metadata.model) == ("generator", GENERATOR_NAME)
    assert isinstance(result.card.to_dict()["seed"], int)  # one was drawn, and is told


@pytest.mark.parametrize("distribution", ["uniform", "poisson", "normal"])
def test_s15_events_are_as_many_as_asked_and_within_their_range(distribution):
    for seed in range(30):
        rows = made("events", count=100, seed=seed, distribution=distribution, userCount=3, eventTypes=["a", "b"],
                    timeRange={"start": "2026-01-01", "end": "2026-01-02"}).rows(0, 100)  # fmt: skip
        times = [row["timestamp"] for row in rows]
        assert len(rows) == 100
        assert times == sorted(times)
        assert times[0] >= "2026-01-01T00:00:00.000Z"
        assert times[-1] <= "2026-01-02T00:00:00.000Z"
        assert {row["userId"] for row in rows} <= {"user_1", "user_2", "user_3"}
    assert len({row["eventId"] for row in rows}) == 100


def test_distributions_are_what_they_are_called(seed):

    def shares(distribution):
        rows = made("events", count=4000, seed=seed, distribution=distribution,
                    timeRange={"start": "2026-01-01", "end": "2026-01-02"}).rows(0, 4000)  # fmt: skip
        start = datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp()
        return np.array([datetime.fromisoformat(row["timestamp"]).timestamp() - start for row in rows]) / 86_400

    uniform, normal = shares("uniform"), shares("normal")
    # Kolmogorov-Smirnov against the uniform law at 1e-6: sqrt(ln(2e6)/2) = 2.69.
    distance = np.abs(uniform - (np.arange(4000) + 0.5) / 4000).max()
    assert distance < 2.69 / np.sqrt(4000), f"seed {seed}"
    # Cut off at three deviations a normal law has a deviation of 0.9866/6; its standard error is 1/sqrt(2n) of it.
    assert abs(normal.std() - 0.9866 / 6) < 5 * (0.9866 / 6) / np.sqrt(8000), f"seed {seed}"
    assert abs(normal.mean() - 0.5) < 5 * normal.std() / np.sqrt(4000), f"seed {seed}"


def values(**options):
    rows = made("timeseries", startDate="2026-01-01", interval="1h", seed=3, **options)
    return np.array([row["value"] for row in rows.rows(0, rows.count)])


def test_s18_trends_differ_and_seasons_are_of_utc(monkeypatch):
    stable, up, down, walk = (values(count=100, noise=0.0, trend=trend) for trend in ("stable", "up", "down", "random"))
    assert (stable == 100).all()
    assert np.allclose(up, 100 + np.arange(100))
    assert np.allclose(down, 100 - np.arange(100))
    assert 0.7 < np.std(np.diff(walk)) < 1.3  # steps of deviation 1; of 99 its error is 0.07
    assert len(set(walk)) > 90
    season = values(count=7 * 24, noise=0.0, seasonality=True)
    hours = np.arange(7 * 24)
    since = datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp() % (7 * 86_400) + 3600 * hours
    expected = 100 * (1 + 0.10 * np.sin(2 * np.pi * since / 86_400) + 0.05 * np.sin(2 * np.pi * since / (7 * 86_400)))
    assert np.allclose(season, expected, atol=0.005001)
    assert (np.abs(values(count=500, noise=0.1) - 100) <= 10).all()
    told = set()
    for zone in ("Asia/Tokyo", "America/Lima"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        told.add(values(count=9, seasonality=True).tobytes())
    monkeypatch.undo()
    time.tzset()
    assert len(told) == 1


def test_a_million_moments_are_all_different_g9():
    """SDV#2031: duplicate time stamps past the range."""
    rows = made("timeseries", count=1000, startDate="2026-01-01", interval="1s", seed=1).rows(0, 1000)
    assert len({row["timestamp"] for row in rows}) == 1000
    with pytest.raises(ValidationError, match="at most 61"):
        made("timeseries", count=1000, startDate="2026-01-01T00:00:00", endDate="2026-01-01T00:01:00", interval="1s")


def test_rows_come_without_a_model_and_models_are_asked_where_they_are_meant(synths, server):
    synth = synths(providers={})

    async def read():
        return [row async for row in synth.generate_stream("timeseries", count=5, startDate="2026-01-01", seed=1)]

    assert len(asyncio.run(read())) == 5
    result = synth.generate_sync("events", {"count": 4})
    assert [set(row) for row in result.data] == [{"eventId", "eventType", "timestamp", "userId", "metadata"}] * 4
    with_model = synths()
    with_model.generate_data_sync("structured", count=2, schema=schema_of_rows({"name": "string", "age": "integer"}))
    assert server.requests == 1
    free = with_model.generate_data_sync("structured", count=2, schema={"name": "string"}, source="generator")
    assert (free.metadata.provider, server.requests) == ("generator", 1)
    for wrong in ({"prompt": "people"}, {"distinct": 0.5}, {"constraints": "none"}):
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            with_model.generate_data_sync("structured", count=2, schema={"a": "string"}, source="generator", **wrong)
