"""What is wrong with the looks and names of a page, as sentences; and its picture for eyes, where they are wanted."""

import os
import re
import time
from pathlib import Path

__all__ = ["problems_of"]

_MEASURED = Path(__file__).with_name("page_audit.js").read_text()
_REDRAWN_WITHIN_S = 10.0


def problems_of(page):
    """Of a page of Playwright; asked again for a while: charts are redrawn a moment after scheme or size change."""
    deadline = time.monotonic() + _REDRAWN_WITHIN_S
    while (found := page.evaluate(_MEASURED)) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    _keep_picture(page)
    return found


def _keep_picture(page):
    """In the folder that SYNQC_SCREENSHOTS names, under the test, a number, the width and the scheme."""
    folder = os.environ.get("SYNQC_SCREENSHOTS")
    if not folder:
        return
    test = re.sub(r"[^\w-]+", "-", os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].removesuffix(" (call)"))
    scheme = "dark" if page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    kept = len(list(Path(folder).glob(f"{test}-*.png")))
    page.screenshot(path=f"{folder}/{test}-{kept:02}-{page.viewport_size['width']}-{scheme}.png", full_page=True)
