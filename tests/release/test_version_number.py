"""The version stands in python/synqc/_version.py; whatever else says one says the same."""

import datetime
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from synqc import __version__

ROOT = Path(__file__).parents[2]


def newest_release():
    """Version and date of the newest dated section of the changelog."""
    heading = re.search(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    return heading[1], datetime.date.fromisoformat(heading[2])


def test_the_package_takes_its_number_from_the_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["scikit-build"]["metadata"]["version"]["input"] == "python/synqc/_version.py"
    assert (ROOT / "python/synqc/_version.py").read_text().count(f'__version__ = "{__version__}"') == 1


def test_the_changelog_and_the_citation_know_the_newest_release():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["date-released"]) == newest_release()
    assert newest_release()[0] == __version__
    assert citation["license"] == "Apache-2.0"


def test_the_command_line_says_it():
    said = subprocess.run([sys.executable, "-m", "synqc", "--version"], check=True, capture_output=True, text=True)
    assert said.stdout == f"synqc {__version__}\n"
