"""Recommendations: how far they stay behind the best, and what they cost."""
