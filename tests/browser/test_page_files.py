"""What the page's files promise, read without a browser."""

import re
from importlib import resources
from pathlib import Path

import pytest

UI = Path(str(resources.files("synqc") / "ui"))
SCRIPTS = sorted((UI / "static").glob("*.js"))
PAGE = (UI / "synqc_control_panel.html").read_text()


def test_smoke_checks_of_older_clients_find_their_words():
    title = re.search("<title>(.*)</title>", PAGE)[1]
    assert "SynQc" in title
    assert "Temporal Dynamics" in title
    style = (UI / "static" / "style.css").read_text()
    assert all(word in style for word in ("color-scheme", "--accent", "--bg"))
    assert (UI / "static" / "app.js").read_text().count("debounce(") >= 3  # declared, and used


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_make_no_markup_of_text(path):
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", path.read_text()
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_loaded_and_imports_what_exists(path):
    texts = {one.name: one.read_text() for one in SCRIPTS}
    for imported in re.findall(r'from "\./([\w.]+)"', texts[path.name]):
        assert imported in texts
    if path.name != "app.js":
        assert any(f'"./{path.name}"' in text for text in texts.values())


def test_nothing_is_asked_of_another_origin():
    for text in [PAGE, *(path.read_text() for path in SCRIPTS)]:
        assert re.findall(r"https?://[^\s\"']+", text.replace("http://www.w3.org/2000/svg", "")) == []


def test_every_control_has_a_name():
    for kind, attributes in re.findall(r"<(input|select|textarea)\b([^>]*)>", PAGE):
        found = re.search(r'\bid="([\w-]+)"', attributes)
        assert found, f"A {kind} has no id."
        assert f'for="{found[1]}"' in PAGE or "aria-label=" in attributes, f"#{found[1]} has no label."
