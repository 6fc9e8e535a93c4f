"""Servers go and come back under open pages, and streams that do not pass are done without."""

import re

import pytest
from playwright.sync_api import expect
from running_server import RunningServer

BACK_MS = 60_000
STREAM_RETRY_MS = 10_000  # as in session_stream.js, while it polls
LIST_MS = 5_000  # as in app.js


@pytest.fixture(scope="module")
def mortal_service(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("mortal"))
    yield running
    running.stop()


@pytest.fixture
def own_service(mortal_service):
    """Runs, whatever the former test did to it."""
    if mortal_service.process is None or mortal_service.process.poll() is not None:
        mortal_service.start()
    return mortal_service


def test_a_restart_under_an_open_page(open_desk, own_service):
    desk = open_desk(at=own_service).open_new("survivor", probe_strength=0.31)
    desk.run()
    desk.refusals_expected = True
    run_id = desk.session()["last_run_id"]
    own_service.kill()
    expect(desk["#connection"]).to_have_attribute("data-state", "reconnecting")
    expect(desk["#connection-words"]).to_contain_text("Reconnecting · try")
    expect(desk["#telemetry-mode"]).to_contain_text("waiting")
    own_service.start()
    expect(desk["#connection"]).to_have_attribute("data-state", "online", timeout=BACK_MS)
    expect(desk["#telemetry-mode"]).to_have_text("live", timeout=BACK_MS)
    expect(desk["#connection-words"]).to_contain_text("server ")
    expect(desk["#kpi-source"]).to_contain_text(run_id)
    expect(desk["#probe_strength"]).to_have_value("0.31")
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(2)


def test_a_server_that_dies_during_a_run(open_desk, own_service):
    desk = open_desk(at=own_service).open_new("cut-off")
    desk.refusals_expected = True
    desk["#num_iterations"].fill("10000")
    desk.saved()
    desk["#dry-run"].click()
    expect(desk["#status-text"]).to_contain_text("Running")
    own_service.kill()
    desk.notice("The dry run has no answer: The server cannot be reached.")
    own_service.start()
    expect(desk["#telemetry-mode"]).to_have_text("live", timeout=BACK_MS)
    expect(desk["#run"]).to_be_enabled()
    desk["#num_iterations"].fill("1")
    desk.saved()
    desk.run()


def test_edits_made_while_the_server_was_away_are_saved(open_desk, own_service):
    desk = open_desk(at=own_service).open_new("offline-edit")
    desk.refusals_expected = True
    own_service.kill()
    expect(desk["#connection"]).to_have_attribute("data-state", "reconnecting")
    desk["#probe_strength"].fill("0.27")
    expect(desk["#save-state"]).to_contain_text("Not saved")
    own_service.start()
    desk["#save-state"].get_by_text("Saved", exact=True).wait_for(timeout=BACK_MS)
    assert desk.session()["config"]["probe_strength"] == 0.27


def test_another_prefix_is_found(open_desk, tmp_path):
    service = RunningServer(tmp_path, SYNQC_API_PREFIX="/lab/tds").start()
    try:
        desk = open_desk(at=service)
        desk.refusals_expected = True
        desk.open_new("elsewhere")
        desk.run()
    finally:
        service.stop()


def test_polling_takes_over_where_streams_do_not_pass(open_desk):
    desk = open_desk()
    desk.refusals_expected = True
    desk.page.clock.install()
    desk.page.route("**/stream*", lambda route: route.abort())
    desk.service.api("POST", "/sessions", {"session_id": "polled", "config": {}})
    desk.open("polled")
    expect(desk["#telemetry-mode"]).to_have_text(re.compile("^polling"))
    desk.service.api("POST", "/sessions/polled/run", {"seed": 1})
    expect(desk["#kpi-source"]).to_contain_text("Run polled-")
    expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
    expect(desk["#log"]).to_contain_text("completed")
    expect(desk["#history-rows tr"]).to_have_count(1)
    desk.page.unroute("**/stream*")
    desk.page.clock.fast_forward(STREAM_RETRY_MS)
    desk.live()


def test_a_run_told_of_while_the_session_is_read_is_not_forgotten(desk, session_id):
    held = []
    desk.page.route(f"**/sessions/{session_id}/logs*", lambda route: held.append(route))
    streams = []

    def is_read_under_the_new_stream(response):
        """Whether this is the session as read before the run, by a page that hears of the run."""
        streams.extend([response.url] if f"{session_id}/stream" in response.url else [])
        return bool(streams) and response.url.endswith(f"/sessions/{session_id}")

    with desk.page.expect_response(is_read_under_the_new_stream):
        desk["#telemetry-interval"].select_option("1000")
    desk.service.api("POST", f"/sessions/{session_id}/run", {})
    expect(desk["#kpi-source"]).to_contain_text(f"Run {session_id}")
    with desk.page.expect_response(f"**/sessions/{session_id}/logs*"):
        for route in held:
            route.continue_()
    desk.page.evaluate("() => new Promise((resolve) => setTimeout(resolve, 200))")
    expect(desk["#kpi-source"]).to_contain_text(f"Run {session_id}")
    expect(desk["#history-rows tr"]).to_have_count(1)


def test_sessions_of_another_client_join_the_list(open_desk, session_id):
    desk = open_desk()
    desk.page.clock.install()
    desk.open()
    desk.service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    desk.page.clock.fast_forward(LIST_MS)
    expect(desk["#session-list"].get_by_text(session_id, exact=True)).to_be_visible()


def test_what_another_client_does_is_seen(desk):
    name = desk["#run-session"].inner_text()
    desk.service.api("POST", f"/sessions/{name}/run", {"mode": "dryrun", "seed": 2})
    expect(desk["#kpi-source"]).to_contain_text("Dry run")
    expect(desk["#log"]).to_contain_text("Dry-run started.")
    expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
