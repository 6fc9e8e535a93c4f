"""`make mutants`: mistakes that parse, that are one each, and that are counted as seen only when a test fails."""

import ast
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from mutants import sampling  # noqa: E402
from mutants.cpp_mutations import cpp_mutations  # noqa: E402
from mutants.mutation import Mutation  # noqa: E402
from mutants.program import Ended  # noqa: E402
from mutants.python_mutations import python_mutations  # noqa: E402
from mutants.python_tests import PythonTests, Verdict  # noqa: E402
from mutants.sampling import drawn, sources  # noqa: E402
from mutants.trees import mirror, mutated  # noqa: E402


def texts(find, source):
    return {mutation.applied_to(source.encode()).decode() for mutation in find("file", source.encode())}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b"}),
        ("a is b", {"a is not b"}),
        ("a if b not in c else d", {"a if b in c else d", "a if (not (b not in c)) else d"}),
        ("a + b", {"a - b"}),
        ("a and b", {"a or b"}),
        ("not a", {"(a)"}),
        ("-a", {"(a)"}),
        ("a = True", {"a = False"}),
        ("a = 2", {"a = 3"}),
        ("a = 2.0", {"a = 2.2"}),
        ("a(b, c)", {"a(c, b)", "pass"}),
        ("a = b, c", {"a = c, b"}),
        ("a = b(c=d, e=f)", {"a = b( e=f)", "a = b(c=d, )"}),
        ("a.b = c", {"pass"}),
        ("a += b", {"a -= b", "pass"}),
        ("raise a", {"pass"}),
        ("def a():\n    return b", {"def a():\n    return None"}),
        ("while a:\n    break", {"while (not (a)):\n    break", "while a:\n    continue"}),
        ("ä < b", {"ä <= b"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_python_is_mistaken_in_one_place(source, expected):
    assert texts(python_mutations, source) == expected


@pytest.mark.parametrize(
    "source",
    ['"""Text with 1 < 2."""', "import a", "def a(b: c[1, d]) -> e[2]: ...", "a: b[1]", '__all__ = ["a", "b"]',
     'f"{a + b}"', "if TYPE_CHECKING:\n    a(b, c)", "return_value = None"],
)  # fmt: skip
def test_what_means_nothing_to_a_program_is_left_alone(source):
    assert texts(python_mutations, source) == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = b < c;", {"a = b <= c;"}),
        ("a = b && c;", {"a = b || c;"}),
        ("return -a;", {"return a;"}),
        ("return !a;", {"return a;"}),
        ("return 3;", {"return 4;"}),
        ("return 2e-1;", {"return 0.22000000000000003;"}),
        ("return std::min(1.5 * a, b);", {"return std::max(1.5 * a, b);", "return std::min(1.6500000000000001 * a, b);",
                                          "return std::min(1.5 / a, b);",
                                          "return std::min(1.5 * b, a);"}),
        ("a(b, c)", {"a(c, b)"}),
        ("if (a(b)) {", {"if (!(a(b))) {"}),
        ("{\n    a(b.c);\n}", {"{\n    ;\n}"}),
        ("{\n    a_ += b;\n}", {"{\n    a_ -= b;\n}", "{\n    ;\n}"}),
        ("std::vector<int> a(b);  // 1 < 2", set()),
        ("template <typename T>", set()),
        ("#define a 1", set()),
        ("constexpr std::string_view a = \"1 < 2\";", set()),
        ("assert(a < b);", set()),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_cpp_is_mistaken_in_one_place(source, expected):
    assert texts(cpp_mutations, source) == expected


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.deep)])
def test_every_mistake_in_python_is_a_program(count):
    seed = "parse"
    paths = [path for path in sources(ROOT, []) if path.endswith(".py")]
    for _, mutation in zip(range(count), drawn(ROOT, paths, seed), strict=False):
        source = (ROOT / mutation.path).read_bytes()
        assert ast.dump(ast.parse(mutation.applied_to(source))) != ast.dump(ast.parse(source)), f"{seed}: {mutation}"
        assert mutation.diff(source)


def test_a_seed_stands_for_one_sample_of_lines():
    paths = sources(ROOT, ["python/synqc/pipeline"])
    first, again, other = (
        [mutation for _, mutation in zip(range(80), drawn(ROOT, paths, seed), strict=False)] for seed in "110"
    )
    assert first == again != other
    lines = {(mutation.path, mutation.line((ROOT / mutation.path).read_bytes())) for mutation in first}
    assert len(lines) == len(first) == 80
    assert all(
        mutation in sampling.mutations_of(mutation.path, (ROOT / mutation.path).read_bytes()) for mutation in first
    )


def test_every_room_with_tests_is_named_with_tests_that_are_there():
    named = [tests for kind in sampling.ROOMS.values() for of_room in kind.values() for tests in of_room]
    assert [tests for tests in named if not (ROOT / tests).exists()] == []
    with_tests = {file.parent.name for file in (ROOT / "cpp" / "synqc").glob("*/*.test.cc")}
    assert with_tests <= set(sampling.ROOMS["cpp"])
    packages = {path.name for path in (ROOT / "python" / "synqc").iterdir() if (path / "__init__.py").exists()}
    assert {name for name in packages if sampling.tests_of(f"python/synqc/{name}/__init__.py") is None} == {
        "benchmarks"
    }


def test_a_copy_follows_its_origin_and_forgets_a_mistake(tmp_path):
    origin, copy = tmp_path / "origin", tmp_path / "copy"
    (origin / "code").mkdir(parents=True)
    file = origin / "code" / "a.py"
    file.write_text("a < b\n")
    (origin / "code" / "old.py").write_text("old\n")
    (origin / "code" / "linked").symlink_to("../elsewhere")
    (copy / "code" / "linked").mkdir(parents=True)
    mirror(origin, ["code"], copy)
    with mutated(copy, Mutation("code/a.py", 2, 3, "<=", "comparison")):
        assert (copy / "code" / "a.py").read_text() == "a <= b\n"
    assert (copy / "code" / "a.py").read_text() == file.read_text() == "a < b\n"
    assert (copy / "code" / "linked").readlink() == Path("../elsewhere")
    (origin / "code" / "old.py").unlink()
    file.write_text("a > b\n")
    mirror(origin, ["code"], copy)
    assert [path.name for path in (copy / "code").iterdir() if path.is_file()] == ["a.py"]
    assert (copy / "code" / "a.py").read_text() == "a > b\n"


def test_what_a_test_sees_is_told_from_what_fails_anyhow_or_once_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take longer to load than the tests
    root, package = tmp_path / "project", tmp_path / "work" / "package"
    (root / "tests").mkdir(parents=True)
    (package / "thing").mkdir(parents=True)
    (package / "thing" / "__init__.py").write_text("def larger(a, b):\n    return max(a, b)\n\n\nunseen = 1\n")
    (root / "tests" / "test_thing.py").write_text(
        "import pathlib, thing\n\n"
        "def test_always_fails():\n    assert False\n\n"
        f"def test_fails_once():\n    once = pathlib.Path({str(tmp_path / 'once')!r})\n"
        "    known = not once.exists()\n    once.unlink(missing_ok=True)\n    assert known\n\n"
        "def test_the_larger_is_found():\n    assert thing.larger(1, 2) == 2\n"
    )
    untouched = tmp_path / "untouched"
    shutil.copytree(package, untouched)
    told = []
    tests = PythonTests(root, package, untouched, told.append, seconds=60)
    source = (package / "thing" / "__init__.py").read_bytes()
    place = source.index(b"max")
    (tmp_path / "once").touch()
    with mutated(package, Mutation("thing/__init__.py", place, place + 3, "min", "name")):
        verdict = tests.verdict_on("thing/__init__.py", ["tests"])
    assert verdict == Verdict("tests/test_thing.py::test_the_larger_is_found")
    assert [words.split()[0] for words in told] == ["tests/test_thing.py::test_always_fails"]
    place = source.index(b"1\n", source.index(b"unseen"))
    with mutated(package, Mutation("thing/__init__.py", place, place + 1, "2", "number")):
        assert tests.verdict_on("thing/__init__.py", ["tests"]) == Verdict(None)


@pytest.mark.parametrize(
    ("without", "expected"),
    [(Ended(0, ""), Verdict("no end within 40 s")), (Ended(None, ""), Verdict(None, complete=False))],
    ids=["a mistake that never ends", "tests that are many"],
)
def test_what_never_ends_is_told_from_what_takes_long(tmp_path, monkeypatch, without, expected):
    (tmp_path / "test_thing.py").write_text("")
    tests = PythonTests(tmp_path, tmp_path / "package", tmp_path / "untouched", print, seconds=40)
    monkeypatch.setattr(tests, "_ran", lambda _, package, __: Ended(None, "") if package.name == "package" else without)
    assert tests.verdict_on("thing.py", ["."]) == expected


def test_tests_that_speak_of_a_file_are_asked_first(tmp_path):
    for name, text in (("test_other", ""), ("test_user", "from synqc.lab import thing"), ("test_thing", "x" * 100)):
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "tests" / f"{name}.py").write_text(text)
    tests = PythonTests(tmp_path, tmp_path, tmp_path, print, seconds=1)
    near, far = tests._nearest_first("python/synqc/lab/thing.py", ["tests"])
    assert near == ["tests/test_thing.py", "tests/test_user.py"]
    assert far == ["tests/test_other.py"]
