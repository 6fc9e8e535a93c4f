"""Work on a clock of its own: what it takes is drawn, and nothing waits."""

import math
import random


class NoisyMachine:
    """A clock that work moves; bursts, spikes and a slow drift harm whatever runs in their time.

    Args:
        seed: Of all that is drawn.
        noise: Standard deviation of the logarithm of a time.
        spikes: Share of times that are several times as long.
    """

    def __init__(self, seed, noise=0.05, spikes=0.03):
        self.now = 0.0
        self._draw = random.Random(seed)
        self._noise, self._spikes = noise, spikes
        self.slice_seconds = None
        """After so much work others have their turn, which is as long; None: there are no others."""
        self._worked = 0.0

    def clock(self):
        return self.now

    def work(self, seconds):
        """A callable that takes about that long."""

        def act():
            slow = 1 + 0.3 * math.sin(self.now / 3) + (0.5 if self.now % 7 < 1 else 0.0)
            spike = self._draw.uniform(2, 8) if self._draw.random() < self._spikes else 1.0
            taken = seconds * slow * spike * math.exp(self._draw.gauss(0, self._noise))
            self.now += taken
            self._worked += taken
            if self.slice_seconds is not None and self._worked > self.slice_seconds:
                self._worked = 0.0
                self.now += self.slice_seconds * self._draw.randrange(1, 8)

        return act
