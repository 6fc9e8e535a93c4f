"""The page fits, is read, and is reached: narrow and wide, light and dark, with a keyboard alone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

AUDIT = Path(__file__).with_name("page_audit.js").read_text()
SIZES = [(360, 740), (768, 1000), (1024, 800), (1600, 1000)]


def fill(desk):
    """Put something into every panel."""
    desk["#hardware_target"].select_option("ibm-qpu")
    desk["#num_iterations"].fill("3")
    desk.saved()
    desk.run()
    desk["#probe_strength"].fill("0.35")
    desk.saved()
    desk.run()
    desk["#map-grid"].select_option("9x7")
    desk["#map-shots"].fill("20")
    desk["#map-start"].click()
    expect(desk["#map-state"]).to_contain_text("Done", timeout=60_000)
    expect(desk["#history-rows tr"]).to_have_count(2)
    for number in range(2):
        desk["#history-rows input"].nth(number).check()
    desk["#history-rows button"].first.click()
    expect(desk["#run-details .scatterlayer .trace"]).to_have_count(1)
    desk["#export-show"].click()
    desk["#chat-message"].fill("Averylongwordthathasnospaceinit" * 4)
    desk["#chat-send"].click()
    expect(desk["#chat-messages li"].last).to_contain_text("placeholder")
    desk["#kill"].click()
    desk.notice("has no active run")
    desk["#probe_strength"].fill("0.9")
    expect(desk["#probe_strength-problem"]).to_contain_text("safe limit")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_full_page_fits_and_is_read(open_desk, width, height, scheme):
    desk = open_desk(width=width, height=height, scheme=scheme)
    desk.open_new(f"looks-{width}-{scheme}-with-an-id-that-is-as-long-as-ids-of-some-laboratories-are")
    assert desk.page.evaluate(AUDIT) == []
    fill(desk)
    assert desk.page.evaluate(AUDIT) == []
    for opener, dialog in (("#open-help", "#help-dialog"), ("#open-key", "#key-dialog")):
        desk[opener].click()
        expect(desk[dialog]).to_be_visible()
        assert desk.page.evaluate(AUDIT) == []
        desk.page.keyboard.press("Escape")
        expect(desk[dialog]).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_toggle_wins_over_the_system(open_desk, theme):
    desk = open_desk(scheme="dark" if theme == "light" else "light").open_new(f"toggle-{theme}")
    while desk["#theme"].inner_text() != f"Theme: {theme}":
        desk["#theme"].click()
    assert desk.page.evaluate(AUDIT) == []
    red = int(re.match(r"rgb\((\d+)", desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor"))[1])
    assert (red > 128) == (theme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_the_attribution_is_golden_in_the_top_right_corner(open_desk, width, scheme):
    desk = open_desk(width=width, scheme=scheme).open()
    place = desk[".attribution"]
    expect(place).to_have_text("Developed by eVision Enterprises")
    for name, value in (
        ("color", "rgb(255, 221, 110)"), ("font-style", "italic"), ("font-weight", "700"),
        ("text-transform", "uppercase"), ("text-decoration-line", "underline"), ("text-decoration-style", "dashed"),
    ):  # fmt: skip
        expect(place).to_have_css(name, value)
    box = place.bounding_box()
    assert width - 24 <= box["x"] + box["width"] <= width
    assert box["y"] < 24
    on_top = "([x, y]) => document.elementFromPoint(x, y).className"
    assert desk.page.evaluate(on_top, [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]) == "attribution"


def test_everything_is_reached_by_tab_and_shows_its_focus(desk):
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(1)
    count = desk.page.evaluate(
        """() => {
          const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
          const found = [...document.querySelectorAll(wanted)].filter((one) => one.checkVisibility() && !one.disabled);
          found.forEach((one, index) => one.setAttribute("data-reach", index));
          return found.length;
        }"""
    )
    assert count > 40
    reached, unseen = set(), []
    for _ in range(count + 5):
        desk.page.keyboard.press("Tab")
        index, outline, words = desk.page.evaluate(
            """() => {
              const one = document.activeElement, style = getComputedStyle(one);
              const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
              return [one.getAttribute("data-reach"), outlined, one.outerHTML.slice(0, 80)];
            }"""
        )
        if index is not None:
            reached.add(int(index))
            if not outline:
                unseen.append(words)
    missing = desk.page.evaluate(
        """(reached) => [...document.querySelectorAll("[data-reach]")]
          .filter((one) => one.checkVisibility() && !one.disabled && !reached.includes(Number(one.dataset.reach)))
          .map((one) => one.outerHTML.slice(0, 80))""",
        sorted(reached),
    )
    assert missing == []
    assert unseen == []


def test_a_session_is_made_run_and_deleted_with_keys_alone(open_desk):
    desk = open_desk().open()
    desk["#new-session-id"].focus()
    desk.page.keyboard.type("keys-alone")
    desk.page.keyboard.press("Enter")
    expect(desk["#run-session"]).to_have_text("keys-alone")
    desk["#open-help"].focus()
    desk.page.keyboard.press("r")
    expect(desk["#kpi-source"]).to_contain_text("Run keys-alone")
    desk.page.get_by_role("button", name="Delete session keys-alone").focus()
    desk.page.keyboard.press("Enter")
    expect(desk["#confirm-dialog"]).to_be_visible()
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("Enter")
    expect(desk["#status-text"]).to_contain_text("No session is selected")


def test_changes_of_state_are_announced(desk):
    for live in ("#status-text", "#connection", "#save-state", "#telemetry-mode", "#map-state", "#agent-state"):
        expect(desk[live]).to_have_attribute("role", "status")
    expect(desk["#notices"]).to_have_attribute("role", "alert")


def test_nothing_moves_for_those_who_asked_for_stillness(open_desk):
    desk = open_desk(reduced_motion="reduce").open_new("still")
    moving = desk.page.evaluate(
        "() => [...document.querySelectorAll('body *')].filter((one) => { const style = getComputedStyle(one);"
        " return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none'; }).length"
    )
    assert moving == 0
