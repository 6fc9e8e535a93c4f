"""Synthetic data: numbers and texts per second beside their peers, a table to Parquet, the memory of a stream."""
