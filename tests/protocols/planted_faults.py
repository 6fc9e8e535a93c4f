"""Devices with one fault each, and the protocol that must notice."""

from dataclasses import dataclass, field, replace

import numpy as np

from synqc.protocols import T1, AmplifiedAmplitude, Drag, Echo, RabiAmplitude, RamseyDecay
from synqc.twin import Faults, HiddenQubit, Twin, TwoLevelSystem


@dataclass(frozen=True)
class Planted:
    """A fault, and who must see it."""

    name: str
    protocol: object
    faults: Faults = field(default_factory=Faults)
    hidden: dict = field(default_factory=dict)


FAULTS = [
    Planted("dropped shots", T1(), Faults(dropped_share=0.002)),
    Planted("dropped excited shots", T1(), Faults(dropped_excited_share=0.02)),
    Planted("mislabelled states", T1(), Faults(mislabelled_share=0.05)),
    Planted("drifting gain", T1(), Faults(gain_drift_per_s=-0.15)),
    Planted("turning IQ plane", Echo(), Faults(phase_drift_rad_per_s=0.1)),
    Planted("stuck buffer", T1(), Faults(stuck_share=0.15)),
    Planted("compressed amplitude", RabiAmplitude(), Faults(amplitude_compression=0.03)),
    Planted("coarse delays", RamseyDecay(), Faults(delay_step_us=20.0)),
    Planted("burst", T1(), Faults(burst=(1.2, 1.8), burst_t1_us=10.0)),
    Planted("frequency jump", RamseyDecay(), Faults(frequency_jump=(4.0, 5.0))),
    Planted("charge parity", RamseyDecay(), hidden={"parity_splitting_khz": 20.0}),
    Planted(
        "switching defect",
        T1(),
        hidden={"two_level_systems": (TwoLevelSystem(30.0, 1.0, (0.0, 5.0), switching_rate_per_s=0.5),)},
    ),
]

HEALTHY = [T1(), Echo(), RamseyDecay(), RabiAmplitude(), AmplifiedAmplitude(), Drag()]


def hidden_qubit(generator, **changed):
    """A healthy qubit drawn from what is usual; the third level is too far to shift the turn of a pulse."""
    drawn = HiddenQubit(
        t1_us=generator.uniform(50, 110),
        tphi_us=generator.uniform(80, 300),
        detuning_khz=generator.uniform(-2, 2),
        rabi_scale=generator.uniform(0.99, 1.01),
        anharmonicity_mhz=-5000.0,
    )
    return replace(drawn, **changed)


def verdict_on(planted, seed):
    """Of the protocol, on a device with the fault."""
    hidden = hidden_qubit(np.random.default_rng([seed, 1]), **planted.hidden)
    device = Twin([hidden], seed=seed, faults=planted.faults)[0]
    return planted.protocol.analyse(planted.protocol.run(device))
