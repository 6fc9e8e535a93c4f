"""The page of synthetic data: a table by example, a preview, statistics and a download, by hand and by keys."""

import json
import re
from pathlib import Path

import pytest
from audit import problems_of
from playwright.sync_api import expect
from running_server import RunningServer

HOSTILE = "<img src=x onerror=alert(2)>"
LOADED_MS = 20_000


@pytest.fixture(scope="module")
def synth_service(tmp_path_factory):
    """TDS at the root, and synthetic data beside it, with no model."""
    running = RunningServer(
        tmp_path_factory.mktemp("synth"), SYNQC_APPLICATIONS="tds,synth", SYNQC_LOCAL_MODEL="none"
    ).start()
    yield running
    running.stop()


@pytest.fixture
def open_page(chromium, synth_service):
    contexts, console = [], []

    def open_one(part="", **options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: console.append((message.type, message.text)))
        page.on("pageerror", lambda error: console.append(("error", f"uncaught: {error}")))
        page.on("dialog", lambda dialog: (console.append(("error", dialog.message)), dialog.dismiss()))
        page.goto(f"{synth_service.address}/ui/synth{part}")
        expect(page.locator("#connection")).to_have_attribute("data-state", "online", timeout=LOADED_MS)
        expect(page.locator("#models-state")).to_contain_text("Seeded generators alone")
        return page

    yield open_one
    for context in contexts:
        context.close()
    complaints = [words for kind, words in console if kind in ("error", "warning")]
    assert [words for words in complaints if "the server responded with a status of 4" not in words] == []


def test_a_table_goes_from_an_example_to_a_file(open_page):
    page = open_page()
    page.fill("#example", f'name,age,plan\nAda,36,free\n"{HOSTILE}, Bob",41,free\nEve,29,paid\n')
    page.click("#describe")
    expect(page.locator("#schema")).to_have_value(re.compile('"maximum": 41'))
    page.fill("#count", "50")
    page.fill("#seed", "7")
    page.fill("#name", f"people {HOSTILE}")
    page.click("#preview")
    expect(page.locator("#preview-rows tbody tr")).to_have_count(5)
    page.click("#make")
    expect(page.locator("#set-state")).to_have_text("succeeded", timeout=60_000)
    expect(page.locator("#set-done")).to_have_text("50 of 50 rows")
    expect(page.locator("#rows tbody tr")).to_have_count(20)
    expect(page.locator("#columns article")).to_have_count(3)
    expect(page.locator("#columns .bars span")).to_have_count(13)  # ages from 29 to 41
    expect(page.locator("#sets button[aria-pressed=true]")).to_contain_text("50 of 50 rows")
    with page.expect_download() as begun:
        page.click("#export-download")
    rows = [json.loads(line) for line in Path(begun.value.path()).read_text().splitlines()]
    assert len(rows) == 50
    assert all(29 <= row["age"] <= 41 and row["plan"] in ("free", "paid") for row in rows)
    page.click("#export-card")
    expect(page.locator("#export-text")).to_contain_text("Data card: 50 rows")
    page.reload()
    expect(page.locator("#rows tbody tr")).to_have_count(20)
    assert problems_of(page) == []


def test_an_example_is_fitted_and_the_card_says_how_well(open_page):
    page = open_page()
    page.fill("#example", "age,plan\n" + "".join(f"{20 + k % 9},{'free' if k % 3 else 'paid'}\n" for k in range(60)))
    page.check("#fit")
    page.fill("#count", "30")
    page.click("#make")
    expect(page.locator("#set-state")).to_have_text("succeeded", timeout=60_000)
    page.click("#export-card")
    expect(page.locator("#export-text")).to_contain_text("From 60 rows of an example")
    assert problems_of(page) == []


def test_events_come_by_keys_and_refusals_in_words(open_page):
    page = open_page(width=380, height=800)
    page.select_option("#kind", "events")
    page.fill("#count", "12")
    page.locator("h1").click()
    page.keyboard.press("p")
    expect(page.locator("#preview-rows th").first).to_have_text("eventId")
    page.fill("#options", '{"eventTyps": ["a"]}')
    page.click("#make")
    expect(page.locator("#define-problem")).to_contain_text("eventTypes")
    page.fill("#options", "{")
    page.click("#make")
    expect(page.locator("#define-problem")).to_contain_text("Further options must be JSON")
    page.fill("#options", "")
    page.fill("#prompt", "a shop")
    page.click("#preview")
    expect(page.locator("#define-problem")).to_contain_text("synqc models get")
    assert problems_of(page) == []
