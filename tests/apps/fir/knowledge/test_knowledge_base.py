"""Search over provisions: whole words, filters before counting, honest engines, a cache that says so."""

import dataclasses
import threading

import numpy as np
import pytest

from synqc.apps.fir.knowledge.facts import BNS, DESCRIPTION_LABEL, Offence, bns_2023
from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.knowledge.record import REPEALED, Record, TextKind
from synqc.apps.fir.knowledge.statute import Statute
from synqc.errors import InputError
from synqc.llm.errors import ModelUnreachable
from synqc.llm.languages import Languages


class LetterEmbedder:
    """Vectors of letters' counts; `broken` makes it fail."""

    name, most_tokens = "letters", None

    def __init__(self, languages=("en",)):
        self.languages = Languages(able=languages)
        self.broken = False

    def vectors(self, texts, *, is_query):
        if self.broken:
            raise ModelUnreachable("Nobody answers.")
        return np.array(
            [[text.casefold().count(letter) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        )


def record(section, text, **more):
    return Record("Some Act", section, more.pop("title", ""), text, **more)


def sections(found):
    return [hit.record.section for hit in found.hits]


@pytest.fixture(scope="module")
def law():
    return KnowledgeBase.standard()


def test_words_of_hindi_are_found_whole():
    kb = KnowledgeBase([record("1", "क्षत्रिय नियुक्ति"), record("2", "क्षमा न्याय")])
    assert sections(kb.search("नियुक्ति")) == ["1"]
    assert sections(kb.search("क्ष न य त")) == []


@pytest.mark.parametrize(
    "query", ["", " ", "\0", "!!!", "।।।", "the and of", "xyzzyqq", "\ud800", '"', "* OR NEAR(", "xyzzy:", "-"]
)
def test_what_matches_nothing_gives_nothing(law, query):
    assert law.search(query).hits == ()


def test_query_syntax_is_text(law):
    assert "303" in sections(law.search('theft" OR title:murder AND (NOT * ^'))


def test_knowledge_base_of_blanks_is_empty_and_no_error():
    assert KnowledgeBase([]).search("theft").hits == ()
    assert KnowledgeBase([record("1", ""), record("2", " ")]).search("theft").hits == ()
    assert KnowledgeBase([record("1", " ")], embedder=LetterEmbedder()).search("theft").hits == ()


def test_filters_come_before_the_count():
    offence = Offence("1", "", "fine", "yes", "yes", "any Magistrate")
    minor = dataclasses.replace(offence, cognizable="no")
    kb = KnowledgeBase(
        [record(f"n{k}", "theft theft", offences=(minor,)) for k in range(500)]
        + [record(f"c{k}", "theft and many other words of a long text", offences=(offence,)) for k in range(10)]
    )
    assert {one[0] for one in sections(kb.search("theft", cognizable=True))} == {"c"}
    assert len(kb.search("theft", cognizable=True).hits) == 10
    assert len(kb.search("theft", punishing=True, most=500).hits) == 500


def test_repealed_records_take_nobodys_place():
    kb = KnowledgeBase(
        [
            *(Record(REPEALED[0], str(k), "Theft", "theft", repealed=True) for k in range(50)),
            record("1", "theft of things"),
        ]
    )
    assert sections(kb.search("theft")) == ["1"]
    assert len(kb.search("theft", repealed=True, most=60).hits) == 51


def test_equal_texts_are_two_records_and_one_can_leave():
    twins = [record("1", "same text"), record("2", "same text")]
    assert sections(KnowledgeBase(twins).search("same")) == ["1", "2"]
    assert sections(KnowledgeBase(twins[1:]).search("same")) == ["2"]


@pytest.mark.parametrize("embedder", [None, LetterEmbedder()], ids=["words", "words and vectors"])
def test_the_next_ten_take_the_places_of_the_ten_best_that_left(embedder):
    """infino-ai/infino#259"""
    some = [record(str(k), "theft" + " qqq" * (k + 1)) for k in range(35)]
    best = sections(KnowledgeBase(some, embedder=embedder).search("theft"))
    left = KnowledgeBase([one for one in some if one.section not in best], embedder=embedder)
    following = sections(left.search("theft"))
    assert (len(best), len(following)) == (10, 10)
    assert [*best, *following] == [str(k) for k in range(20)]


def test_a_section_that_was_replaced_is_found_once_and_by_its_new_words_alone():
    """lance-format/lance#7370"""
    words = "quaggas", "gryphons"
    before, after = (
        KnowledgeBase.standard(more=[Record(BNS, "303", "Anything", f"A loaded text on {one}.", db="mine")])
        for one in words
    )
    assert [sections(one.search(word)) for one in (before, after) for word in words] == [["303"], [], [], ["303"]]
    assert len(before) == len(after) == len(KnowledgeBase.standard())


def test_definitions_and_exceptions_are_left_out_where_offences_are_asked_for(law):
    query = "What is force, and what is criminal force?"
    assert {"128", "129"} <= set(sections(law.search(query, most=30)))
    assert not {"128", "129"} & set(sections(law.search(query, punishing=True, most=30)))


def test_hits_carry_what_a_client_reads(law):
    (hit, *_) = law.search("chain snatched by men on a motorcycle").hits
    plain = hit.to_plain()
    assert plain["section"] == "304"
    assert (plain["cognizable"], plain["bailable"], plain["triable_by"]) == ("yes", "no", "any Magistrate")
    assert plain["text_is"] == DESCRIPTION_LABEL
    assert plain["punishment"] == "imprisonment up to 3 years, and fine"


def test_scores_fall_and_sections_are_once(law):
    hits = law.search("My husband beat me and my brother-in-law stole my jewellery", most=50).hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.record for hit in hits}) == len(hits)


def test_without_an_embedder_every_answer_says_so(law):
    assert [(one.name, one.note) for one in law.search("theft").engines] == [
        ("lexical", ""), ("vectors", "no embedder is configured"), ("citations", ""),
    ]  # fmt: skip


def test_embedder_that_cannot_read_hindi_is_not_asked_and_said():
    kb = KnowledgeBase.standard(embedder=LetterEmbedder())
    lexical, vectors, _ = kb.search("मेरा फोन चोरी हो गया").engines
    assert lexical.hits > 0
    assert vectors.hits == 0
    assert "hi is not supported by letters" in vectors.note


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A quarrel on the road. Look at section 351(2) BNS.", ["351"]),
        ("My purse was stolen; earlier case u/s 420 IPC", ["318"]),
        ("मारपीट हुई, धारा ११८ बीएनएस और 126 भारतीय न्याय संहिता", ["118", "126"]),
    ],
)
def test_sections_that_a_text_names_come_first(law, text, first):
    found = law.search(text, punishing=True)
    assert sections(found)[: len(first)] == first
    assert [hit.citation_rank for hit in found.hits[: len(first)]] == list(range(1, len(first) + 1))
    assert found.engines[2].hits == len(first)


def test_named_sections_pass_the_filters(law):
    assert "128" in sections(law.search("section 128 BNS"))
    assert "128" not in sections(law.search("section 128 BNS", punishing=True))


def test_what_words_miss_vectors_find():
    kb = KnowledgeBase(
        [record(str(k), "qqqq" if k == 7 else "aeiou bcd") for k in range(20)], embedder=LetterEmbedder()
    )
    (hit, *_) = kb.search("qq qq").hits
    assert (hit.record.section, hit.lexical_rank, hit.vector_rank) == ("7", None, 1)


def test_what_vectors_alone_find_comes_behind_the_eleven_best_of_words():
    words = [record(f"w{k}", "theft " + "x" * (k + 1)) for k in range(20)]
    near = [record(f"v{k}", "eftth") for k in range(3)]
    found = KnowledgeBase([*words, *near], embedder=LetterEmbedder()).search("theft", most=23)
    only_near = [place for place, hit in enumerate(found.hits) if hit.lexical_rank is None]
    assert len(only_near) == 3
    assert min(only_near) >= 11


def test_failing_embedder_is_said_and_its_answer_not_kept():
    embedder = LetterEmbedder()
    kb = KnowledgeBase([record("1", "theft of a horse"), record("2", "zzz")], embedder=embedder)
    embedder.broken = True
    first = kb.search("theft")
    assert sections(first) == ["1"]
    assert first.engines[1].note == "unreachable: Nobody answers."
    embedder.broken = False
    again = kb.search("theft")
    assert not again.cached
    assert again.engines[1].note == ""


def test_second_answer_is_cached_for_300_seconds():
    now = [0.0]
    kb = KnowledgeBase([record("1", "theft")], clock=lambda: now[0])
    assert not kb.search("Theft  of").cached
    assert kb.search("theft of").cached
    assert kb.cache_stats.hits == 1
    assert not kb.search("theft of", most=3).cached
    now[0] = 299.0
    assert kb.search("theft of").cached
    now[0] = 301.0
    assert not kb.search("theft of").cached


def test_cache_is_bounded():
    kb = KnowledgeBase([record("1", "theft")])
    for k in range(3000):
        kb.search(f"question {k}")
    assert kb.cache_stats.entries <= 1024


@pytest.mark.deep
def test_cache_is_bounded_by_entries_and_bytes_after_a_hundred_thousand_questions():
    kb = KnowledgeBase([record("1", "theft")])
    for k in range(100_000):
        kb.search(f"question {k} {'of many words ' * (k % 50)}")
        if k % 1000 == 0:
            assert kb.cache_stats.entries <= 1024
    assert kb.cache_stats.misses == 100_000
    assert kb.search("question 99999 " + "of many words " * 49).cached


def test_version_changes_with_records_and_embedder():
    versions = {
        KnowledgeBase([record("1", "a")]).version, KnowledgeBase([record("1", "b")]).version,
        KnowledgeBase([record("1", "a")], embedder=LetterEmbedder()).version,
    }  # fmt: skip
    assert len(versions) == 3
    kb = KnowledgeBase([record("1", "a")])
    assert kb.search("a").version == kb.version == KnowledgeBase([record("1", "a")]).version


@pytest.mark.parametrize("most", [0, -1, 501, True, 2.5, None, "10"])
def test_count_is_a_whole_number_in_its_range(law, most):
    with pytest.raises(InputError, match="`most` must be a whole number from 1 to 500"):
        law.search("theft", most=most)


def test_query_must_be_text(law):
    with pytest.raises(InputError, match="`query` must be text, but is bytes"):
        law.search(b"theft")


def test_statute_stands_in_place_of_our_descriptions_which_still_find():
    statute = Statute(
        {number: f"Words of the law on {number}." for number in bns_2023()}, source="a.txt", source_sha256=""
    )
    kb = KnowledgeBase.standard(statute=statute)
    (hit, *_) = kb.search("chain snatched by men on a motorcycle").hits
    assert hit.record.kind is TextKind.STATUTE
    assert hit.record.text == "Words of the law on 304."
    assert hit.to_plain()["db"] == statute.version
    assert kb.version != KnowledgeBase.standard().version


def test_loaded_texts_of_known_sections_are_joined_and_others_added():
    more = [Record(BNS, "303", "Anything", "A loaded text on quaggas.", db="mine"), record("9", "motor vehicles act")]
    kb = KnowledgeBase.standard(more=more)
    found = kb.record(BNS, "303")
    assert (found.title, found.text, found.kind, found.db) == (
        "Theft",
        "A loaded text on quaggas.",
        TextKind.LOADED,
        "mine",
    )
    assert sections(kb.search("quaggas")) == ["303"]
    assert kb.record("Some Act", "9") is not None
    assert len(kb) == 359
    assert kb.collections["mine"] == 1


def test_many_threads_get_the_same_answers(law):
    queries = [f"stolen motorcycle {k}" for k in range(40)]
    alone = [sections(law.search(query)) for query in queries]
    kb, wrong = KnowledgeBase.standard(), []

    def ask():
        for query, expected in zip(queries, alone, strict=True):
            if sections(kb.search(query)) != expected:
                wrong.append(query)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
