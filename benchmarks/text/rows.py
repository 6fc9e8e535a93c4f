"""Rows of 468 letters, of which one in five copies an earlier one with a few letters changed."""

from __future__ import annotations

import random

__all__ = ["LETTERS", "copies_in", "rows_with_copies", "shingles_of"]

LETTERS = 468
_WIDTH = 5


def rows_with_copies(size: int, seed: int) -> list[str]:
    """Rows; every fifth is a copy of the row before it with one piece of six letters changed: Jaccard about 0.96."""
    generator = random.Random(seed)
    words = ["".join(generator.choices("aeinorstldhcumpb", k=generator.randint(2, 9))) for _ in range(5000)]
    rows: list[str] = []
    for number in range(size):
        if number % 5 == 4:
            at = generator.randrange(LETTERS - 6)
            rows.append(rows[-1][:at] + "zzzzzz" + rows[-1][at + 6 :])
        else:
            rows.append(" ".join(generator.choices(words, k=110))[: LETTERS - 1] + "x")
    return rows


def copies_in(size: int) -> list[int]:
    """Numbers of the rows that are copies."""
    return list(range(4, size, 5))


def shingles_of(row: str) -> list[str]:
    """What the peers are given: they cut no text."""
    return [row[k : k + _WIDTH] for k in range(len(row) - _WIDTH + 1)]
