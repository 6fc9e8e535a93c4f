"""What a client asks to have generated: the members of the original's document, and those that this service adds."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any, Literal

from annotated_types import Len
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from synqc.apps.prompts.documents.limits import MOST_SEEDS, MOST_TOPICS
from synqc.apps.prompts.documents.model_choice import ModelChoice, Name
from synqc.apps.prompts.request import (
    MOST_ROWS,
    MOST_WORKERS,
    AcceptanceRule,
    DuplicateRule,
    GenerationRequest,
    Limits,
    ModelName,
    OnExhaustion,
    PromptTexts,
    RoleModels,
    SeedProblem,
    UnknownPrice,
)  # fmt: skip

__all__ = ["GenerationRequestDocument", "Seed"]

_MICROS_PER_USD = 1_000_000


def _schema_of(kind: type[Any]) -> WithJsonSchema:
    """Of a value of the application, whose own words say what is wrong with it."""
    return WithJsonSchema(TypeAdapter(kind).json_schema())


def _whole(given: Any) -> Any:
    """Texts that are numbers are taken, as the original does; what is no number at all is not."""
    if isinstance(given, bool):
        raise ValueError("must be a whole number, but is true or false")
    return given


def _taxonomy(given: Any) -> dict[str, Any]:
    """Refuses what is neither of both forms, with the place that does not fit."""
    if not isinstance(given, Mapping) or not given:
        raise ValueError("must map subjects to topics, and name at least one")
    count = 0
    for subject, topics in given.items():
        if not isinstance(topics, (list, Mapping)) or not topics:
            raise ValueError(
                f"must give subject {subject[:80]!r} a list of topics, or an object of topics with their level and "
                f"description, but gives it {_shown(topics)}"
            )
        for topic in topics:
            if not isinstance(topic, str) or not topic.strip():
                raise ValueError(f"must name topics of {subject[:80]!r} by text, but names {_shown(topic)}")
            if isinstance(topics, Mapping):
                _check_topic(subject, topic, topics[topic])
        count += len(topics)
    if count > MOST_TOPICS:
        raise ValueError(f"must hold at most {MOST_TOPICS} topics, but holds {count}")
    return dict(given)


def _check_topic(subject: str, topic: str, about: Any) -> None:
    known = ("level", "description")
    if not isinstance(about, Mapping):
        raise ValueError(
            f"must say of topic {topic[:80]!r} of {subject[:80]!r} its level and description, but says {_shown(about)}"
        )
    for name, value in about.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]!r}?" if near else f": it has {', '.join(known)}"
            raise ValueError(f"has topic {topic[:80]!r} with an unknown member {name[:80]!r}{hint}")
        if not isinstance(value, str):
            raise ValueError(f"must give topic {topic[:80]!r} a {name} that is text, but it is {_shown(value)}")


def _shown(value: Any) -> str:
    return repr(value)[:80]


class Seed(BaseModel):
    """A problem to make harder ones of; members beside these are left unread, as benchmarks have some."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    problem: Annotated[str, Field(min_length=1, max_length=20_000)]
    answer: Annotated[str, Field(max_length=20_000)] = ""
    solution: Annotated[str, Field(max_length=100_000)] = ""
    source_id: Annotated[str, Field(max_length=200)] = ""
    tags: Annotated[tuple[str, ...], Len(max_length=50)] = ()
    subject: Annotated[str, Field(max_length=200)] = ""
    topic: Annotated[str, Field(max_length=200)] = ""

    def to_value(self) -> SeedProblem:
        """As the application takes it."""
        return SeedProblem(**self.model_dump())


class GenerationRequestDocument(BaseModel):
    """Problems that a target model fails, exactly as many as asked for."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), title="GenerationRequest")

    num_problems: Annotated[int, BeforeValidator(_whole)] = Field(ge=1, le=MOST_ROWS)
    engineer_model: ModelChoice
    checker_model: ModelChoice
    target_model: ModelChoice
    taxonomy: Annotated[dict[str, Any], PlainValidator(_taxonomy), WithJsonSchema({"type": "object"})] | None = Field(
        None, description="`{subject: [topic]}` or `{subject: {topic: {level, description}}}`."
    )
    use_seed_data: bool = False
    benchmark_name: Name | None = Field(None, description="A benchmark that this service has, whose items are seeds.")
    seed_data: Annotated[list[Seed], Len(max_length=MOST_SEEDS)] | None = None
    use_search: bool = Field(
        True, description="The original annotated rows by a web search; here rows are compared with the store instead."
    )

    enable_cas_validation: Literal[True] = Field(True, description="Answers are compared by computation in any case.")
    max_workers: int = Field(10, ge=1, le=MOST_WORKERS, description="Calls of models under way at a time.")

    judge_model: ModelChoice | None = Field(None, description="Judges answers where no computation can; the checker.")
    max_attempts: int | None = Field(None, ge=1, le=2**53, description="100 for each problem unless it is given.")
    budget_usd: Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    deadline_s: float | None = Field(None, gt=0, le=1e9, allow_inf_nan=False)
    limits: Annotated[Limits, PlainValidator(Limits.from_dict), _schema_of(Limits)] = Limits()
    acceptance: Annotated[AcceptanceRule, PlainValidator(AcceptanceRule.from_dict), _schema_of(AcceptanceRule)] = (
        AcceptanceRule()
    )
    duplicates: Annotated[DuplicateRule, PlainValidator(DuplicateRule.from_dict), _schema_of(DuplicateRule)] = (
        DuplicateRule()
    )
    prompts: Annotated[PromptTexts, PlainValidator(PromptTexts.from_dict), _schema_of(PromptTexts)] = PromptTexts()
    easy_topics: Annotated[list[Name], Len(max_length=100)] = Field(
        default_factory=list, description="Words of topics that no model fails: attempts at them ask nobody."
    )
    difficulties: dict[str, float] = Field(default_factory=dict)
    seed: int = Field(0, ge=0, le=2**53)
    on_exhaustion: OnExhaustion = "return_partial"
    unknown_price: UnknownPrice = "refuse"
    reuse_from: Name | None = None
    name: Name | None = None
    most_tokens: int = Field(2048, ge=16, le=1_000_000)
    batch: bool = Field(False, description="Ask by the provider's batch interface: for less, and within a day a step.")

    @model_validator(mode="before")
    @classmethod
    def _name_near_members(cls, given: Any) -> Any:
        """A misspelt member is refused with the name that was probably meant."""
        if isinstance(given, Mapping):
            for name in given:
                near = difflib.get_close_matches(str(name)[:80], cls.model_fields, n=1)
                if name not in cls.model_fields and near:
                    words = "`{name}` is no member of this document: did you mean `{near}`?"
                    raise PydanticCustomError("unknown_member", words, {"name": str(name)[:80], "near": near[0]})
        return given

    @model_validator(mode="after")
    def _has_topics_or_seeds(self) -> GenerationRequestDocument:
        if self.use_seed_data and self.benchmark_name is None and not self.seed_data:
            raise ValueError("with `use_seed_data`, `benchmark_name` or `seed_data` must be given")
        if not self.use_seed_data and (self.benchmark_name is not None or self.seed_data):
            raise ValueError("`benchmark_name` and `seed_data` are seeds: set `use_seed_data` to true")
        if not self.use_seed_data and self.taxonomy is None:
            raise ValueError("`taxonomy` must be given where there are no seeds")
        return self

    def to_value(self, seeds: tuple[SeedProblem, ...] = ()) -> GenerationRequest:
        """As the application takes it.

        Args:
            seeds: Those of `benchmark_name`, beside which stand those that were sent.

        Raises:
            InputError: Something is out of its range that the document does not bound.
        """
        return GenerationRequest(
            rows=self.num_problems, models=self._models(), taxonomy=self.taxonomy, difficulties=self.difficulties,
            seeds=(*seeds, *(one.to_value() for one in self.seed_data or ())), benchmark_name=self.benchmark_name,
            acceptance=self.acceptance, duplicates=self.duplicates, limits=self._limits(), workers=self.max_workers,
            seed=self.seed, on_exhaustion=self.on_exhaustion, unknown_price=self.unknown_price, prompts=self.prompts,
            easy_topics=tuple(self.easy_topics),
            reuse_from=self.reuse_from, name=self.name, most_tokens=self.most_tokens,
            batch=self.batch,
        )  # fmt: skip

    @property
    def budget_argument(self) -> str:
        """Where the client wrote the budget."""
        if self.budget_usd is not None:
            return "budget_usd"
        is_whole = self.limits.usd_micros is not None or self.limits.usd_micros_per_new_row is None
        return "limits.usd_micros" if is_whole else "limits.usd_micros_per_new_row"

    def _models(self) -> RoleModels:
        three = (self.engineer_model, self.checker_model, self.target_model)
        engineer, checker, target = (ModelName(**one.model_dump()) for one in three)
        judge = None if self.judge_model is None else ModelName(**self.judge_model.model_dump())
        return RoleModels(engineer, checker, target, judge)

    def _limits(self) -> Limits:
        document = self.limits.to_dict()
        if self.max_attempts is not None:
            document["attempts"] = self.max_attempts
        if self.budget_usd is not None:
            document["usd_micros"] = int((self.budget_usd * _MICROS_PER_USD).to_integral_value(ROUND_FLOOR))
        if self.deadline_s is not None:
            document["deadline_s"] = self.deadline_s
        return Limits.from_dict(document)
