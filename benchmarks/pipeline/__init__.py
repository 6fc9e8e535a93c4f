"""Pipelines against their peers."""
