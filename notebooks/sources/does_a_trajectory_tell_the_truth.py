# %% [markdown]
# # Does a trajectory tell the truth?
#
# A filter claims to know the state of a single shot from its noisy record. Murch et al.
# ([arXiv:1305.7270](https://arxiv.org/abs/1305.7270)) held it to that: many shots that the filter believes in the same state are
# measured, and their mean must be what it said. Weber et al. ([arXiv:1403.4992](https://arxiv.org/abs/1403.4992)) asked for the
# most likely path between two states. Here the truth is known: what the detector misses is simulated too, and kept from the
# filter.

# %%
import numpy as np

import synqc
from synqc.lab.filter_record import MonitoredQubit
from synqc.lab.plots import style

EFFICIENCY, SHOTS = 0.45, 6000
qubit = MonitoredQubit(rabi_khz=300.0, gamma_per_us=1.0, efficiency=EFFICIENCY)
edges = np.linspace(0.0, 1.6, 81)
measured = qubit.sc_ops[0]
# Two detectors, both perfect: one has the light that is seen, the other what is lost. Together they know the pure state.
hidden = synqc.smesolve(
    qubit.H, [1.0, 0.0], edges, sc_ops=[np.sqrt(EFFICIENCY) * measured, np.sqrt(1 - EFFICIENCY) * measured],
    ntraj=SHOTS, seeds=5, e_ops=[np.diag([1.0, -1.0])], keep_runs_results=True, progress=False,
)  # fmt: skip
records = hidden.measurement[:, 0]
believed = synqc.filter_record(records, qubit, [1.0, 0.0], edges, progress=False).expect(np.diag([1.0, -1.0]))[:, -1]
true = hidden.runs_expect[0, :, -1]
outcomes = np.where(np.random.default_rng(6).random(SHOTS) < (1 + true) / 2, 1.0, -1.0)

# %% [markdown]
# Tomography of the shots that the filter believes to be alike: the points must lie on the diagonal. A filter that takes the
# detector for perfect claims too much.

# %%
proud = MonitoredQubit(rabi_khz=300.0, gamma_per_us=EFFICIENCY, efficiency=1.0)
claimed = synqc.filter_record(records, proud, [1.0, 0.0], edges, progress=False).expect(np.diag([1.0, -1.0]))[:, -1]
figure = style.blank("What is measured where the filter believes something", f"{SHOTS} shots in bins of 0.1")
bins = np.linspace(-1, 1, 21)
worst = {}
for name, of in (("filter", believed), ("filter that misses no photon", claimed)):
    place = np.digitize(of, bins) - 1
    used = [k for k in range(20) if (place == k).sum() > 60]
    x = np.array([of[place == k].mean() for k in used])
    y = np.array([outcomes[place == k].mean() for k in used])
    error = np.array([np.sqrt((1 - min(0.999, m**2)) / (place == k).sum()) for k, m in zip(used, y, strict=True)])
    worst[name] = float(np.abs((x - y) / error).max())
    figure.add_scatter(x=x, y=y, error_y={"array": error}, mode="markers", name=name)
figure.add_scatter(x=[-1, 1], y=[-1, 1], line={"dash": "dot", "color": style.INK}, name="the truth", mode="lines")
figure.update_xaxes(title_text="⟨σ<sub>z</sub>⟩ that the filter believes")
figure.update_yaxes(title_text="Mean of the measured outcomes")
figure

# %%
print("largest distance from the diagonal, in standard errors:", {name: round(one, 1) for name, one in worst.items()})
assert worst["filter"] < 4
assert worst["filter that misses no photon"] > 6

# %% [markdown]
# And the most likely path? Without a drive the log-odds of a shot walk at random, whatever the state is. Given where it begins
# and ends, the walk is a bridge, whose middle is a straight line in $\mathrm{artanh}\,z$.

# %%
still = MonitoredQubit(gamma_per_us=1.0, efficiency=EFFICIENCY)
plus = np.array([1.0, 1.0]) / np.sqrt(2)
shots = synqc.smesolve(
    np.zeros((2, 2)), plus, edges, sc_ops=still.sc_ops, eta=EFFICIENCY, ntraj=20_000, seeds=8,
    e_ops=[np.diag([1.0, -1.0])], keep_runs_results=True, progress=False,
)  # fmt: skip
paths = shots.runs_expect[0]
end = 0.7
chosen = paths[np.abs(paths[:, -1] - end) < 0.04]
likeliest = np.tanh(np.arctanh(end) * edges / edges[-1])
figure = style.blank("The most likely path to ⟨σ<sub>z</sub>⟩ = 0.7", f"{len(chosen)} of 20000 shots end there")
for path in chosen[:12]:
    figure.add_scatter(x=edges, y=path, line={"width": 0.6, "color": style.GREY}, showlegend=False)
figure.add_scatter(x=edges, y=np.median(chosen, axis=0), name="median of the shots")
figure.add_scatter(x=edges, y=likeliest, name="most likely path", line={"dash": "dot"})
figure.update_xaxes(title_text="Time (µs)")
figure.update_yaxes(title_text="⟨σ<sub>z</sub>⟩", range=[-1.05, 1.05])
figure

# %%
assert np.abs(np.median(chosen, axis=0) - likeliest).max() < 5 * 0.7 / np.sqrt(len(chosen)) + 0.02
