"""`mesolve` beside QuTiP's default on drives that jump, kink, flash and chirp: the worst error, and the time of one."""

from __future__ import annotations

import bisect
import math
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc.benchmarks.laboratory.peers import import_qutip, without_words
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.errors import ResolutionWarning
from synqc.lab.mesolve import mesolve

__all__ = ["FAMILIES", "PROMISE", "Drive", "drives_of", "measure_piecewise"]

PROMISE = 1e-8 + 1e-6
"""atol + rtol of `mesolve`: how far each element of a state may be off."""

_sigma_x = np.array([[0, 1], [1, 0]], complex)
_sigma_z = np.diag([1.0, -1.0]).astype(complex)
_ground = np.array([1, 0], complex)


@dataclass(frozen=True)
class Drive:
    """H(t) = detuning sigma_z + f(t) sigma_x on [0, duration], from |0>.

    Args:
        words: What to say of it if it fails.
        function: f.
        duration: In the reciprocal of H's unit.
        detuning: In H's unit.
        edges: Where f jumps or kinks, 0 and the duration included; nobody but the reference is told.
        held: Whether f is constant between edges.
    """

    words: str
    function: Callable[[float], float]
    duration: float
    detuning: float
    edges: Sequence[float]
    held: bool

    @property
    def hamiltonian(self) -> list[Any]:
        """As `mesolve` takes it."""
        return [self.detuning * _sigma_z, [_sigma_x, self.function]]

    def solve(self) -> NDArray[Any]:
        """The final ket, by `mesolve` with its defaults."""
        return np.asarray(mesolve(self.hamiltonian, _ground, [0.0, self.duration]).final_state)

    def exact(self) -> NDArray[Any]:
        """The final ket, stretch by stretch: exponentials where f is held, else Magnus steps of sixth order."""
        ket: NDArray[Any] = _ground
        for left, right in zip(self.edges[:-1], self.edges[1:], strict=True):
            ket = self._held(left, right, ket) if self.held else self._turned(left, right, ket)
        return ket

    def error(self) -> float:
        """Largest difference in an element of the final ket."""
        return float(np.abs(self.solve() - self.exact()).max())

    def _held(self, left: float, right: float, ket: NDArray[Any]) -> NDArray[Any]:
        vector = np.array([[self.function((left + right) / 2), 0.0, self.detuning]])
        return np.asarray(_turn(vector * (right - left)) @ ket)

    def _turned(self, left: float, right: float, ket: NDArray[Any]) -> NDArray[Any]:
        """Steps are halved until two solutions agree to 1e-10."""
        former, count = np.asarray(self._magnus(left, right, 16) @ ket), 32
        while True:
            found = np.asarray(self._magnus(left, right, count) @ ket)
            if np.abs(found - former).max() < 1e-10:
                return found
            former, count = found, 2 * count

    def _magnus(self, left: float, right: float, count: int) -> NDArray[Any]:
        """Sixth order (Blanes, Casas and Ros, BIT 40, 434); with H = a sigma, [-i a sigma, -i b sigma] is
        -i (2 a x b) sigma."""
        step = (right - left) / count
        nodes = left + step * (np.arange(count)[:, None] + 0.5 + math.sqrt(15) / 10 * np.array([-1, 0, 1]))
        heights = np.array([self.function(t) for t in nodes.ravel().tolist()]).reshape(count, 3)
        along = np.stack([heights, np.zeros_like(heights), np.full_like(heights, self.detuning)], axis=-1)
        early, middle, late = along[:, 0], along[:, 1], along[:, 2]
        first = step * middle
        second = step * math.sqrt(15) / 3 * (late - early)
        third = step * 10 / 3 * (late - 2 * middle + early)
        inner = 2 * np.cross(first, second)
        outer = -2 * np.cross(first, 2 * third + inner) / 60
        return _turn(first + third / 12 + 2 * np.cross(-20 * first - third + inner, second + outer) / 240)


def _turn(vectors: NDArray[np.float64]) -> NDArray[Any]:
    """Product of exp(-i vector sigma), the last one leftmost."""
    x, y, z = vectors.T
    angle = np.sqrt(x * x + y * y + z * z)
    share, cosine = np.sinc(angle / np.pi), np.cos(angle)
    turns = np.empty((len(vectors), 2, 2), complex)
    turns[:, 0, 0], turns[:, 1, 1] = cosine - 1j * share * z, cosine + 1j * share * z
    turns[:, 0, 1], turns[:, 1, 0] = share * (-y - 1j * x), share * (y - 1j * x)
    while len(turns) > 1:
        turns = turns[1::2] @ turns[::2]
    return np.asarray(turns[0])


def _jump(random: np.random.Generator) -> Drive:
    duration = random.uniform(0.5, 4)
    # Half of them where halving the span would look.
    level = int(random.integers(1, 9))
    share = random.uniform() if random.uniform() < 0.5 else int(random.integers(1, 2**level)) / 2**level
    place, before, behind = duration * share, random.normal(), random.normal()
    return Drive(
        f"a jump at {place!r} of {duration!r}",
        lambda t: before if t < place else behind,
        duration,
        random.choice([0.0, 0.5]),
        [0.0, place, duration],
        True,
    )


def _table(random: np.random.Generator) -> Drive:
    last = int(random.integers(1, 64))
    values = random.normal(scale=2, size=last + 1).tolist()
    return Drive(
        f"{last + 1} held samples",
        lambda t: values[min(int(t), last)],
        float(last + 1),
        0.5,
        [float(k) for k in range(last + 2)],
        True,
    )


def _triangle(random: np.random.Generator) -> Drive:
    centre, half, height = random.uniform(0.2, 0.8), random.uniform(0.02, 0.2), random.normal(scale=3)
    return Drive(
        f"a triangle of half width {half!r} at {centre!r}",
        lambda t: height * max(0.0, 1 - abs(t - centre) / half),
        1.0,
        random.choice([0.0, 0.5]),
        [0.0, centre - half, centre, centre + half, 1.0],
        False,
    )


def _interpolated(random: np.random.Generator) -> Drive:
    count = int(random.integers(3, 41))
    inner = np.sort(random.uniform(0, count, count - 2)) if random.uniform() < 0.5 else np.arange(1.0, count - 1)
    knots, values = np.array([0.0, *inner, count]).tolist(), random.normal(size=count).tolist()

    def interpolated(t: float) -> float:
        k = min(bisect.bisect_right(knots, t), count - 1)
        share = (t - knots[k - 1]) / (knots[k] - knots[k - 1])
        return float(values[k - 1] + share * (values[k] - values[k - 1]))

    return Drive(f"{count} samples joined by lines", interpolated, float(count), 0.5, knots, False)


def _window(random: np.random.Generator) -> Drive:
    width = math.exp(random.uniform(math.log(2e-3), math.log(0.3)))
    begin, height = random.uniform(0, 1 - width), random.uniform(0.3, 1.5) / width
    end = begin + width
    return Drive(
        f"a window from {begin!r} to {end!r}",
        lambda t: height if begin <= t < end else 0.0,
        1.0,
        random.choice([0.0, 0.5]),
        [0.0, begin, end, 1.0],
        True,
    )


def _chirp(random: np.random.Generator) -> Drive:
    rate, height = random.uniform(1, 60), random.normal(scale=3)
    return Drive(
        f"a chirp of rate {rate!r}",
        lambda t: height * math.sin(rate * t * t),
        2.0,
        0.5,
        np.linspace(0, 2, 9).tolist(),
        False,
    )


FAMILIES: Mapping[str, tuple[Callable[[np.random.Generator], Drive], int]] = {
    "jumps": (_jump, 3000),
    "held tables": (_table, 480),
    "triangles": (_triangle, 400),
    "joined tables": (_interpolated, 144),
    "windows": (_window, 500),
    "chirps": (_chirp, 400),
}
"""Ways to draw a drive, and of how many the figures speak."""


def drives_of(family: str, count: int, seed: int) -> Iterator[Drive]:
    """`count` drives of one family; the same for the same seed."""
    random = np.random.default_rng([seed, list(FAMILIES).index(family)])
    return (FAMILIES[family][0](random) for _ in range(count))


def measure_piecewise(setting: Setting) -> Mapping[str, Measurement]:
    """Every drive against its reference, and a sample of each family against the clock of QuTiP's default."""
    qutip = import_qutip()
    share = 20 if setting.quick else 1
    seed = time.time_ns() % 2**32
    worst, beyond, total = 0.0, 0, 0
    ratios: list[float] = []
    peer_beyond = peer_total = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResolutionWarning)
        for family, (_, count) in FAMILIES.items():
            drives = list(drives_of(family, max(count // share, 5), seed))
            errors = [drive.error() for drive in drives]
            worst, total = max(worst, *errors), total + len(errors)
            beyond += sum(error > PROMISE for error in errors)
            for drive in drives[:: max(len(drives) // 20, 1)]:
                peer = _QutipDrive(qutip, drive)
                peer_beyond += float(np.abs(peer.solve() - drive.exact()).max()) > PROMISE
                peer_total += 1
                ratios.append(_best_time(drive.solve) / _best_time(peer.solve))
    refuse_unless(beyond == 0, f"{beyond} of {total} drives of seed {seed} are off by more than {PROMISE:.3g}.")
    proof = f"{total} random drives of seed {seed}, none beyond {PROMISE:.3g}, against piecewise exact propagation"
    return {
        "piecewise-drives": Measurement(
            worst / PROMISE,
            proof=proof,
            details=(f"QuTiP {qutip.__version__}, default method: {peer_beyond} of {peer_total} beyond it",),
        ),
        "piecewise-drives-vs-qutip": Measurement(
            statistics.median(ratios),
            proof=proof,
            details=(f"{len(ratios)} drives, the dearest of them {max(ratios):.3g} x QuTiP's time",),
        ),
    }


class _QutipDrive:
    """The same drive by QuTiP's `sesolve`, the method it takes for kets by default."""

    def __init__(self, qutip: Any, drive: Drive) -> None:
        self._qutip = qutip
        self._hamiltonian = qutip.QobjEvo(
            [qutip.Qobj(drive.detuning * _sigma_z), [qutip.Qobj(_sigma_x), drive.function]]
        )
        self._start = qutip.basis(2, 0)
        self._times = [0.0, drive.duration]

    def solve(self) -> NDArray[Any]:
        options = {**without_words, "nsteps": 1_000_000, "store_final_state": True}
        solved = self._qutip.sesolve(self._hamiltonian, self._start, self._times, options=options)
        return np.asarray(solved.final_state.full()[:, 0])


def _best_time(action: Callable[[], Any]) -> float:
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        action()
        times.append(time.perf_counter() - begin)
    return min(times)
