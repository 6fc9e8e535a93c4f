"""An event loop whose time passes only while it waits, so that an hour takes what its events take."""

import asyncio
import selectors


class _SkippingSelector(selectors.DefaultSelector):
    """Does not wait; tells how long it would have."""

    def __init__(self):
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout=None):
        found = super().select(0)
        if not found and timeout:
            self.skipped += timeout
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """`asyncio.run` in simulated time: `run_simulated(coroutine)`."""

    def __init__(self):
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self):
        return self._skipping.skipped


def run_simulated(coroutine):
    """What a coroutine returns; sleeping costs nothing."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(coroutine)
