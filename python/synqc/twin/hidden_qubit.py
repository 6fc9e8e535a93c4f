"""The truth of one qubit of a twin, which no analysis may see."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from synqc.errors import InputError
from synqc.twin.integrated_readout import IntegratedReadout
from synqc.twin.two_level_system import TwoLevelSystem

__all__ = ["DetuningDrift", "HiddenQubit"]


@dataclass(frozen=True)
class DetuningDrift:
    """How a qubit's frequency moves in the instrument's time: an Ornstein-Uhlenbeck process and a telegraph signal.

    Args:
        sigma_khz: Standard deviation of the Ornstein-Uhlenbeck process.
        correlation_time_s: Of it.
        jump_khz: The telegraph signal is plus or minus this.
        switching_rate_per_s: Of the telegraph signal, each way.

    Source: Burnett et al., npj Quantum Information 5, 54 (2019), for magnitudes.
    """

    sigma_khz: float = 0.0
    correlation_time_s: float = 100.0
    jump_khz: float = 0.0
    switching_rate_per_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sigma_khz", "jump_khz", "switching_rate_per_s"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(f"Argument `{name}` must be finite and at least 0, but is {getattr(self, name)}.")
        if not 0 < self.correlation_time_s < math.inf:
            raise InputError(
                f"Argument `correlation_time_s` must be finite and greater than 0, but is {self.correlation_time_s}."
            )


@dataclass(frozen=True)
class HiddenQubit:
    """A transmon of three levels as it really is.

    Args:
        t1_us: Relaxation time without two-level systems.
        tphi_us: Pure dephasing time; may be infinite.
        detuning_khz: Frequency of the qubit minus that of the drive, before any correction.
        rabi_scale: What a pulse really turns by, over what it should.
        anharmonicity_mhz: Negative.
        thermal_population: Of |1> in equilibrium, below 1/2; shots begin in equilibrium.
        parity_splitting_khz: Distance of two frequencies, of which each shot has one by chance (charge parity).
        readout: Its resonator and chain.
        detuning_drift: How its frequency moves.
        two_level_systems: Defects that take its energy.

    Examples:
        >>> HiddenQubit(t1_us=80.0, tphi_us=160.0).t2_us
        80.0
    """

    t1_us: float = 80.0
    tphi_us: float = 160.0
    detuning_khz: float = 0.0
    rabi_scale: float = 1.0
    anharmonicity_mhz: float = -300.0
    thermal_population: float = 0.0
    parity_splitting_khz: float = 0.0
    readout: IntegratedReadout = field(default_factory=IntegratedReadout)
    detuning_drift: DetuningDrift = field(default_factory=DetuningDrift)
    two_level_systems: tuple[TwoLevelSystem, ...] = ()

    def __post_init__(self) -> None:
        for name in ("t1_us", "tphi_us"):
            if not getattr(self, name) > 0:
                raise InputError(f"Argument `{name}` must be greater than 0, but is {getattr(self, name)}.")
        for name in ("detuning_khz", "rabi_scale", "parity_splitting_khz"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if not -math.inf < self.anharmonicity_mhz < 0:
            raise InputError(
                f"Argument `anharmonicity_mhz` must be finite and below 0, but is {self.anharmonicity_mhz}."
            )
        if not 0 <= self.thermal_population < 0.5:
            raise InputError(
                f"Argument `thermal_population` must be at least 0 and below 0.5, but is {self.thermal_population}."
            )

    @property
    def t2_us(self) -> float:
        """Coherence time without two-level systems and drift: 1 / T2 = 1 / (2 T1) + 1 / Tphi."""
        return 1 / (1 / (2 * self.t1_us) + 1 / self.tphi_us)
