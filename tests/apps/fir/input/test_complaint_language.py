"""A complaint's language is told by scripts and by the words that sentences need; its text stays as it is."""

import pytest
from complaints import complaints

from synqc.apps.fir.input.complaint_text import ComplaintRefused, check_complaint
from synqc.apps.fir.input.language import ComplaintLanguage, detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("On 14 March at 9.30 pm two men came to my house and took 9,000 rupees.", "en"),
        ("मेरे घर में चोरी हो गई और ९,००० रुपये ले गए।", "hi"),
        ("Kal raat mere ghar mein chori ho gayi aur paise le gaye.", "hi"),
        ("Mera phone market mein chori ho gaya, it was a black Samsung and the thief ran to the bus stand", "mixed"),
        ("मेरे husband ने मुझे beat किया and then he threw me out of the house", "mixed"),
        ("My neighbour ने said कि he will kill me and my family if we do not leave the house", "en"),
        ("He shouted गाली at me and then he left in his car with the other two men of the village", "en"),
        ("என் வீட்டில் திருட்டு நடந்தது", "unknown"),
        ("میرا فون چوری ہو گیا", "unknown"),
        ("12/3/2026 9:30", "unknown"),
        ("Xyzzy plugh", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_language_is_told(text, language):
    assert detect_language(text).value == language


@pytest.mark.parametrize("language", [ComplaintLanguage.ENGLISH, ComplaintLanguage.HINDI])
def test_complaints_that_were_written_for_another_test_are_told(language):
    texts = [one[language.name.lower()] for one in complaints("complaints") + complaints("unseen_complaints")]
    assert len(texts) == 200
    assert [text for text in texts if detect_language(text) is not language] == []


@pytest.mark.parametrize(
    "text",
    [
        "मेरी साइकिल चोरी हुई", "क्\u200dष और ज्\u200cञ के साथ", "<script>alert(1)</script>", "{{7*7}} #import \\input{x}",
        "=cmd|' /C calc'!A0", "a\0b\r\nc\u202e d e f g", "'; DROP TABLE sessions; --", "x" * 50_000, "  0123456789  ",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_text_is_kept_to_the_last_character(text):
    assert check_complaint(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stolen", "must have 10 to 50,000 characters, but has 6"),
        (" " * 40 + "stolen", "but has 6"),
        ("x" * 50_001, "but has 50,001"),
        (None, "must be text, but is NoneType"),
    ],
)
def test_a_text_of_another_length_is_refused(text, words):
    with pytest.raises(ComplaintRefused, match=words):
        check_complaint(text)
