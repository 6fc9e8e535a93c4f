"""Documentation is executed: every docstring example of the package, and the Python of the README, as printed."""

import doctest
import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import warm_python

import synqc

ROOT = Path(__file__).parents[1]


PACKAGE = Path(synqc.__file__).parent
# In a tree that is imported as it lies, the benchmarks are a link, into which no search goes by itself.
FILES = sorted({*PACKAGE.rglob("*.py"), *(PACKAGE / "benchmarks").rglob("*.py")})


def module_at(file):
    """The name by which a file is imported."""
    return ".".join(["synqc", *file.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def test_every_module_can_be_imported():
    assert len(FILES) > 400
    for file in FILES:
        if file.name != "__main__.py":
            importlib.import_module(module_at(file))


@pytest.mark.parametrize("name", [module_at(file) for file in FILES if ">>> " in file.read_text()])
def test_docstring_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failures, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert tried
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


def assert_runs(program, folder):
    """As a file, in a process of its own that begins with what the service imports: most of what a short page takes."""
    file = folder / "page.py"
    file.write_text(program)
    ended = warm_python.run(file, cwd=folder)
    assert ended.returncode == 0, ended.stderr


def test_readme_python_runs_as_printed(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    assert_runs("\n".join(blocks), tmp_path)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_a_page_of_the_documentation_runs_as_printed(page, tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    assert_runs("\n".join(blocks), tmp_path)


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
