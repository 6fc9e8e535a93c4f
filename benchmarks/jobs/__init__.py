"""Durable jobs: how many a second, how soon they start, and how soon a dead worker's come back."""
