"""Uploads come to text with every number flagged, and what is not there is said where a person meets it."""

import importlib.util
from pathlib import Path

import pytest
from media_doubles import Ears, Eyes, Going, png, wav

from synqc.apps.fir.input.media_models import MediaModels, choose_media_models
from synqc.apps.fir.input.media_stages import MediaStages
from synqc.apps.fir.input.settings import MediaSettings
from synqc.apps.fir.input.upload import Media, check_upload
from synqc.apps.fir.input.upload_folder import UploadFolder, UploadGone
from synqc.apps.fir.workflow.model_stages import ModelStages
from synqc.apps.fir.workflow.stages import StageResult
from synqc.apps.fir.workflow.workflow import Officer, Workflow
from synqc.errors import SynqcError
from synqc.jobs import Worker
from synqc.llm.languages import Languages, UnsupportedLanguage
from synqc.llm.readers.server import ChatReader, OcrServer
from synqc.llm.transcribers.server import AsrServer, ServerTranscriber

MEERA = Officer("SI Meera Rao")


@pytest.fixture
def folder(tmp_path):
    return UploadFolder(tmp_path)


def recorded(folder, language="en"):
    return folder.keep(check_upload(wav(4), Media.AUDIO), language=language)


def photographed(folder, language="en"):
    return folder.keep(check_upload(png(), Media.IMAGE), language=language)


def told(found):
    return [(one.kind.value, found.text[one.start : one.end] if one.text else "", one.at_s) for one in found.doubts]


def test_every_number_of_a_recording_is_to_be_confirmed(folder):
    ears = Ears("At nine thirty two men took 9,000 rupees.")
    found = MediaStages(folder, MediaModels(transcriber=ears)).transcribe(recorded(folder), Going())
    assert (found.text, found.model) == (ears.heard.text, "ears")
    assert told(found) == [("number", "nine thirty two", 0.5), ("number", "9,000", 3.0)]
    assert ears.asked == [("wav", "en", 180.0)]


def test_a_recording_that_was_heard_badly_is_doubted_as_a_whole(folder):
    found = MediaStages(folder, MediaModels(transcriber=Ears("Mera phone.", probability=0.3))).transcribe(
        recorded(folder), Going()
    )
    assert told(found) == [("text", "", None)]
    assert found.doubts[0].probability == pytest.approx(0.3)


def test_a_page_is_read_in_its_language_and_the_other_one_with_numbers_and_unsure_words_flagged(folder):
    eyes = Eyes("मेरी साइकिल कल 14 मार्च चोरी", unsure=("साइकिल", "14"))
    found = MediaStages(folder, MediaModels(reader=eyes)).read_image(photographed(folder, "hi"), Going())
    assert eyes.asked == [("png", ("hi", "en"), 120.0)]
    assert told(found) == [("text", "", None), ("number", "14", None), ("word", "साइकिल", None)]
    sure = Eyes("My cycle was stolen from the market", languages=Languages(able=("en",)))
    found = MediaStages(folder, MediaModels(reader=sure)).read_image(photographed(folder), Going())
    assert (sure.asked[0][1], told(found)) == (("en",), [])


def test_a_language_that_the_model_does_not_understand_is_refused_by_a_sentence(folder):
    stages = MediaStages(folder, MediaModels(transcriber=Ears("x")))
    with pytest.raises(UnsupportedLanguage, match="Language hi is not supported by ears"):
        stages.transcribe(recorded(folder, "hi"), Going())


def test_without_models_a_sentence_says_what_would_help(folder):
    models = MediaModels(speech_missing="Run `synqc models get whisper-base`.")
    stages = MediaStages(folder, models)
    with pytest.raises(SynqcError, match=r"No recordings are taken here: type the complaint\. Run `synqc models get"):
        stages.transcribe(recorded(folder), Going())
    with pytest.raises(SynqcError, match=r"No pictures are taken here: type the complaint\. Pictures are"):
        stages.read_image(photographed(folder), Going())
    assert models.to_plain()["speech"] == {
        "ready": False, "name": None, "languages": [], "missing": "Run `synqc models get whisper-base`.",
    }  # fmt: skip


def test_an_upload_that_is_gone_is_said(folder):
    place = recorded(folder)
    folder.remove(place)
    with pytest.raises(UploadGone):
        MediaStages(folder, MediaModels(transcriber=Ears("x"))).transcribe(place, Going())


class TestChoice:
    def test_servers_are_taken_where_they_are_named(self):
        given = {"SYNQC_FIR_ASR_URL": "http://127.0.0.1:9", "SYNQC_FIR_OCR_URL": "http://127.0.0.1:9",
                 "SYNQC_FIR_ASR_LANGUAGES": "en, hi"}  # fmt: skip
        chosen = choose_media_models(MediaSettings.from_environment(given))
        assert isinstance(chosen.transcriber, AsrServer)
        assert isinstance(chosen.reader, OcrServer)
        assert chosen.to_plain()["speech"] == {
            "ready": True, "name": "ASR at http://127.0.0.1:9", "languages": ["en", "hi"], "missing": None,
        }  # fmt: skip
        given |= {"SYNQC_FIR_ASR_MODEL": "whisper-1", "SYNQC_FIR_OCR_MODEL": "llava", "SYNQC_FIR_ASR_TIMEOUT_SEC": "7"}
        chosen = choose_media_models(MediaSettings.from_environment(given))
        assert isinstance(chosen.transcriber, ServerTranscriber)
        assert isinstance(chosen.reader, ChatReader)
        assert chosen.speech_s == 7.0

    def test_what_is_not_installed_is_told_and_keeps_nothing_from_starting(self, tmp_path, monkeypatch):
        settings = MediaSettings.from_environment({"SYNQC_MODELS_DIR": str(tmp_path)})
        monkeypatch.setenv("PATH", str(tmp_path))
        chosen = choose_media_models(settings)
        assert (chosen.transcriber, chosen.reader) == (None, None)
        assert "Run `synqc models get whisper-base`, or name a server by SYNQC_FIR_ASR_URL." in chosen.speech_missing
        assert "apt-get install tesseract-ocr" in chosen.pictures_missing

    def test_the_speech_models_package_is_named_where_only_it_is_missing(self, monkeypatch):
        monkeypatch.setattr(
            "synqc.apps.fir.input.media_models.component_folder", lambda name, directory: Path("whisper-base")
        )
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *more: None if name == "faster_whisper" else found(name, *more)
        )
        missing = choose_media_models(MediaSettings.from_environment({})).speech_missing
        assert "pip install 'synqc[speech]'" in missing

    @pytest.mark.parametrize("model", ["asr", "ocr"])
    def test_either_can_be_switched_off(self, model):
        chosen = choose_media_models(MediaSettings.from_environment({f"SYNQC_FIR_{model.upper()}_URL": "none"}))
        assert (chosen.transcriber if model == "asr" else chosen.reader) is None


def test_an_officer_is_shown_the_doubts_and_approves_them_with_the_text(ledger_on_sqlite, folder):
    def none(given, stop):
        return StageResult({"violations": []})

    media = MediaStages(folder, MediaModels(transcriber=Ears("They took 9,000 rupees.")))
    stages = ModelStages(None, "", none, transcribe=media.transcribe, read_image=media.read_image).functions
    workflow = Workflow(ledger_on_sqlite, stages, computes_ahead=False)
    with Worker(ledger_on_sqlite, workflow.works):
        session_id = workflow.open(MEERA, audio=recorded(folder))
        gate = workflow.wait_for_gate(session_id, 20)
        assert gate.content == {
            "transcript": "They took 9,000 rupees.",
            "doubts": [{"kind": "number", "start": 10, "end": 15, "text": "9,000", "at_s": 1.0, "probability": 0.9}],
        }
        workflow.edit(session_id, gate.token, MEERA, {"transcript": "They took 19,000 rupees."})
        assert "doubts" not in workflow.gate(session_id).content
    assert workflow.audit(session_id) == []
    assert workflow.rebuilt(session_id) == workflow.session(session_id)
