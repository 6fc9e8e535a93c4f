"""What goes wrong between a qubit and the file of its records, planted on purpose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synqc.errors import InputError

__all__ = ["Faults"]


@dataclass(frozen=True)
class Faults:
    """Faults of a twin's instrument; none by default.

    Args:
        dropped_share: Of shots that never arrive, whatever their outcome.
        dropped_excited_share: Of shots found in |1> that never arrive.
        mislabelled_share: Of circuits whose |0> and |1> are exchanged.
        gain_drift_per_s: Relative change of the readout's gain, while centres stay where they were.
        phase_drift_rad_per_s: Turn of the IQ plane.
        stuck_share: Of circuits whose points are once more those of the circuit before.
        amplitude_compression: Pulses of relative amplitude a come out as a (1 - this * a^2).
        readout_compression: Readout pulses and tones of amplitude a come out as a (1 - this * a^2).
        delay_step_us: Delays are rounded to multiples of this; 0 for none.
        burst: Moments (s) between which T1 is cut to `burst_t1_us`, as after a particle's impact.
        burst_t1_us: T1 meanwhile.
        frequency_jump: Moment (s) and height (kHz) of one jump of the qubit's frequency.
    """

    dropped_share: float = 0.0
    dropped_excited_share: float = 0.0
    mislabelled_share: float = 0.0
    gain_drift_per_s: float = 0.0
    phase_drift_rad_per_s: float = 0.0
    stuck_share: float = 0.0
    amplitude_compression: float = 0.0
    readout_compression: float = 0.0
    delay_step_us: float = 0.0
    burst: tuple[float, float] | None = None
    burst_t1_us: float = 5.0
    frequency_jump: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("dropped_share", "dropped_excited_share", "mislabelled_share", "stuck_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"Argument `{name}` must be between 0 and 1, but is {getattr(self, name)}.")
        for name in ("gain_drift_per_s", "phase_drift_rad_per_s", "amplitude_compression", "readout_compression"):
            if not math.isfinite(getattr(self, name)):
                raise InputError(f"Argument `{name}` must be finite, but is {getattr(self, name)}.")
        if not 0 <= self.delay_step_us < math.inf:
            raise InputError(f"Argument `delay_step_us` must be finite and at least 0, but is {self.delay_step_us}.")
        if not self.burst_t1_us > 0:
            raise InputError(f"Argument `burst_t1_us` must be greater than 0, but is {self.burst_t1_us}.")
