"""Data card: what somebody must know who uses a data set, from the seed to the licences."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from synqc._version import __version__

if TYPE_CHECKING:
    from synqc.apps.synth.generated_rows import GeneratedRows

__all__ = ["DataCard", "card_of_generated", "data_card"]

_STATED: Final = "not stated"
_SIGNS: Final = str.maketrans(
    {sign: f"\\{sign}" for sign in "\\`*_[]#!"} | {sign: f"&#{ord(sign)};" for sign in "<>&|"}
)


@dataclass(frozen=True)
class DataCard:
    """How a data set was made.

    Args:
        document: As plain values; see `to_dict`.
    """

    document: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, ready for JSON."""
        return dict(self.document)

    def to_markdown(self) -> str:
        """For people."""
        document = self.document
        lines = [f"# Data card: {document['rows']} rows of {document['kind']}", ""]
        for name in ("seed", "licence"):
            lines.append(f"- **{name}**: {_shown(document[name])}")
        for name in ("made_by", "versions", "quality"):
            lines += ["", f"## {name.replace('_', ' ')}", ""]
            found = document[name]
            lines += [f"- **{one}**: {_shown(value)}" for one, value in found.items()] if found else ["not measured"]
        lines += ["", "## distances", "", *_distances(document["distances"])]
        schema = json.dumps(document["schema"], indent=2, ensure_ascii=False)
        lines += ["", "## schema", "", "```json", schema.replace("```", "` ` `"), "```", ""]
        return "\n".join(lines)


def data_card(
    kind: str,
    *,
    rows: int,
    seed: int | str | None,
    schema: Mapping[str, Any] | None,
    made_by: Mapping[str, Any],
    quality: Mapping[str, Any],
    distances: Mapping[str, Any] | None = None,
    licence: str | None = None,
) -> DataCard:
    """The card of a data set.

    Args:
        kind: Kind of data.
        rows: That it has.
        seed: It was asked with; None: none, so that it cannot be made again.
        schema: What each row fits: a JSON schema.
        made_by: The generator with its version, or models with their licences.
        quality: Candidates, refusals by reason, repetitions.
        distances: From the data it was fitted to, as `Fit.distances` of `synqc.generate` has them; None: it was
            fitted to none.
        licence: Licence of the rows, as whoever publishes them says.

    Examples:
        >>> made = {"source": "generator", "version": "1"}
        >>> card = data_card("events", rows=2, seed=7, schema={}, made_by=made, quality={"candidates": 2})
        >>> card.to_dict()["seed"], card.to_markdown().splitlines()[0]
        (7, '# Data card: 2 rows of events')
    """
    return DataCard({
        "kind": kind, "rows": rows, "seed": seed, "schema": None if schema is None else dict(schema),
        "made_by": dict(made_by), "quality": dict(quality), "distances": None if distances is None else dict(distances),
        "licence": licence or _STATED, "versions": {"synqc": __version__, "python": platform.python_version()},
    })  # fmt: skip


def card_of_generated(made: GeneratedRows, *, licence: str | None = None) -> DataCard:
    """The card of rows of the seeded generators."""
    return data_card(
        made.kind, rows=made.count, seed=made.seed, schema=made.schema,
        made_by={"source": "generator", "version": made.version, "tables": dict(made.licences)},
        quality={"candidates": made.count, "refused": {}}, distances=made.distances, licence=licence,
    )  # fmt: skip


def _distances(found: Mapping[str, Any] | None) -> list[str]:
    if not found:
        return ["not measured: the rows were fitted to none"]
    rows = [
        f"| {_shown(name)} | {one['kind']} | {one['distance']:.3f} | {one['missing']:.3f} | {one['made_missing']:.3f} |"
        for name, one in found["columns"].items()
    ]
    return [
        f"From {found['rows']} rows of an example; rank correlations differ by at most "
        f"{found['correlation_error']:.3f}.", "",
        "| column | as | distance (0 to 1) | missing there | missing here |", "|---|---|---|---|---|", *rows,
    ]  # fmt: skip


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.translate(_SIGNS).replace("\n", " ")
