"""What nobody said is shown, in whatever words; what somebody said is not, however it is written."""

import pytest
from complaints import complaints

from synqc.apps.fir.workflow.unsupported_words import unsupported_words

SAID = "राम ने कहा: Ramesh Kumar took my cycle no. DL-3C-1234 on १२/११/२०२६ at 5:30 pm for Rs. 4,500."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ramesh Kumar took the cycle at 5:30 pm.", []),
        ("The cycle DL-3C-1234 was taken on 12/11/2026.", []),
        ("RAMESH KUMAR took it. Then it was gone.", []),
        ("Ramesh took what I had, and I'm sure.", []),
        ("Suresh took it. Then came Mahesh Kumar.", ["Mahesh"]),
        ("Ramesh took it at 6:30 pm for Rs. 5,500.", ["6:30", "5,500"]),
        ("साइकिल १३/११/२०२६ को चोरी हुई।", ["१३/११/२०२६"]),
        ("साइकिल १२/११/२०२६ को चोरी हुई।", []),
        ("It was DL-3C-1235, said Ramesh; DL-3C-1235.", ["DL-3C-1235"]),
        ("", []),
    ],
)
def test_names_and_digits(text, found):
    assert unsupported_words(text, [SAID]) == found


TWO_MEN = "Two men on a motorcycle took my 4 bags and five thousand rupees at half past nine."
ONE_MAN = "A tall man took my bag."


@pytest.mark.parametrize(
    ("said", "text", "found"),
    [
        (TWO_MEN, "Three men took 4 bags.", ["Three"]),
        (TWO_MEN, "2 men took four bags and 5,000 rupees.", []),
        (TWO_MEN, "Two men took fifteen thousand rupees.", ["fifteen thousand"]),
        (TWO_MEN, "Two men took twenty-five bags.", ["twenty-five"]),
        (TWO_MEN, "A young man took four bags.", ["A young man"]),
        (TWO_MEN, "One person took four bags.", ["One person"]),
        (TWO_MEN, "One of the men took four bags; the men fled.", []),
        (TWO_MEN, "A few men took four bags.", []),
        (ONE_MAN, "Two men took the bag.", ["Two men"]),
        (ONE_MAN, "Men took the bag.", ["Men"]),
        (ONE_MAN + " Another one kept watch.", "The men took the bag.", []),
        (ONE_MAN, "A tall man took the bag.", []),
        ("My 12-year-old son was hit at nine thirty.", "The son was hit at 9:30.", []),
        ("It cost Rs. 1,50,000.", "It cost डेढ़ लाख.", []),
        ("दो युवक मेरी चेन ले गए।", "तीन युवक चेन ले गए।", ["तीन"]),
        ("दो युवक मेरी चेन ले गए।", "एक युवक चेन ले गया।", ["एक युवक"]),
        ("दो युवक मेरी चेन ले गए।", "२ युवकों ने चेन छीनी, उनमें से एक भागा।", []),
        ("दो लड़कों ने मुझे पीटा।", "एक लड़के ने पीटा।", ["एक लड़के"]),
        ("दोनों लड़कों ने मुझे पीटा।", "दो लड़कों ने पीटा।", []),
        ("एक महिला ने मेरा पर्स लिया।", "महिलाओं ने पर्स लिया।", ["महिलाओं"]),
        ("पाँच हज़ार रुपये गए।", "पांच हजार रुपये गए।", []),
        ("पाँच हज़ार रुपये गए।", "पचास हज़ार रुपये गए।", ["पचास हज़ार"]),
        ("साढ़े नौ बजे की बात है।", "9:30 बजे चोरी हुई।", []),
        ("मेरा बेटा खो गया। वह नौ साल का है।", "नौ साल का बेटा खो गया।", []),
        ("My nine year old son is lost.", "The nine-year-old son is lost.", []),
        ("वे दो लाख माँग रहे थे।", "They asked for two lakhs.", []),
        ("पाँच लोग घर में घुसे।", "Five people entered the house.", []),
    ],
)
def test_counts(said, text, found):
    assert unsupported_words(text, [said]) == found


@pytest.mark.parametrize(
    ("said", "text", "found"),
    [
        ("Somebody took my bag.", "He took her bag.", ["He", "her"]),
        ("Somebody took my bag.", "The complainant says they took the bag.", []),
        ("A man took my bag.", "The complainant says that he took her bag.", ["her"]),
        ("My husband beat me.", "He beat the complainant.", []),
        ("My mother was robbed.", "She was robbed; the woman's bag is gone.", []),
        ("W/o Ramesh: my bag is gone.", "She says the bag is gone.", []),
        ("The thief fled.", "The man fled.", ["man"]),
        ("मेरा थैला चोरी हुआ।", "महिला का थैला चोरी हुआ।", ["महिला"]),
        ("मैं बाज़ार जा रही थी कि थैला छीना गया।", "The woman's bag was snatched from her.", []),
        ("मैं बाज़ार गया था।", "She was at the market.", ["She"]),
        ("मैंने चेन खरीदी थी।", "She bought a chain.", ["She"]),
        ("I was at home.", "मैं घर पर थी।", []),
        ("मेरे दामाद ने मुझे मारा।", "He hit the complainant.", []),
        ("मेरे पति ने मुझे पीटा।", "पति ने पीटा; पुरुष भाग गया।", []),
        ("किसी ने मेरी बेटी को मारा।", "लड़के ने बेटी को मारा।", ["लड़के"]),
    ],
)
def test_sexes(said, text, found):
    assert unsupported_words(text, [said]) == found


@pytest.mark.parametrize("language", ["english", "hindi"])
def test_a_complaint_itself_has_nothing_that_nobody_said(language):
    for one in complaints("complaints"):
        said = one[language]
        assert unsupported_words(said, [said]) == []
        assert unsupported_words(f"The complainant says: {said}", [said]) == []


def test_each_is_told_once_in_the_order_of_the_text():
    assert unsupported_words("On 7 May he saw Shyam; he fled.", ["I fled."]) == ["7", "May", "he", "Shyam"]


def test_what_the_officer_said_counts_too():
    assert unsupported_words("Three men took her bag.", ["Somebody took my bag.", "She says three men."]) == []


@pytest.mark.parametrize("word", ["Aa bB ", "मैं ", "two hundred ", "a man ", "He "])
def test_a_long_text_is_looked_at_in_time(word):
    text = word * 3000
    assert len(unsupported_words(text + " ".join(f"N{number}" for number in range(100)), [text])) == 50
