"""What the page's files promise, read without a browser."""

import re
from importlib import resources
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from synqc.service import create_app
from synqc.settings import Settings

UI = Path(str(resources.files("synqc") / "ui"))
SCRIPTS = sorted(UI.glob("*/*.js"))
STYLES = sorted(UI.glob("*/*.css"))
PAGES = {path.parent.name: path.read_text() for path in sorted(UI.glob("*/*.html"))}
PAGE = PAGES["tds"]


def test_smoke_checks_of_older_clients_find_their_words():
    title = re.search("<title>(.*)</title>", PAGE)[1]
    assert "SynQc" in title
    assert "Temporal Dynamics" in title
    style = (UI / "tds" / "style.css").read_text()
    assert any(word in style for word in ("color-scheme", "--accent", "--bg"))
    assert "debounce(" in (UI / "tds" / "app.js").read_text()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_of_text(path):
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_loaded_and_imports_what_exists(path):
    imports = {one: re.findall(r'from "([\w./]+)"', one.read_text()) for one in SCRIPTS}
    for imported in imports[path]:
        assert (path.parent / imported).resolve() in SCRIPTS
    if path.name != "app.js":
        assert any((one.parent / name).resolve() == path for one, names in imports.items() for name in names)


@pytest.mark.parametrize("path", sorted((UI / "shared").glob("*.js")), ids=lambda path: path.name)
def test_what_is_shared_knows_no_application(path):
    assert set(re.findall(r'from "(.*)/', path.read_text())) <= {"."}


@pytest.mark.parametrize("folder", PAGES)
def test_every_style_sheet_is_linked_once(folder):
    linked = re.findall(r'<link rel="stylesheet" href="ui/(\w+)/([\w.]+)">', PAGES[folder])
    own = [(place, name) for place, name in linked if place == "static"]
    assert sorted(name for _, name in own) == [one.name for one in STYLES if one.parent.name == folder]
    assert len(linked) == len(set(linked))
    assert {name for place, name in linked if place == "shared"} <= {
        one.name for one in STYLES if one.parent.name == "shared"
    }


def test_every_shared_style_sheet_is_used():
    linked = {name for page in PAGES.values() for name in re.findall(r'href="ui/shared/([\w.]+)"', page)}
    assert sorted(linked) == [one.name for one in STYLES if one.parent.name == "shared"]


def test_every_colour_that_is_used_is_declared():
    text = "".join(path.read_text() for path in [*STYLES, *SCRIPTS])
    used = set(re.findall(r"var\(--([\w-]+)\)", text)) | set(re.findall(r'olour\("([\w-]+)"', text))
    assert used - set(re.findall(r"^\s*--([\w-]+):", text, re.MULTILINE)) == set()


def test_nothing_is_asked_of_another_origin():
    for text in [*PAGES.values(), *(path.read_text() for path in SCRIPTS)]:
        found = re.findall(r"https?://[^\s\"']+", text)
        assert set(found) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_every_control_has_a_name(page):
    for kind, attributes in re.findall(r"<(input|select|textarea)\b([^>]*)>", page):
        found = re.search(r'\bid="([\w-]+)"', attributes)
        assert found, f"A {kind} has no id."
        assert f'for="{found[1]}"' in page or "aria-label=" in attributes, f"#{found[1]} has no label."


def test_a_page_under_the_strict_policy_has_neither_styles_nor_scripts_in_its_markup():
    for name in ("prompts", "fir"):
        assert not re.search(r"\bstyle=|<style|\bon\w+=|<script(?! type=\"module\" src=)", PAGES[name])


def test_the_page_of_reports_has_every_word_in_both_languages():
    words = (UI / "fir" / "words.js").read_text()
    english, hindi = re.split(r"^  hi: \{$", words, flags=re.MULTILINE)
    names, hindi_names = (re.findall(r"^    (\w+):", part, re.MULTILINE) for part in (english, hindi))
    assert names == hindi_names
    assert len(names) == len(set(names))
    scripts = "".join(path.read_text() for path in SCRIPTS if path.parent.name == "fir" and path.name != "words.js")
    said = set(re.findall(r'\bsay\("(\w+)"', scripts)) | set(re.findall(r'data-(?:words|label)="(\w+)"', PAGES["fir"]))
    assert said <= set(names)
    made = ("state_", "kind_", "doubt_", "verdict_", "status_", "part_")  # of what the server says
    others = {name for name in set(names) - said if not name.startswith(made)}
    assert {name for name in others if f'"{name}"' not in scripts} <= {"auto", "light", "dark"}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """What the server tells of itself."""
    app = create_app(Settings(state_dir=tmp_path_factory.mktemp("state")))
    yield TestClient(app).get("/api/v1/synqc/presets").json()
    app.state.tds.close()


COUNTED = ("limits", "defaults", "goals", "budget", "cost_law")
MEAN_OTHER_THINGS = {0, 1, 4, 5, 9, 20, 100, 120, 200, 5000, 10_000, 20_000, 0.2, 0.3, 0.15, 0.5, 0.75}
"""Numbers among these that are also milliseconds, pixels, opacities or counts of a page."""
MEAN_MORE = {"none", "drag", "square", "fidelity", "ns", "running", "cancelled"}
"""Words of the catalogue that CSS, events, names of figures and states of sessions and sweeps have, too."""


def facts_in(told):
    """Texts and numbers, however deep."""
    for one in told.values() if isinstance(told, dict) else told:
        yield from facts_in(one) if isinstance(one, (dict, list)) else [one]


def test_no_file_repeats_what_the_server_tells(catalogue):
    numbers = set(facts_in([catalogue[name] for name in COUNTED])) - MEAN_OTHER_THINGS
    numbers = {one for one in numbers if isinstance(one, (int, float))}
    texts = {one for one in facts_in(catalogue) if isinstance(one, str) and one} - MEAN_MORE
    assert {"kalman", "fluxonium-pilot", "minimize-latency", "aws-braket", "dead"} < texts
    assert {0.975, 800, 0.95, 200_000, 100_000} <= numbers
    repeated = []
    of_tds = [path for path in SCRIPTS if path.parent.name in ("shared", "tds")]
    for name, text in {"the page": PAGE, **{path.name: path.read_text() for path in of_tds}}.items():
        quoted = set(re.findall(r"""["'`]([^"'`\n]+)["'`]""", text))
        written = {float(one.replace("_", "")) for one in re.findall(r"(?<![\w.#-])\d[\d_]*(?:\.\d+)?(?![\w.%])", text)}
        repeated += [(name, one) for one in texts if one in quoted or (len(one) > 20 and one in text)]
        repeated += [(name, one) for one in numbers if one in written]
    assert repeated == []
