"""Which questions are taken for the same, whatever an embedder says, and what is served of it."""

import asyncio
import dataclasses
import threading

import numpy as np
import pytest
from asking import asking
from scripted_server import answer

from synqc.cache import Control, MemoryCache
from synqc.errors import CacheMiss, InputError
from synqc.llm import JsonForm, Message, SemanticMatches, SemanticTier
from synqc.llm._question_words import differ

FIRST, AGAIN = "What is the capital of France?", "Please tell me the capital of France"

HINDI = "\u092d\u093e\u0930\u0924 \u0915\u0940 \u0930\u093e\u091c\u0927\u093e\u0928\u0940"

SAME = [
    (FIRST, AGAIN),
    (FIRST, "what's the capital of France"),
    (FIRST, "Could you tell me what the capital of France is?"),
    ("How do I reset my password?", "how can I reset my password"),
    ("Explain photosynthesis.", "What is photosynthesis?"),
    ("Translate \u201cgood morning\u201d to Spanish.", 'Please translate "good morning" to Spanish'),
    (f"{HINDI}?", f"  {HINDI}"),
]

OTHER = {
    "who does what to whom": [
        ("Does a dog bite a man?", "Does a man bite a dog?"),
        ("How do I fly from Paris to London?", "How do I fly from London to Paris?"),
        ("Is the dollar stronger than the euro?", "Is the euro stronger than the dollar?"),
    ],
    "numbers": [
        ("What is 17 times 23?", "What is 17 times 24?"), ("What happened in 1914?", "What happened in 1941?"),
        ("Is 3 above -2?", "Is 3 above 2?"), ("Take 5% of it", "Take 5 of it"), ("Is 1.5 whole?", "Is 15 whole?"),
        ("Is \u00bd whole?", "Is \u00bc whole?"),
    ],
    "negations": [
        ("Is it safe to mix them?", "Is it not safe to mix them?"),
        ("Which foods contain gluten?", "Which foods don't contain gluten?"),
        ("Which drugs may I take with alcohol?", "Which drugs may I take without alcohol?"),
    ],
    "names": [
        (FIRST, "What is the capital of Spain?"), ("What does HTTP stand for?", "What does HTTPS stand for?"),
        ("What does US policy say?", "What does us policy say?"), ("Is may warm?", "Is May warm?"),
    ],
    "quotations": [('Translate "cat"', 'Translate "Cat"'), ("Run `ls -a`", "Run `ls -A`")],
    "opposites": [
        ("What is the largest planet?", "What is the smallest planet?"),
        ("How do I enable it?", "How do I disable it?"), ("When did he die?", "Where did he die?"),
        ("Is Pluto a planet?", "Was Pluto a planet?"),
    ],
    "one word": [
        ("Is aspirin safe for adults?", "Is aspirin safe for children?"),
        ("How do I undo a commit in git?", "How do I undo a merge in git?"),
        ("What is the dose of ibuprofen?", "What is the dose of paracetamol?"),
        ("What is the GDP of India per person?", "What is the GDP of India?"),
    ],
}  # fmt: skip


def all_alike(texts):
    """The worst embedder: to it all texts are one."""
    return np.ones((len(texts), 3))


def by_letters(texts):
    return [[float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz0123456789"] for text in texts]


class TestWords:
    @pytest.mark.parametrize("pair", SAME)
    def test_what_is_only_said_otherwise_may_share_an_answer(self, pair):
        assert differ(*pair) == differ(*reversed(pair)) == ""

    @pytest.mark.parametrize(("kind", "pair"), [(kind, pair) for kind, pairs in OTHER.items() for pair in pairs])
    def test_what_asks_something_else_may_not_however_near_its_vector_is(self, kind, pair):
        assert differ(*pair), kind
        assert differ(*reversed(pair)), kind


class TestMeasure:
    def test_pairs_are_counted_by_what_they_ask(self):
        pairs = [(*pair, True) for pair in SAME] + [(*pair, False) for pairs in OTHER.values() for pair in pairs]
        matches = SemanticTier(all_alike).measure(pairs)
        assert (matches.same, matches.matched, matches.wrong) == (len(SAME), len(SAME), ())
        assert matches.other == len(pairs) - len(SAME)

    def test_the_threshold_counts(self):
        pairs = [(*pair, True) for pair in SAME]
        found = [SemanticTier(by_letters, threshold=limit).measure(pairs).matched for limit in (0.5, 0.95, 1.0)]
        assert found[0] > found[1] > found[2]

    @pytest.mark.parametrize(
        ("wrong", "other", "bound"), [(0, 50, 0.0713), (5, 50, 0.2136), (50, 50, 1.0), (0, 0, 1.0)]
    )
    def test_the_bound_is_wilson_s(self, wrong, other, bound):
        assert SemanticMatches(1, 1, other, (("a", "b"),) * wrong).most_wrong == pytest.approx(bound, abs=1e-4)


class TestServing:
    def test_it_is_off_unless_it_is_given(self, server, client):
        models = client(cache=MemoryCache(10))
        models.complete(asking(FIRST, temperature=0.0))
        assert not models.complete(asking(AGAIN, temperature=0.0)).cached

    def test_an_answer_is_served_and_says_that_it_is_another_question_s(self, server, client):
        models = client(cache=MemoryCache(10), semantic=SemanticTier(all_alike))
        first = models.complete(asking(FIRST, temperature=0.0))
        again = models.complete(asking(AGAIN, temperature=0.0))
        assert (again.text, again.cached, again.similarity, again.key) == (
            first.text,
            True,
            pytest.approx(1),
            first.key,
        )
        assert (first.similarity, models.complete(asking(FIRST, temperature=0.0)).similarity) == (None, None)
        assert server.requests == 1

    def test_what_was_found_is_not_kept_once_more(self, server, client):
        cache = MemoryCache(10)
        models = client(cache=cache, semantic=SemanticTier(all_alike))
        models.complete(asking(FIRST, temperature=0.0))
        models.complete(asking(AGAIN, temperature=0.0))
        assert len(cache) == 1

    def test_a_far_vector_is_no_match(self, server, client):
        def apart(texts):
            return [[1.0, 0.0] if text == FIRST else [0.0, 1.0] for text in texts]

        models = client(cache=MemoryCache(10), semantic=SemanticTier(apart))
        models.complete(asking(FIRST, temperature=0.0))
        assert not models.complete(asking(AGAIN, temperature=0.0)).cached

    @pytest.mark.parametrize(
        "changed",
        [
            {"model": "m-2"}, {"temperature": 0.5, "seed": 1}, {"max_tokens": 9}, {"stop": ("\n",)}, {"sample": 1},
            {"form": JsonForm("a", {"type": "object"})},
            {"messages": (Message("system", "Be brief."), Message("user", AGAIN))},
            {"messages": (Message("user", "Hello"), Message("assistant", "Hi"), Message("user", AGAIN))},
        ],
        ids=lambda changed: next(iter(changed)),
    )  # fmt: skip
    def test_all_but_the_last_message_must_be_equal(self, server, client, changed):
        server.otherwise = answer("{}")
        models = client(cache=MemoryCache(10), semantic=SemanticTier(all_alike), reuse="always")
        models.complete(asking(FIRST, temperature=0.0))
        assert not models.complete(dataclasses.replace(asking(AGAIN, temperature=0.0), **changed)).cached

    def test_accounts_servers_and_namespaces_are_apart(self, server, client):
        cache, tier = MemoryCache(10), SemanticTier(all_alike)
        client(cache=cache, semantic=tier).complete(asking(FIRST, temperature=0.0))
        others = [
            client(cache=cache, semantic=tier, **one) for one in ({"api_key": "sk-b"}, {"base_url": server.url + "/x"})
        ]
        assert not any(one.complete(asking(AGAIN, temperature=0.0)).cached for one in others)
        models = client(cache=cache, semantic=tier)
        assert not models.complete(asking(AGAIN, temperature=0.0), control=Control(namespace="ada")).cached
        assert models.complete(asking(FIRST, temperature=0.0), control=Control(namespace="ada")).similarity is not None

    def test_a_request_may_forbid_or_demand_it(self, server, client):
        models = client(cache=MemoryCache(10), semantic=SemanticTier(all_alike))
        with pytest.raises(CacheMiss):
            models.complete(asking(AGAIN, temperature=0.0), control=Control(only_if_cached=True))
        models.complete(asking(FIRST, temperature=0.0))
        assert models.complete(asking(AGAIN, temperature=0.0), control=Control(only_if_cached=True)).cached
        assert not models.complete(asking(AGAIN, temperature=0.0), control=Control(no_cache=True)).cached

    def test_an_answer_that_expired_or_went_is_asked_for(self, server, client):
        cache = MemoryCache(10)
        models = client(cache=cache, semantic=SemanticTier(all_alike))
        models.complete(asking(FIRST, temperature=0.0))
        cache.clear()
        assert not models.complete(asking(AGAIN, temperature=0.0)).cached

    @pytest.mark.parametrize("broken", [lambda texts: 1 // 0, lambda texts: [[float("nan")]], lambda texts: [1.0]])
    def test_an_embedder_that_fails_harms_no_question(self, server, client, broken):
        models = client(cache=MemoryCache(10), semantic=SemanticTier(broken))
        assert models.complete(asking(FIRST, temperature=0.0)).text == "Because."
        assert models.complete(asking(AGAIN, temperature=0.0)).text == "Because."

    def test_an_embedder_that_takes_its_time_blocks_no_event_loop(self, server, client):
        release = threading.Event()

        def slow(texts):
            release.wait(10)
            return all_alike(texts)

        slowly = client(cache=MemoryCache(10), semantic=SemanticTier(slow))

        async def main():
            waiting = asyncio.ensure_future(slowly.acomplete(asking(FIRST, temperature=0.0)))
            assert (await client().acomplete(asking("Other?"))).text == "Because."
            release.set()
            await waiting

        asyncio.run(main())


@pytest.mark.parametrize("options", [{"threshold": 0.4}, {"threshold": 1.1}, {"most_questions": 0}, {"embed": 5}])
def test_arguments_are_checked_by_name(options):
    with pytest.raises(InputError, match=f"`{next(iter(options))}`"):
        SemanticTier(**{"embed": all_alike, **options})


def test_the_oldest_questions_go(server, client):
    tier = SemanticTier(all_alike, most_questions=2)
    models = client(cache=MemoryCache(10), semantic=tier)
    for text in (FIRST, "How high is it?", "How deep is it?"):
        models.complete(asking(text, temperature=0.0))
    assert not models.complete(asking(AGAIN, temperature=0.0)).cached
    assert models.complete(asking("how deep is it", temperature=0.0)).cached
