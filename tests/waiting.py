"""Waiting for what another thread or process does."""

import time


def wait_until(holds, seconds=60.0):
    """Until `holds()` does; fails if it does not within a time that even a busy machine needs for nothing."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)
