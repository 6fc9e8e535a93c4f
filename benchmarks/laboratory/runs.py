"""What a run costs: one shot, two threads, and shots by the million."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, refuse_unless
from synqc.lab.experiment import Experiment
from synqc.measure.turns import Times, interleaved, ratio

__all__ = ["measure_linearity", "measure_one_shot", "measure_two_threads"]


def measure_one_shot(setting: Setting) -> Mapping[str, Measurement]:
    """Everything around the shots: Python, compiled segments looked up, threads woken, results wrapped."""
    experiment = Experiment()
    refuse_unless(
        experiment.run(1, seed=1).bits.shape == (1, experiment.qubits, 1),
        "One shot gives more or fewer bits than qubits.",
    )
    clocks = interleaved(
        {
            "again": lambda: experiment.run(shots=1, seed=1),
            "fresh": lambda: Experiment().run(shots=1, seed=1),
        },
        repetitions=setting.repetitions,
    )
    return {
        "one-shot": Measurement(
            1e6 * clocks["again"].median,
            1e6 * clocks["again"].best,
            details=(
                f"With a new Experiment each time, its pulses compiled afresh: {1e3 * clocks['fresh'].median:.3g} ms",
            ),
        )
    }


def measure_two_threads(setting: Setting) -> Mapping[str, Measurement]:
    """One long run on one thread and on two, in turns."""
    if setting.threads < 2:
        raise Unavailable("This process may use only one processor.")
    experiment = Experiment()
    shots = 50_000 if setting.quick else 500_000
    one, two = (experiment.run(shots, seed=1, threads=threads, progress=False) for threads in (1, 2))
    refuse_unless(
        one.fidelity == two.fidelity and bool(np.array_equal(one.bits, two.bits)),
        "Results depend on the number of threads.",
    )
    work = {}
    for threads in (1, 2):
        start = time.process_time()
        experiment.run(shots, seed=1, threads=threads, progress=False)
        work[threads] = time.process_time() - start
    clocks = interleaved(
        {name: partial(experiment.run, shots, seed=1, threads=int(name), progress=False) for name in ("1", "2")},
        repetitions=setting.repetitions,
    )
    return {
        "two-threads": Measurement(
            ratio(clocks["1"], clocks["2"]),
            clocks["1"].best / clocks["2"].best,
            proof="the same bytes from one thread and from two",
            details=(
                f"One thread {1e3 * clocks['1'].median:.4g} ms, two {1e3 * clocks['2'].median:.4g} ms",
                f"Processor time of two threads over one: {work[2] / work[1]:.3f}; near 1, what is missing from "
                "two times is what other programs took, or a thread that did not come",
            ),
        )
    }


def measure_linearity(setting: Setting) -> Mapping[str, Measurement]:
    """Cost of a shot in runs of four sizes, on one thread and at its best, so that only the shots differ."""
    experiment = Experiment()
    sizes = (10**4, 10**5) if setting.quick else (10**4, 10**5, 10**6, 10**7)

    def run(shots: int) -> None:
        experiment.run(shots, seed=1, threads=1, keep_bits=False, progress=False)

    clocks: dict[int, Times] = {}
    for group, repetitions in ([size for size in sizes if size < 10**7], setting.repetitions), ([10**7], 3):
        actions = {str(size): partial(run, size) for size in group if size in sizes}
        timed = interleaved(actions, repetitions=repetitions, least_seconds=0.1)
        clocks.update({int(name): times for name, times in timed.items()})
    per_shot = {size: 1e9 * times.best / (size * experiment.qubits) for size, times in sorted(clocks.items())}
    return {
        "linear-in-shots": Measurement(
            max(per_shot.values()) / min(per_shot.values()),
            details=(
                "Cost of a shot: " + ", ".join(f"{cost:.4g} ns at {size:.0e}" for size, cost in per_shot.items()),
            ),
        )
    }
