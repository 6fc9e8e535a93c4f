"""Seeded synthetic data: tables whose every value follows from seed, names and row. See docs/generate.md."""

from synqc.generate.columns import (
    Boolean,
    Category,
    Column,
    ForeignKey,
    Integer,
    LocaleText,
    Moment,
    Number,
    Pattern,
    Sequence,
    UniqueInteger,
    Uuid,
    distributions,
)
from synqc.generate.data_card import DataCard
from synqc.generate.derived import Derived, Template
from synqc.generate.documents import DocumentRows, Documents
from synqc.generate.doors import make, stream, write
from synqc.generate.event_log import EventLog
from synqc.generate.fit import ColumnFit, Fit, fit_csv
from synqc.generate.remake import remake
from synqc.generate.rows import Rows
from synqc.generate.table import Correlations, Table
from synqc.generate.time_series import Anomaly, Drift, Noise, Regime, Season, Series, TimeSeries
from synqc.generate.version import GENERATOR_VERSION

__all__ = [
    "GENERATOR_VERSION",
    "Anomaly",
    "Boolean",
    "Category",
    "Column",
    "ColumnFit",
    "Correlations",
    "DataCard",
    "Derived",
    "DocumentRows",
    "Documents",
    "Drift",
    "EventLog",
    "Fit",
    "ForeignKey",
    "Integer",
    "LocaleText",
    "Moment",
    "Noise",
    "Number",
    "Pattern",
    "Regime",
    "Rows",
    "Season",
    "Sequence",
    "Series",
    "Table",
    "Template",
    "TimeSeries",
    "UniqueInteger",
    "Uuid",
    "distributions",
    "fit_csv",
    "make",
    "remake",
    "stream",
    "write",
]
