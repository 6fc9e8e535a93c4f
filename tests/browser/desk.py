"""One open control page, and what its console said."""

import re
from pathlib import Path

from playwright.sync_api import expect

AS_NEW = Path(__file__).with_name("page_as_new.js").read_text()
WIDTH, HEIGHT, SCHEME = 1600, 1000, "light"
LOADED_MS = 20_000
LOAD_FAILURE = "Failed to load resource"


class Desk:
    """A page in a browser, opened at a service.

    Args:
        context: Of the browser; viewport, scheme and permissions are its.
        service: What serves the page.
    """

    def __init__(self, context, service):
        self.service = service
        self.page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.console = []
        self.page.on("console", lambda message: self.console.append((message.type, message.text)))
        self.page.on("pageerror", lambda error: self.console.append(("error", f"uncaught: {error}")))
        self.page.on("dialog", self._refuse_dialog)
        self.refusals_expected = False
        """The browser itself logs every answer from 400 on; only a test that provokes them may have them."""

    def open(self, session_id=None):
        hash_part = "" if session_id is None else f"#session={session_id}"
        self.page.goto(f"{self.service.address}/ui{hash_part}")
        expect(self["#connection"]).to_have_attribute("data-state", "online", timeout=LOADED_MS)
        if session_id is not None:
            expect(self["#run-session"]).to_have_text(session_id, timeout=LOADED_MS)
        return self

    def open_new(self, session_id, **config):
        """Open the page on a session made by another client."""
        self.service.api("POST", "/sessions", {"session_id": session_id, "config": config})
        self.open(session_id)
        self.live()
        return self

    def reload(self):
        self.page.reload()
        self.live()

    def turn_to(self, session_id):
        """Show a session as a page just opened does, whatever was done on this one; open it if it is not.

        What the page said on the way counts as the former test's, which may have provoked it.
        """
        if self.page.url == "about:blank":
            self.open(session_id)
        else:
            self.in_front()
            self.page.unroute_all(behavior="ignoreErrors")
            self.look()
            self.page.evaluate(AS_NEW, session_id)
            expect(self["#run-session"]).to_have_text(session_id)
        self.live()
        assert self.complaints() == [], "The page complained when it was turned to another session."
        self.console.clear()
        self.refusals_expected = False
        return self

    def in_front(self):
        """Be the tab that is seen: in one behind another, each click waits long for a frame."""
        self.page.bring_to_front()
        return self

    def look(self, width=WIDTH, height=HEIGHT, scheme=SCHEME, motion="no-preference"):
        """Have this size, on a system that prefers this."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, reduced_motion=motion)

    def __getitem__(self, selector):
        return self.page.locator(selector)

    def live(self):
        """Wait until events come."""
        expect(self["#telemetry-mode"]).to_have_text("live", timeout=LOADED_MS)

    def run(self, button="#run"):
        """Press it and wait for its figures."""
        before = self["#kpi-source"].inner_text()
        self[button].click()
        expect(self["#kpi-source"]).not_to_have_text(before)
        expect(self["#kpi-source"]).to_have_text(re.compile("^(Run|Dry run) "))
        expect(self["#status-text"]).to_have_text(re.compile("^Idle · last "))
        expect(self["#run"]).to_be_enabled()

    def notice(self, words):
        """Wait until the page says these words at its top."""
        expect(self["#notices"]).to_contain_text(words)

    def saved(self):
        expect(self["#save-state"]).to_have_text("Saved")

    def session(self):
        return self.service.api("GET", f"/sessions/{self['#run-session'].inner_text()}")

    def complaints(self):
        """Errors and warnings of the console that no test provoked."""
        return [
            text for kind, text in self.console
            if kind in ("error", "warning") and not (self.refusals_expected and text.startswith(LOAD_FAILURE))
        ]  # fmt: skip

    def _refuse_dialog(self, dialog):
        """The page has no use for the browser's own dialogs: one that opens is an injected script's."""
        self.console.append(("error", f"{dialog.type} dialog: {dialog.message}"))
        dialog.dismiss()
