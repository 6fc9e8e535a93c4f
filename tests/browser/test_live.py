"""A page stays right by itself: other tabs, other clients, servers that go and come back, streams that do not pass."""

import re

import pytest
from playwright.sync_api import expect
from running_server import PREFIX, RunningServer

BACK_MS = 60_000


@pytest.fixture
def own_service(tmp_path):
    running = RunningServer(tmp_path).start()
    yield running
    running.stop()


class TestTwoTabs:
    @pytest.fixture
    def tabs(self, open_desk):
        first = open_desk().open_new("shared")
        second = open_desk(context=first.page.context).open("shared")
        expect(second["#telemetry-mode"]).to_have_text("live")
        return first, second

    def test_a_run_in_one_shows_in_the_other(self, tabs):
        first, second = tabs
        first.run()
        run_id = first.session()["last_run_id"]
        expect(second["#kpi-source"]).to_contain_text(run_id)
        expect(second["#kpi-fidelity .value"]).to_have_text(first["#kpi-fidelity .value"].inner_text())
        expect(second["#log"]).to_contain_text(f"{run_id} completed")
        expect(second["#history-rows"].locator(f"[title='{run_id}']")).to_have_count(1)
        expect(second["#spheres .rest"].first).to_contain_text("836 bits")

    def test_a_configuration_changed_in_one_shows_in_the_other(self, tabs):
        first, second = tabs
        first["#probe_strength"].fill("0.42")
        first.saved()
        expect(second["#probe_strength"]).to_have_value("0.42")

    def test_what_is_being_typed_is_not_overwritten(self, tabs):
        first, second = tabs
        second.page.route(
            f"**{PREFIX}/sessions", lambda route: route.fallback() if route.request.method == "GET" else None
        )
        second["#notes"].fill("half a sent")
        first["#probe_strength"].fill("0.17")
        first.saved()
        second.page.wait_for_timeout(500)
        expect(second["#notes"]).to_have_value("half a sent")
        second.page.unroute_all(behavior="ignoreErrors")

    def test_one_starts_and_the_other_kills(self, tabs):
        first, second = tabs
        first["#num_iterations"].fill("10000")
        first.saved()
        first["#dry-run"].click()
        expect(second["#status-text"]).to_contain_text("Running")
        expect(second["#run"]).to_be_disabled()
        expect(second["#progress"]).to_be_visible()
        second["#kill"].click()
        for tab in tabs:
            expect(tab["#status-text"]).to_contain_text("terminated")
            expect(tab["#run"]).to_be_enabled()
            expect(tab["#progress"]).to_be_hidden()

    def test_deleted_in_one_is_gone_in_the_other(self, tabs):
        first, second = tabs
        second.refusals_expected = True
        first.page.get_by_role("button", name="Delete session shared", exact=True).click()
        first["#confirm-yes"].click()
        expect(second["#status-text"]).to_contain_text("No session is selected", timeout=15_000)
        second.notice("Session shared is no longer there")

    def test_two_sessions_side_by_side_do_not_mix(self, open_desk):
        first = open_desk().open_new("left")
        second = open_desk(context=first.page.context).open_new("right")
        first.run()
        second.page.wait_for_timeout(500)
        expect(second["#kpi-source"]).to_have_text("No run yet.")
        expect(second["#history-rows tr"]).to_have_count(0)
        expect(second["#telemetry-chart"]).to_contain_text("No rows before the first run.")


class TestServers:
    def test_a_restart_under_an_open_page(self, open_desk, own_service):
        desk = open_desk(at=own_service).open_new("survivor", probe_strength=0.31)
        desk.run()
        desk.refusals_expected = True
        run_id = desk.session()["last_run_id"]
        own_service.kill()
        expect(desk["#connection"]).to_have_attribute("data-state", "reconnecting", timeout=15_000)
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

    def test_a_server_that_dies_during_a_run(self, open_desk, own_service):
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

    def test_edits_made_while_the_server_was_away_are_saved(self, open_desk, own_service):
        desk = open_desk(at=own_service).open_new("offline-edit")
        desk.refusals_expected = True
        own_service.kill()
        expect(desk["#connection"]).to_have_attribute("data-state", "reconnecting", timeout=15_000)
        desk["#probe_strength"].fill("0.27")
        expect(desk["#save-state"]).to_contain_text("Not saved")
        own_service.start()
        desk["#save-state"].get_by_text("Saved", exact=True).wait_for(timeout=BACK_MS)
        assert desk.session()["config"]["probe_strength"] == 0.27

    def test_another_prefix_is_found(self, open_desk, tmp_path):
        service = RunningServer(tmp_path, SYNQC_API_PREFIX="/lab/tds").start()
        try:
            desk = open_desk(at=service)
            desk.refusals_expected = True
            desk.open_new("elsewhere")
            desk.run()
        finally:
            service.stop()


class TestStreams:
    def test_polling_takes_over_where_streams_do_not_pass(self, open_desk):
        desk = open_desk()
        desk.refusals_expected = True
        desk.page.route("**/stream*", lambda route: route.abort())
        desk.service.api("POST", "/sessions", {"session_id": "polled", "config": {}})
        desk.open("polled")
        expect(desk["#telemetry-mode"]).to_have_text(re.compile("^polling"), timeout=15_000)
        desk.service.api("POST", "/sessions/polled/run", {"seed": 1})
        expect(desk["#kpi-source"]).to_contain_text("Run polled-", timeout=15_000)
        expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
        expect(desk["#log"]).to_contain_text("completed")
        expect(desk["#history-rows tr"]).to_have_count(1)
        desk.page.unroute("**/stream*")
        expect(desk["#telemetry-mode"]).to_have_text("live", timeout=30_000)

    def test_what_another_client_does_is_seen(self, desk):
        name = desk["#run-session"].inner_text()
        desk.service.api("POST", f"/sessions/{name}/run", {"mode": "dryrun", "seed": 2})
        expect(desk["#kpi-source"]).to_contain_text("Dry run")
        expect(desk["#log"]).to_contain_text("Dry-run started.")
        expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"), timeout=15_000)
        desk.service.api("POST", "/sessions", {"session_id": "from-elsewhere", "config": {}})
        expect(desk["#session-list"].get_by_text("from-elsewhere", exact=True)).to_be_visible(timeout=15_000)
