"""What a client asks of a data set, as documents, with examples for the description."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Header, Path
from pydantic import AfterValidator, BaseModel, Field

from synqc.apps.synth.application import SynthApplication
from synqc.apps.synth.dataset_request import DataSetRequest
from synqc.service.description import asked

__all__ = ["REQUESTS", "DataSetAsked", "DatasetId", "IdempotencyKey", "requested"]

_PEOPLE = {"name": {"type": "string", "required": True}, "age": {"type": "integer", "minimum": 18, "maximum": 99}}
_EVENTS = {"count": 100, "eventTypes": ["click", "view"], "timeRange": {"start": "2026-01-01"}, "source": "generator"}
REQUESTS = asked(
    structured=("A table", {"kind": "structured", "options": {"count": 5, "schema": _PEOPLE, "source": "generator"}}),
    events=("Events of a day", {"kind": "events", "options": _EVENTS}),
)

DatasetId = Annotated[
    str,
    Path(description="Of a data set, as it was answered.", examples=["dataset-01a228251446000092a545d3"]),
    AfterValidator(unquote),  # the request middleware has left %2F and %25 in it, see `routed_path`
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200,
        description="Of this request: one that is repeated with it is answered with the first one's data set.",
    ),
]  # fmt: skip


class DataSetAsked(BaseModel):
    """A data set."""

    kind: str = Field(description="structured, json, csv, events, timeseries or text.")
    options: dict[str, Any] = Field(default_factory=dict, description="As docs/synth.md has them, in either spelling.")
    name: str = Field(default="", description="For people.")
    licence: str | None = Field(default=None, description="Of the rows, as whoever publishes them says.")


def requested(synth: SynthApplication, body: DataSetAsked) -> DataSetRequest:
    """The request, checked; blocks while the generators are tried."""
    return synth.request(body.kind, body.options, name=body.name, licence=body.licence)
