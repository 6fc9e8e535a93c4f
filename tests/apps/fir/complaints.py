"""Complaints with the sections that fit, in English and Hindi."""

import tomllib
from pathlib import Path


def complaints(name):
    """`complaints` or `unseen_complaints`: objects with `sections`, `english` and `hindi`."""
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))["complaints"]
