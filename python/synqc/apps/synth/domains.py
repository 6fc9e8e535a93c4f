"""Domains of the original's structured data: schemas of rows that many need, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from synqc.apps.synth.checks import check_choice

__all__ = ["DOMAINS", "schema_of_domain"]

_ID: Final = {"type": "string", "format": "uuid"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_PRICE: Final = {"type": "number", "minimum": 1, "maximum": 1000}

DOMAINS: Final[Mapping[str, Mapping[str, Any]]] = {
    "users": {
        "id": _ID, "name": {"type": "string"}, "email": {"type": "string", "format": "email"},
        "age": {"type": "integer", "minimum": 18, "maximum": 99}, "city": {"type": "string"},
        "country": {"type": "string"}, "active": {"type": "boolean"}, "createdAt": _MOMENT,
    },
    "products": {
        "id": _ID, "sku": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{5}$"},
        "category": {"enum": ["books", "clothing", "electronics", "food", "home", "toys"]}, "color": {"type": "string"},
        "price": _PRICE, "stock": {"type": "integer", "minimum": 0, "maximum": 500},
        "rating": {"type": "number", "minimum": 1, "maximum": 5},
    },
    "transactions": {
        "id": _ID, "userId": _ID, "amount": _PRICE, "currency": {"enum": ["EUR", "GBP", "INR", "USD"]},
        "method": {"enum": ["card", "cash", "transfer"]}, "status": {"enum": ["completed", "failed", "pending"]},
        "timestamp": _MOMENT,
    },
}  # fmt: skip
"""Fields by domain, each of them required."""


def schema_of_domain(domain: str) -> dict[str, Any]:
    """JSON schema of a domain's rows.

    Raises:
        ValidationError: There is no such domain.

    Examples:
        >>> schema_of_domain("users")["properties"]["age"]
        {'type': 'integer', 'minimum': 18, 'maximum': 99}
    """
    check_choice("domain", domain, DOMAINS)
    fields = DOMAINS[domain]
    return {
        "type": "object", "properties": {name: dict(field) for name, field in fields.items()},
        "required": list(fields), "additionalProperties": False,
    }  # fmt: skip
