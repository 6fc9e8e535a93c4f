# %% [markdown]
# # Can feedback bring coherence back?
#
# A probe whose record tells nothing of $|0\rangle$ or $|1\rangle$ still dephases the qubit: the light carries away by how much
# it turned the phase. De Lange et al. ([arXiv:1311.5472](https://arxiv.org/abs/1311.5472)) read that quadrature and turned the
# phase back. Without feedback a probe of strength $g$ leaves a contrast of $e^{-g}$; what is detected, a share $\eta$, can be
# undone, so that $e^{-(1-\eta)g}$ remains. The abstract gives an efficiency of about 0.5.

# %%
import numpy as np

import synqc
from synqc.lab.plots import style

GAMMA, EFFICIENCY, SHOTS = 1.0, 0.5, 3000  # the rate sets the unit of time; the efficiency is the abstract's
plus = np.array([1.0, 1.0]) / np.sqrt(2)
# The other quadrature of the light: i times the operator that measures sigma_z.
turning = 1j * np.sqrt(GAMMA / 2) * np.diag([1.0, -1.0])
edges = np.linspace(0.0, 3.0, 31)
run = synqc.smesolve(
    np.zeros((2, 2)), plus, edges, sc_ops=[turning], eta=EFFICIENCY, ntraj=SHOTS, seeds=4, store_states=True,
    progress=False,
)  # fmt: skip
coherences = 2 * run.runs_states[:, :, 0, 1]

# %% [markdown]
# Each shot's phase follows from its record alone: $\varphi = \sqrt{2\eta\Gamma}\int J\,dt$. Turn every shot back by it and average.

# %%
walked = np.concatenate([np.zeros((SHOTS, 1)), np.cumsum(run.measurement[:, 0] * np.diff(edges), axis=1)], axis=1)
turned_back = coherences * np.exp(-1j * np.sqrt(2 * EFFICIENCY * GAMMA) * walked)
plain, restored = np.abs(coherences.mean(axis=0)), np.abs(turned_back.mean(axis=0))
dose = GAMMA * edges
figure = style.blank("Contrast after a probe", f"{SHOTS} shots, efficiency {EFFICIENCY:g}; lines are closed forms")
figure.add_scatter(x=dose, y=plain, name="without feedback", mode="markers")
figure.add_scatter(x=dose, y=np.exp(-dose), name="exp(-g)", line={"dash": "dot"})
figure.add_scatter(x=dose, y=restored, name="turned back", mode="markers")
figure.add_scatter(x=dose, y=np.exp(-(1 - EFFICIENCY) * dose), name="exp(-(1 - η) g)", line={"dash": "dot"})
figure.update_xaxes(title_text="Dephasing dose g")
figure.update_yaxes(title_text="Contrast", range=[0, 1.05])
figure

# %%
gained = np.log(restored[-1] / plain[-1]) / dose[-1]
print(f"efficiency read off the contrasts: {gained:.3f}; abstract: about 0.5, which went in")
left = np.exp(-(1 - EFFICIENCY) * dose[-1])
print(
    f"what no feedback wins back at g = {dose[-1]:g}: {1 - restored[-1]:.2f} of the contrast, expected {1 - left:.2f}"
)
assert np.abs(plain - np.exp(-dose)).max() < 5 / np.sqrt(SHOTS)
assert np.abs(restored - np.exp(-(1 - EFFICIENCY) * dose)).max() < 1e-6
