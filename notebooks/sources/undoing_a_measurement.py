# %% [markdown]
# # Can a measurement be undone?
#
# To the ensemble a probe is dephasing, and dephasing cannot be undone. But a single shot knows its record. If every photon
# was caught ($\eta = 1$), the state conditioned on the record is still pure: it was only rotated, by an angle the record
# tells. The rule "bayes" follows each shot with the quantum Bayesian filter and turns the second drive accordingly.

# %%
import synqc

perfect = synqc.Experiment(
    "transmon-default", levels=2, t1_us=1e9, t2_us=1e9, thermal_population=0.0, efficiency=1.0, decision_latency_ns=0.0,
    detuning_khz=0.0, amplitude_error=0.0, drift="none", probe_duration_ns=1000, qubits=1,
)  # fmt: skip
strengths = [0.0, 0.1, 0.2, 0.4, 0.8]
for rule in ("none", "bayes"):
    grid = synqc.sweep(
        perfect.replace(adaptive_rule=rule), {"probe_strength": strengths}, shots=5000, seed=1, progress=False
    )
    print(rule.ljust(6), "  ".join(f"{value:.5f}" for value in grid["fidelity"]))
    undone = grid["fidelity"]

# %% [markdown]
# Fidelity 1 for every strength: whatever the probe did, the second drive took it back, and the record is still there to be
# read. (What was learnt about $|0\rangle$ or $|1\rangle$ is lost again in the rotation: nothing is won twice.)
#
# Real detection is not perfect. What escapes detection has really dephased the qubit, and no controller wins it back.

# %%
assert abs(undone - 1).max() < 1e-4
lossy = perfect.replace(adaptive_rule="bayes", probe_strength=0.4)
grid = synqc.sweep(lossy, {"efficiency": [0.2, 0.5, 0.8, 1.0]}, shots=5000, seed=1, progress=False)
grid.plot("efficiency", "fidelity")

# %% [markdown]
# And deciding takes time, in which the qubit decays and precesses. With a $T_1$ of 20 µs, the time from an FPGA (a quarter of
# a microsecond) to a server (some microseconds) is what the controller is worth:

# %%
decaying = lossy.replace(t1_us=20.0, t2_us=20.0)
late = synqc.sweep(
    decaying, {"decision_latency_ns": [0, 110, 500, 2000, 4000, 8000]}, shots=5000, seed=1, progress=False
)
fixed = decaying.replace(adaptive_rule="none").run(shots=5000, seed=1)
print("without feedback:", fixed.fidelity)
late.plot("decision_latency_ns", "fidelity")

# %%
assert late["fidelity"][0] > float(fixed.fidelity)
assert (late["fidelity"][1:] < late["fidelity"][:-1]).all()
