"""A provider that answers YES or NO as a function of the question says, at once or late, or fails as it says."""

import asyncio
import math

from synqc.apps.fir.knowledge.facts import bns_2023
from synqc.llm import TokenLogprobs
from synqc.llm.completion import Completion, Spent


def is_about(section, question):
    """Whether a check asks about this section."""
    return f"\n\n{bns_2023()[section].title}. " in question


class YesNoProvider:
    """Answers with a margin for each question; an exception in its place is raised, `hang` never ends.

    Args:
        margin: Of a question: a number, an exception, or `hang`.
        latency_s: Of each answer.
        most_at_once: What it says of itself; nothing holds it to that.
    """

    name, is_local = "yes-no", True

    def __init__(self, margin, *, latency_s=0.0, most_at_once=10):
        self.margin, self.latency_s, self.most_at_once = margin, latency_s, most_at_once
        self.requests, self.under_way, self.most_under_way, self.cancelled = [], 0, 0, 0

    async def acomplete(self, request, read=str, *, deadline_s=None, **_):
        self.requests.append((request, deadline_s))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            margin = self.margin(request.messages[-1].content)
            if margin == "hang":
                await asyncio.Event().wait()
            await asyncio.sleep(self.latency_s)
            if isinstance(margin, Exception):
                raise margin
            return completion(margin)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1

    def complete(self, request, read=str, *, deadline_s=None, **_):
        self.requests.append((request, deadline_s))
        return completion(self.margin(request.messages[-1].content))


def completion(margin):
    """An answer whose log-odds of YES over NO are this margin; None: without log-probabilities."""
    if margin is None:
        return Completion("YES", "YES", "m-1", "stop", Spent(1))
    yes = 1 / (1 + math.exp(-margin))
    pairs = (("YES", math.log(yes)), ("NO", math.log(1 - yes)))
    return Completion("YES", "YES", "m-1", "stop", Spent(1), logprobs=(TokenLogprobs("YES", pairs[0][1], pairs),))
