"""A service, a Chromium, and pages open in it."""

import itertools
import re
from pathlib import Path

import pytest
from chromium import FAILED, Chromium
from desk import Desk
from playwright.sync_api import expect
from running_server import RunningServer

expect.set_options(timeout=15_000)  # a processor that is shared with other tests may be late

CHROMIUM = pytest.StashKey[Chromium]()

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def chromium(request):
    request.config.stash[CHROMIUM] = running = Chromium()
    yield running
    running.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """While Playwright runs, no other test of the process may start an event loop: it stays within this folder."""
    try:
        return (yield)
    finally:
        stays = nextitem is not None and Path(__file__).parent in nextitem.path.parents
        if CHROMIUM in item.config.stash and not stays:
            item.config.stash[CHROMIUM].stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("service")).start()
    yield running
    running.stop()


@pytest.fixture
def open_desk(chromium, service):
    """Opens pages that are a test's own; when it is over, none of them may have complained."""
    contexts, desks = [], []

    def open_one(*, at=None, context=None, **options):
        if context is None:
            context = chromium.new_context(**options)
            contexts.append(context)
        desks.append(Desk(context, at or service))
        return desks[-1]

    yield open_one
    complaints = [one for desk in desks for one in desk.complaints()]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def turn_desk(chromium, service, request):
    """Turns pages that stay open from test to test to a session; a test that fails takes them along."""
    desks = []

    def turn(session_id, *, tab=0):
        desks.append(chromium.kept_desk(service, tab))
        return desks[-1].turn_to(session_id)

    yield turn
    complaints = [one for desk in desks for one in desk.complaints()]
    if complaints or request.node.stash.get(FAILED, False):
        chromium.close_kept()
    assert complaints == []


@pytest.fixture
def session_id(request):
    """A name made of the test's."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    return f"{words[:50]}-{next(_numbers)}"


@pytest.fixture
def desk(turn_desk, service, session_id):
    """A page on a new session that is named after the test."""
    service.api("POST", "/sessions", {"session_id": session_id, "config": {}})
    return turn_desk(session_id)
