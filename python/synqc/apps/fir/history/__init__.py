"""Append-only, hash-chained history of a session: what was done, by whom and when."""
