"""The documentation as a site: every page has its place, and the whole of it is built without a warning."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import synqc

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"


def pages_in_nav():
    nav = (SITE / "mkdocs.yml").read_text().split("\nnav:\n")[1]
    return re.findall(r"^\s*- (\S+\.md)$", nav, re.MULTILINE)


def test_every_page_has_one_place_in_the_navigation():
    named = pages_in_nav()
    assert len(named) == len(set(named))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    made = {"index.md", "architecture.md", "contributing.md", "changelog.md", "security.md", "conduct.md"}
    made |= {"notebooks/index.md", "reference/index.md"}
    assert set(named) == pages | made


def test_every_public_name_has_a_page():
    pytest.importorskip("mkdocs", reason="needs the docs extra")
    sys.path.insert(0, str(SITE / "hooks"))
    try:
        import reference
    finally:
        sys.path.pop(0)
    told = {*reference.LABORATORY, *reference.MODULES}
    assert set(synqc.__all__) - {"__version__"} <= told
    assert set(synqc._MODULES) - {"lab"} <= told


def test_the_table_of_validation_is_that_of_the_cases():
    cases = tomllib.loads((ROOT / "tests" / "physics" / "cases.toml").read_text())["cases"]
    told = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", (ROOT / "docs" / "validation.md").read_text(), re.MULTILINE))
    assert {number: words.strip() for number, words in told.items()} == {
        number: case["about"] for number, case in cases.items()
    }


@pytest.mark.deep
def test_it_is_built_without_a_warning_and_asks_no_other_host(tmp_path):
    pytest.importorskip("mkdocstrings", reason="needs the docs extra")
    pytest.importorskip("material", reason="needs the docs extra")
    environment = os.environ | {
        "SYNQC_DOCS_EXECUTE": "0",
        "NO_MKDOCS_2_WARNING": "1",
        "PYTHONPATH": str(ROOT / "python"),
    }
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", SITE / "mkdocs.yml", "-d", tmp_path],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', page.read_text()), page
    assert "\\(" not in (tmp_path / "laboratory.html").read_text()
    assert "<math" in (tmp_path / "laboratory.html").read_text()
