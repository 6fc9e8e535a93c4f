# %% [markdown]
# # How long must a readout be?
#
# Walter et al. ([arXiv:1701.06933](https://arxiv.org/abs/1701.06933)) read a transmon in 88 ns: the abstract has a fidelity of
# 99.2 % for that, and 98.25 % in 48 ns. Long pulses tell more, but meanwhile the qubit decays and, at first, the resonator is
# still empty. The parameters below are a fast readout of our own choice, not those of the paper, which are not in its abstract;
# the two numbers stand beside the curve to show where it has to lie.

# %%
import numpy as np

from synqc.lab.plots import style
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator, readout_figures
from synqc.readout.discriminators import LikelihoodDiscriminator

resonator = Resonator(kappa_mhz=35.0, chi_mhz=8.0, drive_mhz=30.0, efficiency=0.6)
rates = LevelRates.from_t1(8.0)
lengths = np.arange(20.0, 301.0, 4.0)
matched, asleep = [], []
for length in lengths:
    readout = Readout(resonator, ReadoutPulse.square(length), bins=40, rates=rates, detection="homodyne")
    matched.append(2 * readout_figures(readout).assignment_fidelity - 1)
    stays = Readout(resonator, ReadoutPulse.square(length), bins=40, detection="homodyne")
    asleep.append(2 * readout_figures(stays).assignment_fidelity - 1)
matched, asleep = np.array(matched), np.array(asleep)

# %% [markdown]
# The fidelity is $1 - \varepsilon_0 - \varepsilon_1$ here; which one the abstract means it does not say. The likelihood of the
# whole record knows of decays, and errs a little less than a weighted sum; both count what happens to the qubit meanwhile.

# %%
papers = {48.0: 0.9825, 88.0: 0.992}
likely = {}
for length in (48.0, 88.0, 160.0):
    readout = Readout(resonator, ReadoutPulse.square(length), bins=40, rates=rates, detection="homodyne")
    records = readout.simulate(np.arange(100_000) % 2, seed=3)
    likely[length] = 1 - 2 * float(LikelihoodDiscriminator(readout).assignment(records).average_error.value)
figure = style.blank("Fidelity against length", "a fast readout of our own choice; squares are the paper's abstract")
figure.add_scatter(x=lengths, y=100 * matched, name="weighted sum")
figure.add_scatter(x=lengths, y=100 * asleep, name="if the qubit did not decay", line={"dash": "dot"})
figure.add_scatter(x=list(likely), y=[100 * one for one in likely.values()], name="likelihood", mode="markers")
figure.add_scatter(
    x=list(papers), y=[100 * one for one in papers.values()], name="Walter et al., abstract", mode="markers",
    marker={"symbol": "square-open", "size": 11},
)  # fmt: skip
figure.update_xaxes(title_text="Length of the readout (ns)")
figure.update_yaxes(title_text="Fidelity 1 - ε<sub>0</sub> - ε<sub>1</sub> (%)", range=[90, 100.2])
figure

# %%
for length, paper in papers.items():
    apart = 100 * (likely[length] - paper)
    print(f"{length:g} ns: {100 * likely[length]:.2f} %, abstract {100 * paper:.2f} %, {apart:+.2f} apart")
best = lengths[np.argmax(matched)]
print(f"best by the weighted sum: {best:g} ns, {100 * matched.max():.2f} %")
assert 50 < best < 250
assert all(likely[length] > np.interp(length, lengths, matched) - 3e-3 for length in likely)
