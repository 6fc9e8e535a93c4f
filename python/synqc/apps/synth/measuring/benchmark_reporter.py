"""BenchmarkReporter: results as Markdown for people, JSON for programs and the history, HTML with pictures."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from synqc.apps.synth.errors import ValidationError
from synqc.apps.synth.measuring.benchmark_analyzer import BenchmarkAnalysis, BenchmarkAnalyzer
from synqc.apps.synth.measuring.benchmark_pictures import bars, latency_curve
from synqc.apps.synth.measuring.benchmark_result import BenchmarkResults, Check
from synqc.apps.synth.measuring.bottleneck_analyzer import BottleneckAnalyzer
from synqc.apps.synth.measuring.stored_results import results_of

__all__ = ["BenchmarkReporter"]

_FORMAT: Final = 1
_MOST_HISTORY: Final = 200
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}"
    "table{border-collapse:collapse;margin:.5rem 0}td,th{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}.pass{color:#047857}.fail{color:#b91c1c}"
    "svg text{font:12px system-ui,sans-serif;fill:#333}svg .title{font-weight:600}svg .grid{stroke:#ddd}"
    "ul{margin:.2rem 0}svg{display:block;max-width:100%;height:auto;margin:1rem 0}"
    "table{display:block;overflow-x:auto;max-width:100%}"
)


class BenchmarkReporter:
    """Writes reports.

    Args:
        analyzer: Judges by limits.
    """

    def __init__(self, *, analyzer: BottleneckAnalyzer | None = None) -> None:
        self._analyzer = analyzer or BottleneckAnalyzer()

    def analyse(self, results: BenchmarkResults, history: Sequence[Mapping[str, Any]] = ()) -> BenchmarkAnalysis:
        """Results beside the limits and earlier ones."""
        return BenchmarkAnalyzer(analyzer=self._analyzer, history=history).analyze(results)

    def generate_markdown(
        self, results: BenchmarkResults, path: str | os.PathLike[str], history: Sequence[Mapping[str, Any]] = ()
    ) -> Path:
        """Write the report for people.

        Args:
            results: What was measured.
            path: Where; the file is replaced as a whole.
            history: Earlier results, as `read_history` gives them.
        """
        return _written(path, "\n".join(self._markdown(results, history)) + "\n")

    def generate_json(self, results: BenchmarkResults, path: str | os.PathLike[str]) -> Path:
        """Write everything for programs; what the file held before is kept in it as history.

        Raises:
            ValidationError: The file is none of these.
        """
        document = {
            "format": _FORMAT,
            "timestamp": results.timestamp,
            "configuration": results.config.to_dict(),
            **results.to_dict(),
            "evidence": results.metrics.evidence.to_dict(),
            "bottlenecks": self._analyzer.analyze(results.metrics).to_dict(),
            "history": self.read_history(path)[-_MOST_HISTORY:],
        }
        return _written(path, json.dumps(_plain(document), indent=1, allow_nan=False, ensure_ascii=False) + "\n")

    def read_history(self, path: str | os.PathLike[str]) -> list[dict[str, Any]]:
        """Results that a file of `generate_json` holds, oldest first; none if there is no file.

        Raises:
            ValidationError: The file is none of these.
        """
        try:
            document = _read(path)
        except FileNotFoundError:
            return []
        newest = {name: document[name] for name in ("timestamp", "metrics", "machine", "success")}
        return [*document["history"], newest]

    def read_results(self, path: str | os.PathLike[str]) -> BenchmarkResults:
        """The newest results that a file of `generate_json` holds.

        Raises:
            ValidationError: The file is none of these.
            FileNotFoundError: There is none.
        """
        return results_of(_read(path))

    def generate_html(
        self, results: BenchmarkResults, path: str | os.PathLike[str], history: Sequence[Mapping[str, Any]] = ()
    ) -> Path:
        """Write one page with pictures, without a script and without anything from elsewhere."""
        title = f"Performance of {results.config.name}"
        body = "".join(self._html(results, history))
        return _written(
            path,
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"/><title>{escape(title)}</title>'
            f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>\n",
        )

    def _markdown(self, results: BenchmarkResults, history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        analysis = self.analyse(results, history)
        yield f"# Performance of {results.config.name}"
        yield ""
        yield f"{'PASS' if results.success else 'FAIL'}, {results.timestamp}, {results.duration / 1000:.1f} s."
        yield ""
        yield from _table(["metric", "value"], [[name, _number(value)] for name, value in _metrics(results)])
        for one in results.results:
            yield ""
            yield f"## {one.suite.name}: {'pass' if one.success else 'fail'}"
            yield ""
            if one.suite.error:
                yield f"Not finished: {one.suite.error}."
                yield ""
            figures = [[name, _number(value)] for name, value in one.suite.figures.items()]
            if figures:
                yield from _table(["figure", "value"], figures)
            if one.suite.checks:
                yield ""
                yield from _table(["check", "value", "limit", ""], [_check_row(check) for check in one.suite.checks])
            if one.suite.levels:
                yield ""
                names = list(one.suite.levels[0])
                yield from _table(names, [[_number(level[name]) for name in names] for level in one.suite.levels])
            for note in one.suite.notes:
                yield ""
                yield f"{note}."
        yield from _verdicts(results, analysis)

    def _html(self, results: BenchmarkResults, history: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        passed = results.success
        yield (
            f'<p class="{"pass" if passed else "fail"}">{"PASS" if passed else "FAIL"}, {escape(results.timestamp)}, '
            f"{results.duration / 1000:.1f} s</p>"
        )
        yield _html_table(["metric", "value"], [[name, _number(value)] for name, value in _metrics(results)])
        yield bars(results.metrics.evidence.stage_seconds, "Time of all requests by stage", "s")
        for one in results.results:
            yield f"<h2>{escape(one.suite.name)}: {'pass' if one.success else 'fail'}</h2>"
            if one.suite.error:
                yield f'<p class="fail">Not finished: {escape(one.suite.error)}.</p>'
            figures = [[name, _number(value)] for name, value in one.suite.figures.items()]
            yield _html_table(["figure", "value"], figures)
            yield _html_table(["check", "value", "limit", ""], [_check_row(check) for check in one.suite.checks])
            yield latency_curve(one.suite.latencies_ms, "Share of requests answered by a time")
            if one.suite.levels:
                totals = {f"{level['level']:g} at once": level["total_s"] or 0.0 for level in one.suite.levels}
                yield bars(totals, "Time of a batch", "s")
            yield "".join(f"<p>{escape(note)}.</p>" for note in one.suite.notes)
        yield from map(_html_line, filter(None, _verdicts(results, self.analyse(results, history))))

    # As JavaScript spells them

    generateMarkdown = generate_markdown  # noqa: N815
    generateJSON = generate_json  # noqa: N815
    generateHTML = generate_html  # noqa: N815
    readHistory = read_history  # noqa: N815
    readResults = read_results  # noqa: N815


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValidationError(f"{path} must be a report in JSON, but is not: {error}.") from None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValidationError(f"{path} must be a report of format {_FORMAT}, but is not.")
    return document


def _verdicts(results: BenchmarkResults, analysis: BenchmarkAnalysis) -> Iterator[str]:
    yield ""
    yield "## Recommendations"
    yield ""
    for one in analysis.bottlenecks.recommendations:
        yield f"- {one.severity}: {one.issue}. {one.recommendation}. {one.estimated_improvement}."
    for words in analysis.bottlenecks.insufficient:
        yield f"- not judged: {words}"
    if not analysis.bottlenecks.recommendations and not analysis.bottlenecks.insufficient:
        yield "None: every figure is within its limit."
    yield ""
    yield "## Trend"
    yield ""
    for found in analysis.comparison:
        sure = (
            "fewer than five earlier runs"
            if found.interval is None
            else f"{found.interval[0]:.3f} to {found.interval[1]:.3f} with 99 % confidence"
        )
        trend = "" if found.trend_per_run is None else f", {100 * found.trend_per_run:+.2f} % from run to run"
        yield f"- {found.figure}: {found.ratio:.3f} times the median of earlier runs ({sure}){trend}: {found.verdict}."
    if not analysis.comparison:
        yield "No earlier run on this machine."
    yield ""
    yield "## Machine"
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in results.machine.items() if name != "versions") + "."


def _html_line(line: str) -> str:
    """A line of Markdown as an element of the page; what stands in a list there is one of one item here."""
    for mark, element in (("## ", "<h2>{}</h2>"), ("- ", "<ul><li>{}</li></ul>")):
        if line.startswith(mark):
            return element.format(escape(line.removeprefix(mark)))
    return f"<p>{escape(line)}</p>"


def _metrics(results: BenchmarkResults) -> list[tuple[str, float | None]]:
    return list(results.metrics.to_dict().items())


def _check_row(check: Check) -> list[str]:
    sign = "<=" if check.direction == "at most" else ">="
    verdict = "met" if check.is_met else "missed" if check.is_required else "missed (told only)"
    return [check.figure, _number(check.value), f"{sign} {check.limit:.4g}", verdict]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = (cell.replace("|", "/") for cell in row)  # a bar would end the cell
        yield f"| {' | '.join(cells)} |"


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = []
    for first, *others in rows:
        numbers = "".join(f'<td class="n">{escape(cell)}</td>' for cell in others)
        lines.append(f"<tr><td>{escape(first)}</td>{numbers}</tr>")
    return f"<table><tr>{heads}</tr>{''.join(lines)}</table>"


def _plain(value: Any) -> Any:
    """What JSON has no word for becomes null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _written(path: str | os.PathLike[str], text: str) -> Path:
    place = Path(path)
    handle, draft = tempfile.mkstemp(dir=place.absolute().parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, place)
    except BaseException:
        os.unlink(draft)
        raise
    return place
