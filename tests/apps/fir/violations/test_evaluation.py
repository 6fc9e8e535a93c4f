"""What is measured is what happened: recall, precision and unknown by hand counts, with intervals."""

import pytest
from yes_no_provider import YesNoProvider, is_about

from synqc.apps.fir.knowledge.knowledge_base import KnowledgeBase
from synqc.apps.fir.knowledge.record import Record
from synqc.apps.fir.violations.checks import ViolationChecks
from synqc.apps.fir.violations.evaluation import calibrate, evaluate_checks, evaluate_search
from synqc.apps.fir.violations.labelled import LabelledComplaint, read_labelled
from synqc.apps.fir.violations.proportion import Proportion
from synqc.errors import DocumentError, InputError

SNATCHED = LabelledComplaint(
    (304, 303), {"english": "My chain was snatched by men on a motorcycle.", "hindi": "मेरी चेन छीनकर भाग गए।"}
)
CHEATED = LabelledComplaint((318,), {"english": "I was cheated of money by a fraud on the telephone."})
BOTH = [SNATCHED, CHEATED]


@pytest.fixture(scope="module")
def law():
    return KnowledgeBase.standard()


def test_search_is_counted_by_language(law):
    english, hindi = evaluate_search(law, BOTH)
    assert (english.language, english.best_found, english.all_found) == ("english", Proportion(2, 2), Proportion(3, 3))
    assert (hindi.language, hindi.best_found) == ("hindi", Proportion(1, 1))
    assert english.version == law.version


def test_search_that_finds_nothing_is_counted_as_that():
    empty = KnowledgeBase([Record("Some Act", "1", "Title", "text")])
    assert evaluate_search(empty, BOTH)[0].best_found == Proportion(0, 2)


def test_checks_are_counted(law):
    def margin(question):  # yes to theft and cheating, unsure of snatching, no to the rest
        for section, one in ((303, 5.0), (318, 5.0), (304, 0.0)):
            if is_about(section, question):
                return one
        return -5.0

    with ViolationChecks(law, provider=YesNoProvider(margin), model="m-1") as checks:
        (quality,) = evaluate_checks(checks, [LabelledComplaint((304, 303), {"english": SNATCHED.texts["english"]})])
    assert quality.precision == Proportion(1, 1)
    assert quality.recall == Proportion(1, 2)
    assert quality.wrong_noes == Proportion(0, 2)
    assert quality.unknown == Proportion(1, 10)
    assert quality.causes == {"the model is unsure": 1}
    assert (quality.model, quality.calibrated) == ("m-1", False)


def test_a_model_that_always_says_yes_has_the_precision_of_chance(law):
    with ViolationChecks(law, provider=YesNoProvider(lambda question: 5.0), model="m-1") as checks:
        english = evaluate_checks(checks, BOTH)[0]
    assert english.precision == Proportion(3, 20)
    assert english.recall == Proportion(3, 3)


def test_calibration_makes_a_yes_sayer_useful(law):
    def margin(question):
        return 6.0 if is_about(304, question) or is_about(303, question) else 2.0

    provider = YesNoProvider(margin)
    fitted = calibrate(law, [SNATCHED], provider=provider, model="m-1")
    assert fitted.examples == 8
    assert fitted.probability(6.0) > 0.75 > 0.25 > fitted.probability(2.0)
    with ViolationChecks(law, provider=provider, model="m-1", calibration=fitted, error_rate=0.3) as checks:
        (quality,) = evaluate_checks(checks, [LabelledComplaint((304, 303), {"english": SNATCHED.texts["english"]})])
    assert (quality.precision, quality.recall, quality.calibrated) == (Proportion(2, 2), Proportion(2, 2), True)


def test_a_model_that_cannot_tell_is_unsure_and_says_no_to_nothing(law):
    """Nine of ten that are found do not fit: a no to all would be right nine times, and miss every offence."""
    provider = YesNoProvider(lambda question: 2.0)
    fitted = calibrate(law, BOTH, provider=provider, model="m-1")
    assert fitted.probability(2.0) == pytest.approx(0.5, abs=0.01)
    with ViolationChecks(law, provider=provider, model="m-1", calibration=fitted) as checks:
        english = evaluate_checks(checks, BOTH)[0]
    assert english.wrong_noes == Proportion(0, 3)
    assert english.unknown == Proportion(20, 20)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_wilsons(count, of, low, high):
    assert Proportion(count, of).interval == pytest.approx((low, high), abs=1e-4)


def test_no_complaints_are_refused(law):
    for measure in (
        lambda: evaluate_search(law, []),
        lambda: calibrate(law, [], provider=YesNoProvider(None), model="m"),
    ):
        with pytest.raises(InputError, match="`complaints` must hold one at least"):
            measure()


def test_labelled_complaints_are_read(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text('[[complaints]]\nsections = [303, 304]\nenglish = "Stolen."\nhindi = "चोरी।"\n', "utf-8")
    assert read_labelled(file) == [LabelledComplaint((303, 304), {"english": "Stolen.", "hindi": "चोरी।"})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[[complaints]]\nsections = [359]\nenglish = 'a'",
            r"must be numbers from 1 to 358, but is \[359\]: \$.complaints\[0\]",
        ),
        ("[[complaints]]\nsections = [true]\nenglish = 'a'", "must be numbers from 1 to 358"),
        ("[[complaints]]\nsections = []\nenglish = 'a'", "must be numbers from 1 to 358"),
        ("[[complaints]]\nsections = [1]", "must have a text for each language"),
        ("[[complaints]]\nsections = [1]\nenglish = ' '", "must have a text for each language"),
        ("complaints = [3]", "must be a table, but is int"),
        ("= 3", "is no TOML in UTF-8"),
    ],
)
def test_other_files_are_refused_with_their_place(tmp_path, text, told):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(DocumentError, match=told):
        read_labelled(tmp_path / "a.toml")


def test_files_without_complaints_are_refused(tmp_path):
    (tmp_path / "a.toml").write_text("a = 1")
    with pytest.raises(InputError, match="must have tables"):
        read_labelled(tmp_path / "a.toml")
    with pytest.raises(InputError, match="must be a file of complaints"):
        read_labelled(tmp_path / "b.toml")
