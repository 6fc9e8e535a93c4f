"""A service, a Chromium, and pages open in it."""

import itertools
import os
import re
from pathlib import Path

import pytest
from desk import Desk
from playwright.sync_api import sync_playwright
from running_server import RunningServer

CHROMIUM = os.environ.get("SYNQC_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

_numbers = itertools.count(1)


# Of a module, not of the whole session: while Playwright runs, no other test of the process may start an event loop.
@pytest.fixture(scope="module")
def chromium():
    assert Path(CHROMIUM).exists(), f"No Chromium at {CHROMIUM}: install it, or name another in SYNQC_CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("service")).start()
    yield running
    running.stop()


@pytest.fixture
def open_desk(chromium, service):
    """Opens pages; when the test is over, none of them may have complained."""
    contexts, desks = [], []

    def open_one(*, at=None, context=None, width=1600, height=1000, scheme="light", **options):
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
            contexts.append(context)
        desks.append(Desk(context, at or service))
        return desks[-1]

    yield open_one
    complaints = [one for desk in desks for one in desk.complaints()]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def desk(open_desk, request):
    """A page on a new session that is named after the test."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")
    return open_desk().open_new(f"{words[:50]}-{next(_numbers)}")
