"""Options of `synqc prompts` that say what a job is asked; names of the original's command line among them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_job_options"]

_ROLES = (("engineer", "writes problems"), ("checker", "judges them"), ("target", "is to fail"))


def add_job_options(parser: Any) -> None:
    """What `run`, `preview` and `estimate` take; what is not given has its value from `--config`."""
    asked = parser.add_argument_group("what is asked for")
    asked.add_argument(
        "--config", type=Path, metavar="FILE",
        help="YAML or JSON with values of these options; default config/settings.yaml where there is one",
    )  # fmt: skip
    asked.add_argument("--num-problems", type=int, metavar="N", help="accept exactly so many; default 10")
    for role, words in _ROLES:
        asked.add_argument(
            f"--{role}-provider", metavar="NAME", help=f"whose model {words}: openai, ollama, local, ..."
        )
        asked.add_argument(f"--{role}-model", metavar="NAME", help="its name there")
    asked.add_argument(
        "--judge-provider", metavar="NAME",
        help="whose model judges answers where no computation can, and solves problems anew; default the checker",
    )  # fmt: skip
    asked.add_argument("--judge-model", metavar="NAME", help="its name there")
    asked.add_argument(
        "--difficulty", action="append", metavar="LEVEL=WEIGHT",
        help="how often a level is asked for, beside others; may be given several times; default the taxonomy's own",
    )  # fmt: skip
    asked.add_argument("--taxonomy-path", type=Path, metavar="FILE", help="JSON: subjects with their topics")
    asked.add_argument(
        "--seeds-path", type=Path, metavar="FILE", help="JSON, JSON lines, CSV or Parquet: problems to make harder"
    )
    asked.add_argument("--benchmark-name", metavar="NAME", help="take seeds of this benchmark")
    asked.add_argument("--seed", type=int, metavar="N", help="of every draw; default 0")
    asked.add_argument("--name", metavar="TEXT", help="of the batch, for people")

    rules = parser.add_argument_group("what a problem must pass")
    rules.add_argument("--failures", type=int, metavar="M", help="times that the target must fail; default 1")
    rules.add_argument(
        "--tries", type=int, metavar="K", help="times that the target is asked; default 1, of --sequential at most 40"
    )
    rules.add_argument(
        "--sequential", action="store_true",
        help="ask until the target's failure rate is shown to be high or low, by Wald's test (SPRT), in the place of "
        "--failures",
    )  # fmt: skip
    for name, words in (
        ("rate-low", "failure rate of a problem that does not do; default 0.5"),
        ("rate-high", "failure rate of one that does; default 0.9"),
        ("alpha", "how often one of --rate-low may be accepted; default 0.05"),
        ("beta", "how often one of --rate-high may be refused; default 0.05"),
    ):
        rules.add_argument(f"--{name}", type=float, metavar="X", help=words)
    rules.add_argument(
        "--reference-solves", type=int, metavar="N",
        help="independent solutions that guard the reference answer; default 1",
    )  # fmt: skip
    rules.add_argument(
        "--reference-agreements", type=int, metavar="M", help="how many of them must equal it; default all"
    )
    rules.add_argument(
        "--against", action="append", metavar="NAME[=FILE]",
        help="a benchmark that rows must not repeat, of SYNQC_PROMPTS_BENCHMARKS or in a file; may be given several "
        "times",
    )  # fmt: skip
    rules.add_argument("--duplicate-threshold", type=float, metavar="X", help="least similarity of a repetition")
    rules.add_argument(
        "--semantic-embedder", metavar="NAME",
        help="also discard rows that say the same in other words, by this embedder: minilm, nano-e5",
    )  # fmt: skip
    rules.add_argument("--semantic-threshold", type=float, metavar="X", help="least cosine of those")
    rules.add_argument(
        "--easy-topic", action="append", metavar="WORDS",
        help="topics with these words are tried by nobody, because no model fails; may be given several times",
    )  # fmt: skip
    rules.add_argument(
        "--disable-prefiltering", action="store_true", help="try topics that --config says are easy, too"
    )

    limits = parser.add_argument_group("when to stop")
    limits.add_argument("--max-attempts", type=int, metavar="N", help="default 100 for each problem")
    limits.add_argument("--budget", metavar="USD", help="never spend more than this")
    limits.add_argument(
        "--most-per-row", metavar="USD",
        help="stop when a further row that repeats none is likely to cost more, by how often rows came again",
    )  # fmt: skip
    limits.add_argument("--deadline", type=float, metavar="SECONDS", help="of the whole job")
    limits.add_argument(
        "--on-exhaustion", choices=("raise", "return_partial"), help="whether too few are an error; default not"
    )
    limits.add_argument(
        "--unknown-price", choices=("refuse", "worst"), help="with a budget, for models without a known price"
    )

    how = parser.add_argument_group("how")
    how.add_argument("--max-workers", type=int, metavar="N", help="calls of models under way at a time; default 10")
    how.add_argument("--legacy-processing", action="store_true", help="one attempt at a time")
    how.add_argument("--batch", action="store_true", help="ask by the provider's batch interface, within a day a step")
    how.add_argument("--reuse-from", metavar="JOB", help="take recorded answers of this job where a call is the same")
    how.add_argument("--disable-cache", action="store_true", help="ask for every answer anew, as without --reuse-from")


def add_output_options(parser: Any) -> None:
    """Where results go."""
    parser.add_argument(
        "--batch-id", metavar="NAME", help="folder of the results below --output; default batch_01, or of --config"
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default ./results, or of --config")


def add_listing_options(parser: argparse.ArgumentParser) -> None:
    """How lists are printed."""
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="most of them; default 50")
    parser.add_argument("--json", action="store_true", help="one JSON document per line, and nothing else")
