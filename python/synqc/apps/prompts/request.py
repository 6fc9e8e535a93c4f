"""What a generation is asked: models by role, how many rows, what a row must pass, and when to stop."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from synqc.apps.prompts.acceptance import ReferenceGuard, SequentialTest
from synqc.apps.prompts.checks import check_flag, check_number, check_text, check_texts, check_whole, check_word
from synqc.errors import InputError, UnknownName

__all__ = [
    "AcceptanceRule", "DuplicateRule", "GenerationRequest", "Limits", "ModelName", "OnExhaustion", "PromptTexts",
    "RoleModels", "SeedProblem", "SemanticRule", "UnknownPrice",
]  # fmt: skip

OnExhaustion = Literal["raise", "return_partial"]
UnknownPrice = Literal["refuse", "worst"]
MOST_ROWS = 100_000
MOST_WORKERS = 256
_LONGEST_NAME = 200
_LONGEST_TOPIC = 2000
_ATTEMPTS_PER_ROW = 100


class _Document:
    """Frozen dataclass that can say itself in JSON, and be read from it again."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return {one.name: _plain(getattr(self, one.name)) for one in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """The value that `to_dict` described; what it leaves out has its default.

        Raises:
            InputError: A member is unknown, missing, or not what it must be.
        """
        if not isinstance(document, Mapping):
            raise InputError(f"{cls.__name__} must be an object, but is {document!r:.80}.")
        known = {one.name for one in fields(cls)}  # type: ignore[arg-type]
        for name in document:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(known))}."
                raise UnknownName(f"{cls.__name__} has no member {str(name)[:80]!r}: {hint}")
        for one in fields(cls):  # type: ignore[arg-type]
            if one.name not in document and one.default is MISSING and one.default_factory is MISSING:
                raise InputError(f"{cls.__name__} must have a member `{one.name}`, but has none.")
        return cls(**document)


@dataclass(frozen=True)
class ModelName(_Document):
    """A model at a provider, both by the names that the service knows them by.

    Args:
        provider: E.g. "openai", "ollama", "local"; those of the settings.
        model_name: As the provider knows it.
    """

    provider: str
    model_name: str

    def __post_init__(self) -> None:
        for name in ("provider", "model_name"):
            check_text(name, getattr(self, name), 1, _LONGEST_NAME)

    def __str__(self) -> str:
        return f"{self.provider}:{self.model_name}"


@dataclass(frozen=True)
class RoleModels(_Document):
    """Which model plays which role; carried by the job, so that jobs with different models never mix.

    Args:
        engineer: Writes problems.
        checker: Says whether a problem is sound.
        target: Shall fail.
        judge: Says whether two answers are equal where no computation can, and solves problems anew to guard the
            reference; None: the checker.
    """

    engineer: ModelName
    checker: ModelName
    target: ModelName
    judge: ModelName | None = None

    def __post_init__(self) -> None:
        for name in ("engineer", "checker", "target", "judge"):
            given = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, ModelName.from_dict(given))
            elif not isinstance(given, ModelName) and not (given is None and name == "judge"):
                raise InputError(f"Argument `{name}` must name a provider and a model, but is {given!r:.80}.")

    @property
    def of_judge(self) -> ModelName:
        """Who judges."""
        return self.judge or self.checker

    @property
    def all(self) -> tuple[ModelName, ...]:
        """Those that are asked, each once."""
        return tuple(dict.fromkeys((self.engineer, self.checker, self.target, self.of_judge)))


@dataclass(frozen=True, kw_only=True)
class Limits(_Document):
    """When a generation stops though it has not enough rows.

    Args:
        attempts: Most attempts; None: 100 for each row that is asked for.
        usd_micros: Most that calls may cost, millionths of a dollar; None: anything.
        tokens: Most tokens that calls may take; None: any number.
        deadline_s: Most seconds from the first claim on, time between attempts of the job included; None: any.
        error_rate: Share of the latest `error_window` attempts that may fail because of models and servers; None: all.
        error_window: How many attempts are looked at; before there are so many nothing is decided.
        duplicate_rate: Share of the latest `duplicate_window` problems that may be repetitions before the generation
            counts as exhausted; None: all.
        duplicate_window: How many problems are looked at.
        usd_micros_per_new_row: Most that a further row which repeats none may cost, by how often good rows came again
            and what rows cost so far, before the generation counts as exhausted; None: anything.
    """

    attempts: int | None = None
    usd_micros: int | None = None
    tokens: int | None = None
    deadline_s: float | None = None
    error_rate: float | None = 0.5
    error_window: int = 10
    duplicate_rate: float | None = 0.95
    duplicate_window: int = 50
    usd_micros_per_new_row: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("attempts", 1), ("usd_micros", 0), ("tokens", 0), ("usd_micros_per_new_row", 0)):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), least, 2**53)
        if self.deadline_s is not None:
            check_number("deadline_s", self.deadline_s, 0, 1e9)
        for name in ("error_rate", "duplicate_rate"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, 1)
        for name in ("error_window", "duplicate_window"):
            check_whole(name, getattr(self, name), 1, 100_000)


@dataclass(frozen=True, kw_only=True)
class AcceptanceRule(_Document):
    """What "the target fails" means, and what must hold before a failure counts.

    Args:
        rule: "m_of_k": it fails at least `m` of `k` times. "sprt": Wald's sequential test between failure rates
            `rate_low` and `rate_high`, with error rates `alpha` and `beta`, at most `k` times, which must suffice to
            accept anything.
        m, k: See above; 1 of 1 asks once.
        rate_low, rate_high: Failure rates of a problem that does not and that does do.
        alpha: Probability to accept one of `rate_low`.
        beta: Probability to refuse one of `rate_high`.
        reference_solves: Independent solutions that are asked for before a failure counts; 0: the reference is trusted.
        reference_agreements: How many of them must equal the reference; None: all, and that number stands here then.
        judge_confidence: Least confidence of the judge's word, where no computation can tell whether two answers are
            equal; below it that is unknown.
    """

    rule: Literal["m_of_k", "sprt"] = "m_of_k"
    m: int = 1
    k: int = 1
    rate_low: float = 0.5
    rate_high: float = 0.9
    alpha: float = 0.05
    beta: float = 0.05
    reference_solves: int = 1
    reference_agreements: int | None = None
    judge_confidence: float = 0.7

    def __post_init__(self) -> None:
        check_word("rule", self.rule, ("m_of_k", "sprt"))
        check_whole("k", self.k, 1, 1000)
        check_whole("m", self.m, 1, self.k)
        for name in ("rate_low", "rate_high", "alpha", "beta", "judge_confidence"):
            check_number(name, getattr(self, name), 0, 1)
        if not self.rate_low < self.rate_high:
            raise InputError(
                f"Argument `rate_low` must be below `rate_high`, but they are {self.rate_low} and {self.rate_high}."
            )
        check_whole("reference_solves", self.reference_solves, 0, 100)
        agreements = self.reference_solves if self.reference_agreements is None else self.reference_agreements
        object.__setattr__(self, "reference_agreements", agreements)
        check_whole("reference_agreements", agreements, 0 if not self.reference_solves else 1, 100)
        if self.rule == "sprt":
            self._check_test()
        if self.reference_solves and agreements > self.reference_solves:
            raise InputError(
                f"Argument `reference_agreements` must be at most `reference_solves`, {self.reference_solves}, but is "
                f"{agreements}."
            )

    @property
    def guard(self) -> ReferenceGuard | None:
        """Of reference answers; None where they are trusted."""
        if not self.reference_solves or self.reference_agreements is None:
            return None
        return ReferenceGuard(agree=self.reference_agreements, solves=self.reference_solves)

    def _check_test(self) -> None:
        for name, least, most in (
            ("rate_low", 0.001, 1),
            ("rate_high", 0, 0.999),
            ("alpha", 0.001, 0.499),
            ("beta", 0.001, 0.499),
        ):
            check_number(name, getattr(self, name), least, most)
        fewest = SequentialTest(self.rate_low, self.rate_high, self.alpha, self.beta, self.k).least_samples
        if self.k < fewest:
            raise InputError(
                f"Argument `k` must be at least {fewest} for a test between failure rates of {self.rate_low} and "
                f"{self.rate_high} to accept anything, but is {self.k}."
            )


@dataclass(frozen=True, kw_only=True)
class SemanticRule(_Document):
    """What counts as saying the same in other words: nearness of embeddings, made by a model of the worker's machine.

    Problems that differ in one number or in "not" are near each other, too: choose a threshold by
    `synqc.apps.prompts.semantic.choose_threshold`, or look at the rate of false alarms that a generation reports.

    Args:
        embedder: "minilm" (`synqc models get minilm-int8`) or "nano-e5".
        threshold: Least cosine of a repetition, above 0 and at most 1.
        language: Language of the problems.
    """

    embedder: str
    threshold: float
    language: str = "en"

    def __post_init__(self) -> None:
        for name in ("embedder", "language"):
            check_text(name, getattr(self, name), 1, _LONGEST_NAME)
        check_number("threshold", self.threshold, 0.001, 1)


@dataclass(frozen=True, kw_only=True)
class DuplicateRule(_Document):
    """What counts as a repetition.

    Args:
        threshold: Least Jaccard similarity of shingles of a duplicate, 0.2 to 1.
        containment: Least share of a seed's or benchmark's shingles within a row, 0.2 to 1.
        against_store: Whether accepted rows of earlier generations count, too.
        benchmarks: Names of benchmarks that rows must not repeat; of the settings, or with `benchmark_rows`.
        benchmark_rows: Texts by name, uploaded with the request.
        semantic: Whether rows that say the same in other words are repetitions, too; None: they are not looked for.
    """

    threshold: float = 0.8
    containment: float = 0.9
    against_store: bool = True
    benchmarks: tuple[str, ...] = ()
    benchmark_rows: Mapping[str, Sequence[str]] = field(default_factory=dict)
    semantic: SemanticRule | None = None

    def __post_init__(self) -> None:
        if isinstance(self.semantic, Mapping):
            object.__setattr__(self, "semantic", SemanticRule.from_dict(self.semantic))
        elif not (self.semantic is None or isinstance(self.semantic, SemanticRule)):
            raise InputError(f"Argument `semantic` must be a SemanticRule, but is {self.semantic!r:.80}.")
        for name in ("threshold", "containment"):
            check_number(name, getattr(self, name), 0.2, 1)
        check_flag("against_store", self.against_store)
        check_texts("benchmarks", self.benchmarks)
        object.__setattr__(self, "benchmarks", tuple(self.benchmarks))
        if not isinstance(self.benchmark_rows, Mapping):
            raise InputError(
                f"Argument `benchmark_rows` must map names to texts, but is {type(self.benchmark_rows).__name__}."
            )
        for name, rows in self.benchmark_rows.items():
            check_texts(f"benchmark_rows[{name!r}]", rows)
        object.__setattr__(self, "benchmark_rows", {name: tuple(rows) for name, rows in self.benchmark_rows.items()})


@dataclass(frozen=True, kw_only=True)
class SeedProblem(_Document):
    """A problem to make harder ones of.

    Args:
        problem: Its text.
        answer: Its answer; "" if that is not known.
        solution: How it comes about.
        source_id: Its name in its source.
        tags: Tags of its source; the first stands in a row's `reference`.
        subject, topic: Where they are known; else a model is asked.
    """

    problem: str
    answer: str = ""
    solution: str = ""
    source_id: str = ""
    tags: tuple[str, ...] = ()
    subject: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        check_text("problem", self.problem, 1, 1_000_000)
        for name in ("answer", "solution", "source_id", "subject", "topic"):
            check_text(name, getattr(self, name), 0, 1_000_000)
        check_texts("tags", self.tags)
        object.__setattr__(self, "tags", tuple(self.tags))


@dataclass(frozen=True, kw_only=True)
class PromptTexts(_Document):
    """What roles are told, in the place of the words that come with the application; None: those.

    Changing one of them recomputes only the calls whose question it is a part of; see `GenerationRequest.reuse_from`.
    """

    engineer: str | None = None
    checker: str | None = None
    target: str | None = None
    judge: str | None = None
    solver: str | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) is not None:
                check_text(one.name, getattr(self, one.name), 1, 100_000)


@dataclass(frozen=True, kw_only=True)
class GenerationRequest(_Document):
    """A generation, whole: it is the payload of its job, and depends on nothing else but the store.

    Its target may be changed until it begins (`PromptsApplication.change_target`); what its table holds is then true.

    Args:
        rows: How many accepted rows there shall be.
        models: Models by the role that they play.
        taxonomy: {subject: [topic]} or {subject: {topic: {level, description}}}; None: of the seeds.
        easy_topics: Topics that no model fails, by any of their words: attempts at them ask nobody.
        difficulties: Weights of difficulty levels by name; empty: the taxonomy's own.
        seeds: Problems to make harder ones of; used in turn, each once per round.
        benchmark_name: Where seeds come from; stands in rows.
        acceptance: What "the target fails" means.
        duplicates: What counts as a repetition.
        limits: When to stop otherwise.
        workers: Calls under way at a time, of an attempt each; a provider's own limit holds beside it.
        seed: Seed of every draw: the same request makes the same draws for the same attempts.
        on_exhaustion: Whether fewer rows than asked for are an error ("raise": the job fails; its rows are kept) or a
            result ("return_partial").
        unknown_price: Whether a budget refuses a model whose price is not known, or takes the dearest known price.
        prompts: Words of the roles.
        reuse_from: Job whose recorded answers are taken where a call is the same in every respect, and whose rows may
            be made again, as those of all generations that took its answers.
        name: For people; None: `Batch_<target>_<moment>`.
        most_tokens: Limit of one answer, in tokens, of each role.
        is_preview: Whether its rows are for looking at: they are no rows of the store that others must not repeat.
        is_guard_trial: Whether, instead of making problems, the guard of `acceptance` is tried on those of `seeds`,
            whose answers are right: the engineer solves each, and the guard decides on that as on a reference.
        batch: Whether models of providers with a batch interface are asked by it: for less, and within a day for each
            step of an attempt, so that `workers` should be many.

    Examples:
        >>> model = ModelName("local", "qwen2.5-coder-1.5b")
        >>> request = GenerationRequest(
        ...     rows=20, models=RoleModels(model, model, model), taxonomy={"Arithmetic": ["Fractions"]}
        ... )
        >>> GenerationRequest.from_dict(request.to_dict()) == request
        True
        >>> GenerationRequest(rows=0, models=request.models, taxonomy=request.taxonomy)
        Traceback (most recent call last):
        ...
        synqc.errors.InputError: Argument `rows` must be a whole number from 1 to 100000, but is 0.
    """

    rows: int
    models: RoleModels
    taxonomy: Mapping[str, Any] | None = None
    easy_topics: tuple[str, ...] = ()
    difficulties: Mapping[str, float] = field(default_factory=dict)
    seeds: tuple[SeedProblem, ...] = ()
    benchmark_name: str | None = None
    acceptance: AcceptanceRule = AcceptanceRule()
    duplicates: DuplicateRule = DuplicateRule()
    limits: Limits = Limits()
    workers: int = 10
    seed: int = 0
    on_exhaustion: OnExhaustion = "return_partial"
    unknown_price: UnknownPrice = "refuse"
    prompts: PromptTexts = PromptTexts()
    reuse_from: str | None = None
    name: str | None = None
    most_tokens: int = 2048
    is_preview: bool = False
    is_guard_trial: bool = False
    batch: bool = False

    def __post_init__(self) -> None:
        check_whole("rows", self.rows, 1, MOST_ROWS)
        check_whole("workers", self.workers, 1, MOST_WORKERS)
        check_whole("seed", self.seed, 0, 2**53)
        check_whole("most_tokens", self.most_tokens, 16, 1_000_000)
        check_flag("is_preview", self.is_preview)
        check_flag("is_guard_trial", self.is_guard_trial)
        check_flag("batch", self.batch)
        check_word("on_exhaustion", self.on_exhaustion, get_args(OnExhaustion))
        check_word("unknown_price", self.unknown_price, get_args(UnknownPrice))
        for name, kind in _PARTS.items():
            given = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, kind.from_dict(given))
            elif not isinstance(given, kind):
                raise InputError(f"Argument `{name}` must be a {kind.__name__}, but is {given!r:.80}.")
        if not isinstance(self.seeds, Sequence) or isinstance(self.seeds, str):
            raise InputError(f"Argument `seeds` must be a list of problems, but is {type(self.seeds).__name__}.")
        seeds = (one if isinstance(one, SeedProblem) else SeedProblem.from_dict(one) for one in self.seeds)
        object.__setattr__(self, "seeds", tuple(seeds))
        for name in ("benchmark_name", "reuse_from", "name"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name), 1, _LONGEST_NAME)
        self._check_topics()
        if self.is_guard_trial:
            self._check_trial()

    def _check_trial(self) -> None:
        if self.acceptance.guard is None:
            raise InputError("Argument `reference_solves` must be at least 1 where the guard is tried, but is 0.")
        for place, seed in enumerate(self.seeds):
            if not seed.answer.strip():
                raise InputError(
                    f"Argument `seeds` must hold answers where the guard is tried, but number {place} has none."
                )
        if self.taxonomy is not None or not self.seeds:
            raise InputError("Argument `seeds` must be given where the guard is tried, and no `taxonomy`.")

    def _check_topics(self) -> None:
        check_texts("easy_topics", self.easy_topics)
        object.__setattr__(self, "easy_topics", tuple(self.easy_topics))
        if not isinstance(self.difficulties, Mapping):
            raise InputError(
                f"Argument `difficulties` must map levels to weights, but is {type(self.difficulties).__name__}."
            )
        for level, weight in self.difficulties.items():
            check_text("difficulties", level, 1, _LONGEST_NAME)
            check_number(f"difficulties[{level!r}]", weight, 0, 1e9)
        if self.difficulties and not sum(self.difficulties.values()) > 0:
            raise InputError("Argument `difficulties` must hold a weight above 0, but all are 0.")
        if self.taxonomy is None and not self.seeds:
            raise InputError("Argument `taxonomy` must be given where there are no `seeds`, but is None.")
        if self.taxonomy is not None:
            from synqc.apps.prompts.topics.taxonomy import Taxonomy  # whose package reads files of this module's seeds

            for topic in Taxonomy.of(self.taxonomy):
                for words in (topic.subject, topic.name, topic.description):
                    check_text("taxonomy", words, 0, _LONGEST_TOPIC)

    @property
    def most_attempts(self) -> int:
        """How many attempts it may make."""
        return most_attempts_of(self.limits.attempts, self.rows)


def most_attempts_of(attempts: int | None, rows: int) -> int:
    """How many attempts a generation of so many rows may make."""
    return attempts or _ATTEMPTS_PER_ROW * rows


_PARTS: dict[str, type[_Document]] = {
    "models": RoleModels, "acceptance": AcceptanceRule, "duplicates": DuplicateRule, "limits": Limits,
    "prompts": PromptTexts,
}  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, _Document):
        return value.to_dict()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value
