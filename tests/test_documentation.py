"""Documentation is executed: every docstring example of the package, and the Python of the README, as printed."""

import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import synqc

ROOT = Path(__file__).parents[1]


def module_names():
    return sorted(
        module.name
        for module in pkgutil.walk_packages(synqc.__path__, "synqc.")
        if not module.name.startswith(("synqc._core", "synqc.__main__"))
    )


@pytest.mark.parametrize("name", ["synqc", *module_names()])
def test_docstring_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failures, _ = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert failures == 0


@pytest.mark.parametrize(
    "name", sorted(set(synqc.__all__) - {"__version__", "cache", "errors", "json", "metrics", "pipeline"})
)
def test_every_public_object_has_an_example_that_is_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = [test for test in doctest.DocTestFinder().find(getattr(synqc, name), name) if test.examples]
    assert examples
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert all(runner.run(test).failed == 0 for test in examples)


def test_readme_python_runs_as_printed(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    program = tmp_path / "readme.py"
    program.write_text("\n".join(blocks))
    subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_a_page_of_the_documentation_runs_as_printed(page, tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks))
    answer = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_readme_commands_exist(tmp_path):
    command = shutil.which("synqc", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the synqc command is not installed beside this interpreter")
    text = (ROOT / "README.md").read_text()
    for line in re.findall(r"^synqc (.*)$", text, re.MULTILINE):
        subprocess.run([command, *line.split()], cwd=tmp_path, check=True, capture_output=True, timeout=120)


def test_readme_names_both_commands_at_the_top():
    top = (ROOT / "README.md").read_text().split("## ")[0]
    assert "make demo" in top
    assert "make test" in top


def test_stub_of_the_core_is_what_the_core_is(tmp_path):
    pytest.importorskip("pybind11_stubgen", reason="needs the dev extra")
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import generate_stubs
    finally:
        sys.path.pop(0)
    expected = (ROOT / "python" / "synqc" / "_core.pyi").read_text()
    assert generate_stubs.stub_text(tmp_path) == expected, "run `make stubs`"
