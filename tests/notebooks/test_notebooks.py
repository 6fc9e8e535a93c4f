"""Notebooks equal their sources, hold no outputs, and answer their question when executed."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

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


# Names are gone, warnings that were shown are shown again, and files lie in another folder.
AS_NEW = "%reset -f\nimport os, warnings\nos.chdir({folder!r})\nwith warnings.catch_warnings():\n    pass\n%reset -f"


@pytest.fixture(scope="module")
def kernel():
    """One for all, which has imported what they import: a notebook takes two seconds for that, and half of one else."""
    starting = NotebookClient(nbformat.v4.new_notebook(), kernel_name="python3")
    with starting.setup_kernel():
        yield starting


def execute(notebook, kernel):
    client = NotebookClient(notebook, km=kernel.km, timeout=120)
    client.kc = kernel.kc
    client.execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, tmp_path_factory, kernel):
    folder = tmp_path_factory.mktemp(path.stem)  # stays, as the kernel does
    execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(AS_NEW.format(folder=str(folder)))]), kernel)
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, kernel)
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("application/vnd.plotly.v1+json" in output.get("data", {}) for output in shown)
    complaints = [output["text"] for output in shown if output.get("name") == "stderr"]
    assert complaints == [], "a reader would see warnings of our own library"


def test_a_notebook_finds_no_names_of_another_one_and_its_own_warnings(tmp_path_factory, kernel):
    folder = tmp_path_factory.mktemp("other")
    cells = ["import warnings; name = 1; warnings.warn('once')", AS_NEW.format(folder=str(folder)), "name"]
    leaving, resetting, looking = (nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one)]) for one in cells)
    for _ in range(2):
        execute(leaving, kernel)
        assert "UserWarning: once" in leaving.cells[0].outputs[0].text
        execute(resetting, kernel)
        with pytest.raises(CellExecutionError, match="NameError"):
            execute(looking, kernel)
