"""Optimal control and measured files against their peers."""
