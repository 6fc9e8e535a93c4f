"""Decisions of real models: margins are there and repeat, and calibration makes a small model of use where it can."""

import math

import pytest

from synqc.llm import Calibration, decide
from synqc.llm.model_files import ModelDirectory, model_named
from synqc.llm.providers.local import LocalModel, LocalModelSettings

LARGE = "qwen2.5-coder-1.5b"


@pytest.mark.parametrize("question", ["Is 7 prime?", "Is a bicycle a fruit?"])
def test_a_real_model_gives_a_margin_that_repeats(small, question):
    """What a model of this size decides is not asserted."""
    first, again = (decide(question, provider=small, model=small.model_name) for _ in range(2))
    assert math.isfinite(first.margin)
    assert first.margin == again.margin
    assert 0 < first.covered <= 1
    assert (first.read_by, first.calibrated, first.likeliest in ("YES", "NO")) == ("logprobs", False, True)


OFFENCES = {
    "theft": "theft: dishonestly taking movable property out of a person's possession without consent",
    "cheating": "cheating: deceiving a person and thereby inducing them to deliver property",
    "hurt": "causing hurt: causing bodily pain, disease or infirmity to a person",
    "rash driving": "rash driving: driving on a public way so rashly as to endanger human life",
    "threat": "criminal intimidation: threatening a person with injury to cause alarm",
    "forgery": "forgery: making a false document with intent to cause damage",
}
COMPLAINTS = [  # with the offence that each describes, and one that it does not
    ("Two men on a motorcycle snatched the complainant's phone.", "theft", "forgery"),
    ("A caller posed as a bank officer and got the complainant to transfer 9,000 rupees.", "cheating", "hurt"),
    ("A neighbour hit the complainant with a stick and broke her arm.", "hurt", "rash driving"),
    ("A lorry raced through the market at great speed and nearly ran over children.", "rash driving", "theft"),
    ("The landlord said he would kill the tenant if he did not leave.", "threat", "forgery"),
    ("The accused made a fake sale deed in the owner's name.", "forgery", "rash driving"),
    ("Somebody took the bicycle that stood locked in the yard.", "theft", "threat"),
    ("A boy threw a stone that cut a passer-by's forehead.", "hurt", "cheating"),
]


@pytest.mark.deep
def test_calibrated_decisions_of_the_larger_model_are_right_where_its_word_is_not():
    """Its word is YES to nearly everything. Each complaint is judged by a calibration on the others."""
    directory, known = ModelDirectory(LocalModelSettings.from_environment().models_dir), model_named(LARGE)
    file = directory.find(known)
    if file is None:
        pytest.skip(f"{LARGE} is not here")
    directory.require(known, file)
    margins, right = [], []
    with LocalModel(file, name=LARGE, slots=1, context_tokens=1024) as model:
        for complaint, meant, other in COMPLAINTS:
            for offence, truth in ((meant, True), (other, False)):
                question = (
                    f"Complaint: {complaint}\nOffence: {OFFENCES[offence]}.\nDoes the complaint describe this offence?"
                )
                margins.append(decide(question, provider=model, model=LARGE).margin)
                right.append(truth)
    judged = []
    for held in range(0, len(margins), 2):
        others = [place for place in range(len(margins)) if place not in (held, held + 1)]
        fitted = Calibration.fitted(
            [margins[place] for place in others], [right[place] for place in others], model=LARGE, options=("YES", "NO")
        )
        judged += [(fitted.probability(margins[place]) >= 0.5) == right[place] for place in (held, held + 1)]
    assert sum(judged) >= 13, margins  # of 16; chance gives 13 or more once in a hundred times
