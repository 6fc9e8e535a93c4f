"""What a program of before left in a `perf_cache.db`, written by the contract and not by our code."""

import hashlib
import json
import sqlite3
import time


def old_key(content, params=None):
    hashed = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    if params:
        hashed.update(json.dumps(params, sort_keys=True).encode())
    return hashed.hexdigest()


def write_old_rows(path, rows):
    """Rows of content, params, value, ttl, type and age in s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS cache (key TEXT PRIMARY KEY, value TEXT NOT NULL, created_at INTEGER NOT NULL,"
            " ttl INTEGER, cache_type TEXT NOT NULL)"
        )
        connection.execute("CREATE INDEX IF NOT EXISTS idx_created_at ON cache(created_at)")
        connection.execute("CREATE INDEX IF NOT EXISTS idx_cache_type ON cache(cache_type)")
        for content, params, value, ttl, kind, age_s in rows:
            text = value if isinstance(value, str) else json.dumps(value)
            connection.execute(
                "INSERT OR REPLACE INTO cache (key, value, created_at, ttl, cache_type) VALUES (?, ?, ?, ?, ?)",
                (old_key(content, params), text, int(time.time() - age_s), ttl, kind),
            )
    connection.close()


def old_stats(path):
    """As the old program counts."""
    with sqlite3.connect(path) as connection:
        entries, size = connection.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(value)), 0) FROM cache").fetchone()
        by_type = dict(connection.execute("SELECT cache_type, COUNT(*) FROM cache GROUP BY cache_type"))
    connection.close()
    return {"enabled": True, "total_entries": entries, "total_bytes": size, "by_type": by_type}


def old_get(path, content, params=None):
    """The row an old program would find."""
    with sqlite3.connect(path) as connection:
        row = connection.execute("SELECT value FROM cache WHERE key = ?", (old_key(content, params),)).fetchone()
    connection.close()
    return None if row is None else row[0]
