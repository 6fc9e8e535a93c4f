"""Log, history, comparison, details and exports tell what was done."""

import csv
import io
import json
import re

import pytest
from playwright.sync_api import expect


def test_the_log_is_followed_and_cleared(desk):
    desk.run()
    expect(desk["#log"]).to_contain_text("Run started.")
    desk["#clear-log"].click()
    expect(desk["#log li"]).to_have_count(1)
    expect(desk["#log"]).not_to_contain_text("Run started.")


def test_history_is_paged(desk):
    name = desk["#run-session"].inner_text()
    for seed in range(10):
        desk.service.api("POST", f"/sessions/{name}/run", {"seed": seed})
    runs = [one["run_id"] for one in desk.service.api("GET", f"/runs?session_id={name}")["runs"]]
    ids = desk["#history-rows td span[title]"]
    expect(ids).to_have_count(8)
    expect(ids.first).to_have_attribute("title", runs[0])
    expect(desk["#history-newer"]).to_be_disabled()
    desk["#history-older"].click()
    expect(ids).to_have_count(2)
    expect(ids.last).to_have_attribute("title", runs[-1])
    expect(desk["#history-older"]).to_be_disabled()
    desk["#history-newer"].click()
    expect(ids).to_have_count(8)


def test_two_runs_are_compared_with_combined_errors(desk):
    desk["#seed"].fill("1")
    desk.run()
    desk["#probe_strength"].fill("0.4")
    desk["#seed"].fill("2")
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(2)
    desk["#history-rows input"].nth(1).check()
    desk["#history-rows input"].nth(0).check()
    name = desk["#run-session"].inner_text()
    b, a = desk.service.api("GET", f"/runs?session_id={name}")["runs"]
    one, other = a["estimates"]["fidelity"], b["estimates"]["fidelity"]
    error = (one["standard_error"] ** 2 + other["standard_error"] ** 2) ** 0.5
    row = desk["#comparison tbody tr"].filter(has_text="Fidelity")
    shown = re.match(r"([+−][\d.]+)\((\d+)\)\n([\d.e]+) σ", row.locator("td").first.inner_text())
    difference = other["value"] - one["value"]
    assert abs(float(shown[1].replace("−", "-")) - difference) < error
    assert abs(float(shown[3]) - abs(difference) / error) <= 0.05 * abs(difference) / error + 0.1
    expect(desk["#comparison"]).to_contain_text("probe strength")
    desk["#history-rows input"].nth(0).uncheck()
    expect(desk["#comparison"]).to_be_empty()


def test_runs_of_one_seed_are_called_correlated(desk):
    desk["#seed"].fill("5")
    desk.run("#dry-run")
    desk.run("#dry-run")
    expect(desk["#history-rows tr"]).to_have_count(2)
    for number in range(2):
        desk["#history-rows input"].nth(number).check()
    expect(desk["#comparison"]).to_contain_text("Both used seed 5: their shots are correlated")


def test_details_seed_and_records(desk):
    desk["#num_iterations"].fill("3")
    desk["#seed"].fill("17")
    desk.run()
    desk["#seed"].fill("")
    desk["#history-rows button"].first.click()
    details = desk["#run-details"]
    expect(details).to_contain_text("Latency: readout")
    expect(details).to_contain_text("diagnostic")
    expect(details.locator("path.line")).to_have_count(1)
    details.get_by_text("Use its seed").click()
    expect(desk["#seed"]).to_have_value("17")
    with desk.page.expect_download() as download:
        details.get_by_text("Download records").click()
    assert download.value.suggested_filename.endswith("-records.npz")
    assert download.value.path().read_bytes().startswith(b"PK")
    details.get_by_text("Close", exact=True).click()
    expect(details).to_be_empty()


@pytest.mark.parametrize("form", ["json", "csv", "notebook"])
def test_exports_are_shown_copied_and_downloaded(desk, session_id, form):
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(1)  # else the buttons may move under the mouse
    desk["#export-format"].select_option(form)
    desk["#export-show"].click()
    expect(desk["#export-text"]).to_contain_text(session_id)
    desk["#export-copy"].click()
    expect(desk["#export-state"]).to_contain_text("Copied.")
    copied = desk.page.evaluate("() => navigator.clipboard.readText()").replace("\r\n", "\n")
    with desk.page.expect_download() as download:
        desk["#export-download"].click()
    kept = download.value.path().read_text()
    if form == "json":
        documents = [json.loads(text) for text in (copied, kept)]
    elif form == "csv":
        documents = [next(csv.DictReader(io.StringIO(text))) for text in (copied, kept)]
    else:
        documents = []
        for text in (copied, kept):
            names = {}
            exec(text, names)
            documents.append(names["snapshot"])
    for document in documents:
        assert document["sessionId"] == session_id
