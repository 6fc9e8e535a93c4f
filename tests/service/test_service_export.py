"""Exports, byte by byte."""

import csv
import io
import json
import re

import pytest

P = "/api/v1/synqc"
SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
KEYS = [
    "sessionId", "mode", "hardwareTarget", "hardwarePreset", "driveEnvelope", "probeStrength", "probeDurationNs",
    "adaptiveRule", "objective", "kpis", "notes", "exportedAt",
]  # fmt: skip
HEADER = (
    "sessionId,mode,hardwareTarget,hardwarePreset,driveEnvelope,probeStrength,probeDurationNs,adaptiveRule,objective,"
    "kpi_fidelity,kpi_latencyUs,kpi_backAction,kpi_shotUsage,notes,exportedAt"
)
HOSTILE = ["a,b", 'say "hi"', "two\nlines", "carriage\rreturn", '",\r\n"', "=1+1", "Γ ψ", " spaces ", '"notes": null']


def payload(client, session, form="json"):
    answer = client.get(f"{P}/sessions/{session}/export?format={form}")
    assert answer.status_code == 200
    assert list(answer.json()) == ["format", "payload"]
    assert answer.json()["format"] == form
    return answer.json()["payload"]


def annotate(client, session, notes):
    client.post(P + "/sessions", json={"session_id": session, "config": {"notes": notes}})


class TestJson:
    def test_before_a_run(self, client, session):
        found = payload(client, session)
        assert list(found) == KEYS
        assert SECONDS.fullmatch(found.pop("exportedAt"))
        assert found == {
            "sessionId": session, "mode": "Sim Local", "hardwareTarget": "sim-local",
            "hardwarePreset": "transmon-default", "driveEnvelope": "gaussian", "probeStrength": 0.2,
            "probeDurationNs": 120, "adaptiveRule": "none", "objective": "maximize-fidelity",
            "kpis": {"fidelity": 0.0, "latencyUs": 0.0, "backAction": 0.0, "shotUsage": "0 / 50000"}, "notes": None,
        }  # fmt: skip

    def test_after_a_run(self, client, session):
        kpis = client.post(f"{P}/sessions/{session}/run", json={}).json()["run"]["kpis"]
        found = payload(client, session)["kpis"]
        assert list(found) == ["fidelity", "latencyUs", "backAction", "shotUsage"]
        assert list(found.values()) == [kpis["fidelity"], kpis["latency_us"], kpis["backaction"], "836 / 50000"]

    def test_it_is_the_default(self, client, session):
        assert client.get(f"{P}/sessions/{session}/export").json()["format"] == "json"


class TestCsv:
    def test_it_is_a_header_and_a_row(self, client, session):
        kpis = client.post(f"{P}/sessions/{session}/run", json={}).json()["run"]["kpis"]
        text = payload(client, session, "csv")
        header, row, rest = text.split("\n")
        assert header == HEADER
        assert rest == ""
        figures = ",".join(repr(kpis[name]) for name in ("fidelity", "latency_us", "backaction"))
        start = f"{session},Sim Local,sim-local,transmon-default,gaussian,0.2,120,none,maximize-fidelity"
        assert row[:-20] == f"{start},{figures},836 / 50000,,"
        assert SECONDS.fullmatch(row[-20:])

    @pytest.mark.parametrize("notes", [*HOSTILE, "", None])
    def test_any_notes_come_back(self, client, session, notes):
        annotate(client, session, notes)
        rows = list(csv.reader(io.StringIO(payload(client, session, "csv"), newline="")))
        assert len(rows) == 2
        assert rows[1][-2] == (notes or "")

    @pytest.mark.parametrize(("notes", "cell"), [("a,b", '"a,b"'), ('"', '""""'), ("plain; text", "plain; text")])
    def test_quotes_only_where_they_are_needed(self, client, session, notes, cell):
        annotate(client, session, notes)
        assert payload(client, session, "csv").split("\n")[1].startswith(session)
        assert f",{cell},2" in payload(client, session, "csv")


class TestNotebook:
    @pytest.mark.parametrize("notes", [*HOSTILE, "", None, '"notes": null,', "'''", "\\", "\u2028", "None"])
    def test_the_cell_can_be_executed_and_holds_the_snapshot(self, client, session, notes):
        annotate(client, session, notes)
        namespace = {}
        exec(payload(client, session, "notebook"), namespace)
        snapshot = payload(client, session)
        snapshot["exportedAt"] = namespace["snapshot"]["exportedAt"]
        assert namespace["snapshot"] == snapshot
        assert list(namespace["snapshot"]) == KEYS

    def test_its_lines(self, client, session):
        annotate(client, session, "n")
        text = payload(client, session, "notebook")
        first, second, *_ = lines = text.split("\n")
        assert first == "# SynQc TDS snapshot"
        assert second == "snapshot = {"
        assert lines[-4:-2] == ["}", ""]
        assert lines[-2].startswith("#")
        assert "snapshot" in lines[-2]
        assert "Jupyter" in lines[-2]
        assert lines[-1] == ""

    def test_without_null_it_is_json_at_indent_2(self, client, session):
        annotate(client, session, "n")
        body = payload(client, session, "notebook").split("snapshot = ", 1)[1].rsplit("\n\n", 1)[0]
        assert body == json.dumps(json.loads(body), indent=2)


def test_an_unknown_format_is_422(client, session):
    for form in ("xml", "JSON", ""):
        assert client.get(f"{P}/sessions/{session}/export?format={form}").status_code == 422
