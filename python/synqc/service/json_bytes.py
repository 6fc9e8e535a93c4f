"""An answer whose JSON is bytes already."""

from fastapi import Response

__all__ = ["JsonBytes"]


class JsonBytes(Response):
    """JSON that was written by whoever made the answer."""

    media_type = "application/json"
