"""Table of the commands: a name, the module that adds it, and its line in `synqc --help`.

Only the module of the command that is asked for is imported, so that help and complaints come at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["COMMANDS", "Command"]


@dataclass(frozen=True)
class Command:
    """Entry of the table.

    Args:
        module: Its `add_command` declares the command, and its neighbours of the same module.
        words: What it does, in the list of commands.
    """

    module: str
    words: str


COMMANDS: Final = {
    "run": Command("synqc.cli.run", "run one experiment"),
    "sweep": Command("synqc.cli.sweep", "run an experiment over a grid of its arguments"),
    "plan": Command("synqc.cli.plan", "predict time and memory of a sweep on some machines"),
    "recommend": Command("synqc.cli.recommend", "recommend a configuration from the service's past runs"),
    "analyse": Command("synqc.cli.analyse", "find a protocol's parameters in a measured file, with a verdict"),
    "serve": Command("synqc.cli.serve", "serve the control page and the API"),
    "worker": Command("synqc.cli.worker", "do jobs of the service's PostgreSQL database"),
    "jobs": Command("synqc.cli.jobs", "list, show, cancel, retry and watch jobs"),
    "export-state": Command("synqc.cli.state", "write sessions.json and runs/ as earlier services did"),
    "backup": Command("synqc.cli.state", "copy the service's database, also while it runs"),
    "restore": Command("synqc.cli.state", "make a backup the service's database again"),
    "text": Command("synqc.cli.text", "deduplicate rows of text"),
    "enrichment": Command("synqc.cli.enrichment", "show and clear what enrichment workers keep"),
    "gateway": Command("synqc.cli.gateway", "serve language models behind one door of OpenAI's protocol"),
    "mcp": Command("synqc.cli.mcp", "serve the laboratory to agents by the Model Context Protocol"),
    "models": Command("synqc.cli.models", "list, get, verify, remove, measure and serve language models"),
    "prompts": Command("synqc.cli.prompts", "make problems that a target model fails"),
    "synth": Command("synqc.cli.synth", "make synthetic data"),
    "fir": Command("synqc.cli.fir", "lead complaints to First Information Reports, search the law, measure"),
    "measure": Command("synqc.cli.measure", "compare speeds, judge them by baselines, find leaks, load a server"),
    "presets": Command("synqc.cli.catalogue", "list devices, or show one with its sources"),
    "targets": Command("synqc.cli.catalogue", "list targets, or show one with its sources"),
    "doctor": Command("synqc.cli.doctor", "show versions, processor, threads, optional packages and settings"),
    "completion": Command("synqc.cli.completion", "write what a shell needs to complete commands"),
    "bench": Command("synqc.benchmarks", "measure speed against the goals and peers"),
}
