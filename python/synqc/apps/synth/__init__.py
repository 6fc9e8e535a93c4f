"""Synthetic data: cached, routed, concurrent generation of texts, tables, events and time series.

Start reading at `agentic_synth` (what is asked of it), `configuration` and `options` (with what), `results` (what comes
of it), `row_schema` (what a row is). See docs/synth.md.
"""
