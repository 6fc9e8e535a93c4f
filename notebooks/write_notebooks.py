"""Turn the sources beside this file into notebooks: outputs stripped, ids stable, so that a change shows as what it is.

`python notebooks/write_notebooks.py` rewrites them all; a test holds them against their sources.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import nbformat

__all__ = ["notebook_text", "sources"]

FOLDER = Path(__file__).parent
_CELL = re.compile(r"^# %%( \[markdown\])?\n", re.MULTILINE)


def sources() -> list[Path]:
    """Sources in the order of their names."""
    return sorted((FOLDER / "sources").glob("*.py"))


def _cells(text: str) -> list[tuple[str, str]]:
    """Kind ("markdown" or "code") and content of every cell."""
    parts = _CELL.split(text)[1:]
    cells = []
    for marker, content in zip(parts[::2], parts[1::2], strict=True):
        stripped = content.strip("\n")
        if marker:
            cells.append(("markdown", re.sub(r"^# ?", "", stripped, flags=re.MULTILINE)))
        else:
            cells.append(("code", stripped))
    return cells


def notebook_text(source: Path) -> str:
    """The notebook of a source, as the file's text."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for position, (kind, content) in enumerate(_cells(source.read_text(encoding="utf-8"))):
        cell = nbformat.v4.new_markdown_cell(content) if kind == "markdown" else nbformat.v4.new_code_cell(content)
        cell["id"] = hashlib.sha256(f"{source.stem} {position}".encode()).hexdigest()[:8]
        notebook.cells.append(cell)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def main() -> None:
    """Write every notebook."""
    for source in sources():
        (FOLDER / f"{source.stem}.ipynb").write_text(notebook_text(source), encoding="utf-8")


if __name__ == "__main__":
    main()
