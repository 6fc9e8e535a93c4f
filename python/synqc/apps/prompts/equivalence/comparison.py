"""Comparison of two parsed answers: numbers, functions, lists, sets, intervals, matrices, equations."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from synqc.apps.prompts.equivalence.constants import compare_constants
from synqc.apps.prompts.equivalence.equations import compare_equations
from synqc.apps.prompts.equivalence.expression import Expression
from synqc.apps.prompts.equivalence.identity import (
    compare_functions,
    differ_by_a_constant,
    without_constant_of_integration,
)
from synqc.apps.prompts.equivalence.normal_form import (
    INFINITY,
    MINUS_INFINITY,
    as_range,
    exactly,
    has_relation,
    kind_of,
    label_of,
    normal_form,
    renamed,
    with_same_variable,
)
from synqc.apps.prompts.equivalence.question_hints import QuestionHints
from synqc.apps.prompts.equivalence.rough_number import rough_number
from synqc.apps.prompts.equivalence.verdict import Vote

__all__ = ["compare"]

_MOST_ITEMS: Final = 60


def compare(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    """Whether two expressions are the same answer."""
    one, other = normal_form(one), normal_form(other)
    if "approx" in (one.value, other.value):
        vote = compare(exactly(one), exactly(other), hints)
        return Vote("structure", "unknown", "One is an approximation.") if vote.kind == "equal" else vote
    if one == other and not _goes_on(one):
        return Vote("structure", "equal", "They are written alike.")
    one, other = with_same_variable(one, other)
    labels = label_of(one), label_of(other)
    if labels[0] is not None and labels[1] is not None and labels[0][0] == labels[1][0]:
        return compare(labels[0][1], labels[1][1], hints)
    if labels[0] is not None and labels[1] is not None and any(label[0].endswith("()") for label in labels if label):
        if "y" in {labels[0][0], labels[1][0]}:
            return compare(labels[0][1], labels[1][1], hints)
        return Vote("structure", "unknown", "They define functions of different names.")
    if labels[0] is not None and not has_relation(other):
        return compare(labels[0][1], other, hints)
    if labels[1] is not None and not has_relation(one):
        return compare(one, labels[1][1], hints)
    kinds = kind_of(one), kind_of(other)
    if kinds == ("scalar", "scalar"):
        return _compare_scalars(one, other, hints)
    if "relation" in kinds:
        return _compare_relations(one, other, kinds, hints)
    if "matrix" in kinds:
        return _compare_matrices(one, other, hints)
    if "interval" in kinds or (hints.interval and set(kinds) <= {"tuple", "bracketed"}):
        return _compare_ranges(one, other, hints)
    if "scalar" in kinds:
        return _compare_with_scalar(one, other, hints)
    return _compare_collections(one, other, kinds, hints)


def _goes_on(node: Expression) -> bool:
    return any(inner.op == "decimal" and inner.value[2] for inner in node.walk())


def _compare_scalars(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    if not one.is_scalar() or not other.is_scalar():
        return Vote("structure", "unknown", "A list stands where a number should.")
    if not one.symbols() and not other.symbols():
        return compare_constants(one, other)
    bare = without_constant_of_integration(one), without_constant_of_integration(other)
    usual = any(found is not None and found[1].startswith("C") for found in bare)
    if hints.integral and (usual or hints.question):
        if bare[0] is not None and bare[1] is not None:
            return differ_by_a_constant(bare[0][0], bare[1][0])
        if bare[0] is not None or bare[1] is not None:
            left = bare[0][0] if bare[0] is not None else one
            right = bare[1][0] if bare[1] is not None else other
            vote = differ_by_a_constant(left, right)
            if vote.kind == "equal":
                return Vote("identity", "unknown", "Only one has a constant of integration.")
            return vote
    vote = compare_functions(one, other, positive=hints.positive)
    if vote.kind == "unequal" and one.symbols() != other.symbols() and _is_renamed(one, other):
        return Vote("identity", "unknown", "They are alike but for the names of their variables.")
    return vote


def _is_renamed(one: Expression, other: Expression) -> bool:
    """Whether both have one symbol, each another, and agree when these are the same: n(n+1) and k(k+1)."""
    if len(one.symbols()) != 1 or len(other.symbols()) != 1 or one.op == "symbol":
        return False
    (old,), (new,) = one.symbols(), other.symbols()
    return compare_functions(renamed(one, old, new), other).kind == "equal"


def _compare_with_scalar(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    scalar, rest = (one, other) if kind_of(one) == "scalar" else (other, one)
    if len(rest.args) == 1:
        vote = compare(scalar, rest.args[0], hints)
        return Vote("structure", "unknown", "One is a set of the other.") if vote.kind == "equal" else vote
    votes = [compare(scalar, item, hints) for item in rest.args]
    if not rest.args or any(vote.kind == "unequal" for vote in votes):
        return Vote("structure", "unequal", f"One is a single value, the other a {rest.op} of {len(rest.args)}.")
    return Vote("structure", "unknown", "One is a single value, the other several that may be equal.")


def _compare_collections(one: Expression, other: Expression, kinds: tuple[str, str], hints: QuestionHints) -> Vote:
    here, there = one.args, other.args
    if max(len(here), len(there)) > _MOST_ITEMS:
        return Vote("structure", "unknown", f"A list has more than {_MOST_ITEMS} items.")
    assignments = (one.value == "assignments", other.value == "assignments")
    if all(assignments):
        return _compare_in_order(here, there, hints)
    if any(assignments):
        labelled, rest = (one, other) if assignments[0] else (other, one)
        values = tuple(item.args[1] if item.args[0].op == "symbol" else item.args[0] for item in labelled.args)
        if rest.op not in ("tuple", "bracketed", "list"):
            return Vote("structure", "unknown", "One names its values, the other is a set.")
        vote = _compare_in_order(values, rest.args, hints)
        if vote.kind == "unequal" and _compare_unordered(values, rest.args, hints).kind != "unequal":
            return Vote("structure", "unknown", "The same values stand in another order.")
        return vote
    if set(kinds) <= {"set", "list"}:
        return _compare_unordered(here, there, hints, distinct="set" in kinds)
    if kinds in (("tuple", "tuple"), ("bracketed", "bracketed")):
        return _compare_in_order(here, there, hints)
    # Brackets of different kinds: a pair or an interval, a list or a closed interval, ordered or not.
    ordered = _compare_in_order(here, there, hints)
    unordered = _compare_unordered(here, there, hints)
    if unordered.kind == "unequal":
        return unordered
    if ordered.kind == "equal" and "set" not in kinds and (len(here) > 2 or "list" in kinds):
        return ordered
    return Vote("structure", "unknown", "The same values stand in brackets of another kind.")


def _compare_in_order(here: Sequence[Expression], there: Sequence[Expression], hints: QuestionHints) -> Vote:
    if len(here) != len(there):
        return Vote("structure", "unequal", f"One has {len(here)} items, the other {len(there)}.")
    return _all_of([compare(a, b, hints) for a, b in zip(here, there, strict=True)])


def _all_of(votes: Sequence[Vote]) -> Vote:
    for vote in votes:
        if vote.kind == "unequal":
            return vote
    for vote in votes:
        if vote.kind == "unknown":
            return vote
    return _weakest(votes)


def _weakest(votes: Sequence[Vote]) -> Vote:
    """The least sure of votes that all say equal."""
    for vote in votes:
        if vote.voter in ("interval", "identity"):
            return vote
    return Vote("structure", "equal", "All items are equal.")


def _compare_unordered(
    here: Sequence[Expression], there: Sequence[Expression], hints: QuestionHints, *, distinct: bool = False
) -> Vote:
    """Items matched one to one; with `distinct`, repeats count once."""
    if len(here) * len(there) > 400:
        return Vote("structure", "unknown", "The lists are too long to compare in any order.")
    table = [[compare(a, b, hints) for b in there] for a in here]
    for k, row in enumerate(table):
        if all(vote.kind == "unequal" for vote in row):
            return Vote("structure", "unequal", f"Item {k + 1} of the reference is none of the other's.")
    for k in range(len(there)):
        if all(row[k].kind == "unequal" for row in table):
            return Vote("structure", "unequal", f"Item {k + 1} of the answer is none of the reference's.")
    if distinct:
        found = all(any(vote.kind == "equal" for vote in row) for row in table) and all(
            any(row[k].kind == "equal" for row in table) for k in range(len(there))
        )
        if found:
            return _weakest([vote for row in table for vote in row if vote.kind == "equal"])
        return Vote("structure", "unknown", "Not every item has its equal.")
    if len(here) != len(there):
        return Vote("structure", "unknown", f"The same values come {len(here)} and {len(there)} times.")
    if _matching(table) == len(here):
        return _weakest([vote for row in table for vote in row if vote.kind == "equal"])
    return Vote("structure", "unknown", "Not every item has its equal.")


def _matching(table: list[list[Vote]]) -> int:
    """Size of the largest matching of equal items, by augmenting paths."""
    partner: dict[int, int] = {}

    def augmented(row: int, seen: set[int]) -> bool:
        for column, vote in enumerate(table[row]):
            if vote.kind != "equal" or column in seen:
                continue
            seen.add(column)
            if column not in partner or augmented(partner[column], seen):
                partner[column] = row
                return True
        return False

    return sum(augmented(row, set()) for row in range(len(table)))


def _compare_ranges(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    sides = []
    for node in (one, other):
        parts = node.args if node.op == "union" else (node,)
        ranges = [as_range(part) for part in parts]
        if any(part.op not in ("interval", "set") for part in ranges):
            if kind_of(node) == "scalar" and not node.symbols():
                return Vote("structure", "unequal", "One is an interval, the other a number.")
            return Vote("structure", "unknown", "One is an interval, the other something else.")
        sides.append(ranges)
    here, there = sides
    if len(here) > 8 or len(there) > 8:
        return Vote("structure", "unknown", "A union has more than 8 parts.")
    table = [[_compare_intervals(a, b, hints) for b in there] for a in here]
    if len(here) == len(there) and _matching(table) == len(here):
        return _weakest([vote for row in table for vote in row if vote.kind == "equal"])
    if len(here) == len(there) == 1:
        return table[0][0]
    one_is_none = any(all(vote.kind == "unequal" for vote in row) for row in table)
    if len(here) == len(there) and one_is_none and not (_touch(here) or _touch(there)):
        return Vote("structure", "unequal", "A part of one union is none of the other's.")
    return Vote("structure", "unknown", "The parts of two unions differ, perhaps not their points.")


def _touch(parts: list[Expression]) -> bool:
    """Whether parts of a union may share an end, or one is a set of points: they may then be written in another way."""
    if any(part.op == "set" for part in parts):
        return True
    ends = [end for part in parts for end in part.args]
    return any(
        compare_constants(a, b).kind != "unequal" if not (a.symbols() or b.symbols()) else True
        for k, a in enumerate(ends)
        for b in ends[k + 1 :]
    ) or _overlap(parts)


def _overlap(parts: list[Expression]) -> bool:
    """Whether two parts may overlap, by their ends as rough numbers."""
    spans = sorted((rough_number(part.args[0]), rough_number(part.args[1])) for part in parts)
    return any(not before[1] < after[0] for before, after in itertools.pairwise(spans))


def _compare_intervals(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    if one.op != other.op:
        return Vote("structure", "unequal", "One is an interval, the other points.")
    if one.op == "set":
        return _compare_unordered(one.args, other.args, hints, distinct=True)
    ends = _all_of([compare(a, b, hints) for a, b in zip(one.args, other.args, strict=True)])
    if ends.kind != "equal":
        return ends
    for k in (0, 1):
        if one.value[k] != other.value[k] and not _is_infinite(one.args[k]):
            return Vote("structure", "unequal", "An end belongs to one interval, and not to the other.")
    return ends


def _is_infinite(node: Expression) -> bool:
    return node in (INFINITY, MINUS_INFINITY)


def _rows(node: Expression) -> list[tuple[Expression, ...]] | None:
    if node.op == "matrix":
        return [row.args for row in node.args]
    if node.op == "bracketed" and node.args and all(row.op == "bracketed" for row in node.args):
        return [row.args for row in node.args]
    return None


def _compare_matrices(one: Expression, other: Expression, hints: QuestionHints) -> Vote:
    sides = [_rows(one), _rows(other)]
    if sides[0] is None or sides[1] is None:
        rows, rest = (sides[0], other) if sides[0] is not None else (sides[1], one)
        assert rows is not None
        if rest.op not in ("tuple", "bracketed"):
            if kind_of(rest) == "scalar" and not rest.symbols() and len(rows) * len(rows[0]) > 1:
                return Vote("structure", "unequal", "One is a matrix, the other a number.")
            return Vote("structure", "unknown", "One is a matrix, the other something else.")
        if len(rows) != 1 and len(rows[0]) != 1:
            return Vote("structure", "unequal", "One is a matrix, the other a vector.")
        return _compare_in_order([item for row in rows for item in row], rest.args, hints)
    shapes = [(len(rows), len(rows[0])) for rows in sides if rows is not None]
    if shapes[0] != shapes[1]:
        return Vote(
            "structure",
            "unequal",
            f"One is {shapes[0][0]} by {shapes[0][1]}, the other {shapes[1][0]} by {shapes[1][1]}.",
        )
    return _compare_in_order([x for row in sides[0] for x in row], [x for row in sides[1] for x in row], hints)


def _compare_relations(one: Expression, other: Expression, kinds: tuple[str, str], hints: QuestionHints) -> Vote:
    if kinds != ("relation", "relation"):
        return Vote("structure", "unknown", "Only one of them is an equation.")
    if one.value == other.value == "=":
        if not all(side.is_scalar() for relation in (one, other) for side in relation.args):
            return Vote("structure", "unknown", "They are equations between lists.")
        return compare_equations(one, other)
    if isinstance(one.value, str) and one.value == other.value:
        vote = _all_of([compare(a, b, hints) for a, b in zip(one.args, other.args, strict=True)])
        return (
            vote
            if vote.kind == "equal"
            else Vote("structure", "unknown", "They are relations written in different ways.")
        )
    return Vote("structure", "unknown", "They are relations written in different ways.")
