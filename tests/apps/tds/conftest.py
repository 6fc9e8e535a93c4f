"""Laboratories to ask."""

import pytest

from synqc.apps.tds.laboratory import Laboratory
from synqc.settings import Settings


@pytest.fixture
def opened(tmp_path):
    """Opens a laboratory on one state directory, again and again; the one before is closed first."""
    made = []

    def open_it():
        for laboratory in made:
            laboratory.close()
        made.append(Laboratory(Settings(state_dir=tmp_path)))
        return made[-1]

    yield open_it
    for laboratory in made:
        laboratory.close()
