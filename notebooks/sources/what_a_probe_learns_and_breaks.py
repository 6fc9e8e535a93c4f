# %% [markdown]
# # What does a weak probe learn, and what does it break?
#
# A probe of dephasing dose $g$ shrinks the coherence of the ensemble to $e^{-g}$. In exchange its record tells something
# about whether the qubit was in $|0\rangle$ or $|1\rangle$: at most what quantum mechanics allows for that damage, and less
# if part of the signal is lost on the way (efficiency $\eta < 1$).

# %%
import synqc

experiment = synqc.Experiment("ibm_fez", probe_strength=0.4, probe_duration_ns=400)
run = experiment.run(shots=50_000, seed=7)
run

# %% [markdown]
# The record of one shot, for qubits left in $|0\rangle$ and for qubits turned to $|1\rangle$. A stronger probe pulls the two
# apart; this one guesses wrongly most of the time it matters.

# %%
run.plot("records")

# %% [markdown]
# Now every probe from off to the strongest, short to long. All durations fall on one line, because only the dose
# $g = \varepsilon^2\,\Gamma_{\max}\tau_p$ counts; the efficiency decides how far that line stays below the bound.

# %%
axes = {"probe_strength": [k / 10 for k in range(11)], "probe_duration_ns": [100, 400, 1600]}
grid = synqc.sweep(experiment, axes, shots=500, seed=7, progress=False)
grid.plot("backaction", "information_bits")

# %% [markdown]
# Nothing is free: with perfect detection the line moves up to the bound, but never across it. Compare the same probe at
# three efficiencies.

# %%
efficiencies = synqc.sweep(experiment, {"efficiency": [0.1, 0.5, 1.0]}, shots=500, seed=7, progress=False)
for efficiency in efficiencies.axes["efficiency"]:
    point = efficiencies.at(efficiency=efficiency)
    print(
        f"efficiency {efficiency:3.1f}: {float(point['information_bits']):.4f} bit, back-action {float(point['backaction']):.4f}"
    )

# %%
information, backaction = efficiencies["information_bits"], efficiencies["backaction"]
assert (information[1:] > information[:-1]).all()
assert abs(backaction - backaction[0]).max() < 1e-12
