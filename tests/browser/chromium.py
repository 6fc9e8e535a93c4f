"""The Chromium of a test process, and the pages that stay open in it from test to test."""

import os
from pathlib import Path

import pytest
from desk import HEIGHT, SCHEME, WIDTH, Desk
from playwright.sync_api import sync_playwright

FAILED = pytest.StashKey[bool]()
"""Of a test: pages that stay open go with one that failed."""
PROGRAM = os.environ.get("SYNQC_CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    # Else each page brings two of Chromium's own, for an address bar nobody sees: a third of what opening it costs.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
]  # fmt: skip


class Chromium:
    """Starts when it is first asked for something, and may be stopped and asked again."""

    def __init__(self):
        self._playwright = None
        self._browser = None
        self._kept_context = None
        self._kept_service = None
        self._kept = {}

    def new_context(self, *, width=WIDTH, height=HEIGHT, scheme=SCHEME, **options):
        """A window's worth of storage, permissions and looks."""
        if self._browser is None:
            assert Path(PROGRAM).exists(), f"No Chromium at {PROGRAM}: install it, or name another in SYNQC_CHROMIUM."
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(executable_path=PROGRAM, args=ARGUMENTS)
        return self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)

    def kept_desk(self, service, tab):
        """A page that stays open: opening one, and reading Plotly into it, costs more than most tests.

        Tabs of one service are numbered and share their storage; those of another service are closed.
        """
        if service is not self._kept_service:
            self.close_kept()
            self._kept_service = service
        if self._kept_context is None:
            self._kept_context = self.new_context(permissions=["clipboard-read", "clipboard-write"])
        if tab not in self._kept:
            self._kept[tab] = Desk(self._kept_context, service)
        return self._kept[tab]

    def close_kept(self):
        """The next test gets a new page."""
        if self._kept_context is not None:
            self._kept_context.close()
        self._kept_context = None
        self._kept = {}

    def stop(self):
        if self._browser is None:
            return
        self.close_kept()
        self._browser.close()
        self._playwright.stop()
        self._playwright = self._browser = None
