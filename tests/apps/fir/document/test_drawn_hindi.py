"""What a printed Hindi word looks like: the picture of it is HarfBuzz's, whatever its text reads back as."""

import pytest
from reports import OFFICER, a_report

from synqc.apps.fir.document.fonts import print_fonts
from synqc.apps.fir.document.pdf_form import pdf_of
from synqc.apps.fir.document.statement import Statement

pypdfium2 = pytest.importorskip("pypdfium2")
Image = pytest.importorskip("PIL.Image")
ImageChops, ImageDraw, ImageFilter, ImageFont, features = (
    pytest.importorskip(f"PIL.{name}") for name in ("ImageChops", "ImageDraw", "ImageFilter", "ImageFont", "features")
)
if not features.check("raqm"):
    pytest.skip("Pillow has no HarfBuzz here", allow_module_level=True)

WORDS = ["मुचुल्का", "राष्ट्रीय", "द्भु", "ट्ट्रू", "क्ष्म्य", "कर्त्तव्य", "श्रीमान्", "हिन्दुओं", "र्‍यां", "ङ्क्ते"]
MARK = "HHHH"
SCALE = 20
SIZE_PT = 10.0
LEAST_SHARED = 0.9
"""Of the ink of both pictures, what both have: edges take five parts in a hundred, letters that do not join thirty."""


def ink(picture):
    """Where a picture is dark, without its margins."""
    dark = picture.convert("L").point(lambda grey: 255 if grey < 128 else 0)
    return dark.crop(dark.getbbox())


def shared(one, other):
    """Part of the ink of both that both have, where they lie on each other best, to a pixel or two."""
    size = max(one.width, other.width) + 4, max(one.height, other.height) + 4
    still = Image.new("L", size)
    still.paste(one, (2, 2))
    parts = []
    for right in range(5):
        for down in range(5):
            moved = Image.new("L", size)
            moved.paste(other, (right, down))
            both, either = ImageChops.darker(still, moved), ImageChops.lighter(still, moved)
            parts.append(both.histogram()[255] / either.histogram()[255])
    return max(parts)


def printed():
    """Pictures of the words, each of which stands between two marks on a line of its own."""
    lines = "\n\n".join([".", *(f"{MARK} {word} {MARK}" for word in WORDS), "."])
    document = pypdfium2.PdfDocument(pdf_of(a_report(narrative=Statement(lines, OFFICER))).data)
    page = document[0]
    text = page.get_textpage()
    found, places = text.search(MARK, match_case=True), []
    while (at := found.get_next()) is not None:
        boxes = [text.get_charbox(at[0] + k) for k in range(at[1])]
        places.append((min(b[0] for b in boxes), boxes[0][1], max(b[2] for b in boxes), boxes[0][3]))
    picture, height = page.render(scale=SCALE).to_pil(), page.get_height()
    pictures = []
    for left, right in zip(places[::2], places[1::2], strict=True):
        assert left[1] == right[1]  # of one line
        box = (left[2] + 0.5, height - left[3] - 8, right[0] - 0.5, height - left[1] + 8)
        pictures.append(ink(picture.crop(tuple(round(SCALE * one) for one in box))))
    document.close()
    return pictures


def drawn(word, layout):
    """The same word by Pillow, whose raqm asks HarfBuzz."""
    (path,) = [one for one in print_fonts().folders[0].glob("*.ttf") if "italic" not in one.name.lower()][:1]
    font = ImageFont.truetype(str(path), SIZE_PT * SCALE, layout_engine=layout)
    canvas = Image.new("L", (int(SIZE_PT * SCALE * (len(word) + 2)), int(4 * SIZE_PT * SCALE)), 255)
    ImageDraw.Draw(canvas).text((SIZE_PT * SCALE, SIZE_PT * SCALE), word, font=font, fill=0)
    return ink(canvas)


def test_words_are_drawn_as_harfbuzz_shapes_them():
    for word, picture in zip(WORDS, printed(), strict=True):
        assert shared(picture, drawn(word, ImageFont.Layout.RAQM)) >= LEAST_SHARED, word
        assert shared(picture, drawn(word, ImageFont.Layout.BASIC)) < 0.8, word  # letters apart, virama and all
