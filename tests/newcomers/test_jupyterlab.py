"""What a notebook shows is whole in a real JupyterLab, at every width and in both themes, trusted or not."""

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab", reason="the extra `notebook` brings it")
pytest.importorskip("anywidget", reason="the extra `notebook` brings it")
nbformat = pytest.importorskip("nbformat")
playwright = pytest.importorskip("playwright.sync_api")

from nbclient import NotebookClient  # noqa: E402
from notebook_server import THEMES, JupyterLab  # noqa: E402

from synqc.lab.plots import find_browser  # noqa: E402

MEASURE = (Path(__file__).parent / "notebook_measures.js").read_text()
WIDTHS = (760, 1100, 1600)
TITLES_FIT = 560  # px of a picture: the narrowest window leaves it 390 beside the list of files
CELLS = (
    'import synqc\nexperiment = synqc.Experiment("ibm_fez", target="ionq", adaptive_rule="kalman")',
    "run = experiment.run(400, iterations=2, seed=1)\nrun",
    "run.experiment",
    'synqc.sweep(synqc.Experiment("ibm_fez", qubits=1), {"probe_strength": [0.1, 0.9]}, shots=50, seed=3)',
    'synqc.device("ibm_fez")',
    "synqc.presets()",
    "synqc.targets()",
    "run - synqc.Experiment(target='ionq', probe_strength=0.4).run(400, iterations=2, seed=1)",
    "run.fidelity",
    "run.plot()",
    "run.plot('tracker')",
)
BEGUN = """document.querySelector('.synqc-state').textContent.startsWith('batch')
    || document.querySelectorAll('.synqc-explorer circle').length === 10"""
EXPLORE = 'import synqc\nwidget = synqc.notebook.explore(synqc.Experiment("ibm_fez"), shots=100, iterations=5)\nwidget'


def notebook_of(*cells):
    found = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    found.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return found


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook with outputs, as somebody else would have sent it."""
    notebook = notebook_of(*CELLS)
    folder = tmp_path_factory.mktemp("executed")
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


@pytest.fixture(scope="module")
def lab(tmp_path_factory, executed):
    running = JupyterLab(tmp_path_factory.mktemp("lab"))
    nbformat.write(executed, running.root / "executed.ipynb")
    nbformat.write(notebook_of(EXPLORE), running.root / "explore.ipynb")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def window():
    if find_browser() is None:
        pytest.skip("no browser draws pages here")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(find_browser()), args=["--no-sandbox"])
        yield browser.new_context()
        browser.close()


def measured(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("() => new Promise(done => setTimeout(done, 400))")  # sizes follow by a timer of JupyterLab's
    return page.evaluate(MEASURE)


def kept(page, name):
    """A picture for eyes, where somebody wants some."""
    if folder := os.environ.get("SYNQC_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


@pytest.mark.parametrize("theme", [THEMES[0], pytest.param(THEMES[1], marks=pytest.mark.deep)])
def test_cards_and_pictures_of_an_untrusted_notebook_are_whole(lab, window, theme):
    page = lab.open(window, "executed.ipynb", theme)
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length === 2", timeout=60_000)
    for width in WIDTHS:
        seen = measured(page, width)
        kept(page, f"cards-{theme.split()[1]}-{width}")
        titles = [card["title"] for card in seen["cards"]]
        assert titles[:4] == [
            "ibm_fez on ionq",
            "Experiment: ibm_fez on ionq",
            "Sweep of ibm_fez on sim-local",
            "ibm_fez",
        ]
        assert len(titles) == 7
        for card in seen["cards"]:
            told = (theme, width, card)
            assert card["width"] > 100, told
            assert card["outside"] <= 1, told
            assert not card["cut"], told
            assert card["misaligned"] == [], told
            assert not card["striped"], told
            assert card["pale"] == [], told
        assert ["emulated", "1px"] in seen["cards"][0]["badge"]
        for picture in seen["pictures"]:
            assert picture["outside"] <= 1, (theme, width, picture)
            if picture["width"] > TITLES_FIT:
                assert picture["cut"] == [], (theme, width, picture)
    page.close()


@pytest.mark.parametrize("theme", [pytest.param(THEMES[0], marks=pytest.mark.deep), THEMES[1]])
def test_an_explorer_runs_when_its_slider_moves(lab, window, theme):
    page = lab.open(window, "explore.ipynb", theme)
    page.wait_for_function("document.body.innerText.includes('(ipykernel) | Idle')", timeout=60_000)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_selector(".synqc-explorer", timeout=60_000)
    assert measured(page, 1100)["widgets"][0]["points"] == 0
    slider = page.get_by_label("probe_strength")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.synqc-state').textContent === 'complete'", timeout=60_000)
    assert page.locator(".synqc-figures .synqc-name").all_text_contents()[:3] == ["fidelity", "success", "backaction"]
    assert re.match(r"0\.\d+", page.locator(".synqc-figures .synqc-value").first.text_content())
    page.get_by_label("adaptive_rule").select_option("kalman")
    page.wait_for_function(BEGUN, timeout=60_000)
    page.wait_for_function("document.querySelector('.synqc-state').textContent === 'complete'", timeout=60_000)
    for width in WIDTHS:
        seen = measured(page, width)["widgets"][0]
        kept(page, f"explorer-{theme.split()[1]}-{width}")
        assert seen["points"] == 2 * 5
        assert seen["cut"] == [], (theme, width)
        assert seen["pale"] == [], (theme, width)
    page.close()


def test_cards_are_whole_on_the_page_that_nbconvert_makes(executed, window, tmp_path):
    from nbconvert import HTMLExporter

    (tmp_path / "executed.html").write_text(HTMLExporter().from_notebook_node(executed)[0])
    page = window.new_page()
    page.route(re.compile("^https?://"), lambda route: route.abort())
    page.goto((tmp_path / "executed.html").as_uri(), wait_until="domcontentloaded")
    for width in WIDTHS:
        cards = measured(page, width)["cards"]
        assert len(cards) == 7
        assert all(card["outside"] <= 1 and not card["cut"] for card in cards), (width, cards)
        assert all(card["misaligned"] == [] and not card["striped"] for card in cards), (width, cards)
    page.close()


def test_cards_keep_their_words_where_nbconvert_sanitises(executed):
    from nbconvert import HTMLExporter

    page = HTMLExporter(sanitize_html=True).from_notebook_node(executed)[0]
    for told in ("ibm_fez on ionq", "emulated", "Sweep of ibm_fez", "Energy relaxation time.", "Comparison"):
        assert told in page, told
    assert page.count("<td>") > 100
    # It escapes the tbody that its own parser puts into every table, those of pandas too.
    assert "&lt;td" not in page
    assert "&lt;tr" not in page


@pytest.mark.parametrize("widgets", [True, False], ids=["tqdm", "plain"])
def test_a_saved_notebook_keeps_nothing_of_a_progress_bar(tmp_path, widgets):
    hide = "" if widgets else "import synqc.pipeline.progress as progress\nprogress._has_widgets = lambda: False\n"
    watch = (
        "from IPython.display import DisplayHandle\nshown = []\nupdate = DisplayHandle.update\n"
        "def noted(self, one, **more):\n    shown.append(getattr(one, 'data', ''))\n    update(self, one, **more)\n"
        "DisplayHandle.update = noted\n"
    )
    notebook = notebook_of(
        f"import synqc\n{hide}{watch}",
        "def slowly(item):\n    import time\n    time.sleep(0.15)\n    return item",
        "from synqc.pipeline import Pipeline\nPipeline([slowly]).run(range(8), progress='auto').values",
        "print(type(synqc.pipeline.progress.progress_callback('auto')).__name__, shown[-1] == '', len(shown))",
    )
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = notebook.cells[2].outputs
    assert not [output for output in outputs if output.output_type == "stream"]
    kind, emptied, updates = notebook.cells[3].outputs[0].text.split()
    assert (kind, emptied) == ("NotebookBar", "True")
    assert int(updates) == 1 if widgets else int(updates) > 1
    told = [output.data.get("text/html", "") + str(output.data.get("application/vnd.jupyter.widget-view+json", ""))
            for output in outputs if output.output_type == "display_data"]  # fmt: skip
    assert told == [""], "the place of the bar is empty"
