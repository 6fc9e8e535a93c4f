"""`synqc sweep --on`: the same document wherever it was run."""

import pytest
from scratch_postgresql import scratch_postgresql

from synqc.cli import main
from synqc.cluster import points_work
from synqc.cluster.sweep_jobs import KIND
from synqc.jobs import Worker, open_ledger
from synqc.storage.database import DatabaseLocation

ASKED = [
    "sweep",
    "--axis",
    "probe_strength=0:1:4",
    "--qubits",
    "1",
    "--shots",
    "60",
    "--seed",
    "3",
    "--quiet",
    "--json",
]


@pytest.fixture(autouse=True)
def no_database(monkeypatch, tmp_path):
    monkeypatch.delenv("SYNQC_DATABASE_URL", raising=False)
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tmp_path))


@pytest.fixture
def here(capsys):
    assert main(ASKED) == 0
    return capsys.readouterr().out


def test_workers_of_a_database_give_the_document_of_a_local_sweep(here, capsys, monkeypatch, tmp_path):
    with scratch_postgresql() as url, open_ledger(DatabaseLocation(tmp_path, url)) as ledger:
        monkeypatch.setenv("SYNQC_DATABASE_URL", url)
        with Worker(ledger, {KIND: points_work()}):
            assert main([*ASKED, "--on", "jobs"]) == 0
    assert capsys.readouterr().out == here


def test_processes_give_the_document_of_a_local_sweep(here, capsys):
    assert main([*ASKED, "--on", "processes:1"]) == 0
    assert capsys.readouterr().out == here


@pytest.mark.parametrize(
    ("more", "word"),
    [(["--on", "jobs"], "SYNQC_DATABASE_URL"), (["--on", "jobs", "--cache", "points.db"], "--cache"),
     (["--on", "nowhere"], "dask://host:port"), (["--threads", "-1"], "threads"),
     (["--on", "process"], 'Argument `--on` must be "jobs", "processes"'),
     (["--on", "proceses:2"], "near it: processes"),
     (["--on", "processes:0"], "Argument `--on` must")],
)  # fmt: skip
def test_what_cannot_be_is_said(more, word, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main([*ASKED, *more]) == 2
    assert word in capsys.readouterr().err
