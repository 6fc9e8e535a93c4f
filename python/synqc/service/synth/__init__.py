"""Synthetic data over HTTP: durable data sets, previews, texts, metrics, and the page."""
