"""A release comes whole and as pinned, or not at all."""

import hashlib
import shutil
import tarfile

import pytest
import sources


@pytest.fixture
def fetched_here(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "FETCHED", tmp_path / "fetched")
    return tmp_path / "fetched"


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as packed:
        packed.add(tmp_path / "a.txt", "package/a.txt")
    return tmp_path / "a.tgz"


def test_an_archive_of_another_hash_is_refused_and_leaves_nothing(fetched_here, archive):
    with pytest.raises(ValueError, match=r"must have the SHA-256 0{64}, but has [0-9a-f]{64}\."):
        sources._unpacked("a-1", lambda folder: shutil.copy(archive, folder), "0" * 64)
    assert list(fetched_here.iterdir()) == []


def test_an_archive_is_fetched_once(fetched_here, archive):
    calls = []

    def download(folder):
        calls.append(folder)
        shutil.copy(archive, folder)

    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert {sources._unpacked("a-1", download, digest) for _ in range(3)} == {fetched_here / "a-1"}
    assert (fetched_here / "a-1" / "a.txt").read_text() == "text"
    assert len(calls) == 1
    assert [path.name for path in fetched_here.iterdir()] == ["a-1"]


@pytest.mark.parametrize(
    "source",
    [sources.NpmPackage("no-client", "1.0.0", "0" * 64), sources.SourceDistribution("no-such", "1.0.0", "0" * 64)],
    ids=["npm", "pip"],
)
def test_what_cannot_be_fetched_is_skipped_but_fails_in_ci(fetched_here, monkeypatch, source):
    def fails(command, **_):
        if command[0] == "npm":
            raise FileNotFoundError("npm")
        raise sources.subprocess.CalledProcessError(1, command, "", "ERROR: Could not find a version")

    monkeypatch.setattr(sources.subprocess, "run", fails)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(sources.Unreachable, match=r"npm is not installed|Could not find a version"):
        sources.fetched(source)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match=rf"{source} cannot be fetched"):
        sources.fetched(source)


def test_a_release_that_is_not_the_pinned_one_fails_everywhere(fetched_here, monkeypatch):
    def fails(command, **_):
        words = "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."
        raise sources.subprocess.CalledProcessError(1, command, "", words)

    monkeypatch.setattr(sources.subprocess, "run", fails)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(sources.subprocess.CalledProcessError):
        sources.fetched(sources.SourceDistribution("orjson", "3.13.0", "0" * 64))
