"""Random formulas beside mpmath: the grammar reads what is written, and no verdict contradicts sixty digits."""

import random

import mpmath

from synqc.apps.prompts.equivalence.judgement import judge_texts

mpmath.mp.dps = 60


class Formula:
    """A formula as written, its value, and how tightly it holds together: 0 sum, 1 product, 2 power, 3 atom."""

    def __init__(self, text, value, level):
        self.text, self.value, self.level = text, value, level

    def within(self, level):
        """The text, in brackets where it would fall apart."""
        return self.text if self.level >= level else f"({self.text})"


def atom(generator):
    kind = generator.randrange(6)
    number = generator.randint(1, 30)
    if kind == 0:
        return Formula(r"\pi", mpmath.pi, 3)
    if kind == 1:
        return Formula("e", mpmath.e, 3)
    if kind == 2:
        below = generator.randint(2, 9)
        text = generator.choice([rf"\frac{{{number}}}{{{below}}}", rf"\dfrac {{{number}}}{{{below}}}"])
        return Formula(text, mpmath.mpf(number) / below, 3)
    return Formula(str(number), mpmath.mpf(number), 3)


def formula(generator, depth):
    if depth == 0:
        return atom(generator)
    a, b = formula(generator, depth - 1), formula(generator, generator.randrange(depth))
    kind = generator.randrange(9)
    if kind == 0:
        return Formula(f"{a.within(0)} + {b.within(1)}", a.value + b.value, 0)
    if kind == 1:
        return Formula(f"{a.within(0)} - {b.within(1)}", a.value - b.value, 0)
    if kind == 2:
        sign = generator.choice([r" \cdot ", " * ", r"\times "])
        return Formula(f"{a.within(1)}{sign}{b.within(2)}", a.value * b.value, 1)
    if kind == 3 and abs(b.value) > 1e-20:
        return Formula(rf"\frac{{{a.text}}}{{{b.text}}}", a.value / b.value, 3)
    if kind == 4 and abs(b.value) > 1e-20:
        return Formula(f"{a.within(2)} / ({b.text})", a.value / b.value, 1)
    if kind == 5 and abs(a.value) < 1e6:
        exponent = generator.randint(2, 3)
        return Formula(
            generator.choice([f"{a.within(3)}^{exponent}", f"{a.within(3)}^{{{exponent}}}"]), a.value**exponent, 2
        )
    if kind == 6 and a.value > 1e-20:
        return Formula(rf"\sqrt{{{a.text}}}", mpmath.sqrt(a.value), 3)
    if kind == 7 and abs(a.value) < 1e6:
        name, function = generator.choice([("sin", mpmath.sin), ("cos", mpmath.cos), ("arctan", mpmath.atan)])
        return Formula(
            generator.choice([rf"\{name}({a.text})", rf"\{name}\left({a.text}\right)"]), function(a.value), 3
        )
    if kind == 8 and a.value > 1e-6:
        return Formula(rf"\ln({a.text})", mpmath.log(a.value), 3)
    return Formula(f"-{a.within(1)}", -a.value, 0)


def test_the_grammar_reads_what_is_written(seed):
    generator = random.Random(seed)
    judged = 0
    for _ in range(250):
        written = formula(generator, generator.randint(1, 4))
        if abs(written.value) > 1e40 or 0 < abs(written.value) < 1e-20:
            continue
        digits = mpmath.nstr(written.value, 40, strip_zeros=False, min_fixed=-60, max_fixed=60)
        # Forty digits are a rounded number: it agrees, and one that differs in the thirtieth does not.
        assert judge_texts(written.text, digits).kind != "unequal", (seed, written.text, digits)
        near = mpmath.nstr(
            written.value * (1 + mpmath.mpf(10) ** -30), 40, strip_zeros=False, min_fixed=-60, max_fixed=60
        )
        if written.value != 0:
            assert judge_texts(written.text, near).kind == "unequal", (seed, written.text, near)
            judged += 1
    assert judged > 150, seed


def test_no_verdict_contradicts_sixty_digits(seed):
    generator = random.Random(seed)
    for _ in range(150):
        one = formula(generator, generator.randint(1, 3))
        letters = list(one.text)
        places = [k for k, letter in enumerate(letters) if letter.isdigit() or letter in "+-"]
        if not places:
            continue
        place = generator.choice(places)
        letters[place] = {"+": "-", "-": "+"}.get(letters[place]) or str((int(letters[place]) % 9) + 1)
        other = formula(generator, generator.randint(1, 3))
        assert judge_texts(one.text, one.text.replace(r"\cdot", r"\times")).kind == "equal", (seed, one.text)
        apart = abs(one.value - other.value) > mpmath.mpf(10) ** -40 * (1 + abs(one.value) + abs(other.value))
        kind = judge_texts(one.text, other.text).kind
        assert kind != ("equal" if apart else "unequal"), (seed, one.text, other.text)
        shifted = f"{one.text} + 10^{{-25}}"
        assert judge_texts(one.text, shifted).kind == "unequal", (seed, one.text)
        changed = judge_texts(one.text, "".join(letters))
        assert changed.kind in ("equal", "unequal", "unknown"), seed
