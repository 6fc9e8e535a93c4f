"""What the command line and its configuration file ask for, as a document of the service: one set of rules for both."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synqc import json
from synqc.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument
    from synqc.apps.prompts.request import GenerationRequest

__all__ = ["Asked", "read_asked"]

_USUAL_CONFIG = Path("config/settings.yaml")
_ROLES = ("engineer", "checker", "target")
_PLAIN = {
    "num_problems": "num_problems", "seed": "seed", "name": "name", "max_attempts": "max_attempts",
    "budget": "budget_usd", "deadline": "deadline_s", "on_exhaustion": "on_exhaustion",
    "unknown_price": "unknown_price", "max_workers": "max_workers", "reuse_from": "reuse_from",
}  # fmt: skip
_OF_RULES = {
    "acceptance": {
        "m": "failures", "k": "tries", "rate_low": "rate_low", "rate_high": "rate_high", "alpha": "alpha",
        "beta": "beta", "reference_solves": "reference_solves", "reference_agreements": "reference_agreements",
    },
    "duplicates": {"threshold": "duplicate_threshold"},
}  # fmt: skip
_ARGUMENT = re.compile(r"Argument `(\w+)`")
_LEAST_COSINE = 0.001
_MOST_TRIES_OF_TEST = 40
_OF_FILE_ALONE = ("output_dir", "default_batch_id")


@dataclass(frozen=True)
class Asked:
    """A job as it is asked for here.

    Args:
        document: What the service would be sent.
        folder: Where results go.
        options: Members of the document that options gave, by member.
    """

    document: GenerationRequestDocument
    folder: Path
    options: Mapping[str, str]

    @contextmanager
    def refusing_as_written(self) -> Iterator[None]:
        """A refusal names the budget where it was written: an option, or a member of the configuration."""
        from synqc.apps.prompts.errors import PriceUnknown

        try:
            yield
        except PriceUnknown as error:
            written = self.document.budget_argument
            budget = self.options.get(written, written)
            raise PriceUnknown(error.model, budget, "`--unknown-price worst`") from None

    def request(self, application: PromptsApplication) -> GenerationRequest:
        """As the application takes it, with the seeds of the benchmark that is named."""
        name = self.document.benchmark_name
        return self.document.to_value(() if name is None else application.benchmarks.problems(name))


def read_asked(arguments: argparse.Namespace) -> Asked:
    """Options over the configuration file over usual values.

    Raises:
        InputError: Something is missing, or not what it must be; the message names the option.
    """
    from pydantic import ValidationError

    from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument

    of_file = _config(arguments.config)
    found: dict[str, Any] = {name: of_file[name] for name in GenerationRequestDocument.model_fields if name in of_file}
    found.setdefault("num_problems", 10)
    options: dict[str, str] = {}
    for option, member in _PLAIN.items():
        if getattr(arguments, option) is not None:
            found[member] = getattr(arguments, option)
            options[member] = f"--{option.replace('_', '-')}"
    if arguments.most_per_row is not None:
        most = {"usd_micros_per_new_row": _micros("--most-per-row", arguments.most_per_row)}
        found["limits"] = {**_mapping(found, "limits"), **most}
        options["limits.usd_micros_per_new_row"] = "--most-per-row"
    for role in _ROLES:
        found[f"{role}_model"] = _model(role, found.get(f"{role}_model"), arguments)
    if found.get("judge_model") is not None or arguments.judge_provider or arguments.judge_model:
        found["judge_model"] = _model("judge", found.get("judge_model"), arguments)
    _take_files(found, arguments)
    _take_rules(found, arguments)
    if arguments.easy_topic is not None:
        found["easy_topics"] = [*_listing(found, "easy_topics"), *arguments.easy_topic]
    if arguments.disable_prefiltering:
        if arguments.easy_topic is not None:
            raise InputError("Arguments `--disable-prefiltering` and `--easy-topic` exclude each other.")
        found["easy_topics"] = []
    if arguments.legacy_processing:
        found["max_workers"] = 1
    if arguments.batch:
        found["batch"] = True
    if arguments.disable_cache and found.get("reuse_from"):
        raise InputError("Arguments `--disable-cache` and `--reuse-from` exclude each other.")
    try:
        document = GenerationRequestDocument.model_validate(found)
    except ValidationError as error:
        raise InputError(_words_of(error, {**options, **_options_of_rules(arguments)})) from None
    output = getattr(arguments, "output", None) or Path(str(of_file.get("output_dir", "results")))
    batch = getattr(arguments, "batch_id", None) or str(of_file.get("default_batch_id", "batch_01"))
    if not batch or batch in (".", "..") or "/" in batch or "\0" in batch:
        raise InputError(f"Argument `--batch-id` must be the name of a folder, but is {batch!r}.")
    return Asked(document, output / batch, options)


def _config(path: Path | None) -> dict[str, Any]:
    if path is None:
        if not _USUAL_CONFIG.is_file():
            return {}
        path = _USUAL_CONFIG
    text = path.read_bytes()
    if path.suffix.lower() == ".json":
        found = _loaded(text, path)
    else:
        try:
            import yaml
        except ImportError:
            raise MissingExtra(f"{path} is YAML, which needs PyYAML: pip install 'synqc[prompts]'.") from None
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise InputError(f"{path} must be YAML, but is not: {' '.join(str(error).split())}.") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{path} must map names to values, but holds a {type(found).__name__}.")
    _name_unread(found, path)
    return found


def _name_unread(found: dict[str, Any], path: Path) -> None:
    """Configurations of the original have members that steer what does not exist here."""
    from synqc.apps.prompts.documents.generation_request import GenerationRequestDocument

    unread = [str(name) for name in found if name not in (*GenerationRequestDocument.model_fields, *_OF_FILE_ALONE)]
    if unread:
        sys.stderr.write(f"synqc: {path} has members that are not read: {', '.join(unread)}.\n")


def _model(role: str, of_file: Any, arguments: argparse.Namespace) -> dict[str, Any]:
    if not (of_file is None or isinstance(of_file, dict)):
        raise InputError(
            f"Member `{role}_model` of --config must have `provider` and `model_name`, but is {of_file!r:.80}."
        )
    document = dict(of_file or {})
    for member, option in (("provider", f"{role}_provider"), ("model_name", f"{role}_model")):
        given = getattr(arguments, option)
        if given is not None:
            document[member] = given
        if member not in document:
            raise InputError(
                f"The {role} must have a model: give `--{option.replace('_', '-')}`, or name it in --config."
            )
    return document


def _take_files(found: dict[str, Any], arguments: argparse.Namespace) -> None:
    from synqc.apps.prompts.benchmarks import problems_of

    if arguments.taxonomy_path is not None:
        found["taxonomy"] = _loaded(arguments.taxonomy_path.read_bytes(), arguments.taxonomy_path)
    if arguments.seeds_path is not None:
        found |= {"use_seed_data": True, "seed_data": [one.to_dict() for one in problems_of(arguments.seeds_path)]}
    if arguments.benchmark_name is not None:
        found |= {"use_seed_data": True, "benchmark_name": arguments.benchmark_name}
    if "taxonomy" not in found and not found.get("use_seed_data"):
        raise InputError(
            "A job must have topics or seeds: give `--taxonomy-path`, `--seeds-path` or `--benchmark-name`."
        )


def _mapping(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    """A copy of a member of the configuration that maps names to values; empty where there is none."""
    found = document.get(member) or {}
    if not isinstance(found, Mapping):
        raise InputError(f"Member `{member}` of --config must map names to values, but is {found!r:.80}.")
    return dict(found)


def _listing(document: Mapping[str, Any], member: str) -> list[Any]:
    """A copy of a member of the configuration that is a list; empty where there is none."""
    found = document.get(member) or []
    if not isinstance(found, (list, tuple)):
        raise InputError(f"Member `{member}` of --config must be a list, but is {found!r:.80}.")
    return list(found)


def _loaded(text: bytes, place: object) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f"{place} must be JSON, but is not: {error}") from None


def _take_rules(found: dict[str, Any], arguments: argparse.Namespace) -> None:
    acceptance = _acceptance(_mapping(found, "acceptance"), arguments)
    if acceptance:
        found["acceptance"] = acceptance
    duplicates = _duplicates(_mapping(found, "duplicates"), arguments)
    if duplicates:
        found["duplicates"] = duplicates
    if arguments.difficulty is not None:
        found["difficulties"] = dict(map(_level, arguments.difficulty))


def _acceptance(rule: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """The rule of the configuration file, with what options say of it."""
    options = {member: getattr(arguments, option) for member, option in _OF_RULES["acceptance"].items()}
    rule |= {name: value for name, value in options.items() if value is not None}
    if arguments.sequential:
        if arguments.failures is not None:
            raise InputError("Arguments `--failures` and `--sequential` exclude each other.")
        rule = {**rule, "rule": "sprt", "k": rule.get("k", _MOST_TRIES_OF_TEST)}
    elif rule.get("rule") != "sprt":
        for name in ("rate_low", "rate_high", "alpha", "beta"):
            if options[name] is not None:
                raise InputError(f"Argument `--{name.replace('_', '-')}` is of a test: give `--sequential`, too.")
    return rule


def _duplicates(rule: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """What counts as a repetition by the configuration file, with what options say of it."""
    if arguments.duplicate_threshold is not None:
        rule["threshold"] = arguments.duplicate_threshold
    for given in arguments.against or ():
        _add_benchmark(rule, given)
    cosine = arguments.semantic_threshold
    if cosine is not None and not _LEAST_COSINE <= cosine <= 1:
        raise InputError(
            f"Argument `--semantic-threshold` must be a number from {_LEAST_COSINE} to 1, but is {cosine}."
        )
    said = {"embedder": arguments.semantic_embedder, "threshold": cosine}
    semantic = {**_mapping(rule, "semantic"), **{name: one for name, one in said.items() if one is not None}}
    if semantic:
        for name in said:
            if name not in semantic:
                raise InputError(
                    f"Rows that say the same in other words need an embedder and a threshold: give `--semantic-{name}`."
                )
        rule["semantic"] = semantic
    return rule


def _add_benchmark(rule: dict[str, Any], given: str) -> None:
    from synqc.apps.prompts.benchmarks import problems_of

    name, equals, file = given.partition("=")
    if not name or (equals and not file):
        raise InputError(f"Argument `--against` must be NAME or NAME=FILE, but is {given!r}.")
    named, uploaded = _listing(rule, "benchmarks"), _mapping(rule, "benchmark_rows")
    if name in named or name in uploaded:
        raise InputError(f"Each `--against` must have a name of its own, but {name!r} is there twice.")
    if equals:
        rule["benchmark_rows"] = {**uploaded, name: [one.problem for one in problems_of(Path(file))]}
    else:
        rule["benchmarks"] = [*named, name]


def _micros(option: str, given: str) -> int:
    """Dollars in whole millionths, rounded down."""
    try:
        dollars = Decimal(given)
    except InvalidOperation:
        dollars = Decimal(-1)
    if not (dollars.is_finite() and 0 <= dollars <= 1_000_000):
        raise InputError(f"Argument `{option}` must be an amount of dollars from 0 to 1000000, but is {given!r}.")
    return int(dollars * 1_000_000)


def _level(given: str) -> tuple[str, float]:
    name, _, weight = given.rpartition("=")
    try:
        return name.strip(), float(weight)
    except ValueError:
        raise InputError(f"Argument `--difficulty` must be LEVEL=WEIGHT, but is {given!r}.") from None


def _options_of_rules(arguments: argparse.Namespace) -> dict[str, str]:
    """Options that were given, by the member of `acceptance` or `duplicates` that they say."""
    return {
        f"{part}.{member}": f"--{option.replace('_', '-')}"
        for part, members in _OF_RULES.items()
        for member, option in members.items()
        if getattr(arguments, option) is not None
    }


def _words_of(error: Any, options: Mapping[str, str]) -> str:
    """The first thing that is wrong, by the name of the option that said it."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    words = str(first["msg"]).removeprefix("Value error, ")
    of_rule = _ARGUMENT.match(words)
    if of_rule is not None and f"{place}.{of_rule[1]}" in options:
        return f"Argument `{options[f'{place}.{of_rule[1]}']}`{words[of_rule.end() :].rstrip('.')}."
    place = options.get(place, place)
    return f"{f'Argument `{place}`: ' if place else ''}{words.rstrip('.')}."
