"""The first chart is there before Plotly is: bytes are counted, not seconds, over a line of 2 Mbit/s."""

import re
from pathlib import Path

from playwright.sync_api import expect
from running_server import RunningServer

LINE = {"offline": False, "latency": 40, "downloadThroughput": 250_000, "uploadThroughput": 250_000}
MOST_BYTES = 250_000
"""A second of that line; with Plotly they were 1.7 million."""


class ServerBelowLab(RunningServer):
    application = "below_lab:app"

    def __init__(self, folder, **environment):
        super().__init__(folder, "--app-dir", str(Path(__file__).parent), **environment)
        self.prefix = f"/lab{self.prefix}"

    @property
    def address(self):
        return f"{super().address}/lab"


def test_the_first_chart_waits_for_a_second_of_a_slow_line(open_desk, service, session_id):
    service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    service.api("POST", f"/sessions/{session_id}/run", {"seed": 1})
    desk = open_desk()
    line = desk.page.context.new_cdp_session(desk.page)
    asked, arrived = [], []
    line.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
    line.on("Network.loadingFinished", lambda event: arrived.append(event["encodedDataLength"]))
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", LINE)
    desk.page.goto(f"{service.address}/ui#session={session_id}")
    expect(desk["#telemetry-chart .line, #telemetry-chart .dot"].first).to_be_attached(timeout=60_000)
    assert 20_000 < sum(arrived) < MOST_BYTES
    assert not [one for one in asked if "plotly.min" in one]
    desk["#map-grid"].select_option("9x7")
    desk["#map-shots"].fill("1")
    desk["#map-start"].click()
    expect(desk["#map-chart .heatmaplayer image, #map-chart .heatmaplayer path"].first).to_be_attached(timeout=60_000)
    assert [one for one in asked if "plotly.min" in one]


def test_the_page_lives_below_a_prefix(open_desk, tmp_path):
    below = ServerBelowLab(tmp_path).start()
    try:
        desk = open_desk(at=below).open_new("below")
        desk.run()
        expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
        desk["#map-grid"].select_option("9x7")
        desk["#map-shots"].fill("1")
        desk["#map-start"].click()
        expect(desk["#map-state"]).to_contain_text("Done", timeout=60_000)
        expect(desk["#map-chart .heatmaplayer image, #map-chart .heatmaplayer path"].first).to_be_attached()
    finally:
        below.stop()


def test_a_prefix_of_the_operators_choice_is_found_below_a_prefix(open_desk, tmp_path):
    below = ServerBelowLab(tmp_path, SYNQC_API_PREFIX="/api/ours").start()
    try:
        desk = open_desk(at=below)
        desk.refusals_expected = True  # the usual prefix is tried first
        desk.open_new("ours")
    finally:
        below.stop()
