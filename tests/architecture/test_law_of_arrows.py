"""Includes and imports follow the tables of ARCHITECTURE.md: a room uses only rooms listed before it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CPP = ROOT / "cpp" / "synqc"
PYTHON = ROOT / "python" / "synqc"

# A third-party header may be included only in these rooms or files.
OWNERS = {
    "oneapi/tbb": {"parallel", "pipeline"},
    "tbb/": {"parallel", "pipeline"},
    "sqlite3": {"cache"},
    "openssl/": {"cache"},
    "simdjson": {"json"},
    "Eigen/": {"linalg"},
    "unsupported/Eigen": {"linalg"},
    "numpy/": {"py"},
}


def cpp_arrows() -> dict[str, set[str]]:
    """Rooms each room may use, with the reason in one place: cpp/synqc/CMakeLists.txt."""
    text = (CPP / "CMakeLists.txt").read_text()
    arrows: dict[str, set[str]] = {}
    for name, uses in re.findall(r"^synqc_room\((\w+)(?: USES ([\w ]+?))?(?: LIBRARIES .*?)?\)", text, re.MULTILINE):
        arrows[name] = set(uses.split())
        assert arrows[name] <= set(arrows), f"{name} is allowed a room listed after it"
    return arrows


def includes_of(path: Path) -> list[str]:
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


CPP_FILES = [path for suffix in ("*.h", "*.cc") for path in sorted(CPP.rglob(suffix))]


@pytest.mark.parametrize("path", CPP_FILES, ids=lambda path: str(path.relative_to(CPP)))
def test_a_cpp_file_includes_only_rooms_its_room_may_use(path):
    room = path.relative_to(CPP).parts[0]
    arrows = cpp_arrows()
    is_binding = path.name.endswith((".pybind.cc", ".pybind.h"))
    allowed = {room} | arrows.get(room, set(arrows))
    if is_binding:
        allowed |= {"py", "parallel"}
    for include in includes_of(path):
        if include.startswith("synqc/"):
            used = include.split("/")[1]
            assert used in allowed, (
                f"{path.relative_to(ROOT)} includes {include}, but `{room}` may use {sorted(allowed)}"
            )
        for prefix, owners in OWNERS.items():
            if include.startswith(prefix):
                assert room in owners, f"{path.relative_to(ROOT)} includes {include}, which belongs to {sorted(owners)}"
        if include.startswith("pybind11") or include == "Python.h":
            assert is_binding or room == "py", f"{path.relative_to(ROOT)} is not a binding but includes {include}"


def test_every_folder_is_a_room_of_the_table():
    folders = {path.name for path in CPP.iterdir() if path.is_dir()}
    assert folders == set(cpp_arrows()) | {"py"}


# Python: module or package of synqc -> what it may import from synqc. `lab` is one module; its files see each other.
PYTHON_ARROWS = {
    "errors": set(),
    "_version": set(),
    "_core": {"errors"},
    "json": {"errors", "_core"},
    "metrics": {"errors", "_core"},
    "cache": {"errors", "_core", "json", "metrics"},
    "pipeline": {"errors", "_core", "metrics"},
    "lab": {"errors", "_core", "json", "metrics", "cache", "pipeline"},
    "settings": {"errors"},
    "storage": {"errors", "metrics"},
    "jobs": {"errors", "json", "metrics", "storage"},
    "llm": {"errors", "settings", "json", "cache", "metrics"},
    "apps": {"errors", "_core", "settings", "json", "metrics", "cache", "pipeline", "storage", "jobs", "lab", "llm"},
    "service": {
        "errors",
        "settings",
        "json",
        "metrics",
        "cache",
        "pipeline",
        "storage",
        "jobs",
        "lab",
        "llm",
        "apps",
        "ui",
    },
    "demo": {"errors", "lab"},
    "benchmarks": {
        "errors",
        "_core",
        "json",
        "metrics",
        "cache",
        "pipeline",
        "lab",
        "llm",
        "settings",
        "apps",
        "service",
    },
    "cli": {
        "errors",
        "_core",
        "json",
        "metrics",
        "cache",
        "pipeline",
        "lab",
        "demo",
        "benchmarks",
        "settings",
        "storage",
        "jobs",
        "apps",
        "service",
    },
    "__init__": {"errors", "_core", "json", "metrics", "cache", "pipeline", "lab"},
    "__main__": {"cli"},
}


def synqc_imports_of(path: Path) -> set[str]:
    """Top-level synqc modules a file imports, wherever in the file the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "synqc":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("synqc.")}
    return found


@pytest.mark.parametrize("path", sorted(PYTHON.rglob("*.py")), ids=lambda path: str(path.relative_to(PYTHON)))
def test_a_python_file_imports_only_modules_its_module_may_use(path):
    module = path.relative_to(PYTHON).parts[0].removesuffix(".py")
    assert module in PYTHON_ARROWS, f"{module} is missing from the table of arrows"
    allowed = PYTHON_ARROWS[module] | {module, "_version"}
    unlawful = {name for name in synqc_imports_of(path) if name not in allowed and name in PYTHON_ARROWS}
    assert not unlawful, (
        f"{path.relative_to(ROOT)} imports {sorted(unlawful)}, but `{module}` may use {sorted(allowed)}"
    )


# A third-party package may be imported only by these files or folders.
PYTHON_OWNERS = {
    "fastapi": ("service", "benchmarks"),
    "starlette": ("service", "benchmarks"),
    "uvicorn": ("service", "benchmarks"),
    "sqlalchemy": ("storage", "jobs/tables", "apps/tds/storage"),
    "openai": ("llm",),
    "jsonschema_rs": ("llm",),
    "dotenv": ("settings.py",),
}


@pytest.mark.parametrize("path", sorted(PYTHON.rglob("*.py")), ids=lambda path: str(path.relative_to(PYTHON)))
def test_a_third_party_package_stays_with_its_owners(path):
    here = str(path.relative_to(PYTHON))
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            owners = PYTHON_OWNERS.get((name or "").split(".")[0])
            if owners and not here.startswith(owners) and node.col_offset == 0:
                pytest.fail(f"{here} imports {name}, which belongs to {', '.join(owners)}")


def test_importing_synqc_loads_no_optional_package(tmp_path):
    import subprocess
    import sys

    optional = ("fastapi", "sqlalchemy", "pydantic", "plotly", "xarray", "qutip", "pandas")
    program = f"import sys, synqc; print([name for name in {optional} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
