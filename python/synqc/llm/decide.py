"""A decision of a model between options, read off the log-probabilities of its first word and never off the word."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from synqc.errors import InputError
from synqc.llm.calibration import Calibration, ReadBy
from synqc.llm.completion import Completion, Spent
from synqc.llm.errors import LanguageModelError, MalformedAnswer
from synqc.llm.logprobs import MOST_ALTERNATIVES, TokenLogprobs
from synqc.llm.message import Message
from synqc.llm.provider import Provider
from synqc.llm.request import Request

__all__ = ["Decision", "adecide", "decide", "weigh"]

_MOST_OPTIONS: Final = 10
_MOST_TOKENS: Final = 8
"""Of an answer, unless asked otherwise: the option, and what some models write around it."""
_LONGEST_ANSWER: Final = 64
_LEAST_COVERED: Final = 0.05
"""With less than this on all options together, the model was about to say something else than was asked."""
_BEFORE_A_WORD: Final = " \t\r\n\"'`*([{_.:-"
_VOTERS_TEMPERATURE: Final = 0.7


@dataclass(frozen=True)
class Decision:
    """What a model decided, and how sure it may be.

    Args:
        answer: The option, or None: unsure.
        likeliest: The option it leans to, whether or not that is sure enough.
        probability: That `likeliest` is right. Of an uncalibrated decision it is the model's own, which is mostly too
            high.
        margin: Log-odds of the first of two options over the second; of more, of the likeliest over the next.
        covered: Probability of all options together, of anything the model could have begun with.
        options: As given.
        model: As asked for.
        read_by: "logprobs", or "votes" where words were counted.
        calibrated: Whether a calibration was used.
        spent: By all calls.
    """

    answer: str | None
    likeliest: str
    probability: float
    margin: float
    covered: float
    options: tuple[str, ...]
    model: str
    read_by: ReadBy
    calibrated: bool
    spent: Spent

    @property
    def is_unsure(self) -> bool:
        """Whether the probability of being wrong is above the rate that was stated."""
        return self.answer is None


def decide(
    question: str,
    options: Sequence[str] = ("YES", "NO"),
    *,
    provider: Provider,
    model: str,
    calibration: Calibration | None = None,
    error_rate: float = 0.05,
    before: Sequence[Message] = (),
    examples: Sequence[tuple[str, str]] = (),
    says_options: bool = True,
    votes: int = 0,
    most_tokens: int = _MOST_TOKENS,
    deadline_s: float | None = None,
) -> Decision:
    """Ask a model to decide between options.

    The model is asked for one word at temperature 0. What counts is the probability it gave to each option as its
    beginning; the word it wrote is not read. Where being wrong is likelier than `error_rate`, the decision is unsure.

    Args:
        question: With everything that is needed to answer it.
        options: 2 to 10 words, which begin with different letters.
        provider: Whom to ask.
        model: As the provider knows it.
        calibration: Fitted for this model and these options on examples whose answers are known; None: the model's own
            probabilities, and the decision says so.
        error_rate: How many of its decisions may be wrong, 0 to below 0.5; what is less sure is unsure.
        before: Messages that the conversation begins with, such as rules of the system.
        examples: Questions with their answers, shown to the model before.
        says_options: Add a sentence with the options behind the question. False: the question names them, where many
            decisions with a common beginning are to be read once.
        votes: Count so many words in place of reading log-probabilities, for servers that give none; 0: do not. Words
            are a worse measure, and cost a call each.
        most_tokens: Most tokens of an answer, 1 to 64: what is read stands at its beginning.
        deadline_s: All of it must be done by then.

    Raises:
        InputError: An argument is out of its range, or the calibration is another's.
        MalformedAnswer: The server gives no log-probabilities; or of votes, not one word was an option.
        LanguageModelError: There is no answer.

    Examples:
        >>> from synqc.llm import Endpoint, LanguageModels
        >>> models = LanguageModels(Endpoint(base_url="http://127.0.0.1:9/v1", api_key="none", attempts=1))
        >>> decide("Is 7 prime?", provider=models, model="phi3")
        Traceback (most recent call last):
        ...
        synqc.llm.errors.ModelUnreachable: Nobody answers at http://127.0.0.1:9/v1: ...
    """
    asked = _Asked(
        question, tuple(options), provider, model, calibration, error_rate, tuple(before), tuple(examples),
        says_options, votes, most_tokens,
    )  # fmt: skip
    if not votes:
        return asked.read(provider.complete(asked.request, deadline_s=deadline_s, partial=True))
    futures = [provider.submit(asked.ballot(one), deadline_s=deadline_s, partial=True) for one in range(votes)]
    counted: list[Completion[str] | LanguageModelError] = []
    try:
        for future in futures:
            try:
                counted.append(future.result())
            except LanguageModelError as error:
                counted.append(error)
    finally:
        for future in futures:
            future.cancel()
    return asked.counted(counted)


async def adecide(
    question: str,
    options: Sequence[str] = ("YES", "NO"),
    *,
    provider: Provider,
    model: str,
    calibration: Calibration | None = None,
    error_rate: float = 0.05,
    before: Sequence[Message] = (),
    examples: Sequence[tuple[str, str]] = (),
    says_options: bool = True,
    votes: int = 0,
    most_tokens: int = _MOST_TOKENS,
    deadline_s: float | None = None,
) -> Decision:
    """Like `decide`, in a coroutine."""
    asked = _Asked(
        question, tuple(options), provider, model, calibration, error_rate, tuple(before), tuple(examples),
        says_options, votes, most_tokens,
    )  # fmt: skip
    if not votes:
        return asked.read(await provider.acomplete(asked.request, deadline_s=deadline_s, partial=True))

    async def vote(number: int) -> Completion[str] | LanguageModelError:
        try:
            return await provider.acomplete(asked.ballot(number), deadline_s=deadline_s, partial=True)
        except LanguageModelError as error:
            return error

    return asked.counted(await asyncio.gather(*(vote(one) for one in range(votes))))


def weigh(logprobs: Sequence[TokenLogprobs], options: Sequence[str]) -> tuple[float, ...]:
    """Probability of each option as the beginning of an answer.

    Read at the first token that begins a word. A token counts for the option that it begins, whatever its letters'
    case, and for none if it is empty. An option that no alternative begins is given what the least likely of them has,
    which is the most it can have.

    >>> first = TokenLogprobs("Yes", -0.5, (("Yes", -0.5), (" yes", -2.0), ("No", -2.5), ("The", -4.0)))
    >>> [round(one, 4) for one in weigh([first], ["YES", "NO"])]
    [0.7419, 0.0821]
    """
    for token in logprobs:
        alternatives = token.alternatives or ((token.token, token.logprob),)
        if not _word(token.token):
            continue
        weights = [0.0] * len(options)
        for text, logprob in alternatives:
            place = _option_of(text, options)
            if place is not None:
                weights[place] += math.exp(logprob)
        least = math.exp(min(logprob for _, logprob in alternatives))
        return tuple(weight or min(least, 1.0 - min(1.0, sum(weights))) or 1e-12 for weight in weights)
    return (0.0,) * len(options)


@dataclass(frozen=True)
class _Asked:
    """A decision that is asked for."""

    question: str
    options: tuple[str, ...]
    provider: Provider
    model: str
    calibration: Calibration | None
    error_rate: float
    before: tuple[Message, ...]
    examples: tuple[tuple[str, str], ...]
    says_options: bool
    votes: int
    most_tokens: int

    def __post_init__(self) -> None:
        words = [_word(one) for one in self.options]
        if not 2 <= len(words) <= _MOST_OPTIONS or not all(words) or len({word[0] for word in words}) < len(words):
            raise InputError(
                f"Argument `options` must be 2 to {_MOST_OPTIONS} words that begin with different letters, but is "
                f"{list(self.options)!r:.200}; label them A, B, C if need be."
            )
        if not 0 <= self.error_rate < 0.5:
            raise InputError(f"Argument `error_rate` must be from 0 to below 0.5, but is {self.error_rate}.")
        if self.votes < 0:
            raise InputError(f"Argument `votes` must be a whole number from 0, but is {self.votes}.")
        if isinstance(self.most_tokens, bool) or not 1 <= self.most_tokens <= _LONGEST_ANSWER:
            raise InputError(
                f"Argument `most_tokens` must be a whole number from 1 to {_LONGEST_ANSWER}, but is "
                f"{self.most_tokens!r}."
            )
        for _, answer in self.examples:
            if answer not in self.options:
                raise InputError(f"Argument `examples` must have answers among the options, but has {answer!r:.80}.")
        mine = (self.model, self.options, "votes" if self.votes else "logprobs")
        fitted = self.calibration
        if fitted is not None and (fitted.model, fitted.options, fitted.read_by) != mine:
            raise InputError(
                f"Argument `calibration` must be fitted for model {self.model!r}, options {list(self.options)} and "
                f"{mine[2]}, but is for {fitted.model!r}, {list(fitted.options)} and {fitted.read_by}."
            )

    @property
    def request(self) -> Request:
        """One word, with its alternatives."""
        return Request(
            model=self.model, messages=self._messages(), temperature=0.0, max_tokens=self.most_tokens,
            logprobs=MOST_ALTERNATIVES,
        )  # fmt: skip

    def ballot(self, number: int) -> Request:
        """One word of several independent ones."""
        return Request(
            model=self.model, messages=self._messages(), temperature=_VOTERS_TEMPERATURE, max_tokens=self.most_tokens,
            sample=number,
        )  # fmt: skip

    def read(self, completion: Completion[str]) -> Decision:
        """The decision that log-probabilities are."""
        if not completion.logprobs:
            raise MalformedAnswer(
                f"{self.provider.name} gives no log-probabilities for model {self.model!r}, and a decision is read "
                "from nothing else: ask another server, or count words with `votes=9`.",
                answer=completion.text, finish_reason=completion.finish_reason, spent=completion.spent,
            )  # fmt: skip
        return self._decided(weigh(completion.logprobs, self.options), completion.spent)

    def counted(self, answers: Sequence[Completion[str] | LanguageModelError]) -> Decision:
        """The decision that votes are: half a vote more for each option, so that no odds are infinite."""
        spent = sum((one.spent for one in answers), Spent())
        said = [_option_of(one.text, self.options) for one in answers if isinstance(one, Completion)]
        voted = [one for one in said if one is not None]
        if not voted:
            failures = [one for one in answers if isinstance(one, LanguageModelError)]
            if len(failures) == len(answers):
                failures[0].spent = spent
                raise failures[0]
            raise MalformedAnswer(
                f"None of {len(answers)} answers of model {self.model!r} begins with an option.", spent=spent
            )
        whole = len(voted) + len(self.options) / 2
        shares = [(voted.count(place) + 0.5) / whole for place in range(len(self.options))]
        covered = len(voted) / len(answers)
        return self._decided(tuple(share * covered for share in shares), spent)

    def _messages(self) -> tuple[Message, ...]:
        told = f"Answer with one word and nothing else: {', '.join(self.options[:-1])} or {self.options[-1]}."
        behind = f"\n\n{told}" if self.says_options else ""
        turns = list(self.before)
        for asked, answer in self.examples:
            turns += [Message("user", f"{asked}{behind}"), Message("assistant", answer)]
        return (*turns, Message("user", f"{self.question}{behind}"))

    def _decided(self, weights: tuple[float, ...], spent: Spent) -> Decision:
        covered = min(1.0, sum(weights))
        order = sorted(range(len(weights)), key=lambda place: -weights[place])
        first, second = (0, 1) if len(weights) == 2 else order[:2]
        margin = math.log(weights[first] / weights[second]) if covered else 0.0
        likeliest, probability = order[0], weights[order[0]] / sum(weights) if covered else 1 / len(weights)
        if self.calibration is not None:
            probability = self.calibration.probability(margin)
            if len(weights) == 2:
                likeliest = 0 if probability >= 0.5 else 1
                probability = max(probability, 1 - probability)
        sure = covered >= _LEAST_COVERED and probability >= 1 - self.error_rate
        return Decision(
            self.options[likeliest] if sure else None, self.options[likeliest], probability, margin, covered,
            self.options, self.model, "votes" if self.votes else "logprobs", self.calibration is not None, spent,
        )  # fmt: skip


def _word(text: str) -> str:
    return text.strip(_BEFORE_A_WORD).casefold()


def _option_of(text: str, options: Sequence[str]) -> int | None:
    """Place of the option that a text begins, or begins with."""
    word = _word(text)
    if not word:
        return None
    for place, option in enumerate(options):
        whole = _word(option)
        follows = word[len(whole) :][:1]
        if whole.startswith(word) or (word.startswith(whole) and not follows.isalnum()):
            return place
    return None
