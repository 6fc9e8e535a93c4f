"""Notebooks equal their sources, hold no outputs, and answer their question when executed."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def writer():
    specification = importlib.util.spec_from_file_location("write_notebooks", FOLDER / "write_notebooks.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_source_has_its_notebook_and_no_notebook_lacks_a_source():
    assert [path.stem for path in NOTEBOOKS] == [source.stem for source in writer().sources()]
    assert len(NOTEBOOKS) == 15


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_what_its_source_makes(path):
    written = writer().notebook_text(FOLDER / "sources" / f"{path.stem}.py")
    assert path.read_text(encoding="utf-8") == written, "run python notebooks/write_notebooks.py"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_opens_with_its_question_and_holds_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    title = notebook.cells[0].source.splitlines()[0]
    assert title.startswith("# ")
    assert title.endswith("?")
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("application/vnd.plotly.v1+json" in output.get("data", {}) for output in shown)
    complaints = [output["text"] for output in shown if output.get("name") == "stderr"]
    assert complaints == [], "a reader would see warnings of our own library"
