"""A page with something in every panel."""

from playwright.sync_api import expect


def fill(desk):
    """Configure, run, map, compare, export, chat and be refused."""
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
    expect(desk["#run-details path.line"]).to_have_count(1)
    desk["#export-show"].click()
    expect(desk["#export-state"]).to_contain_text("Shown")
    desk["#chat-message"].fill("Averylongwordthathasnospaceinit" * 4)
    desk["#chat-send"].click()
    expect(desk["#chat-messages li"].last).to_contain_text("placeholder")
    desk["#kill"].click()
    desk.notice("has no active run")
    desk["#probe_strength"].fill("0.9")
    expect(desk["#probe_strength-problem"]).to_contain_text("safe limit")
