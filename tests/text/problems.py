"""Problems as a generator would write them, for tests that need realistic rows, and ways to disguise one."""

import random
import re

_OPENINGS = ["Find", "Determine", "Compute", "Calculate", "Evaluate", "Work out", "State"]
_THINGS = [
    "the number of ordered pairs of positive integers", "the area of the triangle", "the volume of the solid",
    "the sum of all positive divisors", "the length of the diagonal", "the probability that no two marbles match",
    "the least common multiple", "the remainder of the power tower", "the radius of the inscribed circle",
    "the number of subsets without neighbours", "the expected number of throws", "the limit of the sequence",
    "the determinant of the matrix", "the angle between the planes", "the number of lattice paths",
]  # fmt: skip
_NOUNS = """
    triangle polygon sequence matrix circle lattice graph garden library harbour train ladder marble card ticket
    orchestra  baker pilot farmer student clock bridge tower tank vessel mirror pendulum spring magnet planet
    comet battery lens rope  pulley wheel crystal virus colony river market auction lottery tournament deck die
    coin urn bag shelf drawer key lock
"""
_ADJECTIVES = """
    red blue heavy hollow regular convex random infinite finite tall narrow rusty golden frozen empty crowded
    silent quick  lazy ancient modern circular square broken polished spinning falling floating hidden public
    prime even odd positive
"""
_VERBS = """
    contains crosses carries reaches divides doubles loses gains touches encloses repeats follows precedes
    collects paints  counts weighs lifts turns reflects absorbs sells buys draws throws visits measures covers
    splits joins feeds powers
"""
_UNITS = """
    metres litres seconds coins vertices edges visitors pages degrees grams tickets steps turns cells points
"""
_ENDINGS = [
    "Give an exact answer.", "Express it as a fraction in lowest terms.", "Round to two decimals.", "Justify nothing.",
    "Assume that nothing is lost.", "Ignore friction.", "The answer is an integer.", "Use no calculator.",
]  # fmt: skip

_LOOK_ALIKES = str.maketrans("aeopcxyiAEOPCTXKMH", "аеорсхуіАЕОРСТХКМН")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _clause(generator: random.Random) -> str:

    def pick(words: str) -> str:
        return generator.choice(words.split())

    return (
        f"the {pick(_ADJECTIVES)} {pick(_NOUNS)} {pick(_VERBS)} {generator.randint(2, 999)} {pick(_UNITS)} of a "
        f"{pick(_ADJECTIVES)} {pick(_NOUNS)}"
    )


def problem(generator: random.Random) -> str:
    """One problem of about 300 characters, in sentences of one form."""
    told = [_clause(generator) for _ in range(3)]
    opening, thing = generator.choice(_OPENINGS), generator.choice(_THINGS)
    return (
        f"Suppose that {told[0]}, that {told[1]}, and that {told[2]}. {opening} {thing}. {generator.choice(_ENDINGS)}"
    )


def short_problem(generator: random.Random) -> str:
    """One sentence of about 100 characters."""
    return f"{generator.choice(_OPENINGS)} {generator.choice(_THINGS)} where {_clause(generator)}."


def rewrapped(text: str, _: random.Random) -> str:
    """Eight words a line."""
    words = text.split()
    return "\n".join(" ".join(words[k : k + 8]) for k in range(0, len(words), 8))


def with_other_numbers(text: str, generator: random.Random) -> str:
    """Every number replaced."""
    return re.sub(r"\d+", lambda _: str(generator.randint(2, 99_999)), text)


def with_look_alikes(text: str, generator: random.Random) -> str:
    """Cyrillic letters, or full width."""
    return text.translate(_LOOK_ALIKES if generator.random() < 0.5 else _FULL_WIDTH)


def verbatim(text: str, _: random.Random) -> str:
    """As it is."""
    return text


DISGUISES = (verbatim, rewrapped, with_other_numbers, with_look_alikes)
