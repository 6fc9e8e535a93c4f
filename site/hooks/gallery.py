"""The notebooks as pages, with what they show: each is executed once for its source and version of the core."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

__all__ = ["on_config", "on_files", "on_page_content"]

_ROOT = Path(__file__).parents[2]
_NOTEBOOKS = _ROOT / "notebooks"
_EXECUTED = _ROOT / "build" / "notebooks"
_PLOTLY = "application/vnd.plotly.v1+json"
_OUTPUT = re.compile(r"<!-- output (\d+) -->")

_outputs: dict[str, list[str]] = {}
"""HTML of each page's outputs: it is put in when Markdown can no longer change it."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give them their places."""
    section = next(one["Gallery"] for one in config.nav or [] if "Gallery" in one)
    section += [f"notebooks/{source.stem}.md" for source in sorted(_NOTEBOOKS.glob("*.ipynb"))]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook, and one that leads to them."""
    lines = ["# Gallery", "", "Each notebook opens a question, computes and answers it.", ""]
    for source in sorted(_NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(source.read_text(encoding="utf-8"))
        title = re.search(r"^# (.+)$", "".join(notebook["cells"][0]["source"]), re.MULTILINE)
        lines.append(f"- [{title[1] if title else source.stem}]({source.stem}.md)")
        page = f"notebooks/{source.stem}.md"
        text, _outputs[page] = _page_of(_executed(source))
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "notebooks/index.md", content="\n".join(lines) + "\n"))
    import plotly

    library = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    files.append(File.generated(config, "javascripts/plotly.min.js", abs_src_path=str(library)))
    return files


def on_page_content(text: str, page: Page, **_: Any) -> str:
    """Put outputs in their places."""
    found = _outputs.get(page.file.src_uri)
    if not found:
        return text
    text = _OUTPUT.sub(lambda place: found[int(place[1])], text)
    if 'class="plotly-picture"' in text:
        text += '<script src="../javascripts/plotly.min.js"></script><script>' + _DRAWING + "</script>"
    return text


_DRAWING = """
document.querySelectorAll(".plotly-picture").forEach((place) => {
  const figure = JSON.parse(place.querySelector("script").textContent);
  delete figure.layout.width;
  Plotly.newPlot(place, figure.data, { ...figure.layout, autosize: true }, { responsive: true, displaylogo: false });
});
"""


def _executed(source: Path) -> dict[str, Any]:
    """The notebook with its outputs; as it is where `SYNQC_DOCS_EXECUTE` is 0."""
    text = source.read_text(encoding="utf-8")
    if os.environ.get("SYNQC_DOCS_EXECUTE") == "0":
        return json.loads(text)
    from synqc import __version__

    kept = _EXECUTED / f"{source.stem}-{hashlib.sha256((text + __version__).encode()).hexdigest()[:16]}.ipynb"
    if not kept.is_file():
        import nbformat
        from nbclient import NotebookClient

        notebook = nbformat.reads(text, as_version=4)
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(_NOTEBOOKS)}}).execute()
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(nbformat.writes(notebook), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def _page_of(notebook: dict[str, Any]) -> tuple[str, list[str]]:
    """Markdown with places for outputs, and these."""
    parts: list[str] = []
    outputs: list[str] = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"]).strip()
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", ()):
            shown = _shown(output)
            if shown is not None:
                parts.append(f"<!-- output {len(outputs)} -->")
                outputs.append(shown)
    return "\n\n".join(parts) + "\n", outputs


def _shown(output: dict[str, Any]) -> str | None:
    """HTML of the richest form that a page can show without a kernel."""
    if output["output_type"] == "stream":
        return _preformatted("".join(output["text"])) if output["name"] == "stdout" else None
    data = output.get("data", {})
    if _PLOTLY in data:
        figure = json.dumps({"data": data[_PLOTLY]["data"], "layout": data[_PLOTLY]["layout"]}).replace("</", "<\\/")
        return f'<div class="plotly-picture"><script type="application/json">{figure}</script></div>'
    if "text/html" in data:
        return f'<div class="output">{"".join(data["text/html"])}</div>'
    return _preformatted("".join(data["text/plain"])) if "text/plain" in data else None


def _preformatted(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<div class="output"><pre><code>{escaped}</code></pre></div>'
