"""Applications to ask."""

import pytest

from synqc.apps.tds.application import TdsApplication
from synqc.settings import Settings


@pytest.fixture
def opened(tmp_path):
    """Opens the application on one state directory, again and again; the one before is closed first."""
    made = []

    def open_it(**settings):
        for tds in made:
            tds.close()
        made.append(TdsApplication(Settings(state_dir=tmp_path, **settings)))
        return made[-1]

    yield open_it
    for tds in made:
        tds.close()
