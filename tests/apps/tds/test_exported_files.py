"""Exported run files have the names under which earlier services look for them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synqc.apps.tds.storage import Change
from synqc.apps.tds.storage.legacy import _file_name, export_state

KEPT = [
    "a b", "é", "量子", "50%41", 'say "x"', "it's", "back\\slash", "tab\there", "line\nbreak", "a*b?", ".hidden", ".",
    "..", "...", "a:b", "-x", "~", "x" * 250, "é" * 125, " ", "CON", "a_b",
]  # fmt: skip
RENAMED = ["a/b", "/", "../up", "/etc/passwd", "x" * 251, "é" * 126, "a/" * 200]


def export(tds, ids, folder):
    rows = [
        {"run_id": run_id, "session_id": "s", "document": json.dumps({"run_id": run_id}).encode(), "details": b"{}"}
        for run_id in ids
    ]
    tds.store.writer.submit(Change(runs=rows)).result(10)
    export_state(tds.database, folder)
    return {path.name: json.loads(path.read_text())["run_id"] for path in (folder / "runs").iterdir()}


def test_a_name_stays_if_a_file_may_have_it(tmp_path, opened):
    found = export(opened(), [*KEPT, *RENAMED], tmp_path / "out")
    assert sorted(found.values()) == sorted([*KEPT, *RENAMED])
    for run_id in KEPT:
        assert found[f"{run_id}.json"] == run_id
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("synqc.")) == ["out", "runs"]


@pytest.mark.parametrize("chosen_first", [True, False])
def test_another_name_is_nobody_elses(tmp_path, opened, chosen_first):
    """Also if somebody has chosen the one that it would get."""
    chosen = _file_name("a/b", set()).removesuffix(".json")
    ids = [chosen, "a/b"] if chosen_first else ["a/b", chosen]
    assert sorted(export(opened(), ids, tmp_path / "out").values()) == sorted(ids)


@pytest.mark.parametrize("taken", [set(), {"x.json"}])
@given(run_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_id_gives_a_name_that_a_file_may_have(taken, run_id):
    name = _file_name(run_id, taken)
    assert name.endswith(".json")
    assert len(name.encode()) <= 255
    assert not set(name) & {"/", "\0"}
    assert name not in taken
    may_stay = "/" not in run_id and "\0" not in run_id and len(run_id.encode()) <= 250
    assert (name == f"{run_id}.json") == (may_stay and f"{run_id}.json" not in taken)
