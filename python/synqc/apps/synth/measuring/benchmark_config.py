"""What a run of suites is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.option_names import CamelCase, read_options

__all__ = ["BenchmarkConfig"]


@dataclass(frozen=True)
class BenchmarkConfig(CamelCase):
    """How suites are run.

    Args:
        name: Name of the run.
        iterations: Requests of a suite; None: each suite's own number.
        concurrency: Most requests under way at a time.
        warmup_iterations: Requests before anything counts.
        timeout: Milliseconds after which a suite is ended, and has failed.
        output_path: Where reports go; None: nowhere.
        max_tokens: Most tokens of each answer; None: each suite's own number.
        prompt: Words that every prompt begins with.
    """

    name: str = "benchmark"
    iterations: int | None = None
    concurrency: int = 100
    warmup_iterations: int = 2
    timeout: float = 300_000.0
    output_path: str | None = None
    max_tokens: int | None = None
    prompt: str = "Describe a fictional product"

    def __post_init__(self) -> None:
        for name, least in (("iterations", 1), ("concurrency", 1), ("warmup_iterations", 0), ("max_tokens", 1)):
            value = getattr(self, name)
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if value is None and name in ("iterations", "max_tokens"):
                continue
            if not is_whole or value < least:
                raise ValidationError(
                    f"Option `{name}` must be a whole number of at least {least}, but is {value!r}.", {"option": name}
                )
        if not self.timeout > 0:
            raise ValidationError(f"Option `timeout` must be above 0, but is {self.timeout!r}.", {"option": "timeout"})

    @classmethod
    def of(cls, given: Mapping[str, Any] | None = None, **named: Any) -> BenchmarkConfig:
        """From options in either spelling.

        >>> BenchmarkConfig.of({"warmupIterations": 0}, concurrency=10).warmup_iterations
        0
        """
        return read_options(cls, given, named, {"warmup": "warmup_iterations", "output": "output_path"})
