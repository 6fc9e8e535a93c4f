"""Every protocol of the package: how it is tried, which of twelve faults it must see, and which it cannot and why."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from planted_faults import hidden_qubit

from synqc import protocols
from synqc.protocols import (
    T1,
    AllXY,
    AmplifiedAmplitude,
    DephasingMatrix,
    Drag,
    Echo,
    FrequencyMonitor,
    IQBlobs,
    RabiAmplitude,
    RabiChevron,
    RabiDuration,
    Ramsey,
    RamseyDecay,
    RandomisedBenchmarking,
    ReadoutDephasing,
    ReadoutDuration,
    ReadoutEfficiency,
    ReadoutFrequency,
    ReadoutPower,
    RingDown,
    T1Monitor,
)
from synqc.twin import Faults, HiddenQubit, Twin, TwoLevelSystem


def every_protocol():
    """Names of all classes of `synqc.protocols` that run and analyse."""
    classes = {name: getattr(protocols, name) for name in protocols.__all__}
    return sorted(
        name
        for name, one in classes.items()
        if inspect.isclass(one) and hasattr(one, "run") and hasattr(one, "analyse") and not inspect.isabstract(one)
    )


# What is planted, from a size and the length of a run in seconds: faults of the instrument, fields of the qubit.
PLANTED = {
    "dropped shots": lambda size, length: ({"dropped_share": size}, {}),
    "dropped excited shots": lambda size, length: ({"dropped_excited_share": size}, {}),
    "mislabelled states": lambda size, length: ({"mislabelled_share": size}, {}),
    "drifting gain": lambda size, length: ({"gain_drift_per_s": -size / length}, {}),
    "turning IQ plane": lambda size, length: ({"phase_drift_rad_per_s": size / length}, {}),
    "stuck buffer": lambda size, length: ({"stuck_share": size}, {}),
    "compressed amplitude": lambda size, length: ({"amplitude_compression": size, "readout_compression": size}, {}),
    "coarse delays": lambda size, length: ({"delay_step_us": size}, {}),
    "burst": lambda size, length: ({"burst": (0.3 * length, 0.5 * length), "burst_t1_us": size}, {}),
    "frequency jump": lambda size, length: ({"frequency_jump": (0.45 * length, size)}, {}),
    "charge parity": lambda size, length: ({}, {"parity_splitting_khz": size}),
    "switching defect": lambda size, length: (
        {},
        {"two_level_systems": (TwoLevelSystem(size, 4.0, (0.0, 5.0), switching_rate_per_s=12 / length),)},
    ),
}

# What is drawn where it is not measured, and what it is where it is.
FIXED = {"t1_us": 80.0, "tphi_us": 160.0, "detuning_khz": 1.0, "rabi_scale": 1.0, "anharmonicity_mhz": -5000.0}
RANGES = {
    "t1_us": (60.0, 110.0),
    "tphi_us": (80.0, 300.0),
    "detuning_khz": (-2.0, 2.0),
    "rabi_scale": (0.995, 1.005),
    "anharmonicity_mhz": (-6000.0, -4500.0),
}

ONE_DELAY = "plays delays of one length, so that another one is another value"
NO_DELAY = "plays no delay"
ONE_AMPLITUDE = "plays pulses of one or two amplitudes, so that compression is another amplitude"
SHORT = "lasts so little that kilohertz turn nothing"
CONTRAST = "fits the contrast, which is all that two frequencies change"
REFOCUSED = "undoes what is constant within a shot"
FAST = "comes back to each cloud four times in two seconds, and averages over what switches meanwhile"


@dataclass(frozen=True)
class Tried:
    """One protocol.

    Args:
        protocol: As it is run.
        sees: Sizes of the faults that it must see.
        cannot: Why it cannot see the others.
        left_open: Reasons (regular expression) that a healthy device leaves open.
        draw: Of a healthy qubit.
        qubits: In the register.
        unmeasured: Fields of a qubit that nothing it finds may follow.
    """

    protocol: object
    sees: dict[str, float]
    cannot: dict[str, str] = field(default_factory=dict)
    left_open: str = "$^"
    draw: Callable = hidden_qubit
    qubits: int = 1
    unmeasured: tuple[str, ...] = ("t1_us", "tphi_us")

    def shuffled(self, seed):
        """A device of which only what is not measured is drawn at random, and that."""
        draw = np.random.default_rng([seed, 22])
        drawn = {name: draw.uniform(*RANGES[name]) for name in self.unmeasured}
        hidden = HiddenQubit(**FIXED | drawn)
        twin = Twin([hidden] * self.qubits, seed=seed, crosstalk_mhz=0.3 * (1 - np.eye(self.qubits)))
        return (list(twin) if self.qubits > 1 else twin[0]), list(drawn.values())

    def device(self, seed, faults=None, **changed):
        """A healthy one with what is changed."""
        hidden = [replace(self.draw(np.random.default_rng([seed, 21, k])), **changed) for k in range(self.qubits)]
        crosstalk = 0.3 * (1 - np.eye(self.qubits))
        twin = Twin(hidden, seed=seed, faults=Faults(**(faults or {})), crosstalk_mhz=crosstalk)
        return list(twin) if self.qubits > 1 else twin[0]

    def records_of(self, device):
        """Of a run."""
        return self.protocol.run(device)

    def faulty(self, name, seed):
        """What is found on a device with a fault."""
        faults, changed = PLANTED[name](self.sees[name], length_of(type(self.protocol).__name__))
        return self.protocol.analyse(self.records_of(self.device(seed, faults, **changed)))


@functools.cache
def length_of(name):
    """Of a run, on the instrument's clock."""
    device = TRIED[name].device(0)
    TRIED[name].records_of(device)
    return (device[0] if isinstance(device, list) else device).moment_s


def calibrated(generator):
    """Whose gates err by decay alone."""
    return hidden_qubit(generator, detuning_khz=0.0, rabi_scale=1.0)


def detuned(generator):
    """By what Ramsey is for."""
    return hidden_qubit(generator, detuning_khz=generator.uniform(100, 400) * generator.choice([-1, 1]))


# Sizes that every protocol of counts sees, where shots go by the thousand.
COUNTS = {
    "dropped shots": 0.005,
    "dropped excited shots": 0.02,
    "mislabelled states": 0.1,
    "drifting gain": 0.8,
    "turning IQ plane": 1.2,
    "stuck buffer": 0.2,
    "burst": 1.0,
    "switching defect": 160.0,
}
CLOUDS = {
    "dropped shots": 0.005,
    "dropped excited shots": 0.02,
    "mislabelled states": 0.4,
    "drifting gain": 0.2,
    "turning IQ plane": 0.3,
    "stuck buffer": 0.4,
    "burst": 1.0,
    "switching defect": 160.0,
}
NOT_BY_CLOUDS = {"coarse delays": NO_DELAY, "frequency jump": SHORT, "charge parity": SHORT}

TRIED = {
    type(one.protocol).__name__: one
    for one in (
        Tried(
            T1(),
            COUNTS | {"coarse delays": 30.0},
            {"compressed amplitude": ONE_AMPLITUDE, "frequency jump": SHORT, "charge parity": SHORT},
            unmeasured=("tphi_us", "detuning_khz", "rabi_scale"),
        ),
        Tried(
            Echo(),
            COUNTS | {"coarse delays": 30.0},
            {"compressed amplitude": ONE_AMPLITUDE, "frequency jump": REFOCUSED, "charge parity": REFOCUSED},
            unmeasured=("detuning_khz", "rabi_scale", "anharmonicity_mhz"),
        ),
        Tried(
            Ramsey(shots=40, sweeps=4),
            COUNTS | {"coarse delays": 2.0, "frequency jump": 10.0, "charge parity": 40.0},
            {"compressed amplitude": ONE_AMPLITUDE},
            draw=detuned,
            unmeasured=("t1_us", "tphi_us", "rabi_scale"),
        ),
        Tried(
            RamseyDecay(),
            COUNTS | {"coarse delays": 20.0, "frequency jump": 5.0, "charge parity": 20.0},
            {"compressed amplitude": ONE_AMPLITUDE},
            unmeasured=("rabi_scale", "anharmonicity_mhz"),
        ),
        Tried(
            RabiAmplitude(),
            COUNTS | {"compressed amplitude": 0.03},
            {"coarse delays": NO_DELAY, "frequency jump": SHORT, "charge parity": SHORT},
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            RabiDuration(),
            COUNTS | {"frequency jump": 60.0, "charge parity": 100.0},
            {"coarse delays": NO_DELAY, "compressed amplitude": "plays square drives, which nothing compresses"},
            unmeasured=("detuning_khz", "anharmonicity_mhz"),
        ),
        Tried(
            RabiChevron(),
            COUNTS | {"frequency jump": 200.0, "charge parity": 800.0},
            {"coarse delays": NO_DELAY, "compressed amplitude": "plays square drives, which nothing compresses"},
        ),
        Tried(
            AmplifiedAmplitude(),
            COUNTS,
            {
                "coarse delays": NO_DELAY,
                "compressed amplitude": ONE_AMPLITUDE,
                "frequency jump": SHORT,
                "charge parity": SHORT,
            },
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            Drag(),
            COUNTS | {"frequency jump": 1000.0},
            {"coarse delays": NO_DELAY, "compressed amplitude": ONE_AMPLITUDE, "charge parity": SHORT},
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            AllXY(),
            COUNTS | {"compressed amplitude": 0.2, "frequency jump": 3000.0},
            {"coarse delays": NO_DELAY, "charge parity": SHORT},
        ),
        Tried(
            RandomisedBenchmarking(),
            COUNTS | {"frequency jump": 600.0},
            {"coarse delays": NO_DELAY, "compressed amplitude": ONE_AMPLITUDE, "charge parity": SHORT},
            draw=calibrated,
            unmeasured=("detuning_khz", "anharmonicity_mhz"),
        ),
        Tried(
            IQBlobs(),
            {fault: size for fault, size in CLOUDS.items() if fault != "switching defect"},
            NOT_BY_CLOUDS | {"compressed amplitude": ONE_AMPLITUDE, "switching defect": FAST},
            unmeasured=("tphi_us", "detuning_khz"),
        ),
        Tried(
            ReadoutDuration(),
            CLOUDS,
            NOT_BY_CLOUDS | {"compressed amplitude": ONE_AMPLITUDE},
            left_open="no setting is better|may be beyond",
            unmeasured=("tphi_us", "detuning_khz"),
        ),
        Tried(
            ReadoutPower(),
            CLOUDS | {"compressed amplitude": 0.1},
            NOT_BY_CLOUDS,
            left_open="no setting is better|may be beyond",
            unmeasured=("tphi_us", "detuning_khz"),
        ),
        Tried(
            ReadoutFrequency(),
            CLOUDS,
            NOT_BY_CLOUDS | {"compressed amplitude": ONE_AMPLITUDE},
            left_open="no setting is better|may be beyond",
            unmeasured=("tphi_us", "detuning_khz"),
        ),
        Tried(
            ReadoutDephasing(),
            COUNTS | {"compressed amplitude": 5.0, "frequency jump": 60.0},
            {"coarse delays": ONE_DELAY, "charge parity": CONTRAST},
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            RingDown(),
            COUNTS | {"coarse delays": 0.06, "frequency jump": 60.0},
            {"compressed amplitude": ONE_AMPLITUDE, "charge parity": CONTRAST},
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            ReadoutEfficiency(pulse_ns=500.0, t1_us=80.0),
            COUNTS | {"frequency jump": 100.0},
            {"coarse delays": ONE_DELAY, "charge parity": CONTRAST, "compressed amplitude": ONE_AMPLITUDE},
            unmeasured=("tphi_us", "detuning_khz"),
        ),
        Tried(
            DephasingMatrix(),
            COUNTS | {"compressed amplitude": 0.3, "frequency jump": 60.0},
            {"coarse delays": ONE_DELAY, "charge parity": CONTRAST},
            qubits=2,
            unmeasured=("t1_us", "tphi_us", "detuning_khz"),
        ),
        Tried(
            T1Monitor(delay_us=100.0),
            COUNTS,
            {
                "coarse delays": ONE_DELAY,
                "compressed amplitude": ONE_AMPLITUDE,
                "frequency jump": SHORT,
                "charge parity": SHORT,
            },
            unmeasured=("tphi_us", "detuning_khz", "rabi_scale"),
        ),
        Tried(
            FrequencyMonitor(delay_us=20.0),
            COUNTS | {"frequency jump": 5.0},
            {"coarse delays": ONE_DELAY, "compressed amplitude": ONE_AMPLITUDE, "charge parity": CONTRAST},
            unmeasured=("t1_us", "tphi_us", "rabi_scale"),
        ),
    )
}
