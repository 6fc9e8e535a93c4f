"""Data card: how rows were made, by which models, how often what happened, at what price, under which licence."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from synqc._version import __version__
from synqc.apps.prompts.acceptance import GuardReport, MOfK, SequentialTest, Share, exact_share
from synqc.apps.prompts.causes import DiscardCause, RowStatus
from synqc.apps.prompts.funnel import Funnel, GenerationStatus
from synqc.errors import InputError

__all__ = ["DataCard", "data_card"]

_PACKAGES: Final = ("python-flint", "sympy", "scipy", "pyarrow", "numpy")
_STATED: Final = "not stated"
_SIGNS: Final = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]#!"} | {sign: f"&#{ord(sign)};" for sign in "<>&|"}
)


@dataclass(frozen=True)
class DataCard:
    """What somebody must know who uses the rows.

    Args:
        document: As plain values; see `to_dict`.
    """

    document: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON: the same for the same generation, versions and licence."""
        return dict(self.document)

    def to_markdown(self) -> str:
        """For people, with tables."""
        return _markdown(self.document)


def data_card(
    status: GenerationStatus,
    funnel: Funnel,
    *,
    licence: str | None = None,
    model_licences: Mapping[str, str] | None = None,
    prices: Sequence[Mapping[str, Any]] = (),
    guard: GuardReport | None = None,
) -> DataCard:
    """The data card of a generation.

    Args:
        status: Status of the generation, with its request.
        funnel: Where its attempts ended, and what that cost.
        licence: Licence of the rows, as the one who publishes them says.
        model_licences: By "provider:model"; what a provider allows to do with answers is not known here.
        prices: That were counted with, as plain values.
        guard: What trials say of the guard of reference answers.

    Raises:
        InputError: A licence is no text.
    """
    for name, text in (
        ("licence", licence),
        *((f"model_licences[{k!r}]", v) for k, v in (model_licences or {}).items()),
    ):
        if text is not None and not isinstance(text, str):
            raise InputError(f"Argument `{name}` must be a text, but is {type(text).__name__}.")
    request = dict(status.request)
    good = funnel.by_status.get(RowStatus.ACCEPTED, 0) + funnel.by_status.get(RowStatus.SURPLUS, 0)
    judged = funnel.attempted - funnel.by_status.get(RowStatus.STOPPED, 0)
    licences = model_licences or {}
    return DataCard(
        {
            "name": status.name,
            "generation": status.job_id,
            "state": status.state.value,
            "stop_reason": None if status.stop_reason is None else status.stop_reason.value,
            "ended_at": status.ended_at,
            "rows": {"wanted": funnel.rows_wanted, **{one.value: count for one, count in funnel.by_status.items()}},
            "made": {
                "taxonomy": request.get("taxonomy"),
                "difficulties": dict(request.get("difficulties") or {}),
                "seeds": len(request.get("seeds") or ()),
                "benchmark": request.get("benchmark_name"),
                "seed": request.get("seed"),
            },
            "models": [{**one.to_dict(), "licence": licences.get(one.model, _STATED)} for one in funnel.models],
            "acceptance": _acceptance(request.get("acceptance") or {}),
            "guard": None if guard is None else _guard(guard),
            "duplicates": {
                name: value for name, value in (request.get("duplicates") or {}).items() if name != "benchmark_rows"
            },
            "rates": {
                "accepted": _share(exact_share(good, judged)),
                **_causes(funnel, judged),
            },
            "topics": [
                {"topic": name, **counts, "acceptance": _share(exact_share(counts["accepted"], counts["attempted"]))}
                for name, counts in sorted(funnel.by_topic.items())
            ],
            "distinct": _distinct(funnel),
            "semantic": None if funnel.semantic is None else funnel.semantic.to_dict(),
            "cost": {
                "usd_micros": funnel.usd_micros,
                "uncounted_usd_micros": funnel.uncounted_usd_micros,
                "usd_micros_per_accepted": funnel.usd_micros_per_accepted,
                "tokens": funnel.tokens,
                "prices": [dict(one) for one in prices],
            },
            "licence": licence or _STATED,
            "versions": {"synqc": __version__, "python": platform.python_version(), **_versions()},
        }
    )


def _causes(funnel: Funnel, judged: int) -> dict[str, Any]:
    """Shares of causes among attempts that were not stopped."""
    return {
        cause.value: _share(exact_share(count, judged))
        for cause, count in sorted(funnel.by_cause.items())
        if cause is not DiscardCause.STOPPED
    }


def _distinct(funnel: Funnel) -> dict[str, Any] | None:
    """How many different good rows there are to find, and how likely the next one is a repetition."""
    if funnel.richness is None or funnel.coverage is None:
        return None
    found, coverage = funnel.richness, funnel.coverage
    return {
        "seen": found.seen,
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high if math.isfinite(found.high) else None,
        "coverage": coverage.value,
        "coverage_low": coverage.low,
        "coverage_high": coverage.high,
    }


def _acceptance(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule, and what it does at the failure rates that it stands between."""
    if not rule:
        return {}
    sequential = rule.get("rule") == "sprt"
    test: MOfK | SequentialTest = (
        SequentialTest(rule["rate_low"], rule["rate_high"], rule["alpha"], rule["beta"], rule["k"])
        if sequential
        else MOfK(rule["m"], rule["k"])
    )
    rates = (rule["rate_low"], rule["rate_high"]) if sequential else (0.1, 0.5, 0.9)
    return {
        **rule,
        "accept_probability": [
            {"failure_rate": rate, "accept": test.accept_probability(rate), "answers": test.expected_samples(rate)}
            for rate in rates
        ],
    }


def _guard(report: GuardReport) -> dict[str, Any]:
    return {
        "wrong_references_refused": _share(report.power),
        "right_references_trusted": _share(report.right_kept),
        "wrong_among_trusted": None if report.wrong_among_trusted is None else list(report.wrong_among_trusted),
        "level": report.level,
    }


def _share(share: Share) -> dict[str, Any]:
    return {"count": share.count, "of": share.of, "share": share.value, "low": share.low, "high": share.high}


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _markdown(card: Mapping[str, Any]) -> str:
    rows, cost = card["rows"], card["cost"]
    lines = [
        f"# {_plain(card['name'])}",
        "",
        f"{rows.get('accepted', 0)} problems that a target model fails, of {rows['wanted']} wanted; generation "
        f"`{card['generation']}`, {card['state']}" + (f" ({card['stop_reason']})." if card["stop_reason"] else "."),
        "",
        f"Licence of the rows: {_plain(card['licence'])}.",
        "",
        "## Models",
        "",
        *_table(
            ("role", "model", "calls", "prompt tokens", "answer tokens", "cost", "licence"),
            [
                (
                    one["role"],
                    one["model"],
                    one["calls"],
                    _known(one["prompt_tokens"]),
                    _known(one["completion_tokens"]),
                    _dollars(one["usd_micros"]),
                    one["licence"],
                )
                for one in card["models"]
            ],
        ),
        "",
        "## What counts as failing",
        "",
        *_acceptance_lines(card["acceptance"]),
        "",
        "## Rates",
        "",
        "Exact limits at 95 % (Clopper and Pearson).",
        "",
        *_table(
            ("outcome", "share", "count"),
            [(name, _percent(one), f"{one['count']} of {one['of']}") for name, one in card["rates"].items()],
        ),
        "",
        "## Topics",
        "",
        *_table(
            ("topic", "attempted", "accepted", "share accepted"),
            [(one["topic"], one["attempted"], one["accepted"], _percent(one["acceptance"])) for one in card["topics"]],
        ),
        "",
        *_distinct_lines(card["distinct"]),
        *_semantic_lines(card["semantic"]),
        "## Cost",
        "",
        f"{_dollars(cost['usd_micros'])} counted, {_dollars(cost['uncounted_usd_micros'])} at most that no server "
        f"counted; "
        f"{_dollars(cost['usd_micros_per_accepted'])} for each accepted row; {_known(cost['tokens'])} tokens.",
        "",
        *_price_lines(cost["prices"]),
    ]
    if card["guard"] is not None:
        lines += ["## Reference answers", "", *_guard_lines(card["guard"]), ""]
    lines += ["## Versions", "", ", ".join(f"{name} {version}" for name, version in card["versions"].items()) + "."]
    return "\n".join(lines) + "\n"


def _acceptance_lines(rule: Mapping[str, Any]) -> list[str]:
    if not rule:
        return ["No rule was stated."]
    words = (
        f"A sequential test between failure rates {rule['rate_low']} and {rule['rate_high']}, "
        f"at most {rule['k']} answers."
        if rule["rule"] == "sprt"
        else f"At least {rule['m']} of {rule['k']} answers are wrong."
    )
    solves = (
        f"{rule['reference_agreements']} of {rule['reference_solves']} independent solutions must equal the reference."
        if rule["reference_solves"]
        else "Reference answers were trusted as they are: a wrong one counts as a failure of the target."
    )
    table = [
        (one["failure_rate"], f"{one['accept']:.1%}", f"{one['answers']:.2f}") for one in rule["accept_probability"]
    ]
    return [f"{words} {solves}", "", *_table(("target fails at a rate of", "accepted", "answers asked"), table)]


def _distinct_lines(distinct: Mapping[str, Any] | None) -> list[str]:
    if distinct is None:
        return []
    high = "any number" if distinct["high"] is None else f"{distinct['high']:.0f}"
    return [
        f"{distinct['seen']} different rows were found, of about {distinct['estimate']:.0f} "
        f"({distinct['low']:.0f} to {high} at 95 %; Chao) that these models make.",
        "",
    ]


def _price_lines(prices: Sequence[Mapping[str, Any]]) -> list[str]:
    if not prices:
        return []
    names = ("model", "prompt", "completion", "date", "source")
    lines = _table(
        ("model", "prompt, $ per million tokens", "answer, $ per million tokens", "date", "source"),
        [[one[name] for name in names] for one in prices],
    )
    return [*lines, ""]


def _semantic_lines(semantic: Mapping[str, Any] | None) -> list[str]:
    return [] if semantic is None else [_plain(semantic["words"]), ""]


def _guard_lines(guard: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Of wrong references in trials {_percent(guard['wrong_references_refused'])} were refused, of right ones "
        f"{_percent(guard['right_references_trusted'])} trusted."
    ]
    if guard["wrong_among_trusted"] is not None:
        mean, low, high = guard["wrong_among_trusted"]
        lines.append(f"Wrong references among accepted rows: {mean:.2%} ({low:.2%} to {high:.2%}).")
    return lines


def _table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
        *("| " + " | ".join(_plain(cell) for cell in row) + " |" for row in rows),
    ]


def _plain(value: object) -> str:
    """A text that Markdown shows as it is, on one line: names come from whoever asked."""
    return " ".join(str(value).split()).translate(_SIGNS)


def _percent(share: Mapping[str, Any]) -> str:
    if share["share"] is None:
        return "unknown"
    return f"{share['share']:.1%} ({share['low']:.1%} to {share['high']:.1%})"


def _dollars(micros: float | None) -> str:
    return "unknown" if micros is None else f"${micros / 1e6:,.6f}"


def _known(value: object) -> str:
    return "unknown" if value is None else f"{value:,}"
