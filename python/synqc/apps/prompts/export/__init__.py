"""Export of rows: JSON Lines, CSV and Parquet, with a data card."""

from synqc.apps.prompts.export.comma_separated import csv_parts, write_csv
from synqc.apps.prompts.export.data_card import DataCard, data_card
from synqc.apps.prompts.export.exported_row import COLUMNS, exported
from synqc.apps.prompts.export.json_lines import jsonl_parts, write_jsonl
from synqc.apps.prompts.export.parquet_file import parquet_parts, write_parquet

__all__ = [
    "COLUMNS",
    "DataCard",
    "csv_parts",
    "data_card",
    "exported",
    "jsonl_parts",
    "parquet_parts",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]
