# %% [markdown]
# # What is the efficiency of a readout?
#
# Bultink et al. ([arXiv:1711.05336](https://arxiv.org/abs/1711.05336)) measure it without calibrating a single power: how much
# a pulse dephases the qubit says what it could tell, the records say what arrives. Both grow with the square of the amplitude,
# and their ratio is the efficiency: for any pulse shape, if the resonator is empty when the dephasing is read and records go on
# until then. Here the protocol runs on a twin whose efficiency is known to us and not to it. The efficiency that the paper found
# is not compared: it is not in its abstract.

# %%
import numpy as np

from synqc.lab.plots import style
from synqc.protocols import ReadoutDephasing, ReadoutEfficiency
from synqc.readout import ReadoutPulse, Resonator
from synqc.twin import HiddenQubit, Twin

hidden = HiddenQubit(t1_us=80.0)
truth = hidden.readout.efficiency
middle = sum(hidden.readout.shifts_mhz[:2]) / 2
resonator = Resonator(
    kappa_mhz=hidden.readout.kappa_mhz, chi_mhz=hidden.readout.shifts_mhz[0] - middle,
    drive_mhz=hidden.readout.drive_mhz, detuning_mhz=middle, efficiency=truth,
)  # fmt: skip


def dephasing(length_ns):
    """Of a pulse of amplitude 1, until the resonator is empty."""
    return float(resonator.dephasing(ReadoutPulse.square(length_ns), length_ns + 1000.0))


# %% [markdown]
# Dephasing and signal-to-noise ratio of a pulse of 500 ns. The lines are what follows from the hidden resonator.

# %%
amplitudes = np.linspace(0.3, 1.5, 5)
protocol = ReadoutEfficiency(pulse_ns=500.0, t1_us=80.0)
ratios, widths = [], []
for number, amplitude in enumerate(amplitudes):
    one = ReadoutEfficiency(pulse_ns=500.0, t1_us=80.0, amplitude=float(amplitude))
    found = one.analyse(one.run(Twin([hidden], seed=number)[0]))
    ratios.append(found.values["signal_to_noise"])
    widths.append(found.wide_intervals["signal_to_noise"][1] - ratios[-1])
expected = np.sqrt(4 * truth * dephasing(500.0)) * amplitudes
figure = style.blank(
    "Signal-to-noise ratio of a pulse", "two standard errors; line: √(4 η β), from the hidden resonator"
)
figure.add_scatter(x=amplitudes, y=ratios, error_y={"array": widths}, mode="markers", name="records")
figure.add_scatter(x=amplitudes, y=expected, name="closed form", line={"dash": "dot"})
figure.update_xaxes(title_text="Amplitude of the pulse (of a readout)")
figure.update_yaxes(title_text="Distance of the means / standard deviation", rangemode="tozero")
figure

# %% [markdown]
# The estimate for pulses of any length, and beside it what equal weights during the pulse make of the same records: a short
# pulse keeps most of what it tells in the resonator.

# %%
lengths = np.array([60.0, 100.0, 200.0, 500.0, 1000.0])
ours, low, high, plain = [], [], [], []
for number, length in enumerate(lengths):
    largest = np.sqrt(2 / dephasing(length))
    through = ReadoutDephasing(shots=200, amplitudes=tuple(np.linspace(0, 1, 9) ** 0.5 * largest))
    one = ReadoutEfficiency(
        shots=4000, pulse_ns=length, amplitude=float(min(3.0, 2 * largest)), t1_us=80.0, dephasing=through
    )
    found = one.analyse(one.run(Twin([hidden], seed=40 + number)[0]))
    ours.append(found.values["phase_preserving_efficiency"])
    low.append(ours[-1] - found.wide_intervals["phase_preserving_efficiency"][0])
    high.append(found.wide_intervals["phase_preserving_efficiency"][1] - ours[-1])
    plain.append(found.values["boxcar_estimate"])
    print(f"{length:5.0f} ns: {ours[-1]:.3f}, equal weights {plain[-1]:.3f}, hidden {truth:g}")
figure = style.blank("Efficiency against the length of the pulse", "two standard errors; the hidden efficiency is 0.35")
figure.add_scatter(
    x=lengths, y=ours, error_y={"array": high, "arrayminus": low}, mode="markers", name="matched weights"
)
figure.add_scatter(x=lengths, y=plain, mode="markers", name="equal weights during the pulse")
figure.add_hline(y=truth, line={"dash": "dot", "color": style.INK})
figure.update_xaxes(title_text="Length of the pulse (ns)")
figure.update_yaxes(title_text="Efficiency (phase-preserving)", rangemode="tozero")
figure

# %%
for value, below, above in zip(ours, low, high, strict=True):
    assert abs(value - truth) < 2 * max(below, above)
assert plain[0] < 0.7 * truth
assert np.abs(np.array(ratios) - expected).max() < 4 * max(widths)
