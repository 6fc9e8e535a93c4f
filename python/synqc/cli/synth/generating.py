"""`synqc synth generate` and `schema`."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synqc.cli.outputs import check_outputs, note
from synqc.cli.synth.configuration_file import opened_synth, read_configuration, read_document, read_text
from synqc.cli.synth.rows_to_write import RowsToWrite
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.synth.agentic_synth import AgenticSynth

__all__ = ["describe", "generate"]

_ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet",
            ".arrow": "arrow"}  # fmt: skip
_KIND_OF = {"time_series": "timeseries", "event_log": "events"}
"""Kinds of data by kinds of configurations; others are structured."""


def generate(arguments: argparse.Namespace) -> bool:
    """Make a data set, and write it."""
    check_outputs(arguments.output, arguments.card, plot=None)
    options = _options(arguments)
    kind = arguments.kind or _KIND_OF.get(_kind_in(options.get("configuration")), "structured")
    form = arguments.format or _format_of(arguments.output, kind)
    if form in ("parquet", "arrow") and arguments.output is None:
        raise InputError(f"Argument `--output` must be given for {form}, which is no text.")
    configuration = read_configuration(arguments.config, provider=arguments.provider, model=arguments.model)
    with opened_synth(configuration) as synth:
        found, words = _made("structured" if kind == "csv" else kind, options, synth)
    found.write(form, arguments.output)
    if arguments.card is not None:
        arguments.card.write_text(found.card.to_markdown(), encoding="utf-8")
    where = "" if arguments.output is None else f" in {arguments.output}"
    note(f"{found.card.document['rows']} rows{where} by {words}")
    return False


def _made(kind: str, options: dict[str, Any], synth: AgenticSynth) -> tuple[RowsToWrite, str]:
    """The rows, and by whom; what no model makes is made while it is written, however many rows it has."""
    from synqc.apps.synth.data_card import card_of_generated
    from synqc.apps.synth.generated_rows import GENERATOR_NAME, GeneratedRows, source_of
    from synqc.apps.synth.options import DataOptions
    from synqc.apps.synth.row_formats import columns_of

    asked = DataOptions.of(options)
    if source_of(kind, asked, has_model=synth.has_model) == "generator":
        made = GeneratedRows(kind, asked)
        found = RowsToWrite(made.all(), made.columns(), made.tables(), card_of_generated(made))
        return found, f"{GENERATOR_NAME}, 0 calls, 0 not taken."
    result = synth.generate_data_sync(kind, options)
    told = result.metadata
    words = f"{told.model}, {told.calls} calls, {told.candidates - told.count} not taken."
    return RowsToWrite(result.data, columns_of(result.data), None, result.card), words


def _kind_in(configuration: Any) -> str:
    return str(configuration.get("kind")) if isinstance(configuration, dict) else ""


def describe(arguments: argparse.Namespace) -> bool:
    """Print a JSON schema of rows."""
    from synqc.apps.synth.row_schema import schema_by_example

    sys.stdout.write(json.dumps(schema_by_example(_rows(arguments.rows)), indent=2, ensure_ascii=False) + "\n")
    return False


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for given in arguments.option:
        name, equals, value = given.partition("=")
        if not equals:
            raise InputError(f"Argument `--option` must be NAME=JSON, but is {given!r}.")
        try:
            options[name] = json.loads(value)
        except ValueError:
            raise InputError(f"Argument `--option {name}` must be JSON, but is {value!r:.80}.") from None
    for name in ("count", "prompt"):
        if getattr(arguments, name) is not None:
            options[name] = getattr(arguments, name)
    if arguments.schema is not None:
        options["schema"] = read_document(arguments.schema)
    if arguments.configuration is not None:
        options["configuration"] = read_document(arguments.configuration)
    if arguments.like is not None:
        options["example"] = _rows(arguments.like)
    if arguments.seed is not None:
        options["seed"] = int(arguments.seed) if arguments.seed.lstrip("-").isdecimal() else arguments.seed
    if arguments.partial:
        options["onExhaustion"] = "return_partial"
    return options


def _format_of(output: Path | None, kind: str) -> str:
    if output is None:
        return "csv" if kind == "csv" else "json"
    found = _ENDINGS.get(output.suffix.lower())
    if found is None:
        raise InputError(f"Argument `--output` must end in {', '.join(_ENDINGS)}, or `--format` be given: {output}.")
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    if path.suffix.lower() == ".csv":
        return _rows_of_csv(path)
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        lines = read_text(path).split("\n")  # other signs that end a line may stand in a text of JSON
        try:
            return [json.loads(line) for line in lines if line.strip()]
        except ValueError as error:
            raise InputError(f"{path} must hold one JSON object per line, but does not: {error}") from None
    found = read_document(path)
    if not isinstance(found, list):
        raise InputError(f"{path} must be a list of rows, but is {type(found).__name__}.")
    return found


def _rows_of_csv(path: Path) -> list[dict[str, Any]]:
    lines = csv.reader(io.StringIO(read_text(path), newline=""))
    try:
        head = next(lines, [])
        if len(set(head)) < len(head):
            raise InputError(f"{path} must have a header of distinct names, but has {', '.join(head)[:200]}.")
        found = []
        for line in lines:
            if len(line) not in (0, len(head)):
                raise InputError(
                    f"{path} must be CSV of {len(head)} columns, but line {lines.line_num} has {len(line)}."
                )
            if line:
                found.append({name: _value(text) for name, text in zip(head, line, strict=True)})
    except csv.Error as error:
        raise InputError(f"{path} must be CSV, but is not at line {lines.line_num}: {error}.") from None
    return found


def _value(text: str) -> Any:
    """A field of CSV as what it looks like."""
    if text == "":
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, float) and not math.isfinite(found):
        return None if math.isnan(found) else text
    return found if isinstance(found, (bool, int, float)) else text
