"""Pages as text: languages are kept to, servers are read as they are, and typed pages come out as they were typed."""

import io
import os
import stat
import time

import pytest
from scripted_server import answer, http, refusal
from test_picture import jpeg, png

from synqc.errors import InputError, MissingExtra
from synqc.llm import (
    CutAnswer,
    EmptyAnswer,
    Endpoint,
    ErrorInAnswer,
    ModelRefused,
    ModelTimedOut,
    ProtocolError,
)
from synqc.llm.languages import Languages, UnsupportedLanguage
from synqc.llm.picture import UnreadablePicture
from synqc.llm.read_image import PageReader, Read, ReadWord, read_image
from synqc.llm.readers.server import ChatReader, OcrServer
from synqc.llm.readers.tesseract import Tesseract

ENGLISH = Languages(able=("en",))


class Reader:
    name, languages = "reader", Languages(able=("en",), rough=("hi",), unable=("ta",))

    def __init__(self):
        self.asked = []

    def read(self, picture, *, languages, deadline_s):
        self.asked.append((picture.kind, tuple(languages), deadline_s))
        return Read("Rs 9,000", (ReadWord("Rs", 0.95, (0, 0, 5, 5)), ReadWord("9,000", 0.4, (6, 0, 9, 5))))


class TestPages:
    def test_a_page_has_its_text_its_size_and_its_doubtful_words(self):
        page = read_image(png(), reader=Reader(), languages=["en-IN", "en"])
        assert (page.text, page.width, page.height, page.languages) == ("Rs 9,000", 8, 4, ("en",))
        assert [word.text for word in page.doubtful] == ["9,000"]
        assert not page.is_rough
        assert read_image(jpeg(), reader=Reader(), languages=["hi", "en"]).is_rough

    @pytest.mark.parametrize("languages", [["ta"], ["en", "xx"]])
    def test_a_language_it_does_not_read_is_refused_before_it_looks(self, languages):
        reader = Reader()
        with pytest.raises(UnsupportedLanguage, match=r"It can en, hi \(roughly\)"):
            read_image(png(), reader=reader, languages=languages)
        assert reader.asked == []

    @pytest.mark.parametrize("bad", [{"languages": "en"}, {"languages": []}, {"deadline_s": 0}, {"deadline_s": -1}])
    def test_arguments_out_of_range_are_refused(self, bad):
        with pytest.raises(InputError, match=next(iter(bad))):
            read_image(png(), reader=Reader(), **bad)

    def test_what_is_no_picture_reaches_no_reader(self):
        reader = Reader()
        for content in (b"text", png()[:-3], png(7000, 7000, pixels=b"")):
            with pytest.raises(UnreadablePicture):
                read_image(content, reader=reader)
        assert reader.asked == []


class TestServers:
    @pytest.fixture
    def endpoint(self, server):
        return Endpoint(base_url=server.url, api_key="sk-secret-0123", attempts=2, timeout_s=5)

    def test_a_model_that_sees_is_sent_the_picture_in_a_message(self, server, endpoint):
        server.otherwise = answer(" Rs 9,000 \n")
        reader = ChatReader(endpoint, "llava", max_tokens=500)
        assert isinstance(reader, PageReader)
        assert read_image(png(), reader=reader, languages=["hi"]).text == "Rs 9,000"
        body = server.bodies[0]
        told, seen = body["messages"][0]["content"]
        assert seen["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
        assert told["text"].endswith("Languages: hi.")
        assert (body["max_tokens"], body["temperature"]) == (500, 0)

    @pytest.mark.parametrize(
        ("script", "kind"),
        [(answer("Rs", "length"), CutAnswer), (answer(""), EmptyAnswer), (http({"error": "oom"}), ErrorInAnswer),
         (http({"choices": []}), ProtocolError), (http("<html>"), ProtocolError), (refusal(400), ModelRefused)],
    )  # fmt: skip
    def test_what_is_no_text_is_the_error_of_its_outcome(self, server, endpoint, script, kind):
        server.otherwise = script
        with pytest.raises(kind) as caught:
            read_image(png(), reader=ChatReader(endpoint, "llava"))
        assert type(caught.value) is kind
        assert server.requests == 1

    def test_a_model_without_eyes_is_asked_once_whatever_the_status(self, server, endpoint):
        server.otherwise = refusal(500, "image input is not supported - hint: you may need to provide the mmproj")
        with pytest.raises(ModelRefused) as caught:
            read_image(png(), reader=ChatReader(endpoint, "phi3"))
        assert (server.requests, caught.value.retryable) == (1, False)

    def test_the_plain_door_is_sent_the_file_alone(self, server, endpoint):
        server.reads = "bytes"
        server.otherwise = http({"success": True, "extracted_text": "Rs 9,000", "error": None})
        assert read_image(jpeg(), reader=OcrServer(endpoint, languages=ENGLISH)).text == "Rs 9,000"
        assert server.asked[0].path.endswith("/ocr")
        assert b'name="image"; filename="page.jpeg"\r\nContent-Type: image/jpeg' in server.asked[0].body

    @pytest.mark.parametrize(
        ("document", "kind"),
        [({"success": False, "error": "no model"}, ErrorInAnswer), ({"success": True}, ProtocolError),
         ({"success": True, "extracted_text": 5}, ProtocolError), ([], ProtocolError)],
    )  # fmt: skip
    def test_a_failure_with_status_200_is_an_error(self, server, endpoint, document, kind):
        server.reads = "bytes"
        server.otherwise = http(document)
        with pytest.raises(kind):
            read_image(png(), reader=OcrServer(endpoint, languages=ENGLISH))


def font(name, size):
    pil = pytest.importorskip("PIL.ImageFont")
    for folder in ("/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/truetype/noto"):
        if os.path.exists(f"{folder}/{name}"):
            return pil.truetype(f"{folder}/{name}", size)
    pytest.skip(f"the font {name} is not here")


def page(text, letters, *, turned=0, kind="PNG", mode="L"):
    """A picture of typed lines."""
    from PIL import Image, ImageDraw

    drawn = Image.new("L", (letters.size * 32, letters.size * (3 + 2 * text.count("\n"))), 255)
    ImageDraw.Draw(drawn).multiline_text((letters.size, letters.size), text, font=letters, spacing=letters.size // 2)
    if mode == "RGBA":
        ink = drawn.point(lambda light: 255 - light)
        drawn = Image.merge("RGBA", [Image.new("L", drawn.size, 0)] * 3 + [ink])
    drawn = drawn.rotate(turned, expand=True, fillcolor=255 if mode == "L" else None)
    written = io.BytesIO()
    drawn.save(written, kind)
    return written.getvalue()


LINES = (
    "To the Station House Officer,\nOn 14 March 2025 at 9.30 pm two men on a motorcycle\n"
    "took my phone worth Rs 9,000 near the railway station.\n"
)
HINDI = "कल रात मेरे घर में चोरी हुई।\n"


class TestTesseract:
    @pytest.fixture
    def tesseract(self):
        try:
            return Tesseract()
        except MissingExtra:
            pytest.skip("tesseract or pillow is not here")

    def words(self, text):
        return text.split()

    @pytest.mark.parametrize(
        ("size", "options"),
        [(30, {}), (30, {"kind": "JPEG"}), (14, {}), (30, {"turned": 2}), (30, {"mode": "RGBA"}), (30, {"turned": 90})],
    )
    def test_a_typed_page_comes_out_as_it_was_typed(self, tesseract, size, options):
        if options.get("turned") == 90 and "osd" not in tesseract._data:
            pytest.skip("the data that tells how a page is turned is not here")
        read = read_image(page(LINES, font("DejaVuSans.ttf", size), **options), reader=tesseract)
        assert self.words(read.text) == self.words(LINES)

    def test_words_stand_where_they_are_in_the_picture(self, tesseract):
        for size in (14, 40):  # one of them is drawn larger before it is read
            read = read_image(page(LINES, font("DejaVuSans.ttf", size)), reader=tesseract)
            first = read.words[0]
            assert first.text == "To"
            left, top, right, bottom = first.box
            assert size * 0.8 <= left < right <= size * 3
            assert size * 0.8 <= top < bottom <= size * 2.5

    def test_hindi_and_english_are_read_beside_each_other(self, tesseract):
        if "hi" not in tesseract.languages.able:
            pytest.skip("the data for Hindi is not here")
        letters = font("NotoSansDevanagari-Regular.ttf", 30)
        assert self.words(read_image(page(HINDI, letters), reader=tesseract, languages=["hi"]).text) == self.words(
            HINDI
        )

    def test_a_language_whose_data_is_not_there_is_refused(self, tesseract):
        with pytest.raises(UnsupportedLanguage, match="ta is not supported by tesseract"):
            read_image(png(), reader=tesseract, languages=["ta"])

    def test_an_empty_page_has_no_text(self, tesseract):
        assert read_image(png(300, 200, pixels=(b"\0" + b"\xff" * 300) * 200), reader=tesseract).text == ""

    @pytest.mark.parametrize("content", [png(64, 64, pixels=bytes(20)), jpeg(64, 64)])
    def test_what_cannot_be_decoded_is_refused(self, tesseract, content):
        with pytest.raises(UnreadablePicture, match="cannot be decoded"):
            read_image(content, reader=tesseract)


@pytest.fixture
def program(tmp_path):
    """A program in tesseract's place."""
    pytest.importorskip("PIL")

    def make(script):
        path = tmp_path / "tesseract"
        path.write_text(f'#!/bin/sh\nif [ "$1" = --list-langs ]; then printf "List:\\neng\\n"; exit; fi\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Tesseract(str(path))

    return make


class TestProgram:
    def test_one_that_takes_too_long_is_ended(self, program):
        started = time.monotonic()
        with pytest.raises(ModelTimedOut) as caught:
            read_image(png(), reader=program("exec sleep 30"), deadline_s=0.3)
        assert (caught.value.limit, caught.value.seconds) == ("deadline", 0.3)
        assert time.monotonic() - started < 15

    def test_one_that_fails_is_an_error_with_its_words(self, program):
        with pytest.raises(ErrorInAnswer, match="no memory left"):
            read_image(png(), reader=program("echo no memory left >&2; exit 3"))

    def test_what_is_no_word_is_read_over(self, program):
        rows = r"5\t1\t1\t1\t1\t1\t2\t4\t6\t8\t93.5\tRs\n5\t1\t1\t1\t1\t2\t8\t4\t6\t8\t-1\t \nnonsense\n4\t1\n"
        read = read_image(png(), reader=program(f"printf 'level\\n{rows}'"))
        assert (read.text, read.words) == ("Rs", (ReadWord("Rs", 0.935, (1, 2, 4, 6)),))

    def test_one_that_is_not_there_is_told_with_how_to_get_it(self):
        with pytest.raises(MissingExtra, match="apt-get install tesseract-ocr"):
            Tesseract("tesseract-of-nobody")
