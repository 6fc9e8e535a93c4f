"""Pages of the public modules, from their docstrings."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

__all__ = ["LABORATORY", "MODULES", "on_config", "on_files"]

LABORATORY = (
    "Experiment", "Run", "Estimate", "compare", "Comparison", "sweep", "Sweep", "recommend", "Device", "device",
    "presets", "Target", "targets", "Batch", "Checkpoint", "StopFlag", "load", "mesolve", "smesolve", "filter_record",
    "MonitoredQubit",
)  # fmt: skip
"""Names of `synqc` itself, in the order of use."""
MODULES = {
    "readout": "a qubit's resonator, its pulses and records",
    "infer": "parameters from records and counts",
    "design": "the next probe",
    "optimise": "optimal control",
    "fit": "fits of what was measured",
    "protocols": "what a laboratory plays, and what follows",
    "twin": "a device whose truth is known",
    "records": "measured files of other programs",
    "notebook": "widgets for Jupyter",
    "json": "reading and writing JSON",
    "cache": "caches in memory, on disk and in Redis",
    "pipeline": "stages, outcomes, streams",
    "metrics": "counters, gauges, histograms",
    "text": "near-duplicate texts",
    "measure": "comparisons of speed",
    "generate": "seeded synthetic data",
    "jobs": "durable jobs",
    "cluster": "sweeps on many machines",
    "recommender": "the next configuration from past runs",
    "llm": "language models",
    "mcp": "the laboratory for agents",
    "errors": "everything that is raised on purpose",
}
"""Modules with a page of their own, and what they are about."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give them their places."""
    section = next(one["Reference"] for one in config.nav or [] if "Reference" in one)
    section += [
        {name: f"reference/{name.removeprefix('synqc.')}.md"} for name in ("synqc", *map("synqc.{}".format, MODULES))
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each, and one that leads to them."""
    lines = ["# Reference", "", "| | |", "|---|---|", "| [synqc](synqc.md) | the laboratory |"]
    lines += [f"| [synqc.{name}]({name}.md) | {words} |" for name, words in MODULES.items()]
    pages = {"index": "\n".join(lines) + "\n"}
    pages["synqc"] = "# synqc\n\n" + "".join(f"::: synqc.{name}\n\n" for name in LABORATORY)
    pages |= {name: f"# synqc.{name}\n\n::: synqc.{name}\n    options:\n      show_root_heading: false\n"
              for name in MODULES}  # fmt: skip
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files
