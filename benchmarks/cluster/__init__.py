"""Sweeps on many processes: plans against what they foretell, and a sweep as jobs."""
