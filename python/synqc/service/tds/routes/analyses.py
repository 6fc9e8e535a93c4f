"""Measured files of somebody's, analysed."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from synqc.apps.tds.analyses import SUFFIXES, Analyses
from synqc.errors import InputError
from synqc.service.context import Workers, run_in_thread
from synqc.service.description import answered, refused

__all__ = ["MOST_BYTES", "PATH", "router"]

PATH = "/analyses"
MOST_BYTES = 16 << 20
"""Size of the largest file that is taken."""

router = APIRouter(tags=["analyses"])


class AnalysedTarget(BaseModel):
    """Analysis of the records of one qubit."""

    protocol: str
    verdict: Literal["good", "suspicious", "not determined"]
    reasons: list[str]
    parameters: dict[str, dict[str, Any]] | None = None
    series: dict[str, Any] | None = None
    figure: dict[str, Any]


class Analysis(BaseModel):
    """Analyses of each qubit of a file."""

    name: str
    targets: dict[str, AnalysedTarget]


class Analysable(BaseModel):
    """Files and protocols that can be sent."""

    protocols: list[str]
    suffixes: list[str]
    most_bytes: int


_ANALYSABLE = {"protocols": ["T1", "Echo"], "suffixes": list(SUFFIXES), "most_bytes": MOST_BYTES}
_T1 = {"value": 60.12, "interval_68": [58.9, 61.4], "interval_95": [57.6, 62.7]}
_ANALYSED = {
    "name": "t1.npz",
    "targets": {
        "0": {
            "protocol": "T1", "verdict": "good", "reasons": [], "parameters": {"t1_us": _T1}, "series": None,
            "figure": {"data": [], "layout": {}},
        }
    },
}  # fmt: skip
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file as it is.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(PATH, operation_id="analysable", response_model=Analysable, responses=answered(_ANALYSABLE))
async def analysable(request: Request) -> Analysable:
    """Protocols, kinds of files and the size that `POST` takes."""
    protocols = await run_in_thread(request, _protocols)
    return Analysable(protocols=protocols, suffixes=list(SUFFIXES), most_bytes=MOST_BYTES)


@router.post(
    PATH, operation_id="analyse_file", response_model=Analysis, openapi_extra=_BODY,
    responses={**answered(_ANALYSED), **refused(429)},
)  # fmt: skip
async def analyse_file(
    request: Request,
    name: Annotated[
        str, Query(max_length=255, description="Name of the file; its ending says the layout.", examples=["t1.npz"])
    ],
    protocol: Annotated[
        str | None, Query(max_length=64, description="Protocol, if the file does not say it.", examples=["T1"])
    ] = None,
    arguments: Annotated[
        str | None, Query(max_length=4096, description="Arguments of the protocol, a JSON object.")
    ] = None,
    shots: Annotated[int | None, Query(ge=1, le=10**9, description="Shots behind each share.")] = None,
    ground_sign: Annotated[
        Literal["1", "-1"] | None, Query(description="1 if |0> lies at larger I, -1 if at smaller.")
    ] = None,
    units: Annotated[str | None, Query(max_length=4096, description="Units by array or axis, a JSON object.")] = None,
    axes: Annotated[
        str | None, Query(max_length=4096, description="Names of axes by array, a JSON object of lists.")
    ] = None,
) -> dict[str, Any]:
    """Parameters with intervals, a verdict and a figure, of a file in a layout of `synqc.records`; nothing is kept."""
    given = {
        "arguments": _object_of("arguments", arguments, "anything"),
        "units": _object_of("units", units, "texts"),
        "axes": _object_of("axes", axes, "lists of texts"),
    }
    content = await request.body()
    if not content:
        raise InputError("The body must be the file, but is empty.")
    analyses: Analyses = request.app.state.analyses
    workers: Workers = request.app.state.workers
    sign = None if ground_sign is None else int(ground_sign)

    def work() -> dict[str, Any]:
        return analyses.analyse(content, name, protocol=protocol, shots=shots, ground_sign=sign, **given)

    return await asyncio.wrap_future(workers.long_runs.submit(work))


def _protocols() -> list[str]:
    from synqc.protocols import PROTOCOLS

    return sorted(PROTOCOLS)


def _object_of(name: str, text: str | None, of: Literal["anything", "texts", "lists of texts"]) -> dict[str, Any]:
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not (isinstance(value, dict) and all(_is_one_of(of, one) for one in value.values())):
        raise InputError(f"Argument `{name}` must be a JSON object of {of}, but is {text[:100]!r}.")
    return dict(value)


def _is_one_of(of: str, value: Any) -> bool:
    if of == "anything":
        return True
    if of == "texts":
        return isinstance(value, str)
    return isinstance(value, list) and all(isinstance(part, str) for part in value)
