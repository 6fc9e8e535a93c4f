"""Jobs are listed as they go, cancelled, tried again, and whatever keeps them from being shown is said."""

import itertools
import re

import pytest
from playwright.sync_api import expect
from running_server import PREFIX, RunningServer
from waiting import wait_until

from synqc.jobs import open_ledger

LONG = {
    "axes": {"probe_strength": [n / 100 for n in range(50)], "probe_duration_ns": [100 + n for n in range(50)]},
    "shots": 100_000,
}
SHORT = {"axes": {"probe_strength": [0.1, 0.2]}, "shots": 10}
LIST = f"**{PREFIX}/jobs?*"

_seeds = itertools.count(1)


@pytest.fixture
def start(service):
    """Starts sweeps that end with the test, whatever comes of it."""
    started = []

    def start_one(asked):
        fresh = {**asked, "seed": next(_seeds)}  # else its points are known
        status, answer = service.request("POST", f"{PREFIX}/sweeps", fresh)
        assert status == 202, answer
        started.append(answer["sweep_id"])
        return started[-1]

    yield start_one
    for job_id in started:
        service.api("POST", f"/jobs/{job_id}/cancel")


def row(desk, job_id):
    return desk["#jobs li"].filter(has_text=job_id)


def state(desk, job_id):
    return row(desk, job_id).locator(".job-state")


def button(desk, words, job_id):
    return desk.page.get_by_role("button", name=f"{words} job {job_id}", exact=True)


def test_a_sweep_of_a_script_is_seen_running_and_cancelled(desk, start):
    job_id = start(LONG)
    expect(state(desk, job_id)).to_have_text("running")
    done = row(desk, job_id).locator(".done")
    expect(done).to_have_text(re.compile("^[1-9][0-9]* of 2500$"))
    before = done.inner_text()
    expect(done).not_to_have_text(before)
    expect(desk["#jobs-state"]).to_contain_text("1 running")
    button(desk, "Cancel", job_id).click()
    expect(state(desk, job_id)).to_have_text("cancelled")
    expect(button(desk, "Cancel", job_id)).to_be_hidden()
    expect(desk["#jobs-news"]).to_have_text(f"Job {job_id}: cancelled.")
    assert desk.service.api("GET", f"/jobs/{job_id}")["state"] == "cancelled"


def test_what_another_client_cancels_is_seen_by_listening_to_the_job(desk, start):
    listened_to = []
    desk.page.on("request", lambda request: listened_to.append(request.url))
    job_id = start(LONG)
    expect(state(desk, job_id)).to_have_text("running")

    def listens():
        desk.page.wait_for_timeout(20)  # lets the browser tell of its requests
        return any(url.endswith(f"{PREFIX}/jobs/{job_id}/events") for url in listened_to)

    wait_until(listens)
    desk.service.api("POST", f"/jobs/{job_id}/cancel")
    expect(state(desk, job_id)).to_have_text("cancelled")


def test_a_cancelled_job_is_tried_again_with_what_it_had(desk, start):
    former = start(LONG)
    job_id = start(SHORT)  # waits: one sweep runs at a time
    expect(state(desk, job_id)).to_have_text("queued")
    button(desk, "Cancel", job_id).click()
    expect(state(desk, job_id)).to_have_text("cancelled")
    button(desk, "Retry", job_id).click()
    expect(state(desk, job_id)).to_have_text("queued")
    button(desk, "Cancel", former).click()
    expect(state(desk, job_id)).to_have_text("succeeded")
    expect(row(desk, job_id).locator(".done")).to_have_text("2 of 2")
    for words in ("Cancel", "Retry"):
        expect(button(desk, words, job_id)).to_be_hidden()


def test_the_keyboard_cancels_and_does_not_retry_by_a_second_press(desk, start):
    job_id = start(LONG)
    expect(state(desk, job_id)).to_have_text("running")
    button(desk, "Cancel", job_id).focus()
    desk.page.keyboard.press("Enter")
    expect(state(desk, job_id)).to_have_text("cancelled")
    expect(row(desk, job_id)).to_be_focused()
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Tab")
    expect(button(desk, "Retry", job_id)).to_be_focused()
    expect(state(desk, job_id)).to_have_text("cancelled")


def test_a_map_is_a_job_at_once(desk):
    expect(desk["#jobs-kept"]).to_contain_text("stay until the server's database is deleted")
    desk["#map-grid"].select_option("33x21")
    desk["#map-shots"].fill("20000")
    desk["#map-start"].click()
    expect(desk["#map-state"]).to_contain_text("of 693 points")
    newest = desk["#jobs li"].first
    expect(newest.locator(".done")).to_have_text(re.compile("of 693$"))
    newest.get_by_role("button", name=re.compile("^Cancel job ")).click()
    expect(desk["#map-state"]).to_contain_text("Cancelled")


def test_jobs_of_one_state_are_shown(desk, start):
    job_id = start(SHORT)
    expect(state(desk, job_id)).to_have_text("succeeded")
    desk["#jobs-filter"].select_option("dead")
    expect(desk["#jobs-empty"]).to_have_text("No job is dead.")
    expect(desk["#jobs-state"]).to_have_text("0 dead")
    desk["#jobs-filter"].select_option("succeeded")
    expect(row(desk, job_id)).to_be_visible()


def test_a_list_that_cannot_be_read_is_said_and_read_again(desk, start):
    desk.refusals_expected = True
    job_id = start(SHORT)
    expect(state(desk, job_id)).to_have_text("succeeded")
    body = '{"detail": "The database is away."}'
    desk.page.route(LIST, lambda route: route.fulfill(status=503, content_type="application/json", body=body))
    desk["#jobs-filter"].select_option("succeeded")
    expect(desk["#jobs-state"]).to_have_text("Jobs could not be read: The database is away.")
    desk.page.unroute(LIST)
    expect(row(desk, job_id)).to_be_visible()
    expect(desk["#jobs-state"]).not_to_contain_text("could not")


def test_a_refused_cancel_is_said(desk, start):
    desk.refusals_expected = True
    job_id = start(LONG)
    desk.page.route("**/cancel", lambda route: route.fulfill(status=404, json={"detail": "There is no such job."}))
    button(desk, "Cancel", job_id).click()
    desk.notice(f"Job {job_id} was not cancelled: There is no such job.")
    desk.page.unroute("**/cancel")
    button(desk, "Cancel", job_id).click()
    expect(state(desk, job_id)).to_have_text("cancelled")


def test_no_jobs_and_then_more_than_fit(open_desk, tmp_path):
    service = RunningServer(tmp_path).start()
    try:
        desk = open_desk(at=service)
        held = []
        desk.page.route(LIST, lambda route: held.append(route))
        desk.open()
        expect(desk["#jobs-empty"]).to_have_text("Reading the jobs…")
        for route in held:
            route.continue_()
        desk.page.unroute(LIST)
        expect(desk["#jobs-empty"]).to_have_text("No job yet: computing a map starts one.")
        expect(desk["#jobs-state"]).to_have_text("none under way")
        with open_ledger(service.state_dir) as ledger:
            ledger.submit_batch("work_of_nobody", [{"n": n} for n in range(70)])
        expect(desk["#jobs li"]).to_have_count(50)
        expect(desk["#jobs-cut"]).to_have_text("The newest 50 are shown.")
        expect(desk["#jobs-state"]).to_have_text("50 queued of those shown")
        desk["#jobs-more"].click()
        expect(desk["#jobs li"]).to_have_count(71)
        expect(desk["#jobs-more"]).to_be_hidden()
        expect(desk["#jobs-state"]).to_have_text("71 queued")
        expect(row(desk, "a batch, whose items are jobs of their own")).to_have_count(1)
    finally:
        service.stop()
