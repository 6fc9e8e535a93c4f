"""Whatever goes wrong is said in words: every status the server has, and none at all."""

import json

import pytest
from playwright.sync_api import expect
from running_server import PREFIX, RunningServer


@pytest.fixture
def refused(desk):
    """A page of which refusals are expected."""
    desk.refusals_expected = True
    return desk


def changed(desk, path, **fields):
    """Let what is posted to a path carry other fields than the page sends, on its way to the real server."""

    def change(route):
        if route.request.method != "POST":
            return route.fallback()
        body = json.loads(route.request.post_data)
        route.continue_(post_data=json.dumps({**body, **fields}))

    desk.page.route(f"**{PREFIX}{path}", change)


def before_next(desk, path, act):
    """Do something between the page's request and the server's answer."""

    def late(route):
        act()
        route.continue_()

    desk.page.route(f"**{PREFIX}{path}", late, times=1)


class TestRuns:
    def test_400_an_unsafe_probe_is_refused_with_field_value_and_limit(self, refused):
        refused["#probe_strength"].fill("0.8")
        expect(refused["#probe_strength-problem"]).to_contain_text("Above the safe limit of 0.5")
        refused.saved()
        refused["#run"].click()
        refused.notice("The run did not go through: probe_strength 0.8 exceeds the safety limit of 0.5.")
        expect(refused["#run"]).to_be_enabled()

    def test_404_a_session_that_is_gone(self, refused):
        name = refused["#run-session"].inner_text()
        before_next(refused, f"/sessions/{name}/run", lambda: refused.service.api("DELETE", f"/sessions/{name}"))
        refused["#run"].click()
        refused.notice(f"Session {name} is no longer there")
        expect(refused["#status-text"]).to_contain_text("No session is selected")
        expect(refused["#run"]).to_be_disabled()
        expect(refused["#kill"]).to_be_disabled()

    def test_409_a_session_that_is_running_already(self, refused):
        name = refused["#run-session"].inner_text()

        def other_client():
            refused.page.evaluate(
                "(path) => { fetch(path, {method: 'POST', headers: {'content-type': 'application/json'}, "
                "body: '{\"mode\": \"dryrun\", \"num_iterations\": 10000}'}); }", f"{PREFIX}/sessions/{name}/run?other",
            )  # fmt: skip
            while refused.service.api("GET", f"/sessions/{name}")["status"] != "running":
                pass

        refused.page.route(f"**{PREFIX}/sessions/{name}/stream*", lambda route: route.abort())
        before_next(refused, f"/sessions/{name}/run", other_client)
        refused["#run"].click()
        refused.notice("already running")
        refused["#kill"].click()
        expect(refused["#status-text"]).to_contain_text("terminated")

    def test_422_fields_become_sentences(self, refused):
        name = refused["#run-session"].inner_text()
        changed(refused, f"/sessions/{name}/run", num_iterations=0, seed="five")
        refused["#run"].click()
        refused.notice("num_iterations: Input should be greater than or equal to 1, but is 0.")
        refused.notice('seed: Input should be a valid integer, unable to parse string as an integer, but is "five".')
        assert "[object" not in refused["#notices"].inner_text()

    def test_500_carries_its_number(self, refused):
        name = refused["#run-session"].inner_text()
        body = '{"detail":"Internal error; its number in the server\'s log is 1f2e.","error_id":"1f2e"}'
        refused.page.route(
            f"**{PREFIX}/sessions/{name}/run",
            lambda route: route.fulfill(status=500, content_type="application/json", body=body),
        )
        refused["#run"].click()
        refused.notice("its number in the server's log is 1f2e")

    @pytest.mark.parametrize(
        ("status", "body", "words"),
        [
            (503, '{"detail":"The storage cannot be written: disk full."}', "disk full"),
            (502, "<html>", "answered 502"),
            (429, '{"detail":"At most 5 requests per minute are answered."}', "At most 5 requests"),
            (500, "", "answered 500"),
            (400, '{"detail":null}', "answered 400"),
            (422, '{"detail":[{"loc":["body"],"msg":"JSON decode error"}, "x"]}', "JSON decode error. x"),
        ],
    )  # fmt: skip
    def test_whatever_a_server_or_proxy_answers_is_said(self, refused, status, body, words):
        name = refused["#run-session"].inner_text()
        refused.page.route(
            f"**{PREFIX}/sessions/{name}/run",
            lambda route: route.fulfill(status=status, body=body, content_type="application/json"),
        )
        refused["#run"].click()
        refused.notice(words)
        expect(refused["#run"]).to_be_enabled()

    def test_an_answer_that_is_not_json_is_said(self, refused):
        name = refused["#run-session"].inner_text()
        refused.page.route(
            f"**{PREFIX}/sessions/{name}/run",
            lambda route: route.fulfill(status=200, body="<html>", content_type="text/html"),
        )
        refused["#run"].click()
        refused.notice("The server's answer is not JSON.")


class TestSessions:
    def test_a_refused_configuration_is_not_called_saved(self, refused):
        changed(refused, "/sessions", config={"probe_strength": 7, "drive_envelope": "boxcar"})
        refused["#probe_strength"].fill("0.3")
        expect(refused["#save-state"]).to_contain_text(
            "config.probe_strength: Input should be less than or equal to 1, but is 7."
        )
        expect(refused["#save-state"]).to_contain_text("config.drive_envelope")
        expect(refused["#save-state"]).to_have_attribute("data-kind", "alert")

    def test_a_session_in_the_address_that_is_not_there(self, open_desk):
        desk = open_desk()
        desk.refusals_expected = True
        desk.page.goto(f"{desk.service.address}/ui#session=never-was")
        desk.notice("Session never-was is no longer there: it was deleted, or this server never had it.")

    def test_a_session_that_is_not_created(self, refused):
        changed(refused, "/sessions", session_id=["not", "text"])
        refused["#create"].click()
        refused.notice("The session was not created: session_id: Input should be a valid string")

    def test_deleting_while_it_runs(self, refused):
        name = refused["#run-session"].inner_text()
        refused["#num_iterations"].fill("10000")
        refused.saved()
        refused["#dry-run"].click()
        expect(refused["#status-text"]).to_contain_text("Running")
        refused.page.get_by_role("button", name=f"Delete session {name}", exact=True).click()
        refused["#confirm-yes"].click()
        refused.notice(f"Session {name} was not deleted")
        refused["#kill"].click()
        expect(refused["#status-text"]).to_contain_text("terminated")


class TestOthers:
    @pytest.mark.parametrize(
        ("button", "path", "words"),
        [
            ("#clear-log", "/logs", "The log was not cleared: no"), ("#kill", "/kill", "The run was not killed: no"),
            ("#export-show", "/export?format=json", "No export: no"),
            ("#export-copy", "/export?format=json", "No export: no"),
            ("#export-download", "/export?format=json", "No export: no"),
        ],
    )  # fmt: skip
    def test_every_button_says_what_it_could_not_do(self, refused, button, path, words):
        name = refused["#run-session"].inner_text()
        refused.page.route(
            f"**{PREFIX}/sessions/{name}{path}",
            lambda route: route.fulfill(status=503, body='{"detail":"no"}', content_type="application/json"),
        )
        refused[button].click()
        expect(refused["body"]).to_contain_text(words)

    def test_a_refused_map(self, refused):
        changed(refused, "/sweeps", axes={"probe_strength": [3]})
        refused["#map-start"].click()
        expect(refused["#map-state"]).to_contain_text("No map: Values of axis `probe_strength` must be between 0 and 1")
        expect(refused["#map-start"]).to_be_enabled()

    def test_refused_details_and_records(self, refused):
        refused["#seed"].fill("3")
        refused.run()
        refused["#history-rows button"].first.click()
        expect(refused["#run-details"]).to_contain_text("Download records")
        answer = '{"detail":"The run cannot be repeated to the same bytes."}'
        refused.page.route(
            "**/records", lambda route: route.fulfill(status=410, body=answer, content_type="application/json")
        )
        refused["#run-details"].get_by_text("Download records").click()
        refused.notice("The records could not be downloaded: The run cannot be repeated to the same bytes.")
        refused.page.route(
            "**/details",
            lambda route: route.fulfill(status=404, body='{"detail":"Run not found"}', content_type="application/json"),
        )
        refused["#history-rows button"].first.click()
        refused.notice("The run's details could not be read: Run not found")

    def test_503_no_agent(self, refused):
        refused["#agent-goal"].fill("Less back-action.")
        refused["#agent-ask"].click()
        expect(refused["#agent-state"]).to_contain_text("No suggestion: ")
        expect(refused["#agent-state"]).to_contain_text("OPENAI_API_KEY")
        expect(refused["#agent-ask"]).to_be_enabled()

    def test_refused_chat(self, refused):
        refused.page.route(
            "**/chat",
            lambda route: route.fulfill(status=503, body='{"detail":"no model"}', content_type="application/json"),
        )
        refused["#chat-message"].fill("hello")
        refused["#chat-send"].click()
        expect(refused["#chat-messages li"].last).to_contain_text("No answer: no model")
        expect(refused["#chat-send"]).to_be_enabled()

    def test_charts_without_plotly_say_so(self, open_desk):
        desk = open_desk()
        desk.refusals_expected = True
        desk.page.route("**/plotly.min.js", lambda route: route.fulfill(status=404))
        desk.open_new("without-plotly")
        desk["#map-grid"].select_option("9x7")
        desk["#map-shots"].fill("1")
        desk["#map-start"].click()
        expect(desk["#map-chart"]).to_contain_text("Charts need Plotly, which this server does not have.")
        desk.run()
        expect(desk["#telemetry-chart path.line"]).to_have_count(1)

    def test_hostile_texts_are_shown_as_texts(self, turn_desk, service):
        hostile = "<img src=x onerror=alert(1)><b>bold</b>"
        name = "hostile " + hostile.replace("/", "")
        service.api("POST", "/sessions", {"session_id": name, "config": {"notes": hostile}})
        desk = turn_desk(name)
        expect(desk["#notes"]).to_have_value(hostile)
        desk.run()
        expect(desk["#history-rows tr"]).to_have_count(1)
        desk["#export-show"].click()
        expect(desk["#export-text"]).to_contain_text(hostile)
        desk["#chat-message"].fill(hostile)
        desk["#chat-send"].click()
        expect(desk["#chat-messages li"].last).to_contain_text(hostile)
        desk["#history-rows button"].first.click()
        expect(desk["#run-details"]).to_contain_text("onerror")
        assert desk.page.locator("img, b").count() == 0


class TestKeys:
    @pytest.fixture
    def locked(self, tmp_path):
        running = RunningServer(tmp_path, SYNQC_API_KEYS="right-key").start()
        yield running
        running.stop()

    def test_401_asks_for_a_key_and_goes_on_with_it(self, open_desk, locked):
        desk = open_desk(at=locked)
        desk.refusals_expected = True
        urls = []
        desk.page.on("request", lambda request: urls.append(request.url))
        desk.page.goto(f"{locked.address}/ui")
        expect(desk["#key-dialog"]).to_be_visible()
        expect(desk["#connection-words"]).to_have_text("API key needed")
        desk["#api-key"].fill("wrong-key")
        desk["#key-dialog"].get_by_role("button", name="Use key").click()
        desk.notice("The server does not accept this API key.")
        desk["#open-key"].click()
        desk["#api-key"].fill("right-key")
        desk["#key-dialog"].get_by_role("button", name="Use key").click()
        expect(desk["#connection"]).to_have_attribute("data-state", "online")
        desk["#new-session-id"].fill("behind-a-key")
        desk["#create"].click()
        expect(desk["#telemetry-mode"]).to_have_text("live")
        desk.run()
        assert "right-key" not in desk.page.content()
        assert any("/stream?" in url and "ticket=" in url for url in urls)
        assert not [url for url in urls if "right-key" in url]
