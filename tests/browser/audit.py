"""What is wrong with the looks and names of a page: what axe-core finds, and what it does not measure."""

import json
import time
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT

__all__ = ["axe_violations", "problems_of"]

_MEASURED = (Path(__file__).parent / "page_sizes.js").read_text()
_REDRAWN_WITHIN_S = 10.0


def problems_of(page, *, names=True):
    """Sentences; charts are redrawn a moment after the scheme or the size has changed, so that it is asked again.

    Args:
        page: Of Playwright.
        names: Whether axe-core is asked: where only the size has changed, it would say the same again.
    """
    deadline = time.monotonic() + _REDRAWN_WITHIN_S
    while True:
        found = page.evaluate(_MEASURED) or (axe_violations(page) if names else [])
        if not found or time.monotonic() > deadline:
            return found
        page.wait_for_timeout(100)


def axe_violations(page, **options):
    """A sentence for each element that breaks a rule of axe-core, best practices included."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT + "; undefined")
    asked = {"resultTypes": ["violations"], **options}
    violations = page.evaluate(f"async () => (await axe.run(document, {json.dumps(asked)})).violations")
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]}: {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in violations
        for node in rule["nodes"]
    ]
