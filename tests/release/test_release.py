"""`scripts/release.py` makes a version of what is unreleased."""

import datetime
import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATE = datetime.date(2027, 1, 31)

specification = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
release = importlib.util.module_from_spec(specification)
specification.loader.exec_module(release)

CHANGELOG = """# Changelog

## Unreleased

### Fixed

Numbers
- Two and two.

### Added

- A thing.

## 0.1.0 (2026-11-21)

- The first.
"""


@pytest.fixture
def project(tmp_path):
    for name in ("CITATION.cff", "python/synqc/_version.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "changes").mkdir()
    (tmp_path / "changes" / "README.md").write_text("How.\n")
    return tmp_path


def write(project, **texts):
    for name, text in texts.items():
        (project / "changes" / f"{name.replace('_', '.')}.md").write_text(text)


def test_a_release_writes_its_number_its_date_and_its_changes(project):
    write(project, json_fixed="- Three\n  and three.\n", json_changed="- Names.\n", cache_fixed="- Four.\n")
    release.release(project, "1.2.3", DATE)
    assert (
        (project / "CHANGELOG.md").read_text()
        == """# Changelog

## Unreleased

## 1.2.3 (2027-01-31)

### Fixed

Numbers
- Two and two.
- Four.
- Three
  and three.

### Added

- A thing.

### Changed

- Names.

## 0.1.0 (2026-11-21)

- The first.
"""
    )
    assert '__version__ = "1.2.3"\n' in (project / "python/synqc/_version.py").read_text()
    citation = (project / "CITATION.cff").read_text()
    assert "\nversion: 1.2.3\n" in citation
    assert "\ndate-released: 2027-01-31\n" in citation
    assert [path.name for path in (project / "changes").iterdir()] == ["README.md"]


def test_the_next_release_begins_with_nothing(project):
    release.release(project, "1.2.3", DATE)
    with pytest.raises(ValueError, match="must have something under Unreleased"):
        release.release(project, "1.2.4", DATE)
    write(project, json_added="- More.\n")
    release.release(project, "1.2.4", DATE)
    text = (project / "CHANGELOG.md").read_text()
    assert (
        "## Unreleased\n\n## 1.2.4 (2027-01-31)\n\n### Added\n\n- More.\n\n## 1.2.3 (2027-01-31)\n\n### Fixed\n" in text
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("json_broken", "- A.\n", "must be named"),
        ("json", "- A.\n", "must be named"),
        ("json_fixed", "A sentence.\n", "must hold list items"),
        ("json_fixed", "- A.\nwithout blanks\n", "must hold list items"),
        ("json_fixed", "", "must hold list items"),
    ],
)
def test_a_fragment_of_another_form_is_refused_before_anything_is_written(project, name, text, words):
    write(project, **{name: text})
    with pytest.raises(ValueError, match=words):
        release.release(project, "1.2.3", DATE)
    assert (project / "CHANGELOG.md").read_text() == CHANGELOG
    assert (project / "python/synqc/_version.py").read_text() == (ROOT / "python/synqc/_version.py").read_text()


@pytest.mark.parametrize("version", ["1.2", "v1.2.3", "1.2.3-beta", ""])
def test_versions_have_three_numbers(project, version):
    with pytest.raises(ValueError, match=r"must be like 1\.2\.3"):
        release.release(project, version, DATE)


def test_the_fragments_that_are_there_would_be_released():
    text = release.gathered((ROOT / "CHANGELOG.md").read_text(), release.fragments(ROOT / "changes"))
    assert text.startswith("# Changelog\n")
    for items in release.fragments(ROOT / "changes").values():
        assert all(item in text for item in items)
