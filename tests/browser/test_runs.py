"""Runs are started, killed and counted."""

import re

import pytest
from playwright.sync_api import expect


def grouped(number):
    """As the page writes counts."""
    return f"{number:,}".replace(",", "\u202f")


def test_a_run_shows_what_the_server_stored(desk):
    desk["#num_iterations"].fill("2")
    desk["#seed"].fill("11")
    desk.run()
    session = desk.session()
    run = desk.service.api("GET", f"/runs/{session['last_run_id']}")
    assert (run["mode"], run["seed"]) == ("run", 11)
    fidelity = run["estimates"]["fidelity"]
    shown = desk["#kpi-fidelity .value"].inner_text()
    assert abs(float(shown) - fidelity["value"]) < fidelity["standard_error"]
    assert (
        abs(float(desk["#kpi-fidelity .error"].inner_text().removeprefix("± ")) / fidelity["standard_error"] - 1) < 0.1
    )
    met = "met" if fidelity["value"] >= 0.975 else "missed"
    expect(desk["#kpi-fidelity .verdict"]).to_contain_text(re.compile(f"≥ 0.975: ({met} by [0-9.e−-]+$|within)"))
    distance = abs(20 - run["estimates"]["latency_us"]["value"])
    expect(desk["#kpi-latency_us .verdict"]).to_have_text(re.compile(f"by {distance:.2g}[0-9.]* µs$"))
    expect(desk["#kpi-shots .value"]).to_have_text(grouped(session["shots_used"]))
    expect(desk["#kpi-shots .error"]).to_have_text(f"of {grouped(session['shot_limit'])}")
    expect(desk["#log"]).to_contain_text(f"{session['last_run_id']} completed")
    expect(desk["#history-rows tr"]).to_have_count(1)


def test_a_dry_run_charges_nothing(desk):
    desk.run("#dry-run")
    expect(desk["#kpi-source"]).to_have_text(re.compile("^Dry run"))
    assert desk.session()["shots_used"] == 0


def test_kill_ends_a_long_run_and_says_it_is_partial(desk):
    desk["#num_iterations"].fill("10000")
    desk.saved()
    desk["#dry-run"].click()
    expect(desk["#status-text"]).to_contain_text("Running")
    expect(desk["#run"]).to_be_disabled()
    expect(desk["#progress"]).to_be_visible()
    expect(desk["#progress"]).to_have_attribute("value", re.compile("[1-9]"))  # some of it is done
    desk["#kill"].click()
    expect(desk["#status-text"]).to_contain_text("terminated")
    expect(desk["#kpi-source"]).to_contain_text("partial")
    expect(desk["#run"]).to_be_enabled()
    expect(desk["#progress"]).to_be_hidden()
    assert desk.session()["status"] == "terminated"


def test_kill_without_a_run_says_so(desk):
    desk["#kill"].click()
    desk.notice("has no active run")
    desk["#notices"].get_by_text("Dismiss").click()
    expect(desk["#notices"]).to_be_empty()


def test_an_exhausted_budget_is_said(desk):
    desk["#shot_limit"].fill("836")
    desk.run()
    expect(desk["#kpi-shots .verdict"]).to_contain_text("exhausted")
    desk.run()
    expect(desk["#history-rows tr"]).to_have_count(2)


@pytest.mark.parametrize(
    ("field", "value"), [("num_iterations", "0"), ("num_iterations", "1.5"), ("shot_limit", "-3"), ("seed", "-1")]
)
def test_numbers_of_a_run_are_checked(desk, field, value):
    desk[f"#{field}"].fill(value)
    expect(desk["#run-problem"]).to_contain_text("must be a whole number from")
    desk["#run"].click()
    expect(desk["#run"]).to_be_enabled()  # as a run that had started would be only at its end
    assert desk.session()["last_run_id"] is None


def test_the_cost_is_said_before(desk):
    desk["#num_iterations"].fill("3")
    expect(desk["#run-cost"]).to_contain_text("3 × 836 = 2\u202f508")


def test_letters_act_outside_of_fields_alone(desk):
    desk["#notes"].fill("")
    desk["#notes"].press_sequentially("drk?")
    desk.saved()
    assert desk.session()["last_run_id"] is None
    expect(desk["#notes"]).to_have_value("drk?")
    desk["#run-panel"].focus()
    desk.page.keyboard.press("d")
    expect(desk["#kpi-source"]).to_have_text(re.compile("^Dry run"))
    expect(desk["#run"]).to_be_enabled()
    desk.page.keyboard.press("r")
    expect(desk["#kpi-source"]).to_have_text(re.compile("^Run"))
    expect(desk["#run"]).to_be_enabled()
    desk.page.keyboard.press("k")
    desk.notice("has no active run")
    desk.page.keyboard.press("?")
    expect(desk["#help-dialog"]).to_be_visible()
    runs = len(desk.service.api("GET", f"/runs?session_id={desk['#run-session'].inner_text()}")["runs"])
    desk.page.keyboard.press("r")
    expect(desk["#run"]).to_be_enabled()
    assert len(desk.service.api("GET", f"/runs?session_id={desk['#run-session'].inner_text()}")["runs"]) == runs
