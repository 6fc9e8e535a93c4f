"""Metrics against their peers."""
