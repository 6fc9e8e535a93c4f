"""Two pages on one service, and on one session."""

import pytest
from playwright.sync_api import expect
from running_server import PREFIX


@pytest.fixture
def tabs(desk, turn_desk, session_id):
    """The first is in front."""
    second = turn_desk(session_id, tab=1)
    return desk.in_front(), second


def test_a_run_in_one_shows_in_the_other(tabs):
    first, second = tabs
    first.run()
    run_id = first.session()["last_run_id"]
    expect(second["#kpi-source"]).to_contain_text(run_id)
    expect(second["#kpi-fidelity .value"]).to_have_text(first["#kpi-fidelity .value"].inner_text())
    expect(second["#log"]).to_contain_text(f"{run_id} completed")
    expect(second["#history-rows"].locator(f"[title='{run_id}']")).to_have_count(1)
    expect(second["#spheres .rest"].first).to_contain_text("836 bits")


def test_a_configuration_changed_in_one_shows_in_the_other(tabs):
    first, second = tabs
    first["#probe_strength"].fill("0.42")
    first.saved()
    expect(second["#probe_strength"]).to_have_value("0.42")


def test_what_is_being_typed_is_not_overwritten(tabs):
    first, second = tabs
    second.refusals_expected = True
    second.page.route(
        f"**{PREFIX}/sessions", lambda route: route.fallback() if route.request.method == "GET" else route.abort()
    )
    second["#notes"].fill("half a sent")
    first["#hardware_target"].select_option("ibm-qpu")
    first.saved()
    expect(second["#run-emulated"]).to_contain_text("emulated ibm-qpu")  # the change has come
    expect(second["#notes"]).to_have_value("half a sent")


def test_a_tab_left_with_a_number_that_does_not_fit_undoes_nothing_later(tabs):
    first, second = tabs
    second.in_front()["#probe_duration_ns"].fill("4")
    expect(second["#save-state"]).to_contain_text("Not saved")
    first.in_front()["#hardware_target"].select_option("ibm-qpu")
    first["#probe_strength"].fill("0.42")
    first["#notes"].fill("of the first")
    first.saved()
    second.in_front()
    expect(second["#hardware_target"]).to_have_value("ibm-qpu")
    expect(second["#probe_duration_ns"]).to_have_value("4")
    second["#probe_duration_ns"].fill("450")
    second.saved()
    config = second.session()["config"]
    assert (config["probe_strength"], config["probe_duration_ns"]) == (0.42, 450)
    assert (config["hardware_target"], config["notes"]) == ("ibm-qpu", "of the first")
    expect(first.in_front()["#probe_duration_ns"]).to_have_value("450")


def test_one_starts_and_the_other_kills(tabs):
    first, second = tabs
    first["#num_iterations"].fill("10000")
    first.saved()
    first["#dry-run"].click()
    expect(second["#status-text"]).to_contain_text("Running")
    expect(second["#run"]).to_be_disabled()
    expect(second["#progress"]).to_be_visible()
    second.in_front()["#kill"].click()
    for tab in tabs:
        expect(tab["#status-text"]).to_contain_text("terminated")
        expect(tab["#run"]).to_be_enabled()
        expect(tab["#progress"]).to_be_hidden()


def test_deleted_in_one_is_gone_in_the_other(tabs, session_id):
    first, second = tabs
    second.refusals_expected = True
    first.page.get_by_role("button", name=f"Delete session {session_id}", exact=True).click()
    first["#confirm-yes"].click()
    expect(second["#status-text"]).to_contain_text("No session is selected")
    second.notice(f"Session {session_id} is no longer there")


def test_two_sessions_side_by_side_do_not_mix(desk, turn_desk):
    desk.service.api("POST", "/sessions", {"session_id": "beside", "config": {}})
    second = turn_desk("beside", tab=1)
    desk.in_front().run()
    desk.service.api("POST", "/sessions", {"session_id": "beside", "config": {"notes": "heard"}})
    expect(second["#notes"]).to_have_value("heard")
    expect(second["#kpi-source"]).to_have_text("No run yet.")
    expect(second["#history-rows tr"]).to_have_count(0)
    expect(second["#telemetry-chart"]).to_contain_text("No rows before the first run.")
