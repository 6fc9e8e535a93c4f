"""Pages of the site that are files outside `docs`: the README and what lies beside it."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

__all__ = ["PAPERS", "on_files"]

_ROOT = Path(__file__).parents[2]
PAPERS = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
}
"""Their pages."""
_LINK = re.compile(r"\[([^]\[]*)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add them."""
    for paper, page in PAPERS.items():
        text = with_links_of_the_site((_ROOT / paper).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=text))
    return files


def with_links_of_the_site(text: str) -> str:
    """Links to pages of the site lead there; files that are none are named alone.

    >>> with_links_of_the_site("[a](docs/service.md#promises), [b](LICENSE), [c](notebooks), [d](SECURITY.md)")
    '[a](service.md#promises), b, [c](notebooks/index.md), [d](security.md)'
    """

    def led(found: re.Match[str]) -> str:
        words, path, anchor = found[1], found[2], found[3] or ""
        if path.startswith("docs/"):
            return f"[{words}]({path.removeprefix('docs/')}{anchor})"
        if path.rstrip("/") == "notebooks":
            return f"[{words}](notebooks/index.md)"
        return f"[{words}]({PAPERS[path]}{anchor})" if path in PAPERS else words

    return _LINK.sub(led, text)
