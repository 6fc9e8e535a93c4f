"""Pictures are as wide as the cell that shows them, and no word or panel is cut; measured in a real browser."""

import json

import pytest

import synqc
from synqc.lab.plots import find_browser

pytest.importorskip("plotly")
playwright = pytest.importorskip("playwright.sync_api")

WIDTHS = (390, 700, 868, 1300)  # cells of JupyterLab in windows of 760 to 1700 px

DRAW = """async picture => {
    const place = document.getElementById('cell')
    await Plotly.newPlot(place, picture.data, picture.layout, {responsive: true})
    const width = place.clientWidth
    const cut = [...place.querySelectorAll('text')]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0 && (box.right > width + 1 || box.left < -1))
        .map(([words]) => words)
    return {width, drawn: place.querySelector('.main-svg').getBoundingClientRect().width, cut}
}"""


@pytest.fixture(scope="module")
def pictures():
    run = synqc.Experiment("ibm_fez", probe_strength=0.4, adaptive_rule="kalman", qubits=2).run(
        400, iterations=3, seed=1, progress=False
    )
    axes = {"probe_strength": [0.1, 0.4, 0.9], "probe_duration_ns": [100, 400]}
    grid = synqc.sweep(synqc.Experiment("ibm_fez", qubits=1), axes, shots=50, seed=1, progress=False)
    kinds = ("summary", "latency", "history", "tracker", "records", "bloch")
    return {kind: run.plot(kind) for kind in kinds} | {
        "curves": grid.plot(),
        "map": grid.plot("information_bits", "backaction"),
    }


@pytest.fixture(scope="module")
def browser():
    if find_browser() is None:
        pytest.skip("no browser draws pictures here")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=str(find_browser()))
        yield opened
        opened.close()


def test_no_picture_has_a_width_of_its_own(pictures):
    assert len(pictures) == 8
    assert all(figure.layout.width is None and figure.layout.autosize for figure in pictures.values())


@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_fills_its_cell_and_cuts_nothing(width, pictures, browser):
    from plotly.offline import get_plotlyjs

    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content("<body style='margin:0'><div id='cell' style='width:100%'></div></body>")
    page.add_script_tag(content=get_plotlyjs())
    for kind, figure in pictures.items():
        seen = page.evaluate(DRAW, json.loads(figure.to_json()))
        assert seen["drawn"] == seen["width"] <= width, kind
        assert seen["cut"] == [], kind
    page.close()
