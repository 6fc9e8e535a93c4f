"""Texts that are nearly the same: deduplication, decontamination, and an index that grows. See docs/text.md."""

from synqc.text.deduplicate import deduplicate
from synqc.text.index import TextIndex
from synqc.text.matches import Deduplication, Match, Matches
from synqc.text.shingling import Shingling
from synqc.text.sources import Sources

__all__ = ["Deduplication", "Match", "Matches", "Shingling", "Sources", "TextIndex", "deduplicate"]
