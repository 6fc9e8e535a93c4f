"""Synthetic prompts."""
