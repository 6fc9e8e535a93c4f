"""Doors of vectors, speech and pictures refuse what is no model of theirs, and no code of a language, in words."""

import pytest

from synqc.errors import InputError
from synqc.llm import Endpoint
from synqc.llm.embed import embed
from synqc.llm.embedders.server import ServerEmbedder
from synqc.llm.languages import Languages
from synqc.llm.read_image import read_image
from synqc.llm.readers.server import OcrServer
from synqc.llm.transcribe import transcribe
from synqc.llm.transcribers.server import AsrServer

NOBODY = Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none", attempts=1)
ENGLISH = Languages(able=("en",))
DOORS = {
    "embedder": (
        lambda model, language: embed(["a text"], embedder=model, language=language),
        ServerEmbedder(NOBODY, "m"),
    ),
    "transcriber": (
        lambda model, language: transcribe(b"RIFF", transcriber=model, language=language),
        AsrServer(NOBODY, languages=ENGLISH),
    ),
    "reader": (
        lambda model, language: read_image(b"PNG", reader=model, languages=[language]),
        OcrServer(NOBODY, languages=ENGLISH),
    ),
}


@pytest.mark.parametrize("wrong", ["minilm", None, 7, object()])
@pytest.mark.parametrize("argument", DOORS)
def test_what_is_no_model_is_refused_by_its_argument(argument, wrong):
    with pytest.raises(InputError, match=rf"Argument `{argument}` must be an? .* but is a {type(wrong).__name__}\."):
        DOORS[argument][0](wrong, "en")


@pytest.mark.parametrize("wrong", [None, 7, b"en"])
@pytest.mark.parametrize("argument", DOORS)
def test_what_is_no_code_of_a_language_is_refused(argument, wrong):
    ask, model = DOORS[argument]
    with pytest.raises(InputError, match="Argument `language` must be the code of one, such as 'en', but is"):
        ask(model, wrong)
