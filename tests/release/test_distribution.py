"""What is uploaded: a wheel's metadata, and a source distribution that can be built and read."""

import email
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from synqc import __version__

ROOT = Path(__file__).parents[2]
pytest.importorskip("scikit_build_core", reason="builds the distributions")


def build(hook, folder, **settings):
    """Calls a hook of the build back-end as a front-end would: in the project's folder, in a process of its own."""
    program = f"from scikit_build_core import build; build.{hook}({str(folder)!r}, {settings!r})"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metadata")
    build("prepare_metadata_for_build_wheel", folder)
    return email.message_from_string((folder / f"synqc-{__version__}.dist-info" / "METADATA").read_text())


@pytest.fixture(scope="module")
def source_distribution(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    build("build_sdist", folder)
    return folder / f"synqc-{__version__}.tar.gz"


def test_a_wheel_says_what_it_is(metadata):
    assert (metadata["Name"], metadata["Version"], metadata["Requires-Python"]) == ("synqc", __version__, ">=3.11")
    assert (metadata["License-Expression"], metadata["License-File"]) == ("Apache-2.0", "LICENSE")
    assert metadata["Author"] == "SynQc contributors"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().strip() == (ROOT / "README.md").read_text().strip()
    assert not any(classifier.startswith("License ::") for classifier in metadata.get_all("Classifier"))
    assert metadata.get_all("Requires-Dist")[0] == "numpy>=1.26"


def test_a_wheel_holds_the_names_that_existing_scripts_import(tmp_path):
    build("build_wheel", tmp_path, **{"wheel.cmake": "false"})  # the extension is no part of the question
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    modules = ("async_client", "cache", "enrichment_helpers", "metrics", "optimized_ollama")
    assert {name for name in names if name.startswith("infra/")} == {f"infra/{module}.py" for module in modules}
    assert names >= {"synqc_agent.py", "synqc_tds_super_backend.py", "synqc/benchmarks/llm/goals.toml"}


def test_the_extras_are_those_the_readme_names(metadata):
    sentence = (ROOT / "README.md").read_text().split("extras are ")[1].split(".\n")[0]
    named = [word.strip("` \n") for word in sentence.split(",")]
    assert sorted({*named, "test"}) == sorted(metadata.get_all("Provides-Extra"))


def test_a_source_distribution_holds_all_it_is_built_from_and_nothing_that_was_built(source_distribution):
    with tarfile.open(source_distribution) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    for needed in (
        "LICENSE", "README.md", "CHANGELOG.md", "CMakeLists.txt", "pyproject.toml", "cmake/rooms.cmake",
        "cpp/synqc/json/reader.h", "python/synqc/_core.pyi", "python/synqc/py.typed",
        "python/synqc/data/devices/ion-chain.json", "benchmarks/json/goals.toml",
    ):  # fmt: skip
        assert needed in names
    assert any(name.startswith("python/synqc/ui/") and name.endswith(".html") for name in names)
    assert not [name for name in names if name.startswith("python/synqc/benchmarks")]
    assert not [
        name for name in names if name.endswith((".so", ".pyc", ".db")) or name.startswith(("build/", ".venv/"))
    ]


def test_twine_would_upload_it(source_distribution):
    pytest.importorskip("twine", reason="the `dev` extra installs it")
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", str(source_distribution)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    assert "PASSED" in checked.stdout
