"""Recordings and pictures over HTTP: read, or refused with a code of the contract and nothing left behind."""

import os

import pytest
from fir_service import COMPLAINT
from scripted_server import ScriptedServer, http
from uploads import ELF, PNG, SVG, bomb, png, wav

from synqc.apps.fir.workflow.workflow import Officer

MOST = 25 << 20


@pytest.fixture
def hearing(open_fir):
    """A service whose recordings and pictures are read by servers of the contract's doors."""
    asr, ocr = ScriptedServer(), ScriptedServer()
    for one, member in ((asr, "transcript"), (ocr, "extracted_text")):
        one.reads, one.otherwise = "bytes", http({"success": True, member: COMPLAINT})
    address = asr.url.removesuffix("/v1"), ocr.url.removesuffix("/v1")
    client = open_fir(asr_url=address[0], ocr_url=address[1])
    client.asr, client.ocr = asr, ocr
    yield client
    asr.stop()
    ocr.stop()


def named(value):
    """Of a parameter: contents by their length."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)


def left_behind(client):
    folder = client.fir.uploads.path
    return sorted(folder.iterdir()) if folder.is_dir() else []


def sent(client, field, content, name, kind, **data):
    return client.post("/process", files={field: (name, content, kind)}, data=data)


class TestReading:
    @pytest.mark.parametrize(
        ("field", "content", "name", "kind", "marker"),
        [
            ("audio", wav(), "complaint.wav", "audio/x-wav", "asr_done"),
            ("audio", wav(), "BLOB", "application/octet-stream", "asr_done"),
            ("image", PNG, "letter.PNG", "image/png", "ocr_done"),
        ],
        ids=named,
    )  # fmt: skip
    def test_its_text_is_shown_and_the_file_is_gone_once_that_is_approved(
        self, hearing, field, content, name, kind, marker
    ):
        begun = sent(hearing, field, content, name, kind).json()
        assert (begun["success"], begun["steps"]) == (True, [marker])
        assert begun["content_for_validation"]["transcript"] == COMPLAINT
        assert len(left_behind(hearing)) == 1
        hearing.answered(begun["session_id"])
        assert left_behind(hearing) == []

    def test_the_later_versions_form_is_answered_at_once(self, hearing):
        begun = sent(hearing, "file", wav(), "a.wav", "audio/wav", input_type="audio", language="en-IN").json()
        assert set(begun) == {"session_id", "status", "message"}
        assert begun["status"] == "processing"
        hearing.gate(begun["session_id"])
        assert hearing.get(f"/session/{begun['session_id']}").json()["transcript"] == COMPLAINT

    def test_a_server_that_fails_is_told_as_the_contract_has_it(self, hearing):
        hearing.asr.otherwise = http({"success": False, "error": "CUDA out of memory"})
        begun = sent(hearing, "audio", wav(), "a.wav", "audio/wav")
        assert (begun.status_code, begun.json()["success"]) == (200, False)
        assert begun.json()["error"].startswith("processing_error:")
        written = hearing.answered(
            begun.json()["session_id"], token=begun.json()["token"], content={"transcript": COMPLAINT}
        )
        assert written["current_step"] == "summary_review"

    def test_where_nothing_hears_it_is_said_and_no_session_begins(self, shared):
        answered = sent(shared, "audio", wav(), "a.wav", "audio/wav").json()
        assert (answered["success"], answered["session_id"]) == (False, None)
        assert answered["error"] == "processing_error: Recordings are switched off."
        health = shared.get("/health").json()["asr_ocr_server"]
        assert (health["status"], health["models"]) == ("unavailable", {"speech": False, "pictures": False})


class TestRefusing:
    @pytest.mark.parametrize(
        ("field", "content", "name", "kind", "status"),
        [
            ("image", SVG, "photo.png", "image/png", 415), ("image", SVG, "photo.svg", "image/svg+xml", 415),
            ("image", PNG, "photo.png", "image/gif", 415), ("image", PNG, "photo.exe", "image/png", 415),
            ("audio", PNG, "a.wav", "audio/wav", 415), ("audio", ELF, "a.mp3", "audio/mpeg", 415),
            ("audio", wav()[:20_000], "a.wav", "audio/wav", 400), ("image", PNG[:-9], "a.png", "image/png", 400),
            ("image", bomb(), "a.png", "image/png", 400), ("audio", b"", "a.wav", "audio/wav", 400),
            ("audio", wav(700.0), "a.wav", "audio/wav", 400),
            ("image", PNG + b"<?php system($_GET[0]); ?>", "../../etc/cron.d/x.png", "image/png", 200),
        ],
        ids=named,
    )  # fmt: skip
    def test_by_name_type_and_above_all_by_its_bytes(self, hearing, field, content, name, kind, status):
        answered = sent(hearing, field, content, name, kind)
        assert answered.status_code == status, answered.text
        if status != 200:
            assert {"detail", "error", "message"} <= set(answered.json())
            assert left_behind(hearing) == []
        else:
            assert [one.parent for one in left_behind(hearing)] == [hearing.fir.uploads.path]

    def test_25_mib_are_taken_and_26_are_not(self, hearing):
        assert sent(hearing, "image", png(padded_to=MOST), "a.png", "image/png").json()["success"]
        refused = sent(hearing, "image", png(padded_to=MOST + 1), "a.png", "image/png")
        assert (refused.status_code, refused.json()["code"]) == (413, "upload_too_large")
        refused = sent(hearing, "image", bytes(MOST + (2 << 20)), "a.png", "image/png")
        assert refused.status_code == 413
        assert len(left_behind(hearing)) == 1

    def test_other_routes_take_no_more_than_ever(self, shared):
        assert shared.post("/validate", content=bytes(2 << 20)).status_code == 413

    @pytest.mark.parametrize(
        "parts",
        [
            {}, {"audio": ("a.wav", wav(), "audio/wav"), "image": ("a.png", PNG, "image/png")},
            {"audio": ("a.wav", wav(), "audio/wav"), "text": (None, COMPLAINT)},
        ],
        ids=["none", "both", "with a text"],
    )  # fmt: skip
    def test_it_must_be_exactly_one(self, hearing, parts):
        refused = hearing.post("/process", files=parts or None)
        assert refused.status_code == 400
        assert "Exactly one of" in refused.json()["message"]
        assert left_behind(hearing) == []


def test_a_second_key_for_the_same_request_begins_no_second_session(hearing):
    key = {"Idempotency-Key": "retry-1"}

    def again():
        return hearing.post("/process", files={"audio": ("a.wav", wav(), "audio/wav")}, headers=key)

    first, second = again(), again()
    assert first.json()["session_id"] == second.json()["session_id"]
    assert len(left_behind(hearing)) == 1
    refused = hearing.post("/process", data={"text": COMPLAINT}, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_exists")


def test_what_a_killed_process_left_is_removed(hearing):
    begun = sent(hearing, "audio", wav(), "a.wav", "audio/wav").json()
    kept = left_behind(hearing)
    orphan = kept[0].with_name("0" * 32 + "-en.wav")
    orphan.write_bytes(b"x")
    for file in (*kept, orphan):
        os.utime(file, (0, 0))
    hearing.fir.tidy()
    assert left_behind(hearing) == kept
    hearing.fir.workflow.edit(
        begun["session_id"], begun["token"], Officer("SI Meera Rao"), {"transcript": COMPLAINT}, accept=True
    )
    hearing.fir.tidy()
    assert left_behind(hearing) == []
