"""Recipes of CONTRIBUTING are followed by the toy application, which the service's tests mount."""

from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]

STEPS = {
    "A table of another application.": [
        "`Table`", "`MetaData()`", "`Component`", "`resources.ledgers.at(settings.location, [", "`JobsSettings`",
        "`ledger.database.reading()`", "`ledger.writer.call`",
    ],
    "A kind of job.": ["`Work`", "`Worker`", "`Mount.stop`", "`Mount.close`"],
}  # fmt: skip


def words_of(path):
    return " ".join((TREE / path).read_text().split())


@pytest.mark.parametrize("title", STEPS)
def test_the_toy_does_what_the_recipe_says(title):
    toy = words_of("tests/service/toy_application.py")
    recipe = words_of("CONTRIBUTING.md").split(f"**{title}**")[1].split("**")[0]
    for step in STEPS[title]:
        assert step in recipe, step
        assert step.strip("`").removeprefix("Mount.") in toy, step


def test_the_places_that_recipes_name_are_there():
    assert "def _checks()" in words_of("python/synqc/cli/state.py")
    assert "_WORKS:" in words_of("python/synqc/cli/worker.py")
