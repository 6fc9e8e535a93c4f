"""Durable data sets: made once, gone on with after a stop, read and exported alike by any process."""

import asyncio
import csv
import io
import json
import threading
from dataclasses import replace

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest
from model_rows import SCHEMA, RowModel
from scripted_server import answer, refusal

from synqc import generate
from synqc.apps.synth.application import SynthApplication
from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.apps.synth.errors import UnknownDataSet, ValidationError
from synqc.apps.synth.settings import SynthSettings
from synqc.jobs import IdempotencyConflict


@pytest.fixture
def applications(server, models, tmp_path):
    """Makes applications on one database; each is closed after the test, or before."""
    made = []

    def make(*, start=True, lease_s=1.0, **settings):
        asked = {"state_dir": tmp_path / "state", "local_model": "none", "synth_model": "one:m-1", **settings}
        application = SynthApplication(SynthSettings(**asked), providers={"one": models(server)})
        if start:
            application.start(lease_s=lease_s)
        made.append(application)
        return application

    yield make
    for one in made:
        one.close()


def asked(count=25, **options):
    given = {"schema": SCHEMA, "count": count, "seed": 7, "source": "model", **options}
    return DataSetRequest.of("structured", given, name="people")


def test_a_data_set_is_made_read_and_exported(applications):
    application = applications()
    dataset = application.submit(asked())
    status = application.wait(dataset, 60)
    assert (status.state, status.rows, status.rows_wanted, status.name) == ("succeeded", 25, 25, "people")
    rows = application.rows(dataset)
    assert sorted(row["age"] for row in rows) == list(range(25))
    assert application.rows(dataset, skip=20, limit=3) == rows[20:23]
    assert [json.loads(line) for line in b"".join(application.export(dataset)).splitlines()] == rows
    text = b"".join(application.export(dataset, "csv")).decode()
    assert [int(row["age"]) for row in csv.DictReader(io.StringIO(text, newline=""))] == [row["age"] for row in rows]
    assert json.loads(b"".join(application.export(dataset, "json"))) == rows
    card = application.card(dataset).to_dict()
    assert (card["rows"], card["seed"], card["made_by"]["models"]) == (25, 7, {"m-1": "not stated"})
    name, age = application.statistics(dataset)
    assert (name["type"], name["distinct"], age["min"], age["max"], age["mean"]) == ("text", 25, 0.0, 24.0, 12.0)
    assert sum(age["histogram"]["counts"]) == 25
    assert [one.id for one in application.sets()] == [dataset]
    with pytest.raises(UnknownDataSet):
        application.status("dataset-none")
    with pytest.raises(ValidationError):
        application.export(dataset, "parquets")


def test_a_data_set_goes_on_where_its_worker_left(applications, server):
    """g3 again: no row of the first worker is asked for again, and none is missing."""
    release, model = threading.Event(), RowModel()

    def slow(body):
        if next(calls) >= 64:  # calls of a round; those of the second one take their time
            release.set()
            return [60.0]
        return model(body)

    calls = iter(range(10_000))
    server.otherwise = slow
    first = applications()
    dataset = first.submit(asked(200, rowsPerCall=2))
    assert release.wait(60)
    first.close()
    assert first.settings.sets_at_once == 2
    server.otherwise = model
    second = applications()
    status = second.wait(dataset, 60)
    assert (status.state, status.rows) == ("succeeded", 200)
    rows = second.rows(dataset)
    assert len({row["age"] for row in rows}) == len(rows) == 200
    assert status.summary["calls"] == 100


def test_what_a_killed_process_had_is_gone_on_with_at_once(applications):
    """Its lease would last an hour, but nobody else can have the data set: on SQLite all workers are known."""
    application = applications(start=False)
    dataset = application.submit(asked(4))
    assert application.ledger.claim("a worker that was killed", {"dataset": 1}, lease_s=3600.0)
    application.start(lease_s=3600.0)
    status = application.wait(dataset, 60)
    assert (status.state, status.rows) == ("succeeded", 4)


def test_a_model_that_fails_for_good_fails_the_data_set_in_words(applications, server):
    server.otherwise = lambda body: answer(json.dumps({"rows": [{"name": "x", "age": -1}]}))
    application = applications()
    status = application.wait(application.submit(asked(3, maxCandidates=5)), 60)
    assert status.state == "failed"
    assert "0 of 3 rows" in status.cause
    assert "minimum" in status.cause


def test_a_preview_is_not_stored(applications, server):
    application = applications(start=False)
    result = asyncio.run(application.preview(asked(1000), rows=4))
    assert len(result.data) == 4
    assert application.sets() == []
    server.script.append(refusal(400))
    assert server.requests == 1


def test_the_same_key_is_the_same_data_set(applications):
    application = applications(start=False)
    first = application.submit(asked(), idempotency_key="k")
    assert application.submit(asked(), idempotency_key="k") == first
    with pytest.raises(IdempotencyConflict):
        application.submit(asked(26), idempotency_key="k")
    assert application.cancel(first).state == "cancelled"


def test_what_is_asked_is_made_definite_when_it_is_asked():
    series = DataSetRequest.of("timeseries", {"count": 3})
    assert series.options.seed is not None
    assert DataSetRequest.from_dict(json.loads(json.dumps(series.to_dict()))) == series
    assert series.options.start_date.endswith("Z")
    for wrong in ({"cache": False}, {"deadlineMs": 5}, {"format": "csv"}, {"count": 200_000, "source": "model"}):
        with pytest.raises(ValidationError):
            DataSetRequest.of("structured", {"schema": SCHEMA, **wrong})
    with pytest.raises(ValidationError):
        DataSetRequest.of("structures", {"schema": SCHEMA})


def test_generated_sets_are_made_again_whenever_they_are_read(applications, server):
    """Nothing is stored but what was asked, and rows of another version of the generators are refused (g8)."""
    application = applications(synth_model=None)
    request = application.request("structured", {"schema": SCHEMA, "count": 30_000})
    assert request.is_generated
    dataset = application.submit(request)
    status = application.wait(dataset, 60)
    assert (status.state, status.rows, status.rows_wanted) == ("succeeded", 30_000, 30_000)
    rows = application.rows(dataset, skip=12_345, limit=3)
    lines = b"".join(application.export(dataset)).splitlines()
    assert len(lines) == 30_000
    assert [json.loads(line) for line in lines[12_345:12_348]] == rows
    assert b"".join(application.export(dataset, "csv")).startswith(b"name,age\r\n")
    assert len(json.loads(b"".join(application.export(dataset, "json")))) == 30_000
    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(application.export(dataset, "parquet"))))
    assert table.slice(12_345, 3).to_pylist() == rows
    assert json.loads(table.schema.metadata[b"synqc_data_card"])["rows"] == 30_000
    assert application.statistics(dataset)[1]["rows"] == 30_000
    assert application.card(dataset).to_dict()["made_by"]["source"] == "generator"
    assert server.requests == 0
    older = replace(request, generator_version="0.1")
    with pytest.raises(ValidationError, match=r"version 0\.1"):
        older.generated()


def test_configured_sets_are_written_by_the_core_as_row_by_row(applications):
    application = applications(synth_model=None)
    table = generate.Table({"n": generate.Integer("poisson", {"mean": 4}, null_rate=0.1),
                            "c": generate.Category(["a", 'b"\n']), "day": generate.Moment(resolution="1d"),
                            "ok": generate.Boolean()})  # fmt: skip
    asked = {"configuration": table.to_dict(), "count": 300_000, "seed": 4}
    dataset = application.submit(application.request("structured", asked))
    assert application.wait(dataset, 60).state == "succeeded"
    rows = application.rows(dataset, skip=262_140, limit=9)  # over the end of a part
    lines = b"".join(application.export(dataset)).splitlines()
    assert len(lines) == 300_000
    assert [json.loads(line) for line in lines[262_140:262_149]] == rows
    assert json.loads(b"".join(application.export(dataset, "json")))[262_140:262_149] == rows
    text = b"".join(application.export(dataset, "csv")).decode()
    assert [one["n"] for one in csv.DictReader(io.StringIO(text, newline=""))][262_140:262_149] == [
        "" if row["n"] is None else str(row["n"]) for row in rows
    ]
    read = {"parquet": lambda file: pyarrow.parquet.read_table(io.BytesIO(file)),
            "arrow": lambda file: pyarrow.ipc.open_stream(file).read_all()}  # fmt: skip
    for form, opened in read.items():
        found = opened(b"".join(application.export(dataset, form)))
        told = [{**row, "day": row["day"].isoformat()} for row in found.slice(262_140, 9).to_pylist()]
        assert (found.num_rows, told) == (300_000, rows)
        assert json.loads(found.schema.metadata[b"synqc_data_card"])["seed"] == 4
