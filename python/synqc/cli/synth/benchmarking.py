"""`synqc synth benchmark`, `analyze` and `report`: the six suites, what slows things down, and the gate."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synqc.cli.outputs import check_outputs, note
from synqc.cli.synth.configuration_file import opened_synth, read_configuration
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.synth.measuring import BenchmarkReporter, BenchmarkResults, BottleneckReport, GateVerdict

__all__ = ["add_commands"]

_DATA: Final = "performance-data.json"
_REPORT: Final = "performance-report.md"
_PAGE: Final = "performance-report.html"
_FOLDER: Final = Path("benchmarks")
_WORDS: Final = (
    "Exit code 0: every suite succeeded, with --ci no regression; 1: not so; 2: asked wrongly; 4: nothing was "
    "measured, or with --ci too little."
)


def add_commands(acts: Any, add: Callable[..., Any], add_configuration: Callable[[Any], None]) -> None:
    """Declare them among the commands of `synqc synth`."""
    measuring = add(acts, "benchmark", _benchmark, f"run the suites on a model. {_WORDS}")
    measuring.add_argument("--suite", default="All", metavar="NAME", help="such as latency; default: All")
    measuring.add_argument("--iterations", type=int, metavar="N", help="requests; default: each suite's own number")
    measuring.add_argument("--concurrency", type=int, default=100, metavar="N", help="at a time; default: 100")
    measuring.add_argument("--warmup", type=int, default=2, metavar="N", help="requests before; default: 2")
    measuring.add_argument("--max-tokens", type=int, metavar="N", help="of each answer; default: each suite's own")
    measuring.add_argument("--timeout", type=float, default=300_000.0, metavar="MS", help="of a suite; default: 300000")
    measuring.add_argument(
        "--output", type=Path, metavar="PATH",
        help=f"a report (.md, .json or .html), or a folder for all three; with --ci default: {_FOLDER}",
    )  # fmt: skip
    measuring.add_argument("--ci", action="store_true", help="judge by the limits, and by earlier runs in --output")
    measuring.add_argument("--profile", type=Path, metavar="FILE", help="write a profile for pstats or snakeviz")
    measuring.add_argument("-p", "--provider", metavar="NAME", help="gemini, openrouter, openai, ollama or local")
    measuring.add_argument("-m", "--model", metavar="NAME", help="of it, or provider:model")
    _add_thresholds(measuring)
    add_configuration(measuring)

    analyzing = add(acts, "analyze", _analyze, "say what slowed a benchmark down")
    _add_data(analyzing)
    _add_thresholds(analyzing)
    reporting = add(acts, "report", _report, "write the report of a benchmark that is stored")
    _add_data(reporting)
    usual = _FOLDER / _REPORT
    reporting.add_argument("--output", type=Path, default=usual, metavar="FILE", help=f".md or .html; default: {usual}")


def _add_data(parser: Any) -> None:
    parser.add_argument(
        "data", nargs="?", type=Path, default=_FOLDER / _DATA, metavar="FILE", help=f"default: {_FOLDER / _DATA}"
    )


def _add_thresholds(parser: Any) -> None:
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="NAME=NUMBER",
        help="instead of maxP99LatencyMs=1000, minThroughput=10, maxMemoryMB=400, minCacheHitRate=0.5, "
        "maxErrorRate=0.01; repeatable",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")


def _thresholds(given: list[str]) -> dict[str, float]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InputError(f"Argument `--threshold` must be NAME=NUMBER, but is {one!r}.")
    return found


def _benchmark(arguments: argparse.Namespace) -> bool:
    from synqc.apps.synth.measuring import (
        BenchmarkConfig,
        BenchmarkReporter,
        BenchmarkRunner,
        BottleneckAnalyzer,
        CIRunner,
    )

    output = _FOLDER if arguments.ci and arguments.output is None else arguments.output
    _check_output(output)
    check_outputs(arguments.profile, plot=None)
    limits = _thresholds(arguments.threshold)
    analyzer = BottleneckAnalyzer(limits)
    reporter = BenchmarkReporter(analyzer=analyzer)
    config = BenchmarkConfig(
        name=f"synqc synth, {arguments.suite}",
        iterations=arguments.iterations,
        concurrency=arguments.concurrency,
        warmup_iterations=arguments.warmup,
        timeout=arguments.timeout,
        max_tokens=arguments.max_tokens,
        output_path=None if output is None else str(output),
    )
    configuration = read_configuration(arguments.config, provider=arguments.provider, model=arguments.model)
    history = reporter.read_history(_data_of(output)) if output is not None else []
    profile = cProfile.Profile() if arguments.profile is not None else None
    with opened_synth(configuration) as synth:
        runner = BenchmarkRunner(analyzer=analyzer)
        runner.register_all(synth)
        run = runner.run_all(config, only=arguments.suite)
        results = asyncio.run(run) if profile is None else profile.runcall(asyncio.run, run)
    if profile is not None:
        profile.dump_stats(arguments.profile)
        note(f"profile written to {arguments.profile}")
    verdict = CIRunner(runner, thresholds=limits, history=history).judge(results)
    if output is not None:
        _write(reporter, results, output, history)
    print(json_text(results.to_dict()) if arguments.json else "\n".join(_lines(results, verdict.analysis.bottlenecks)))
    return _end(verdict, is_gate=arguments.ci)


def _end(verdict: GateVerdict, *, is_gate: bool) -> bool:
    from synqc.apps.synth.measuring.ci_runner import EXIT_MEASURED_NOTHING, EXIT_PASS, EXIT_REGRESSION

    if is_gate:
        code = verdict.exit_code
        for words in (*verdict.reasons, *verdict.warnings):
            note(words)
    else:
        code = EXIT_PASS if verdict.results.success else EXIT_REGRESSION
        if not verdict.results.measured:
            code = EXIT_MEASURED_NOTHING
    sys.stdout.flush()
    if code:
        raise SystemExit(code)
    return False


def _check_output(output: Path | None) -> None:
    if output is None or not output.suffix:
        return
    if output.suffix.lower() not in (".md", ".json", ".html"):
        raise InputError(f"Argument `--output` must end in .md, .json or .html, or be a folder, but is {output}.")
    check_outputs(output, plot=None)


def _data_of(output: Path) -> Path:
    """Where earlier results are."""
    return output if output.suffix.lower() == ".json" else (output.parent if output.suffix else output) / _DATA


def _write(reporter: BenchmarkReporter, results: BenchmarkResults, output: Path, history: list[dict[str, Any]]) -> None:
    if not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
    files = [output] if output.suffix else [output / name for name in (_REPORT, _PAGE, _DATA)]
    for file in files:
        if file.suffix.lower() == ".json":
            reporter.generate_json(results, file)
        elif file.suffix.lower() == ".html":
            reporter.generate_html(results, file, history)
        else:
            reporter.generate_markdown(results, file, history)
        note(f"written to {file}")


def _lines(results: BenchmarkResults, report: BottleneckReport) -> list[str]:
    rows = [
        [
            one.suite.name,
            "pass" if one.success else "fail",
            str(one.suite.measured),
            one.suite.error or ", ".join(_shown(one.suite.figures)),
        ]
        for one in results.results
    ]
    metrics = ", ".join(_shown(results.metrics.to_dict()))
    return [table(["suite", "", "requests", "figures"], rows, numbers=[2]), "", metrics, *_found(report)]


def _shown(figures: Any) -> list[str]:
    return [f"{name} {value:.4g}" for name, value in figures.items() if value is not None]


def _found(report: BottleneckReport) -> list[str]:
    found = [
        f"{one.severity}: {one.cause} ({one.evidence}). {one.solution}; {one.impact}." for one in report.bottlenecks
    ]
    return [*found, *(f"not judged: {words}" for words in report.insufficient)]


def _analyze(arguments: argparse.Namespace) -> bool:
    from synqc.apps.synth.measuring import BenchmarkReporter, BottleneckAnalyzer

    analyzer = BottleneckAnalyzer(_thresholds(arguments.threshold))
    report = analyzer.analyze(BenchmarkReporter().read_results(arguments.data).metrics)
    print(json_text(report.to_dict()) if arguments.json else "\n".join(_found(report) or ["No bottleneck."]))
    return False


def _report(arguments: argparse.Namespace) -> bool:
    from synqc.apps.synth.measuring import BenchmarkReporter

    if arguments.output.suffix.lower() not in (".md", ".html"):
        raise InputError(f"Argument `--output` must end in .md or .html, but is {arguments.output}.")
    check_outputs(arguments.output, plot=None)
    reporter = BenchmarkReporter()
    results = reporter.read_results(arguments.data)
    _write(reporter, results, arguments.output, reporter.read_history(arguments.data)[:-1])
    return False
