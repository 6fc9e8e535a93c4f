"""BM25 over words, by SQLite's FTS5: whole words of Hindi, and English by its stems."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from typing import Final

from synqc.apps.fir.knowledge.concepts import concepts_of
from synqc.apps.fir.knowledge.record import Record, RecordFilter
from synqc.apps.fir.knowledge.search_words import search_words, telling_words
from synqc.errors import MissingExtra

__all__ = ["LexicalIndex"]

_TOKENS: Final = "porter unicode61 remove_diacritics 0 categories 'L* N* Co Mn Mc'"
"""Without the categories of marks, a word of Devanagari falls to its letters."""
_WEIGHTS: Final = (2.0, 3.0, 1.0, 10.0)
"""Of title, words, text and concepts in BM25."""
_MOST_WORDS: Final = 40
"""Of a query: the rarest ones, which decide; more cost time alone."""


class LexicalIndex:
    """Finds records by their words; any thread may ask, one at a time.

    Args:
        records: A record's place among them is its name.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._turn = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        try:
            self._database.execute(
                "CREATE VIRTUAL TABLE provisions USING fts5(title, words, content, concepts, in_force UNINDEXED, "
                f'cognizable UNINDEXED, punishing UNINDEXED, tokenize = "{_TOKENS}")'
            )
        except sqlite3.OperationalError as error:
            raise MissingExtra(f"The search needs an SQLite with FTS5, which this Python's lacks: {error}.") from None
        self._database.executemany(
            "INSERT INTO provisions (rowid, title, words, content, concepts, in_force, cognizable, punishing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    place,
                    *(_folded(text) for text in (one.title, one.words, one.text)),
                    " ".join(one.concepts),
                    not one.repealed,
                    one.can_be_cognizable,
                    bool(one.offences),
                )
                for place, one in enumerate(records)
            ),
        )
        self._database.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(provisions, row)")
        self._commonness = dict(self._database.execute("SELECT term, doc FROM vocabulary"))
        self._database.commit()

    def find(self, query: str, most: int, only: RecordFilter) -> list[tuple[int, float]]:
        """Places of the records that share words with a text, with their BM25, the best first.

        Args:
            query: Any text.
            most: How many at most.
            only: Which of them.
        """
        words = self._rarest(query)
        if not words:
            return []
        match = " OR ".join(f'"{word}"' for word in (*words, *concepts_of(words)))
        columns = {"in_force": only.in_force, "cognizable": only.cognizable, "punishing": only.punishing}
        statement = (
            f"SELECT rowid, -bm25(provisions, {', '.join(map(str, _WEIGHTS))}) AS score FROM provisions "
            f"WHERE provisions MATCH ?{''.join(f' AND {column} = 1' for column, asked in columns.items() if asked)} "
            "ORDER BY score DESC, rowid LIMIT ?"
        )
        with self._turn:
            return [(place, score) for place, score in self._database.execute(statement, (match, most)) if score > 0]

    def _rarest(self, query: str) -> list[str]:
        words = telling_words(query)
        if len(words) <= _MOST_WORDS:
            return words
        # English words stand in the vocabulary by their stems; by its beginning a word is found nearly as well.
        order = sorted(range(len(words)), key=lambda place: (self._common(words[place]), place))
        return [words[place] for place in sorted(order[:_MOST_WORDS])]

    def _common(self, word: str) -> int:
        """Records that have it; words that none has come last."""
        for end in range(len(word), max(2, len(word) - 4), -1):
            count = self._commonness.get(word[:end])
            if count:
                return int(count)
        return 1 << 30

    def close(self) -> None:
        """Let the index go."""
        with self._turn:
            self._database.close()


def _folded(text: str) -> str:
    return " ".join(search_words(text))
