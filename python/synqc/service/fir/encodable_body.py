"""Base of what clients send as JSON: text that can be stored and shown again."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, model_validator

__all__ = ["EncodableBody"]


class EncodableBody(BaseModel):
    """Refuses halves of surrogate pairs, which JSON can say and UTF-8 cannot.

    >>> EncodableBody.model_validate({"said": chr(0xD800)})
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for EncodableBody
      Value error, must be text that UTF-8 can say, but has half of a surrogate pair ...
    """

    @model_validator(mode="before")
    @classmethod
    def _is_encodable(cls, body: Any) -> Any:
        try:
            json.dumps(body, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError as error:
            raise ValueError("must be text that UTF-8 can say, but has half of a surrogate pair") from error
        return body
