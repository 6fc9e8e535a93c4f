"""Every small mistake a Python file could hold: found in its syntax tree, made in its text."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

from mutants.mutation import Mutation

__all__ = ["python_mutations"]

_COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"), ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}  # fmt: skip
_OPERATIONS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.MatMult: ("@", "*"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
}  # fmt: skip


def python_mutations(path: str, source: bytes) -> list[Mutation]:
    """All mutations of one file, in its order.

    Comparisons and operators take their neighbours' places, conditions are turned round, numbers moved, flags turned,
    neighbouring arguments swapped, keyword arguments and whole statements left out, and returned values lost.
    """
    return sorted(_Finder(path, source).found, key=lambda mutation: (mutation.start, mutation.end, mutation.text))


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: bytes) -> None:
        self.found: list[Mutation] = []
        self._path = path
        self._source = source
        self._line_starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]
        self.visit(ast.parse(source))

    # --- places in the text ---

    def _start(self, node: ast.AST) -> int:
        return self._line_starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def _end(self, node: ast.AST) -> int:
        return self._line_starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def _text(self, node: ast.AST) -> str:
        return self._source[self._start(node) : self._end(node)].decode()

    def _add(self, start: int, end: int, text: str, kind: str) -> None:
        self.found.append(Mutation(self._path, start, end, text, kind))

    def _replace(self, node: ast.AST, text: str, kind: str) -> None:
        self._add(self._start(node), self._end(node), text, kind)

    def _replace_between(self, left: ast.AST, right: ast.AST, word: str, text: str, kind: str) -> None:
        """The operator that stands between two nodes."""
        spelling = re.escape(word.encode()).replace(rb"\ ", rb"\s+")
        match = re.search(spelling, self._source[self._end(left) : self._start(right)])
        if match is not None:
            begin = self._end(left)
            self._add(begin + match.start(), begin + match.end(), text, kind)

    # --- what is never changed ---

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Texts for people; before Python 3.12 their parts have no places either."""

    def visit_Import(self, node: ast.Import) -> None: ...

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None: ...

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._assignment(node, [node.target])
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None: ...

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.visit(node.args)
        for part in (*node.decorator_list, *node.body):
            self.visit(part)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self._turned(node.test)
            self.generic_visit(node)

    # --- what is ---

    def _turned(self, test: ast.expr) -> None:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return  # visit_UnaryOp does it
        self._replace(test, f"(not ({self._text(test)}))", "condition turned round")

    def visit_While(self, node: ast.While) -> None:
        self._turned(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._turned(node.test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for (left, right), operation in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
            before, after = _COMPARISONS[type(operation)]
            self._replace_between(left, right, before, after, "comparison")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in _OPERATIONS:
            before, after = _OPERATIONS[type(node.op)]
            self._replace_between(node.left, node.right, before, after, "operator")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        before, after = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in pairwise(node.values):
            self._replace_between(left, right, before, after, "operator")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, (ast.Not, ast.USub)):
            self._replace(node, f"({self._text(node.operand)})", "sign" if isinstance(node.op, ast.USub) else "not")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if type(node.op) in _OPERATIONS:
            before, after = _OPERATIONS[type(node.op)]
            self._replace_between(node.target, node.value, f"{before}=", f"{after}=", "operator")
        self._replace(node, "pass", "statement left out")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value), "flag")
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1), "number")
        elif isinstance(node.value, float):
            self._replace(node, repr(1.1 * node.value if node.value else 1.0), "number")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace(node, "return None", "value lost")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace(node, "pass", "statement left out")
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self._replace(node, "pass", "statement left out")

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return  # documentation
        if isinstance(node.value, (ast.Call, ast.Await)):
            self._replace(node, "pass", "statement left out")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            return
        self._assignment(node, node.targets)
        self.generic_visit(node)

    def _assignment(self, node: ast.Assign | ast.AnnAssign, targets: list[ast.expr]) -> None:
        if node.value is not None and all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets):
            self._replace(node, "pass", "statement left out")

    def visit_Break(self, node: ast.Break) -> None:
        self._replace(node, "continue", "statement")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace(node, "break", "statement")

    def visit_Call(self, node: ast.Call) -> None:
        self._swaps(node.args)
        for keyword in node.keywords:
            if keyword.arg is not None:
                start, end = self._start(keyword), self._end(keyword)
                comma = re.compile(rb"\s*,").match(self._source, end)
                self._add(start, comma.end() if comma else end, "", "argument left out")
        self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if isinstance(node.ctx, ast.Load):
            self._swaps(node.elts)
        self.generic_visit(node)

    def _swaps(self, parts: list[ast.expr]) -> None:
        """Neighbours that a tired author confuses: a value and its error, one quadrature and the other."""
        for left, right in pairwise(parts):
            plain = not any(isinstance(part, (ast.Starred, ast.Constant, ast.JoinedStr)) for part in (left, right))
            if plain and self._text(left) != self._text(right):
                between = self._source[self._end(left) : self._start(right)].decode()
                text = self._text(right) + between + self._text(left)
                self._add(self._start(left), self._end(right), text, "neighbours swapped")
