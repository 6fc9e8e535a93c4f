"""Synthetic data: how long requests take through cache, limits and router, and how much memory answers keep."""
