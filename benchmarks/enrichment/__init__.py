"""Enrichment: what the drop-ins of workers cost."""
