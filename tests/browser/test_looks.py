"""The page fits, is read, and is reached: narrow and wide, light and dark, with a keyboard alone."""

import re

import pytest
from audit import problems_of
from desk import HEIGHT, SCHEME, WIDTH
from full_page import fill
from playwright.sync_api import expect

LONG_ID = "with-an-id-that-is-as-long-as-ids-of-some-laboratories-are"
BETWEEN = [(768, 1000), (1024, 800)]


def problems(desk):
    return problems_of(desk.page)


def check_dialogs(desk):
    for opener, dialog in (("#open-help", "#help-dialog"), ("#open-key", "#key-dialog")):
        desk[opener].click()
        expect(desk[dialog]).to_be_visible()
        assert problems(desk) == []
        desk.page.keyboard.press("Escape")
        expect(desk[dialog]).to_be_hidden()


def check_looks(desk, width, height, *schemes):
    """Of a page that was opened at this size in the first of the schemes: empty, full, and at the sizes between."""
    for scheme in reversed(schemes):
        desk.look(width, height, scheme)
        assert problems(desk) == []
    fill(desk)
    for scheme in schemes:
        desk.look(width, height, scheme)
        assert problems(desk) == []
        check_dialogs(desk)
        for between in BETWEEN:
            desk.look(*between, scheme)
            assert problems(desk) == []


def test_a_full_page_opened_wide_and_light_fits_and_is_read(turn_desk, service):
    service.api("POST", "/sessions", {"session_id": f"wide-{LONG_ID}", "config": {}})
    check_looks(turn_desk(f"wide-{LONG_ID}"), WIDTH, HEIGHT, SCHEME, "dark")


def test_a_full_page_opened_narrow_and_dark_fits_and_is_read(open_desk):
    desk = open_desk(width=360, height=740, scheme="dark").open_new(f"narrow-{LONG_ID}")
    check_looks(desk, 360, 740, "dark", "light")


def test_on_a_telephone_sessions_run_and_figures_come_first(desk):
    desk.look(360, 740)
    tops = [
        desk[f"#{name}-panel"].bounding_box()["y"] for name in ("sessions", "run", "kpi", "configuration", "telemetry")
    ]
    assert tops == sorted(tops)
    assert tops[1] - tops[0] < 740, "Run is reached by one turn of the page"


def test_charts_say_whose_time_it_is_and_count_decades_in_words_that_cannot_be_misread(desk):
    desk.run()
    expect(desk["#telemetry-chart .xtitle"]).to_have_text("time, UTC")
    expect(desk["#log-panel"]).to_contain_text("Times are UTC")
    desk["#map-shots"].fill("1")
    desk.page.get_by_role("button", name="Compute map").click()
    expect(desk["#map-chart .ytick text"].first).to_be_visible()
    shown = desk["#map-chart .ytick text"].all_text_contents()
    assert shown
    assert set(shown) <= {"10", "100", "1000"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_toggle_wins_over_the_system(desk, theme):
    desk.look(scheme="dark" if theme == "light" else "light")
    while desk["#theme"].inner_text() != f"Theme: {theme}":
        desk["#theme"].click()
    assert problems(desk) == []
    red = int(re.match(r"rgb\((\d+)", desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor"))[1])
    assert (red > 128) == (theme == "light")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_the_attribution_is_golden_in_the_top_right_corner(desk, width, scheme):
    desk.look(width=width, scheme=scheme)
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


def test_everything_is_reached_by_tab_and_shows_its_focus(turn_desk, service, session_id):
    others = [f"{session_id}-{number}" for number in range(8)]
    for one in [*others, session_id]:
        service.api("POST", "/sessions", {"session_id": one, "config": {}})
    desk = turn_desk(session_id)
    desk["#session-filter"].fill(session_id)  # on its way are these sessions, and not those of other tests
    expect(desk["#session-list li"]).to_have_count(9)
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(1)
    count = desk.page.evaluate(
        """() => {
          const wanted = "a[href], button, input, select, textarea, summary, [tabindex='0']";
          const found = [...document.querySelectorAll(wanted)].filter((one) => one.checkVisibility() && !one.disabled);
          found.forEach((one, index) => one.setAttribute("data-reach", index));
          window.reached = [];
          document.addEventListener("focusin", ({ target }) => {
            const style = getComputedStyle(target);
            const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
            window.reached.push([target.getAttribute("data-reach"), outlined, target.outerHTML.slice(0, 80)]);
          });
          document.activeElement.blur();
          return found.length;
        }"""
    )
    assert count > 40
    for _ in range(count + 5):
        desk.page.keyboard.press("Tab")
    focused = [one for one in desk.page.evaluate("() => window.reached") if one[0] is not None]
    reached = {int(index) for index, _, _ in focused}
    unseen = [words for _, outlined, words in focused if not outlined]
    missing = desk.page.evaluate(
        """(reached) => [...document.querySelectorAll("[data-reach]")]
          .filter((one) => one.checkVisibility() && !one.disabled && !reached.includes(Number(one.dataset.reach)))
          .map((one) => one.outerHTML.slice(0, 80))""",
        sorted(reached),
    )
    desk.reload()  # without the marks
    assert missing == []
    assert unseen == []


def test_a_session_is_made_run_and_deleted_with_keys_alone(desk):
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


def test_nothing_moves_for_those_who_asked_for_stillness(desk):
    desk.look(motion="reduce")
    moving = desk.page.evaluate(
        "() => [...document.querySelectorAll('body *')].filter((one) => { const style = getComputedStyle(one);"
        " return parseFloat(style.transitionDuration) > 0 || style.animationName !== 'none'; }).length"
    )
    assert moving == 0
