"""A language model that writes rows: reads what it is asked for out of the request, and answers with as many."""

import itertools
import json
import re
import threading

from scripted_server import answer, says, stream

SCHEMA = {"name": {"type": "string", "required": True}, "age": {"type": "integer", "required": True, "minimum": 0}}


def wanted(body):
    """How many rows a request asks for."""
    return int(re.search(r"Write exactly (\d+) rows", body["messages"][-1]["content"])[1])


class RowModel:
    """Answers of a server: rows by `row(number)`; whatever is no request for rows is answered with its own words."""

    def __init__(self, row=lambda number: {"name": f"N{number}", "age": number}, *, parts=1):
        self.row, self.parts = row, parts
        self.numbers = itertools.count()
        self.lock = threading.Lock()

    def __call__(self, body):
        if "messages" not in body:  # whoever asked was gone before it had asked
            return []
        said = body["messages"][-1]["content"]
        if "Write exactly" not in said:
            text = f"About {said}"
        else:
            with self.lock:
                rows = [self.row(next(self.numbers)) for _ in range(wanted(body))]
            text = json.dumps({"rows": rows})
        if not body.get("stream"):
            return answer(text)
        size = max(1, len(text) // self.parts)
        return stream(*says(*(text[at : at + size] for at in range(0, len(text), size))))
