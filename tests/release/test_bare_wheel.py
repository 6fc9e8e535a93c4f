"""A wheel brings its libraries: it runs where the system has none of them, and says itself which they are."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = [pytest.mark.deep, pytest.mark.skipif(sys.platform != "linux", reason="auditwheel is for Linux")]
for needed in ("auditwheel", "scikit_build_core", "pybind11"):
    pytest.importorskip(needed, reason="`make wheel` and `make test` install it")

ROOT = Path(__file__).parents[2]
BUNDLED = ("crypto", "simdjson", "sqlite3", "tbb")
MOST_MEGABYTES = 12
PYTHON = os.environ.get("SYNQC_WHEEL_PYTHON", sys.executable)
"""For which the wheel is: it has what builds one, and NumPy."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """SYNQC_WHEEL, or one built from the tree, for which the build directory of the installed one is used."""
    if given := os.environ.get("SYNQC_WHEEL"):
        return Path(given)
    folder = tmp_path_factory.mktemp("wheels")
    own = {} if sys.executable == PYTHON else {"SYNQC_WHEEL_BUILD": str(folder / "build")}
    program = ["bash", "scripts/build_wheel.sh", PYTHON, str(folder)]
    built = subprocess.run(program, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def bare_python(wheel, tmp_path_factory):
    """A Python that has the wheel and NumPy alone."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    bare = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", bare, "install", "--no-deps", "--quiet", wheel]
    subprocess.run(install, check=True)
    ask = [PYTHON, "-c", "import numpy; print(numpy.__file__)"]
    numpy = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    for part in numpy.parents[1].glob("numpy*"):
        (site / part.name).symlink_to(part)
    return bare


def libraries_in(answer):
    return [Path(line) for line in answer.stdout.splitlines() if line.startswith("/")]


def test_a_wheel_is_tagged_and_holds_its_libraries_and_their_licences(wheel):
    assert re.search(r"-manylinux_2_\d\d_(x86_64|aarch64)\.whl$", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        libraries = sorted(name for name in names if name.startswith("synqc.libs/lib"))
    assert [re.match(r"synqc\.libs/lib([a-z0-9]+)-", name)[1] for name in libraries] == sorted(BUNDLED)
    assert {name.rsplit("/", 1)[1] for name in names if ".dist-info/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert wheel.stat().st_size < MOST_MEGABYTES * 2**20


def test_it_runs_with_its_own_libraries(bare_python, tmp_path):
    program = [bare_python, "-I", ROOT / "tests" / "release" / "bare_environment.py", tmp_path / "cache.db"]
    answer = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    loaded = libraries_in(answer)
    for name in BUNDLED:
        own = [path for path in loaded if re.match(rf"lib{name}[-.]", path.name) and "synqc.libs" in path.parts]
        assert own, f"lib{name} of the wheel is not loaded"
    assert not [path for path in loaded if path.name.startswith(("libtbb.", "libsimdjson."))]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="root may hide the system's libraries")
def test_it_runs_where_the_system_has_none_of_them(bare_python, tmp_path):
    hidden = [
        path for name in (*BUNDLED, "ssl") for path in Path("/usr/lib").rglob(f"lib{name}.so*") if not path.is_symlink()
    ]
    assert hidden, "what would be hidden is not there"
    hide = " && ".join(f"mount --bind /dev/null '{path}'" for path in hidden)
    script = ROOT / "tests" / "release" / "bare_environment.py"
    program = f"{hide} && exec '{bare_python}' -I '{script}' '{tmp_path / 'cache.db'}'"
    answer = subprocess.run(
        ["unshare", "-m", "sh", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if "unshare" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip(f"mounts are not allowed here: {answer.stderr.strip()}")
    assert answer.returncode == 0, answer.stderr


def test_the_demonstration_runs_from_it(bare_python, tmp_path):
    answer = subprocess.run(
        [bare_python, "-I", "-m", "synqc", "run", "--preset", "ibm_fez", "--shots", "500", "--seed", "7"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "ibm_fez on sim-local" in answer.stdout
