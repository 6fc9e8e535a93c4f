"""Sessions are made, chosen, searched and deleted."""

import re
import time
from pathlib import Path

from full_page import fill
from playwright.sync_api import expect
from running_server import PREFIX

SNAPSHOT = Path(__file__).with_name("page_snapshot.js").read_text()
WHILE_READING = {
    "#kpi-source": "Reading the last run…",
    "#telemetry-chart": "Reading the rows…",
    "#spheres": "Reading the last run…",
    "#log-empty": "Reading the log…",
    "#history-empty": "Reading the runs…",
}


def test_creating_with_an_id_selects_it(desk):
    desk["#new-session-id"].fill("made-by-hand")
    desk["#create"].click()
    expect(desk["#run-session"]).to_have_text("made-by-hand")
    assert desk.session()["session_id"] == "made-by-hand"
    expect(desk["#new-session-id"]).to_have_value("")
    assert desk.page.url.endswith("#session=made-by-hand")


def test_creating_without_an_id_takes_the_servers(desk):
    known = {one["session_id"] for one in desk.service.api("GET", "/sessions")}
    desk["#create"].click()
    expect(desk["#run-session"]).to_have_text(re.compile("^synqc-[0-9a-f]{6}$"))
    assert desk["#run-session"].inner_text() not in known


def test_selecting_shows_that_sessions_configuration_and_log(turn_desk, service):
    for session_id, strength in (("select-a", 0.11), ("select-b", 0.33)):
        service.api("POST", "/sessions", {"session_id": session_id, "config": {"probe_strength": strength}})
    desk = turn_desk("select-a")
    desk["#session-list"].get_by_text("select-b", exact=True).click()
    expect(desk["#probe_strength"]).to_have_value("0.33")
    expect(desk["#session-list [aria-current=true] .name"]).to_have_text("select-b")
    desk["#session-list"].get_by_text("select-a", exact=True).click()
    expect(desk["#probe_strength"]).to_have_value("0.11")


def test_of_two_sessions_chosen_at_once_the_newest_stays(turn_desk, service):
    for session_id in ("first-a", "first-b", "first-c"):
        service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    desk = turn_desk("first-a")
    held = []
    desk.page.route("**/sessions/first-b", lambda route: held.append(route), times=1)
    rows = desk["#session-list"]
    rows.get_by_text("first-b", exact=True).click()
    rows.get_by_text("first-c", exact=True).click()
    expect(desk["#run-session"]).to_have_text("first-c")
    with desk.page.expect_response("**/sessions/first-b"):
        held[0].continue_()
    desk.page.wait_for_timeout(200)  # what must not happen has its time to happen
    expect(desk["#run-session"]).to_have_text("first-c")


def test_while_a_session_is_read_nothing_is_claimed_of_it(turn_desk, service):
    for session_id in ("read-a", "read-b"):
        service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    service.api("POST", "/sessions/read-b/run", {"seed": 1})
    desk = turn_desk("read-a")
    expect(desk["#kpi-source"]).to_have_text("No run yet.")
    held, answered = [], []
    for address in ("**/sessions/read-b/logs*", "**/sessions/read-b/telemetry*", "**/runs?*"):
        desk.page.route(address, lambda route: route.fallback() if answered else held.append(route))
    desk["#session-list"].get_by_text("read-b", exact=True).click()
    for place, words in WHILE_READING.items():
        expect(desk[place]).to_have_text(words)
    answered.append(True)
    for route in held:
        route.continue_()
    expect(desk["#kpi-source"]).to_contain_text("Run read-b-")
    expect(desk["#telemetry-chart .inside"]).to_be_attached()
    expect(desk["#telemetry-chart .empty"]).to_have_count(0)
    expect(desk["#history-rows tr"]).to_have_count(1)
    expect(desk["#log"]).to_contain_text("completed")


def test_the_row_of_the_session_on_show_keeps_up_between_two_lists(desk, session_id):
    row = desk["#session-list [aria-current=true]"]
    expect(row).to_contain_text("0 % of shots")
    desk.page.route(f"**{PREFIX}/sessions", lambda route: None if route.request.method == "GET" else route.fallback())
    desk.run()
    expect(row).to_contain_text("2 % of shots")


def test_the_address_holds_the_session(open_desk, session_id):
    desk = open_desk().open_new(session_id)
    desk.reload()
    expect(desk["#run-session"]).to_have_text(session_id)


def test_deleting_asks_first(desk):
    name = desk["#run-session"].inner_text()
    remove = desk.page.get_by_role("button", name=f"Delete session {name}", exact=True)
    remove.click()
    desk["#confirm-dialog"].get_by_text("Cancel").click()
    assert desk.session()["session_id"] == name
    remove.click()
    desk["#confirm-yes"].click()
    expect(desk["#status-text"]).to_contain_text("No session is selected")
    expect(remove).to_have_count(0)
    assert name not in {one["session_id"] for one in desk.service.api("GET", "/sessions")}


def test_a_search_narrows_many_sessions(turn_desk, service):
    for session_id in [*(f"hay-{number}" for number in range(8)), "needle"]:
        service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    desk = turn_desk("needle")
    desk["#session-filter"].fill("NEEDLE")
    expect(desk["#session-list .name"]).to_have_text(["needle"])
    desk["#session-filter"].fill("no such")
    expect(desk["#session-list-empty"]).to_have_text("No session has that in its id.")


def test_a_page_turned_to_another_session_is_as_one_just_opened_at_it(desk, turn_desk, open_desk, session_id):
    fill(desk)
    fresh = open_desk().open_new(f"{session_id}-next")
    used = turn_desk(f"{session_id}-next")
    deadline = time.monotonic() + 15
    while (left := used.page.evaluate(SNAPSHOT)) != (meant := fresh.page.evaluate(SNAPSHOT)):
        if time.monotonic() > deadline:
            assert left == meant
        used.page.wait_for_timeout(100)
