# %% [markdown]
# # Can feedback keep a qubit turning?
#
# A qubit that is driven and watched keeps turning for ever in each single shot, but shots lose step with each other, and their
# mean dies out. Vijay et al. ([arXiv:1205.5591](https://arxiv.org/abs/1205.5591)) compared the record with a reference and
# corrected the drive, so that the mean goes on. How well depends on the gain: too little lets shots drift apart, too much feeds
# back noise. With the quadrature of the record fed back to the drive, the Wiseman-Milburn equation has the contrast
#
# $$D = \frac{2\sqrt{\eta}}{f/\sqrt{\Gamma} + \sqrt{\Gamma}/f},$$
#
# at most $\sqrt\eta$, at $f = \sqrt\Gamma$. The contrast and efficiency of the paper are not in its abstract and not compared.

# %%
import numpy as np

from synqc.lab.plots import style

GAMMA, TURN, EFFICIENCY, SHOTS, STEPS = 1.0, 2 * np.pi * 6, 0.4, 1500, 40  # 1/µs, rad/µs; steps of a period
dt = 2 * np.pi / TURN / STEPS
seen = np.sqrt(2 * EFFICIENCY * GAMMA)


def contrast(gain, periods, seed):
    """Of the mean of all shots with the reference, period by period, from a qubit in |0>."""
    draw = np.random.default_rng(seed)
    y, z = np.zeros(SHOTS), np.ones(SHOTS)
    found = np.zeros(periods)
    for step in range(periods * STEPS):
        phase = TURN * dt * (step + 0.5)
        # The record is a mixture of two Gaussians, and Bayes' rule says what it makes of the state.
        record = seen * np.where(draw.random(SHOTS) < (1 + z) / 2, 1, -1) * dt + np.sqrt(dt) * draw.normal(size=SHOTS)
        bent = np.tanh(seen * record)
        y = y * np.exp(-(1 - EFFICIENCY) * GAMMA * dt) / np.cosh(seen * record) / (1 + z * bent)
        z = (z + bent) / (1 + z * bent)
        turn = TURN * dt + gain * np.sqrt(2) * np.sin(phase) * record
        y, z = y * np.cos(turn) + z * np.sin(turn), z * np.cos(turn) - y * np.sin(turn)
        after = TURN * dt * (step + 1)
        found[step // STEPS] += (z * np.cos(after) + y * np.sin(after)).mean() / STEPS
    return found


# %% [markdown]
# With the best gain the mean goes on; without feedback it is gone after a few µs.

# %%
figure = style.blank("Contrast of the mean of 1500 shots", f"η = {EFFICIENCY:g}; dotted: √η")
periods = 60
times = (np.arange(periods) + 0.5) * 2 * np.pi / TURN
stabilised, free = contrast(1.0, periods, 1), contrast(0.0, periods, 2)
figure.add_scatter(x=times, y=stabilised, name="feedback, f = √Γ")
figure.add_scatter(x=times, y=free, name="no feedback")
figure.add_hline(y=np.sqrt(EFFICIENCY), line={"dash": "dot", "color": style.INK})
figure.update_xaxes(title_text="Time (µs)")
figure.update_yaxes(title_text="Contrast with the reference", range=[-0.1, 1.05])
figure

# %%
gains = np.array([0.2, 0.4, 0.7, 1.0, 1.5, 2.5])
reached = np.array([contrast(gain, 72, 10 + k)[36:].mean() for k, gain in enumerate(gains)])
fine = np.linspace(0.1, 2.8, 100)
figure = style.blank("Contrast against gain", "lab-frame shots (points), Wiseman-Milburn in the rotating frame (line)")
figure.add_scatter(x=gains, y=reached, mode="markers", name="shots")
figure.add_scatter(x=fine, y=2 * np.sqrt(EFFICIENCY) / (fine + 1 / fine), name="closed form", line={"dash": "dot"})
figure.update_xaxes(title_text="Gain f / √Γ")
figure.update_yaxes(title_text="Contrast D", rangemode="tozero")
figure

# %%
expected = 2 * np.sqrt(EFFICIENCY) / (gains + 1 / gains)
for gain, ours, closed in zip(gains, reached, expected, strict=True):
    print(f"f = {gain:g}: {ours:.3f}, closed form {closed:.3f}")
assert np.abs(reached - expected).max() < 0.05
assert abs(free[-10:].mean()) < 0.1
