"""What the OpenAPI description says: examples, and what every route may answer besides its own answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synqc.service.doors import Door, Doors

if TYPE_CHECKING:
    from synqc.service.mount import Mount

__all__ = ["answered", "asked", "describe_refusals", "refused"]

_SCHEMES = {
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "Bearer": {"type": "http", "scheme": "bearer"},
    "Ticket": {
        "type": "apiKey", "in": "query", "name": "ticket",
        "description": "For streams, where browsers cannot send headers: from `POST tickets`, for one use.",
    },
}  # fmt: skip
_WORDS = {
    400: "An argument is refused.",
    401: "No valid key was shown.",
    403: "The request comes from a page that may change nothing here, or with a key that does not allow this.",
    404: "Nothing has that name.",
    408: "The body did not arrive in time.",
    409: "A run is under way, was stopped before it had anything, or has no backend that could play it.",
    410: "The run cannot be repeated any more.",
    413: "The body is too long.",
    429: "Too many requests.",
    502: "Whoever was asked on the way did not answer.",
    503: "Storage is in trouble; nothing has changed.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"description": "How to show one.", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
_IGNORED = {"description": "What was sent and is not read, with the nearest right name.", "schema": {"type": "string"}}


def describe_refusals(description: dict[str, Any], doors: Doors, mount: Mount) -> None:
    """Add security schemes and refusals to an OpenAPI document; what a route says itself stays.

    Args:
        description: Changed in place.
        doors: Which routes need a key.
        mount: Mount of the application; below its `api_prefix` everything is about storage.
    """
    components = description.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    components.setdefault("schemas", {})["Refusal"] = dict(mount.errors.schema)
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            scope = {"type": "http", "method": method.upper(), "path": path, "root_path": "", "headers": []}
            _describe(operation, doors.of(scope), path, method, stores=path.startswith(mount.api_prefix + "/"))


def _describe(operation: dict[str, Any], door: Door, path: str, method: str, *, stores: bool) -> None:
    statuses = set()
    if door in (Door.CLOSED, Door.STREAM):
        statuses |= {401, *((503,) if stores else ())}
        schemes = ["ApiKey", "Bearer", *(["Ticket"] if door is Door.STREAM else [])]
        operation["security"] = [{scheme: []} for scheme in schemes]
    if door is not Door.UNLIMITED:
        statuses |= {429}
    if "{" in path:
        statuses |= {404}
    if method != "get":
        statuses |= {403}
    if "requestBody" in operation or any(one["in"] == "query" for one in operation.get("parameters", ())):
        statuses |= {400}
    if "requestBody" in operation:
        statuses |= {408, 413}
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answer.setdefault("headers", {})["X-SynQc-Ignored"] = _IGNORED
        operation.setdefault("parameters", []).append(
            {
                "name": "Prefer", "in": "header", "required": False, "schema": {"type": "string"},
                "description": "`handling=strict` refuses members that are not read; else they are named.",
            }
        )  # fmt: skip
    for status in sorted(statuses):
        operation["responses"].setdefault(str(status), _refusal(status))


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses` of a route."""
    return {status: _refusal(status) for status in statuses}


def answered(example: Any, status: int = 200, media_type: str = "application/json") -> dict[int | str, dict[str, Any]]:
    """For `responses` of a route."""
    return {status: {"content": {media_type: {"example": example}}}}


def asked(**bodies: tuple[str, Any]) -> dict[str, Any]:
    """For `openapi_examples` of a body: name=(summary, body)."""
    return {name: {"summary": summary, "value": body} for name, (summary, body) in bodies.items()}


def _refusal(status: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    return {"description": _WORDS[status], "content": content, "headers": _HEADERS.get(status, {})}
