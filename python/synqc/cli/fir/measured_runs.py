"""Time of whole reports by step, in the words of the original performance script, alone or several at once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from synqc.cli.fir.gate_clients import GateClient
from synqc.errors import SynqcError

if TYPE_CHECKING:
    from synqc.llm.completion import Spent

__all__ = [
    "STEPS",
    "MeasuredRun",
    "Step",
    "Tokens",
    "measure_run",
    "measure_runs",
    "percentile",
    "results_document",
]


@dataclass(frozen=True)
class Step:
    """A step of the original script, which is named after what was approved and times what comes next.

    Args:
        key: Its name in results.
        what: Is timed.
        allowed: By the original, for it.
    """

    key: str
    what: str
    allowed: str


STEPS: Final = (
    Step("process", "speech, picture or text to transcript", "180 s, 120 s"),
    Step("transcript_validation", "summary", "60 s"),
    Step("summary_validation", "search and ten checks", "15 s + 8 s"),
    Step("violations_validation", "narrative", "60 s"),
    Step("narrative_validation", "number and document", "-"),
    Step("final_review", "completion", "-"),
)


@dataclass(frozen=True)
class Tokens:
    """Counts of tokens, as the models' servers have them.

    Args:
        read: Tokens of prompts, but for those that were known from the prompt before.
        known: Those.
        written: Tokens of answers.
    """

    read: int
    known: int
    written: int

    @classmethod
    def of(cls, spent: Spent) -> Tokens:
        """Tokens of calls; what a server does not count is 0."""
        known = spent.cached_prompt_tokens or 0
        return cls((spent.prompt_tokens or 0) - known, known, spent.completion_tokens or 0)

    def __add__(self, other: Tokens) -> Tokens:
        """Sum of both."""
        return Tokens(self.read + other.read, self.known + other.known, self.written + other.written)

    def __sub__(self, other: Tokens) -> Tokens:
        """Without those before."""
        return Tokens(self.read - other.read, self.known - other.known, self.written - other.written)


@dataclass
class MeasuredRun:
    """A report from its complaint to its last gate.

    Args:
        steps: Seconds by the steps' keys, as far as it came.
        total_s: All of them.
        error: Why it ended before its end; None: it did not.
        session_id, number: Identifiers of the session and the report, as far as there are any.
        processor_s: Seconds of processors that this process took meanwhile, by the steps' keys, whatever for.
        tokens: Tokens of models meanwhile, by the steps' keys; empty where nobody counts.
    """

    steps: dict[str, float] = field(default_factory=dict)
    total_s: float = 0.0
    error: str | None = None
    session_id: str = ""
    number: str = ""
    processor_s: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, Tokens] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """In the original's four members."""
        return {
            "total_time": round(self.total_s, 4), "steps": {key: round(took, 4) for key, took in self.steps.items()},
            "success": self.error is None, "error": self.error,
        }  # fmt: skip


def measure_run(
    client: GateClient, text: str, *, tell: Callable[[str], object] = lambda line: None,
    spent: Callable[[], Spent] | None = None,
) -> MeasuredRun:  # fmt: skip
    """One report, whose every gate is approved at once.

    Args:
        client: Leads it.
        text: Text of the complaint.
        tell: Called with a line for people before and after each step.
        spent: Cost of models until now, where it is known.
    """
    run = MeasuredRun()
    began = time.perf_counter()
    try:
        session = None
        for number, step in enumerate(STEPS, 1):
            started, computed = time.perf_counter(), time.process_time()
            counted = None if spent is None else Tokens.of(spent())
            session = client.begin(text) if session is None else client.approve(session)
            run.session_id, run.number = session.session_id, session.number or run.number
            run.steps[step.key] = time.perf_counter() - started
            run.processor_s[step.key] = time.process_time() - computed
            if spent is not None and counted is not None:
                run.tokens[step.key] = Tokens.of(spent()) - counted
            tell(f"Step {number} of {len(STEPS)}: {step.what}: {run.steps[step.key]:.2f} s")
        if session is None or not session.completed:
            run.error = "The session is not completed after its last gate."
    except SynqcError as error:
        run.error = str(error)
        tell(f"Failed: {run.error}")
    run.total_s = time.perf_counter() - began
    return run


def measure_runs(
    client: GateClient, text: str, *, runs: int, concurrent: int, tell: Callable[[str], object] = lambda line: None
) -> list[MeasuredRun]:
    """Several reports, so many at once; lines of a run that is not alone begin with its number."""
    from synqc.jobs.executors import thread_pool

    def one(number: int) -> MeasuredRun:
        prefix = f"[{number}] " if runs > 1 else ""
        return measure_run(client, text, tell=lambda line: tell(prefix + line))

    with thread_pool("fir-performance", min(concurrent, runs)) as pool:
        return list(pool.map(one, range(1, runs + 1)))


def percentile(values: Sequence[float], part: float) -> float:
    """By the nearest rank.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5), percentile([1.0, 2.0], 0.99)
    (2.0, 2.0)
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def results_document(runs: Sequence[MeasuredRun]) -> dict[str, Any]:
    """The original's members of the slowest run, or the first that failed; of several, all of them and percentiles."""
    failed = next((run for run in runs if run.error is not None), None)
    worst = failed or max(runs, key=lambda run: run.total_s)
    document = worst.to_plain()
    if len(runs) == 1:
        return document
    whole = [run.total_s for run in runs if run.error is None]
    parts = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    percentiles = {name: round(percentile(whole, part), 4) for name, part in parts.items()} if whole else {}
    return document | {"runs": [run.to_plain() for run in runs], "percentiles": percentiles}
