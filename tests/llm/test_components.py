"""Models of several files: got once, put beside each other, and used only if each file is the one it must be."""

import hashlib
import zipfile

import pytest

from synqc.llm.model_files import (
    Component,
    IndexSource,
    ModelDirectory,
    ModelFile,
    ModelFileDamaged,
    NoSuchModel,
    component_folder,
    component_named,
    components,
    get_component,
    known_components,
)

CONTENT = {"ears-part1": {"data/model.bin.part1": b"first ", "data/config.json": b"{}"},
           "ears-part2": {"data/model.bin.part2": b"second"}}  # fmt: skip


def file_of(name, content, package, member, parts=1):
    source = IndexSource(package, parts, "1.0", member)
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile(name, "Ears", name, len(content), digest, "MIT", "tests", index=source)


@pytest.fixture
def ears(monkeypatch):
    model = file_of("ears/model.bin", b"first second", "ears-part{}", "data/model.bin.part*", parts=2)
    config = file_of("ears/config.json", b"{}", "ears-part1", "data/config.json")
    component = Component("ears", "Ears", "MIT", "tests", (model, config))
    monkeypatch.setattr(components, "known_components", lambda: (component,))
    return component


class Index:
    def __init__(self):
        self.fetched = []

    def __call__(self, requirement, folder):
        self.fetched.append(requirement)
        package = requirement.partition("==")[0]
        with zipfile.ZipFile(folder / f"{package}-1.0-py3-none-any.whl", "w") as wheel:
            for name, content in CONTENT[package].items():
                wheel.writestr(f"{package.replace('-', '_')}/{name}", content)


def test_parts_are_joined_files_stand_together_and_each_package_is_got_once(ears, tmp_path):
    index, directory = Index(), ModelDirectory(tmp_path)
    folder = get_component("ears", directory, source="index", fetch=index)
    assert folder == tmp_path / "ears" == component_folder("ears", directory)
    assert (folder / "model.bin").read_bytes() == b"first second"
    assert (folder / "config.json").read_bytes() == b"{}"
    assert index.fetched == ["ears-part1==1.0", "ears-part2==1.0"]
    get_component("ears", directory, source="index", fetch=index)
    assert len(index.fetched) == 2, "what is there is not got again"


def test_what_is_not_there_is_told_with_how_to_get_it(ears, tmp_path):
    with pytest.raises(NoSuchModel, match=r"not in .*: run `synqc models get ears`"):
        component_folder("ears", ModelDirectory(tmp_path))


@pytest.mark.parametrize("file", ["model.bin", "config.json"])
def test_a_file_that_was_changed_is_not_used(ears, tmp_path, file):
    directory = ModelDirectory(tmp_path)
    path = get_component("ears", directory, source="index", fetch=Index()) / file
    changed = bytearray(path.read_bytes())
    changed[0] ^= 1
    path.write_bytes(changed)
    with pytest.raises(ModelFileDamaged, match="SHA-256"):
        component_folder("ears", directory)


def test_an_index_that_gives_something_else_is_not_believed(ears, tmp_path, monkeypatch):
    monkeypatch.setitem(CONTENT["ears-part2"], "data/model.bin.part2", b"sec0nd")
    with pytest.raises(ModelFileDamaged):
        get_component("ears", ModelDirectory(tmp_path), source="index", fetch=Index())
    assert not (tmp_path / "ears" / "model.bin").exists()


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(NoSuchModel, match=r"did you mean whisper-base\?"):
        component_named("wisper-base")


@pytest.mark.parametrize("component", known_components(), ids=lambda one: one.name)
def test_every_component_is_locked_whole(component):
    assert component.licence in ("MIT", "Apache-2.0")
    for file in component.files:
        assert (len(file.sha256), file.sha256) == (64, file.sha256.lower())
        assert file.file.startswith(f"{component.name}/")
        assert file.index is not None
