"""Seeds of random tests: the same in the command that everybody runs, new where deep tests search.

A random test finds what nobody thought of, and then fails on somebody's unrelated change. So `make test` draws the same
in every run, and `make test-deep` anew: `SYNQC_TEST_SEED=fresh`.
A failure says its seed; `SYNQC_TEST_SEED=<seed>` repeats it.
"""

import os
import secrets
import zlib

__all__ = ["drawn_seed"]


def drawn_seed(name: str) -> int:
    """A seed below 2**31.

    Args:
        name: Of the test or module, which draws unlike others.
    """
    chosen = os.environ.get("SYNQC_TEST_SEED", "")
    if chosen == "fresh":
        return secrets.randbits(31)
    return int(chosen) if chosen else zlib.crc32(name.encode()) >> 1
