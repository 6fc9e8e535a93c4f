# %% [markdown]
# # How good is the readout in my own IQ trace?
#
# A file with two columns of voltages, shots with |0> prepared and shots with |1> prepared, is what most readouts begin with. No
# experiment of this library is needed to judge it: arrays do. The file is made here, so that its truth is known; put yours in
# its place.

# %%
import math

import numpy as np

from synqc import fit
from synqc.lab.plots import style

draw = np.random.default_rng(5)
shots, noise = 6000, 0.9
centres = 0.3 + 0.2j, 2.6 + 1.1j  # mV
decayed = draw.random(shots) < 0.04  # of |1>, before or while it was read
clouds = np.stack([np.full(shots, centres[0]), np.where(decayed, centres[0], centres[1])])
clouds = clouds + noise * (draw.normal(size=clouds.shape) + 1j * draw.normal(size=clouds.shape)) / np.sqrt(2)
np.savez("my_trace.npz", zero=clouds[0], one=clouds[1])

# %% [markdown]
# Read, and asked:

# %%
with np.load("my_trace.npz") as file:
    zero, one = file["zero"], file["one"]
found = fit.readout(zero, one)
found

# %%
figure = style.blank("Shots in the IQ plane", f"P(0|1) = {found['p0_given_1']}, P(1|0) = {found['p1_given_0']}")
for name, cloud, colour in (("prepared |0⟩", zero, style.CYCLE[0]), ("prepared |1⟩", one, style.CYCLE[1])):
    figure.add_scatter(
        x=cloud.real[:1500], y=cloud.imag[:1500], mode="markers", name=name,
        marker={"size": 4, "opacity": 0.4, "color": colour},
    )  # fmt: skip
figure.update_xaxes(title_text="I (mV)")
figure.update_yaxes(title_text="Q (mV)", scaleanchor="x")
figure

# %% [markdown]
# The two errors differ: overlap of the clouds is the same for both, and decay adds to one alone. So the share of |1> that fell
# before it was read is their difference, and with shots of both levels in turn a decay curve needs nothing else. Here is one
# from the same instrument, as shares of ones, 6000 shots each:

# %%
delays_us = np.linspace(0, 160, 17)
p1_given_0, p0_given_1 = found["p1_given_0"].value, found["p0_given_1"].value
ones = draw.binomial(6000, p1_given_0 + (1 - p1_given_0 - p0_given_1) * np.exp(-delays_us / 55))
decay = fit.t1(delays_us, ones, shots=6000, references=(round(6000 * p1_given_0), round(6000 * (1 - p0_given_1))))
print(decay)
decay.plot()

# %% [markdown]
# And if the gain of the amplifier had drifted half-way? The numbers hardly change, but the verdict does.

# %%
drifting = fit.readout(zero * np.linspace(1.0, 1.15, shots), one * np.linspace(1.0, 1.15, shots))
print(drifting.verdict, *drifting.reasons, sep="\n  ")

# %% [markdown]
# **What surprises:** the centre of |1> is found where it is although 4 % of its shots lie on |0>: centres are medians. A mean
# would be pulled by 0.1 mV, and with it the line between the clouds.

# %%
overlap = math.erfc(abs(centres[1] - centres[0]) / 2 / noise) / 2
low, high = found.interval("p1_given_0", 2)
assert low - 0.004 < overlap < high + 0.004
assert 0.02 < (found["p0_given_1"] - found["p1_given_0"]).value < 0.06
assert abs(found["centre_1_i"].value - 2.6) < 0.06
assert decay.interval("t1_us", 2)[0] < 56
assert decay.interval("t1_us", 2)[1] > 54
assert (found.verdict, drifting.verdict) == ("good", "suspicious")
