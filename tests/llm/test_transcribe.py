"""Speech as text: numbers are flagged with their places, languages are kept to, and servers are read as they are."""

import contextlib
import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from scripted_server import http, refusal
from test_audio import wav

from synqc.llm import Endpoint, ErrorInAnswer, LanguageModelError, ModelRefused, ModelTimedOut, ProtocolError
from synqc.llm.audio import UnreadableAudio
from synqc.llm.languages import Languages, UnsupportedLanguage
from synqc.llm.model_files import ModelDirectory, NoSuchModel, component_folder
from synqc.llm.spoken_numbers import numbers_in
from synqc.llm.transcribe import Heard, HeardWord, Transcriber, transcribe
from synqc.llm.transcribers.server import AsrServer, ServerTranscriber
from synqc.llm.transcribers.whisper import Whisper

MODELS = Path(os.environ.get("SYNQC_MODELS_DIR", "~/.cache/synqc/models")).expanduser()


class Listener:
    name, languages = "listener", Languages(able=("en",), rough=("fr",), unable=("hi",))

    def __init__(self, text, *words):
        self.heard = Heard(text, tuple(HeardWord(*word) for word in words))
        self.asked = []

    def hear(self, audio, *, language, deadline_s):
        self.asked.append((audio.seconds, language, deadline_s))
        return self.heard


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("Nothing was taken.", []),
        ("At nine thirty, two men took nine thousand rupees.", ["nine thirty", "two", "nine thousand"]),
        ("worth 9,000 rupees at 9.30 on 14/3/2025", ["9,000", "9.30", "14/3/2025"]),
        ("the fourteenth of March", ["fourteenth"]),
        ("one hundred and twenty-three lakhs", ["one hundred and twenty-three lakhs"]),
        ("double nine eight, oh my", ["double nine eight"]),
        ("number MH12AB1234.", ["12", "1234"]),
        ("५,००० रुपये", ["५,०००"]),
        ("पाँच हज़ार रुपये और दो चेन", ["पाँच हज़ार", "दो"]),
        ("हज\u093cार, ह\u095bार और हजार; डेढ\u093c लाख", ["हज\u093cार", "ह\u095bार", "हजार", "डेढ\u093c लाख"]),
        ("दोस्त का नौकर सौदा करता है, एक दसवीं का", []),
        ("Someone weighed often; a tennis ball.", []),
        ("a 9mm pistol, 14th floor", ["9", "14th"]),
    ],
)
def test_numbers_are_found_in_digits_and_in_words(said, numbers):
    assert [said[start:end] for start, end in numbers_in(said)] == numbers


class TestTranscripts:
    def test_a_number_has_its_place_in_the_text_and_in_the_recording(self):
        words = [(" Two", 0.0, 0.5, 0.9), (" men", 0.5, 0.8, 0.99), (" took", 0.8, 1.0, 0.9), (" nine", 1.0, 1.3, 0.4),
                 (" thousand.", 1.3, 1.9, 0.7)]  # fmt: skip
        transcript = transcribe(wav(2), transcriber=Listener("Two men took nine thousand.", *words))
        assert transcript.needs_confirmation
        first, second = transcript.numbers
        assert (first.text, first.start, first.end, first.start_s) == ("Two", 0, 3, 0.0)
        assert (second.text, second.start_s, second.end_s, second.probability) == ("nine thousand", 1.0, 1.9, 0.4)
        assert transcript.text[second.start : second.end] == second.text

    def test_a_model_that_tells_of_no_words_flags_numbers_all_the_same(self):
        (number,) = transcribe(wav(1), transcriber=Listener("It cost 9,000.")).numbers
        assert (number.text, number.start_s, number.probability) == ("9,000", None, None)

    def test_without_numbers_nothing_is_to_be_confirmed_unless_the_language_is_rough(self):
        assert not transcribe(wav(1), transcriber=Listener("He ran.")).needs_confirmation
        rough = transcribe(wav(1), transcriber=Listener("Il courait."), language="fr-FR")
        assert (rough.language, rough.is_rough, rough.needs_confirmation) == ("fr", True, True)

    @pytest.mark.parametrize(("probability", "doubtful"), [(0.59, True), (0.61, False)])
    def test_what_the_model_was_unsure_of_is_doubtful(self, probability, doubtful):
        words = [(" He", 0, 1, probability - 0.1), (" ran.", 1, 2, probability + 0.1)]
        transcript = transcribe(wav(2), transcriber=Listener("He ran.", *words))
        assert transcript.confidence == pytest.approx(probability)
        assert (transcript.is_doubtful, transcript.needs_confirmation) == (doubtful, doubtful)

    def test_what_says_the_same_again_and_again_is_doubtful_however_sure(self):
        said = "Woo-hoo! " * 10
        words = [(" Woo-hoo!", number, number + 1, 0.99) for number in range(10)]
        assert transcribe(wav(9), transcriber=Listener(said.strip(), *words)).is_doubtful
        told = "Two men on a motorcycle took my phone near the railway station, and no, no, no one helped."
        assert not transcribe(wav(9), transcriber=Listener(told)).is_doubtful

    @pytest.mark.parametrize("language", ["hi", "hi-IN", "xx"])
    def test_a_language_it_does_not_understand_is_refused_before_it_listens(self, language):
        listener = Listener("")
        with pytest.raises(UnsupportedLanguage, match=r"It can en, fr \(roughly\)"):
            transcribe(wav(1), transcriber=listener, language=language)
        assert listener.asked == []

    def test_what_is_no_recording_reaches_no_model(self):
        listener = Listener("")
        for content in (b"text", wav(1)[:-9], wav(30)):
            with pytest.raises(UnreadableAudio):
                transcribe(content, transcriber=listener, most_seconds=20)
        assert listener.asked == []


class TestServers:
    @pytest.fixture
    def endpoint(self, server):
        return Endpoint(base_url=server.url, api_key="sk-secret-0123", attempts=2, timeout_s=5)

    @pytest.fixture
    def server(self, server):
        server.reads = "bytes"
        return server

    def test_openais_door_is_sent_the_file_and_the_language(self, server, endpoint):
        server.otherwise = http({"text": " Two men. "})
        transcriber = ServerTranscriber(endpoint, "whisper-1")
        assert isinstance(transcriber, Transcriber)
        transcript = transcribe(wav(1), transcriber=transcriber, language="hi-IN")
        assert (transcript.text, transcript.language, len(transcript.numbers)) == ("Two men.", "hi", 1)
        asked = server.asked[0]
        assert asked.path.endswith("/v1/audio/transcriptions")
        assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
        for part in (b'name="model"\r\n\r\nwhisper-1', b'name="language"\r\n\r\nhi', b'filename="speech.wav"', wav(1)):
            assert part in asked.body

    def test_the_plain_door_is_sent_the_file_alone(self, server, endpoint):
        server.otherwise = http({"success": True, "transcript": "He ran.", "error": None})
        transcriber = AsrServer(endpoint, languages=Languages(able=("en",)))
        assert transcribe(wav(1), transcriber=transcriber).text == "He ran."
        assert server.asked[0].path.endswith("/asr")
        assert b'name="audio"; filename="speech.wav"\r\nContent-Type: audio/wav' in server.asked[0].body

    def test_a_failure_with_status_200_is_an_error(self, server, endpoint):
        server.otherwise = http({"success": False, "error": "no ffmpeg, sk-secret-0123"})
        with pytest.raises(ErrorInAnswer, match="no ffmpeg") as caught:
            transcribe(wav(1), transcriber=AsrServer(endpoint, languages=Languages(able=("en",))))
        assert "sk-secret" not in str(caught.value)
        server.otherwise = http({"success": False, "transcript": "", "error": None})
        with pytest.raises(ErrorInAnswer, match="it failed, and not why"):
            transcribe(wav(1), transcriber=AsrServer(endpoint, languages=Languages(able=("en",))))

    @pytest.mark.parametrize("document", [{}, [], {"text": None}, {"text": 5}, "<html>"])
    def test_what_is_no_text_is_an_error(self, server, endpoint, document):
        server.otherwise = http(document)
        with pytest.raises(ProtocolError):
            transcribe(wav(1), transcriber=ServerTranscriber(endpoint, "m"))

    def test_attempts_are_those_of_all_calls_and_413_is_final(self, server, endpoint):
        server.script.extend([refusal(503, "Busy.", **{"retry-after-ms": "1"}), http({"text": "He ran."})])
        assert transcribe(wav(1), transcriber=ServerTranscriber(endpoint, "m")).text == "He ran."
        server.otherwise = refusal(413, "Too large.")
        with pytest.raises(ModelRefused):
            transcribe(wav(1), transcriber=ServerTranscriber(endpoint, "m"))
        assert server.requests == 3

    def test_a_deadline_ends_it_at_the_server(self, server, endpoint):
        server.otherwise = [30]
        with pytest.raises(LanguageModelError):
            transcribe(wav(1), transcriber=ServerTranscriber(endpoint, "m"), deadline_s=0.2)
        assert server.left.wait(20)


@pytest.fixture(scope="module")
def whisper():
    pytest.importorskip("faster_whisper")
    try:
        return Whisper(component_folder("whisper-base", ModelDirectory(MODELS)))
    except NoSuchModel:
        pytest.skip("the files of whisper-base are not here")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not here to speak")

    def speak(text, voice="en"):
        path = tmp_path_factory.mktemp("sound") / "speech.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", str(path), text], check=True)
        return path.read_bytes()

    return speak


class TestWhisper:
    def test_english_is_heard_with_its_numbers_flagged_where_they_stand(self, whisper, spoken):
        content = spoken("Two men on a motorcycle took my phone worth nine thousand rupees near the railway station.")
        transcript = transcribe(content, transcriber=whisper)
        assert not transcript.is_doubtful
        for word in ("motorcycle", "phone", "railway station"):
            assert word in transcript.text
        assert transcript.numbers
        for number in transcript.numbers:
            assert 0 <= number.start_s < number.end_s <= transcript.seconds + 0.5
            assert 0 <= number.probability <= 1

    @pytest.mark.parametrize("voice", ["hi", "de"])
    def test_another_language_heard_as_english_is_doubtful(self, whisper, spoken, voice):
        said = {"hi": "कल रात मेरे घर में चोरी हुई।", "de": "Gestern Abend hat jemand mein Fahrrad gestohlen."}[voice]
        transcript = transcribe(spoken(said, voice), transcriber=whisper)
        assert transcript.is_doubtful, transcript.text

    def test_silence_says_nothing(self, whisper):
        assert transcribe(wav(3), transcriber=whisper).text == ""

    def test_hindi_is_refused(self, whisper):
        with pytest.raises(UnsupportedLanguage, match="hi-IN is not supported by whisper-base"):
            transcribe(wav(1), transcriber=whisper, language="hi-IN")

    def test_who_waits_for_another_recording_too_long_is_told(self, whisper):
        held = threading.Event()
        release = threading.Event()

        def hold():
            with whisper._turn:
                held.set()
                release.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait(5)
        try:
            with pytest.raises(ModelTimedOut) as caught:
                transcribe(wav(1), transcriber=whisper, deadline_s=0.05)
        finally:
            release.set()
            thread.join()
        assert caught.value.limit == "deadline"

    def test_what_cannot_be_decoded_is_refused(self, whisper):
        noise = b"\xff\xfb\x90\x00" + b"\xaa" * 413
        with contextlib.suppress(UnreadableAudio):
            assert isinstance(transcribe(noise * 40, transcriber=whisper).text, str)
