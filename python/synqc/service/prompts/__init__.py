"""Synthetic prompts over HTTP: both families of routes, the page, and what it shows of mathematics."""
