"""Theme, help, key and chat; and every button of the page is pressed by some test."""

import re
from pathlib import Path

from playwright.sync_api import expect


def test_the_theme_goes_round_and_is_kept(desk):
    root = desk["html"]
    dark = "() => matchMedia('(prefers-color-scheme: dark)').matches"
    assert desk.page.evaluate(dark) is False
    for chosen in ("light", "dark"):
        desk["#theme"].click()
        expect(root).to_have_attribute("data-theme", chosen)
    background = desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(14, 19, 26)"
    desk.reload()
    expect(root).to_have_attribute("data-theme", "dark")
    desk["#theme"].click()
    expect(desk["#theme"]).to_have_text("Theme: auto")


def test_help_opens_and_closes(desk):
    desk["#open-help"].click()
    expect(desk["#help-dialog"]).to_contain_text("Dry run")
    desk["#help-dialog"].get_by_role("button", name="Close").click()
    expect(desk["#help-dialog"]).to_be_hidden()


def test_the_key_dialog_keeps_forgets_and_cancels(desk):
    kept = "() => sessionStorage.getItem('synqc-api-key')"
    for answer, expected in (("Cancel", None), ("Use key", "a key"), ("Cancel", "a key"), ("Forget key", None)):
        desk["#open-key"].click()
        desk["#api-key"].fill("a key")
        desk["#key-dialog"].get_by_role("button", name=answer).click()
        expect(desk["#key-dialog"]).to_be_hidden()
        assert desk.page.evaluate(kept) == expected


def test_chat_without_a_model_says_it_is_a_placeholder(desk):
    desk["#chat-message"].fill("why is B so high?")
    desk["#chat-send"].click()
    expect(desk["#chat-messages li"].last).to_contain_text("You said: why is B so high?")
    expect(desk["#chat-messages li"].last).to_contain_text("placeholder")
    desk["#chat-clear"].click()
    expect(desk["#chat-messages li"]).to_have_count(0)


def test_every_button_of_the_page_is_pressed_by_some_test_here():
    """Buttons made by scripts have no id; tests find them by their words."""
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    page = (Path(__file__).parents[2] / "python/synqc/ui/tds/synqc_control_panel.html").read_text()
    ids = re.findall(r'<button[^>]*\bid="([\w-]+)"', page)
    assert ids
    assert [one for one in ids if f"#{one}" not in tests] == []
