"""Prices say when they were so and who says it, wherever a sum is shown; a file of the user's wins."""

import json

import pytest

from synqc.apps.prompts.prices import PriceTable, words_of_prices
from synqc.apps.prompts.request import ModelName
from synqc.errors import DocumentError


def test_every_price_of_the_package_says_that_nobody_checked_it():
    shipped = PriceTable.shipped()
    models = [ModelName("openai", "gpt-4.1"), ModelName("openai", "o3-mini"), ModelName("gemini", "gemini-2.5-pro")]
    stated = shipped.stated(models)
    assert [str(one.model) for one in stated] == [str(one) for one in models]
    words = words_of_prices(stated)
    assert (
        "Prices of openai:gpt-4.1, openai:o3-mini of 2025-08, entered from memory, not checked against https://"
        in words
    )
    assert words.count("entered from memory") == 2


def test_a_file_of_ones_own_wins_and_is_named_as_the_source(tmp_path):
    path = tmp_path / "prices.json"
    own = {"provider": "openai", "model": "gpt-4.1*", "prompt": "1", "completion": "2", "date": "2026-11-01"}
    path.write_text(json.dumps([{**own, "source": "our contract"}]))
    (found,) = PriceTable.of(path).stated([ModelName("openai", "gpt-4.1-2026"), ModelName("local", "m")])
    assert found.to_dict() == {
        "model": "openai:gpt-4.1-2026", "prompt": "1", "completion": "2", "cached_prompt": None, "date": "2026-11-01",
        "source": "our contract",
    }  # fmt: skip
    assert words_of_prices([found]) == "Price of openai:gpt-4.1-2026 of 2026-11-01, our contract."
    path.write_text(json.dumps([own]))
    with pytest.raises(DocumentError, match=r"must have .*source"):
        PriceTable.of(path)


def test_a_generation_tells_the_prices_that_it_is_counted_with(worlds, asked):
    application = worlds(start=False)
    job_id = application.submit(asked())
    prices = application.prices_of(job_id)
    assert {str(one.model) for one in prices} == {
        f"world:{role}-1" for role in ("engineer", "checker", "target", "judge")
    }
    assert words_of_prices(prices).endswith("of 2026-01, this test.")
