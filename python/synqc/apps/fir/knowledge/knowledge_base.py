"""Hybrid search over provisions of law: words by BM25 and meanings by vectors, merged by reciprocal rank."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from synqc import metrics
from synqc.apps.fir.knowledge.citations import cited_sections
from synqc.apps.fir.knowledge.facts import BNS, DESCRIPTION_LABEL, bns_2023
from synqc.apps.fir.knowledge.facts_in_hindi import act_in_hindi
from synqc.apps.fir.knowledge.lexical_index import LexicalIndex
from synqc.apps.fir.knowledge.record import Record, RecordFilter, TextKind, records_of
from synqc.apps.fir.knowledge.search_words import is_hindi
from synqc.apps.fir.knowledge.statute import Statute
from synqc.apps.fir.knowledge.vector_index import VectorIndex
from synqc.cache import MemoryCache, MemoryStats
from synqc.errors import InputError
from synqc.llm.embed import Embedder
from synqc.llm.errors import LanguageModelError
from synqc.llm.languages import UnsupportedLanguage

__all__ = ["EngineReport", "Hit", "KnowledgeBase", "SearchResult"]

_LONGEST_QUERY: Final = 60_000
_MOST_HITS: Final = 500
_DEPTH: Final = 50
"""Ranks of each engine that are merged, at least."""
_RANK_OFFSET: Final = 60
"""Of reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009."""
_WEIGHTS: Final = (1.0, 0.85, 5.0)
"""Of words, vectors and citations. What vectors alone find comes behind the eleven best that words find: small models
know less of law than the words do, and with equal weights 9 of 100 English complaints lost their section. Whoever names
a section wants it looked at."""
_CACHE_SECONDS: Final = 300.0
_CACHE_ENTRIES: Final = 1024
_CACHE_BYTES: Final = 32 << 20

_searches = metrics.histogram(
    "synqc_fir_search_seconds",
    "Time of a search for provisions, by whether its answer was kept.",
    ["kept"],
    unit="seconds",
)
_SEARCH_OF: Final = {kept: _searches.labels(kept=str(kept).lower()) for kept in (False, True)}


@dataclass(frozen=True)
class Hit:
    """A record that was found.

    Args:
        record: The provision.
        score: Sum of weight / (60 + rank) over the engines that found it; words weigh 1, vectors 0.85,
            citations 5.
        lexical_rank, vector_rank, citation_rank: From 1; None: that engine did not find it.
    """

    record: Record
    score: float
    lexical_rank: int | None
    vector_rank: int | None
    citation_rank: int | None

    def to_plain(self) -> dict[str, Any]:
        """As JSON says it; `text_is` tells whose words `text` is."""
        one = self.record
        return {
            "db": one.db, "code": one.code, "code_hindi": act_in_hindi(one.code), "section": one.section,
            "title": one.title, "title_hindi": one.title_hindi, "text": one.text,
            "text_is": DESCRIPTION_LABEL if one.kind is TextKind.DESCRIPTION else one.kind.value,
            "score": round(self.score, 6), "cognizable": one.cognizable, "bailable": one.bailable,
            "triable_by": one.triable_by, "punishment": one.punishment,
            "punishment_hindi": one.punishment_hindi, "disputed": list(one.disputed), "category": one.category,
            "notes": list(one.notes),
            "lexical_rank": self.lexical_rank, "vector_rank": self.vector_rank,
            "citation_rank": self.citation_rank,
        }  # fmt: skip


@dataclass(frozen=True)
class EngineReport:
    """What one half of the search did.

    Args:
        name: "lexical", the name of the vectors' model, or "citations".
        hits: How many records it found; one that found none has no say in the order.
        note: Why it was not asked or did not answer; "" if it did.
    """

    name: str
    hits: int
    note: str = ""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Args:
        hits: The best first; empty where nothing matches.
        version: Version of the knowledge base that answered.
        engines: What each half did.
        cached: Whether it was found before, within 300 seconds.
    """

    hits: tuple[Hit, ...]
    version: str
    engines: tuple[EngineReport, ...]
    cached: bool = False


class KnowledgeBase:
    """Provisions that can be searched; a value that does not change, so that no answer is of two versions.

    Args:
        records: What can be found; of equal ones each.
        embedder: Makes vectors of texts; None: words alone are searched, and every answer says so.
        clock: Seconds, for the age of cached answers; None: the real one.

    Examples:
        >>> law = KnowledgeBase.standard()
        >>> found = law.search("Two men on a motorcycle snatched my gold chain and ran away", most=3)
        >>> found.hits[0].record.section, found.engines[1].note
        ('304', 'no embedder is configured')
        >>> law.search("मोटरसाइकिल सवार चेन छीनकर भागे", most=3).hits[0].record.section
        '304'
    """

    def __init__(
        self, records: Sequence[Record], *, embedder: Embedder | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self._records = tuple(records)
        self._places = {(one.code, one.section): place for place, one in enumerate(self._records)}
        self._lexical = LexicalIndex(self._records)
        self._vectors = VectorIndex(self._records, embedder) if embedder is not None else None
        self.version = _version_of(self._records, embedder)
        self._cache = MemoryCache(
            max_entries=_CACHE_ENTRIES, max_bytes=_CACHE_BYTES, ttl=_CACHE_SECONDS, clock=clock, weigher=_weight
        )

    @classmethod
    def standard(
        cls,
        *,
        statute: Statute | None = None,
        more: Sequence[Record] = (),
        embedder: Embedder | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Self:
        """The Bharatiya Nyaya Sanhita by the table of facts, with what an operator has.

        Args:
            statute: Official text, which then stands in place of our descriptions; they stay among the words.
            more: Further records (`load_records`). Of a section that the table has, the text takes the place of our
                description, unless the statute's is there; title and classification stay the table's.
            embedder: See above.
            clock: See above.
        """
        loaded: dict[tuple[str, str], Record] = {}
        for one in more:
            if one.text.strip():
                loaded.setdefault((one.code, one.section), one)
        records = records_of(bns_2023())
        known = {(one.code, one.section) for one in records}
        others = [one for one in more if (one.code, one.section.partition("(")[0]) not in known]
        if statute is not None:
            records = [_with_text(one, statute[int(one.section)], TextKind.STATUTE, statute.version) for one in records]
        else:
            records = [
                _with_text(one, its.text, TextKind.LOADED, its.db)
                if (its := loaded.get((one.code, one.section)))
                else one
                for one in records
            ]
        return cls([*records, *others], embedder=embedder, clock=clock)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def collections(self) -> dict[str, int]:
        """How many records each collection has."""
        counts: dict[str, int] = {}
        for one in self._records:
            counts[one.db] = counts.get(one.db, 0) + 1
        return counts

    def record(self, code: str, section: str) -> Record | None:
        """The provision of an act by its section, or None."""
        place = self._places.get((code, section))
        return None if place is None else self._records[place]

    def search(
        self, query: str, *, most: int = 10, punishing: bool = False, cognizable: bool = False, repealed: bool = False
    ) -> SearchResult:
        """Provisions that a text is about.

        Args:
            query: In English, Hindi or both; what stands behind 60,000 characters is not read.
            most: How many at most, 1 to 500.
            punishing: Only those that say which offence they punish; leaves out definitions and exceptions.
            cognizable: Only those with an offence that is cognizable or may be; there are `most` of them, if so many
                match.
            repealed: Also those no longer in force, which otherwise take nobody's place.

        Raises:
            InputError: An argument is out of its range.
        """
        if not isinstance(query, str):
            raise InputError(f"Argument `query` must be text, but is {type(query).__name__}.")
        if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= _MOST_HITS:
            raise InputError(f"Argument `most` must be a whole number from 1 to {_MOST_HITS}, but is {most!r}.")
        began = time.perf_counter()
        plain = " ".join(unicodedata.normalize("NFC", query[:_LONGEST_QUERY].casefold()).split())
        only = RecordFilter(bool(punishing), bool(cognizable), not repealed)
        key = (self.version, plain, most, only)
        found: SearchResult | None = self._cache.get(key)
        if found is not None:
            found = dataclasses.replace(found, cached=True)
        else:
            found, whole = self._search(plain, most, only)
            if whole:
                self._cache.set(key, found)
        _SEARCH_OF[found.cached].record(time.perf_counter() - began)
        return found

    @property
    def cache_stats(self) -> MemoryStats:
        """Hits, misses and size of the cache of answers."""
        return self._cache.stats()

    def close(self) -> None:
        """Let the index go; a search afterwards fails."""
        self._lexical.close()

    def _search(self, query: str, most: int, only: RecordFilter) -> tuple[SearchResult, bool]:
        """What is found, and whether every engine that could answer did."""
        depth = max(_DEPTH, most)
        lexical = self._lexical.find(query, depth, only)
        near, report, whole = self._nearest(query, depth, only)
        cited = self._cited(query, only)
        ranks: dict[int, list[int | None]] = {}
        for engine, places in enumerate(([place for place, _ in lexical], [place for place, _ in near], cited)):
            for rank, place in enumerate(places, 1):
                ranks.setdefault(place, [None, None, None])[engine] = rank
        scored = [
            (sum(weight / (_RANK_OFFSET + rank) for weight, rank in zip(_WEIGHTS, found, strict=True) if rank), place)
            for place, found in ranks.items()
        ]
        best = sorted(scored, key=lambda one: (-one[0], one[1]))[:most]
        hits = tuple(Hit(self._records[place], score, *ranks[place]) for score, place in best)
        engines = (EngineReport("lexical", len(lexical)), report, EngineReport("citations", len(cited)))
        return SearchResult(hits, self.version, engines), whole

    def _cited(self, query: str, only: RecordFilter) -> list[int]:
        """Places of the sections that a text names."""
        places = (self._places.get((BNS, str(number))) for number in cited_sections(query))
        return [place for place in places if place is not None and only.allows(self._records[place])]

    def _nearest(
        self, query: str, depth: int, only: RecordFilter
    ) -> tuple[list[tuple[int, float]], EngineReport, bool]:
        if self._vectors is None:
            return [], EngineReport("vectors", 0, "no embedder is configured"), True
        language = "hi" if is_hindi(query) else "en"
        try:
            near = self._vectors.find(query, depth, only, language=language)
        except UnsupportedLanguage as error:
            return [], EngineReport(self._vectors.name, 0, str(error)), True
        except LanguageModelError as error:
            return [], EngineReport(self._vectors.name, 0, f"{error.outcome}: {error!s:.200}"), False
        return near, EngineReport(self._vectors.name, len(near)), True


def _with_text(record: Record, text: str, kind: TextKind, db: str) -> Record:
    """The same with another text; our description stays among the words by which it is found."""
    return dataclasses.replace(record, text=text, kind=kind, words=f"{record.words} {record.text}", db=db)


def _version_of(records: Sequence[Record], embedder: Embedder | None) -> str:
    digest = hashlib.sha256(f"1 {embedder.name if embedder else None}".encode())
    for one in records:
        digest.update(repr(one).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _weight(key: Any, found: SearchResult) -> int:
    # Records are shared; an answer is its key, and some words for each hit.
    return 4 * len(key[1]) + 300 * (1 + len(found.hits))
