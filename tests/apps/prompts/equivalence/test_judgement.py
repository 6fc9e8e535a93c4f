"""Answers equal or unequal by construction: no false equal, no false unequal, and unknown where that is the truth."""

import os
import random
import subprocess
import sys

import pytest
from answer_pairs import EQUAL, MATH_VERIFY_EQUAL, MATH_VERIFY_UNEQUAL, UNEQUAL, UNKNOWN

from synqc.apps.prompts.equivalence.judgement import judge_plainly, judge_texts


def _wrong(pairs, wanted):
    found = {(pair, swapped): judge_texts(*_arguments(pair, swapped)) for pair in pairs for swapped in (False, True)}
    return {key: verdict for key, verdict in found.items() if verdict.kind != wanted}


def _arguments(pair, swapped):
    reference, answer, *question = pair
    return (answer, reference, *question) if swapped else pair


def test_there_are_enough_pairs():
    assert len({*MATH_VERIFY_EQUAL, *MATH_VERIFY_UNEQUAL}) == 21
    assert len({*EQUAL, *UNEQUAL, *MATH_VERIFY_EQUAL, *MATH_VERIFY_UNEQUAL}) >= 200


def test_equal_answers_are_called_equal():
    assert not _wrong(EQUAL + MATH_VERIFY_EQUAL, "equal")


def test_unequal_answers_are_called_unequal():
    assert not _wrong(UNEQUAL + MATH_VERIFY_UNEQUAL, "unequal")


def test_what_cannot_be_decided_is_unknown_with_a_reason():
    assert not _wrong(UNKNOWN, "unknown")
    assert all(judge_texts(*pair).detail.endswith((".", "?")) for pair in UNKNOWN)


def test_a_proof_has_confidence_one_and_agreement_of_numbers_less():
    assert judge_texts("1/2", "0.5").confidence == 1
    assert judge_texts(r"\sqrt{8}", r"2\sqrt{2}").confidence == 1
    assert judge_texts(r"\ln 2", r"\ln 3").confidence == 1
    assert 0.99 < judge_texts(r"\ln 4", r"2\ln 2").confidence < 1
    assert judge_texts("pi", "3.14").confidence == 0


class _Writer:
    """Writes one number or function in many ways."""

    def __init__(self, seed):
        self.generator = random.Random(seed)

    def polynomial(self, depth):
        """A tree of sums and products, and a copy rewritten by laws of arithmetic."""
        generator = self.generator
        if depth == 0:
            leaf = generator.choice(["x", "y", str(generator.randint(1, 9))])
            return leaf, leaf
        (a, a2), (b, b2) = self.polynomial(depth - 1), self.polynomial(depth - 1)
        form = generator.randrange(5)
        if form == 0:
            return f"({a} + {b})", f"({b2} + {a2})"
        if form == 1:
            return f"({a}) \\cdot ({b})", f"({b2})({a2})"
        if form == 2:
            return f"(({a}) - ({b}))", f"(-({b2}) + {a2})"
        if form == 3:
            return f"({a})^2", f"({a2})({a2})"
        return f"\\frac{{{a}}}{{7}}", f"({a2})/7"

    def algebraic(self):
        """A number of radicals, and the same with every square root made rational in another way."""
        generator = self.generator
        a, b, c = (generator.randint(2, 40) for _ in range(3))
        d = generator.randint(1, 20)
        written = f"\\frac{{{d}}}{{\\sqrt{{{a}}}+\\sqrt{{{b}}}}} + \\sqrt{{{c}}}"
        if a == b:
            b += 1
            written = f"\\frac{{{d}}}{{\\sqrt{{{a}}}+\\sqrt{{{b}}}}} + \\sqrt{{{c}}}"
        return written, f"\\frac{{{d}(\\sqrt{{{a}}}-\\sqrt{{{b}}})}}{{{a - b}}} + \\frac{{\\sqrt{{{4 * c}}}}}{{2}}"


def test_rewritten_polynomials_are_equal_and_changed_ones_unequal(seed):
    writer = _Writer(seed)
    for _ in range(30):
        one, same = writer.polynomial(3)
        assert judge_texts(one, same).kind == "equal", (seed, one, same)
        assert judge_texts(one, f"{same} + 1").kind == "unequal", (seed, one, same)
        assert judge_texts(one, f"{same} + \\frac{{x}}{{10^{{12}}}}").kind == "unequal", (seed, one, same)


def test_rationalised_denominators_are_proved_equal_and_near_ones_unequal(seed):
    writer = _Writer(seed)
    for _ in range(20):
        one, same = writer.algebraic()
        verdict = judge_texts(one, same)
        assert (verdict.kind, verdict.confidence) == ("equal", 1), (seed, one, same, verdict)
        assert judge_texts(one, f"{same} + 10^{{-60}}").kind == "unequal", (seed, one, same)


def test_fractions_in_decimals_mixed_numbers_and_percent_are_equal_to_themselves_alone(seed):
    generator = random.Random(seed)
    for _ in range(40):
        whole, above, below = generator.randint(1, 20), generator.randint(1, 19), generator.choice([20, 25, 40, 50])
        value = f"\\frac{{{whole * below + above}}}{{{below}}}"
        decimal = f"{whole + above / below:.6f}".rstrip("0")
        forms = [decimal, f"{whole}\\frac{{{above}}}{{{below}}}", f"{100 * (whole + above / below):.4f}\\%"]
        for form in forms:
            assert judge_texts(value, form).kind == "equal", (seed, value, form)
        assert judge_texts(value, f"{whole}\\frac{{{above}}}{{{below + 1}}}").kind == "unequal", (seed, value)


@pytest.mark.parametrize("letters", [1, 2, 3])
def test_permuted_sets_are_equal_and_permuted_tuples_are_not(letters):
    items = [f"\\frac{{{k}}}{{7}}" for k in range(1, letters + 3)]
    turned = items[1:] + items[:1]
    assert judge_texts("\\{" + ", ".join(items) + "\\}", "\\{" + ", ".join(turned) + "\\}").kind == "equal"
    assert judge_texts("(" + ", ".join(items) + ")", "(" + ", ".join(turned) + ")").kind == "unequal"


def test_what_needs_no_formula_is_decided_alike_and_without_packages():
    program = """
import sys
from synqc.apps.prompts.equivalence import judge_equivalence
pairs = [("1/2", "0.5"), ("41", "42"), ("B", "(C)"), ("yes", "no"), ("3.14", "16/5"), ("5", "5.")]
kinds = [judge_equivalence(*pair).kind for pair in pairs]
print(*kinds, sorted({"flint", "sympy", "scipy"} & sys.modules.keys()))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert said.stdout.split() == ["equal", *["unequal"] * 4, "equal", "[]"]
    plain = 0
    for pair in EQUAL + UNEQUAL + UNKNOWN:
        verdict = judge_plainly(*pair)
        assert verdict is None or verdict == judge_texts(*pair), pair
        plain += verdict is not None
    assert plain > 50


def test_plain_numbers_are_decided_as_fractions(seed):
    generator = random.Random(seed)
    for _ in range(300):
        a, b = generator.randint(-30, 30), generator.randint(1, 12)
        c, d = generator.randint(-30, 30), generator.randint(1, 12)
        forms = [f"{a}/{b}", rf"\frac{{{a}}}{{{b}}}", f"${a}/{b}$"]
        verdict = judge_plainly(generator.choice(forms), f"{c}/{d}")
        assert verdict is not None
        assert verdict.kind == ("equal" if a * d == b * c else "unequal"), (seed, a, b, c, d)
