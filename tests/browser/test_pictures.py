"""Charts, spheres and maps show what was measured, and say where it is emulated."""

import re
import time

import pytest
from playwright.sync_api import expect
from waiting import wait_until

REDRAW_MS = 250  # as in telemetry_chart.js


def test_telemetry_is_drawn_from_measured_rows(desk):
    expect(desk["#telemetry-chart"]).to_contain_text("No rows before the first run.")
    desk.run()
    chart = desk["#telemetry-chart"]
    expect(chart).to_have_attribute("aria-label", re.compile("fidelity F over [0-9]+ rows"))
    for figure, words in (
        ("qubits", "P\\(1\\)"),
        ("backaction", "back-action"),
        ("latency_us", "latency"),
        ("fidelity", "fidelity"),
    ):
        desk["#telemetry-figure"].select_option(figure)
        expect(chart).to_have_attribute("aria-label", re.compile(words))
        expect(chart.locator("path.line")).to_have_count(4 if figure == "qubits" else 1)
        expect(chart.locator("path.band")).to_have_count(1 if figure == "fidelity" else 0)


def settled_box(locator):
    """Where it is once it is neither drawn anew nor moved: the chart is when it has found its place on the page."""
    boxes = [None]

    def is_settled():
        boxes.append(locator.bounding_box())
        time.sleep(REDRAW_MS / 1e3)
        return boxes[-1] is not None and boxes[-1] == boxes[-2] == locator.bounding_box() and boxes[-1]["width"] > 100

    wait_until(is_settled)
    return boxes[-1]


def test_a_point_is_told_and_a_stretch_is_chosen_by_dragging(desk):
    desk.run()
    desk.run()
    desk["#telemetry-hold"].click()
    inside = desk["#telemetry-chart .inside"]
    expect(inside).to_be_visible()
    desk["#telemetry-chart"].scroll_into_view_if_needed()
    box = settled_box(inside)
    middle = box["y"] + box["height"] / 2
    desk.page.mouse.move(box["x"] + box["width"] - 3, middle)
    told = desk["#telemetry-chart .told"]
    expect(told).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3} UTC\s*fidelity F: 0\.\d+ ± 0\.\d+$"))
    edges = told.bounding_box()
    assert box["x"] < edges["x"]
    assert edges["x"] + edges["width"] < box["x"] + box["width"] + 5
    whole = desk["#telemetry-chart path.line"].get_attribute("d")
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + box["width"] / 2, middle, steps=3)
    expect(desk["#telemetry-chart .chosen"]).to_have_count(1)
    desk.page.mouse.up()
    expect(desk["#telemetry-chart path.line"]).not_to_have_attribute("d", whole)
    desk.page.mouse.dblclick(box["x"] + box["width"] / 2, middle)
    expect(desk["#telemetry-chart path.line"]).to_have_attribute("d", whole)
    desk.page.mouse.move(0, 0)
    expect(told).to_be_hidden()


def test_ticks_of_lines_are_round_and_of_a_clock(desk):
    ticks = desk.page.evaluate(
        """async (address) => {
          const { numberTicks, timeTicks, wholeTicks } = await import(address);
          const words = (ticks) => ticks.map((one) => one.words);
          const noon = Date.UTC(2026, 0, 2, 12);
          return [
            words(numberTicks(0.9512, 0.9731, 4)), words(numberTicks(-3, 0, 3)), words(numberTicks(0, 52_000, 5)),
            words(wholeTicks(1, 3, 8)), words(timeTicks(noon, noon + 21_000, 5)), words(timeTicks(noon, noon + 500, 2)),
            words(timeTicks(noon, noon + 9e7, 4)), words(timeTicks(noon, noon + 5e8, 4)),
          ];
        }""",
        f"{desk.service.address}/ui/shared/chart_ticks.js",
    )
    assert ticks == [
        ["0.96", "0.97"],
        ["−3", "−2", "−1", "0"],
        ["0", "20\u202f000", "40\u202f000"],
        ["1", "2", "3"],
        ["12:00:00", "12:00:05", "12:00:10", "12:00:15", "12:00:20"],
        ["12:00:00", "12:00:00.5"],
        ["12:00", "01-03", "12:00"],
        ["01-03", "01-05", "01-07"],
    ]


def test_hold_holds_the_chart(desk):
    desk.run()
    chart = desk["#telemetry-chart"]
    expect(chart).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
    desk["#telemetry-hold"].click()
    redrawn = f"() => new Promise((resolve) => setTimeout(resolve, {REDRAW_MS + 50}))"
    desk.page.evaluate(redrawn)  # what was due already
    held = chart.get_attribute("aria-label")
    newest = desk["#kpi-fidelity .now"]
    for _ in range(2):
        expect(newest).not_to_have_text(newest.inner_text())
    desk.page.evaluate(redrawn)
    assert chart.get_attribute("aria-label") == held
    desk["#telemetry-hold"].click()
    expect(chart).not_to_have_attribute("aria-label", held)


def test_the_interval_is_asked_of_the_stream(desk):
    with desk.page.expect_request(lambda one: "interval_ms=1000" in one.url):
        desk["#telemetry-interval"].select_option("1000")
    expect(desk["#telemetry-mode"]).to_have_text("live")


def test_spheres_show_z_with_its_binomial_error(desk):
    desk.run()
    run = desk.service.api("GET", f"/runs/{desk.session()['last_run_id']}")
    expect(desk["#spheres .rest"].first).to_contain_text("836 bits")
    for one in run["measurements"]:
        words = desk["#spheres .z"].nth(one["qubit"]).inner_text()
        z, error = (float(part.replace("−", "-")) for part in words.removeprefix("⟨Z⟩ = ").split(" ± "))
        assert abs(z - (one["p0"] - one["p1"])) < 1e-3
        share, bits = one["p1"], 836
        assert abs(error - 2 * (share * (1 - share) / bits + 1 / (4 * bits**2)) ** 0.5) < 1e-3
    expect(desk["#bloch-words"]).to_contain_text("Only the z component is measured")


def test_the_map_is_computed_marked_and_clicked(desk):
    desk["#map-grid"].select_option("9x7")
    desk["#map-shots"].fill("50")
    desk["#map-start"].click()
    expect(desk["#map-state"]).to_contain_text("Done: 63 of 63 points", timeout=60_000)
    chart = desk["#map-chart"]
    expect(chart.locator(".heatmaplayer image, .heatmaplayer path").first).to_be_attached()
    expect(chart.locator(".scatterlayer .point")).to_have_count(1)
    expect(chart).to_contain_text("safe ε ≤ 0.5")
    for figure in ("backaction", "fidelity", "latency_us", "objective_score", "information_bits"):
        desk["#map-figure"].select_option(figure)
        expect(chart).to_have_attribute("aria-label", re.compile("^Map of "))
    chart.scroll_into_view_if_needed()
    plot = chart.locator(".nsewdrag").first.bounding_box()
    x, y = plot["x"] + plot["width"] * 0.26, plot["y"] + plot["height"] * 0.5
    desk.page.mouse.move(x - 5, y)
    expect(chart.locator(".hoverlayer .hovertext")).to_have_count(1)  # Plotly clicks on what is hovered
    desk.page.mouse.click(x, y)
    expect(desk["#probe_strength"]).to_have_value("0.25")
    desk.saved()
    assert desk.session()["config"]["probe_strength"] == 0.25


def test_a_map_can_be_cancelled(desk):
    desk["#map-grid"].select_option("33x21")
    desk["#map-shots"].fill("20000")
    desk["#map-start"].click()
    expect(desk["#map-state"]).to_contain_text("of 693 points")
    desk["#map-cancel"].click()
    expect(desk["#map-state"]).to_contain_text("Cancelled")
    expect(desk["#map-start"]).to_be_enabled()
    expect(desk["#map-cancel"]).to_be_disabled()


def test_a_map_of_no_shots_is_not_asked_for(desk):
    desk["#map-shots"].fill("0")
    desk["#map-start"].click()
    expect(desk["#map-state"]).to_contain_text("Shots per point must be")


@pytest.mark.parametrize("target", ["ibm-qpu", "aws-braket", "ionq"])
def test_emulated_targets_are_labelled_wherever_their_figures_are(desk, target):
    desk["#hardware_target"].select_option(target)
    desk.saved()
    desk["#map-grid"].select_option("9x7")
    desk["#map-shots"].fill("20")
    desk["#map-start"].click()
    desk.run()
    for place in (
        "#run-emulated",
        "#kpi-source",
        "#telemetry-emulated",
        "#bloch-emulated",
        "#history-rows tr",
        "#map-emulated",
    ):
        expect(desk[place]).to_contain_text(f"emulated {target}", timeout=60_000)
    desk["#history-rows button"].first.click()
    expect(desk["#run-details"]).to_contain_text(f"emulated {target}")
    desk["#export-show"].click()
    expect(desk["#export-state"]).to_contain_text(f"emulated target {target}")


def test_local_figures_are_not_called_emulated(desk):
    desk.run()
    expect(desk["#telemetry-chart"]).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"))
    expect(desk["#history-rows tr"]).to_have_count(1)
    expect(desk[".badge.emulated"]).to_have_count(0)
