"""Requests of the tests of this folder."""

from synqc import metrics
from synqc.llm import JsonForm, Message, Request

FORM = JsonForm("answer", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


def asking(text="Why?", **options):
    return Request(**{"model": "m-1", "messages": (Message("user", text),), **options})


def counted(name, **labels):
    family = metrics.snapshot()["metrics"].get(name, {"series": []})
    return sum(
        one.get("value", one.get("count", 0)) for one in family["series"] if one["labels"].items() >= labels.items()
    )
