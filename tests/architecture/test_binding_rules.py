"""What bindings may not do by hand, because one place does it right. Each rule says why."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CPP = Path(__file__).parents[2] / "cpp" / "synqc"
BINDINGS = sorted(path for pattern in ("*.pybind.cc", "*.pybind.h", "py/*.cc", "py/*.h") for path in CPP.rglob(pattern))


def code_of(path: Path) -> str:
    """Without comments and texts, with the lines where they were."""
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', path.read_text())
    text = re.sub(r"/\*.*?\*/", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


# What may stand nowhere but in the one file that does it right.
RULES = {
    "the GIL is let go of and taken back by WithoutGil and WithGil, which park a thread at exit": (
        r"gil_scoped_(?:acquire|release)|PyGILState_(?:Ensure|Release)|Py(?:Eval|Gil)_?(?:RestoreThread|SaveThread"
        r"|AcquireThread|ReleaseThread|AcquireLock|ReleaseLock)|Py_(?:BEGIN|END|UN)?_?(?:UN)?BLOCK_THREADS"
        r"|Py_(?:BEGIN|END)_ALLOW_THREADS",
        {"py/gil.h", "py/gil.cc"},
    ),
    "methods and slots are made by method.h, so that no C++ exception reaches a frame of C": (
        r"METH_[A-Z]+|\(PyCFunction\)|<PyCFunction|<PyCFunctionWithKeywords|<(?:getter|setter|reprfunc|newfunc|initproc"
        r"|destructor|traverseproc|inquiry|lenfunc|binaryfunc|objobjargproc|ternaryfunc)>"
        r"|\{\s*Py_(?:tp|nb|sq|mp|bf|am)_\w+\s*,|\.tp_(?!flags|name|basicsize|repr\(|free|alloc)\w+\s*=(?!=)"
        r"|->tp_(?!flags|name|basicsize)\w+\s*=(?!=)",
        {"py/method.h", "py/collected.h"},
    ),
    "PyErr_Clear passes over KeyboardInterrupt: pass_over_exception does not": (
        r"PyErr_Clear\(",
        {"py/forgiving.cc"},
    ),
    "a buffer is borrowed by BorrowedBuffer": (
        r"PyObject_GetBuffer\(|PyBuffer_Release\(",
        {"py/kept.h"},
    ),
    "a list is copied by items_of: CPython's ways read where its items lie, and then may collect garbage": (
        r"PySequence_(?:Tuple|Fast|GetSlice)\(|PyList_(?:AsTuple|GetSlice)\(",
        {"py/items.h"},
    ),
    "entries of a dict are walked by entries_of: what is asked of one may clear the dict": (
        r"for \([^;{]*: (?!entries_of)[^;{]*py::dict>\(",
        set(),
    ),
    "seconds become whole units by nanoseconds_of and milliseconds_of, which check the range": (
        r"static_cast<\s*(?:\w+::)*(?:Nanoseconds|WallMillis)\s*>\([^()]*\*\s*1e\d|llround\(",
        set(),
    ),
    "the interpreter is asked by no static initialiser: a lock of C++ would be held while Python runs": (
        r"^\s*(?:static|thread_local)\s+[\w:<>*& ]+(?:=|\{)[^;]*"
        r"(?:\bPy[A-Z]\w*_\w+\(|py::(?:module_|import|object|str|dict|list|tuple|function|eval)\b|->attr\(|\.attr\()",
        set(),
    ),
}

# Where a rule is followed by hand because its way does not fit; what is written there says why.
EXCEPTIONS = {
    ("PyErr_Clear", "cache/disk_value.pybind.cc"),  # after matching ValueError and TypeError
    ("PyErr_Clear", "dynamics/mesolve.pybind.cc"),  # after matching TypeError
    ("PyErr_Clear", "json/plain_form.pybind.cc"),  # after matching AttributeError
    ("PyErr_Clear", "json/python_json.pybind.cc"),  # OverflowError of a number
    ("PyErr_Clear", "json/python_reader.pybind.cc"),  # after matching ValueError
    ("PyErr_Clear", "json/python_text.pybind.cc"),  # after matching UnicodeEncodeError
    ("PyErr_Clear", "json/python_writer.pybind.cc"),  # after matching TypeError
    ("PyErr_Clear", "py/signals.cc"),  # after matching KeyboardInterrupt, which it notes
}


def names_of(match: str) -> str:
    return re.sub(r"\W.*", "", match.strip())


def broken_rules(path: Path) -> Iterator[str]:
    """What a file does by hand, in words."""
    here = str(path.relative_to(CPP))
    code = code_of(path)
    for rule, (pattern, owners) in RULES.items():
        if here in owners:
            continue
        for found in re.finditer(pattern, code, re.MULTILINE):
            line = code.count("\n", 0, found.start()) + 1
            if (names_of(found.group()), here) not in EXCEPTIONS:
                yield f"{here}:{line} has `{found.group().strip()}`, but {rule}"


def test_a_binding_does_nothing_by_hand_that_has_one_safe_way():
    assert len(BINDINGS) > 70
    assert [one for path in BINDINGS for one in broken_rules(path)] == []


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ("py::gil_scoped_acquire gil;", "the GIL"),
        ("PyThreadState* s = PyEval_SaveThread();", "the GIL"),
        ('{"get", get, METH_O, nullptr},', "methods and slots"),
        ("{Py_tp_init, reinterpret_cast<void*>(initialise)},", "methods and slots"),
        ("type->tp_clear = clear;", "methods and slots"),
        ("PyErr_Clear();", "PyErr_Clear"),
        ("PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)", "a buffer"),
        ("PyObject* items = PySequence_Tuple(list);", "a list"),
        ("PyObject* items = PyList_AsTuple(list);", "a list"),
        ("for (auto [name, value] : py::reinterpret_borrow<py::dict>(found)) {", "entries of"),
        ("for (const auto& [name, value] : sample.cast<py::dict>()) {", "entries of"),
        ("return static_cast<Nanoseconds>(value * 1e9);", "seconds"),
        ('static PyObject* const kind = PyImport_ImportModule("x");', "the interpreter"),
        ('static const py::object kind = py::module_::import("x");', "the interpreter"),
    ],
)
def test_a_rule_finds_what_it_forbids(wrong, rule):
    pattern = next(pattern for words, (pattern, _) in RULES.items() if words.startswith(rule))
    assert re.search(pattern, wrong, re.MULTILINE)
