# %% [markdown]
# # Can a controller keep up with drift?
#
# The qubit's frequency is off by an amount nobody was told, and it wanders. A tracker spends a tenth of the shots on Ramsey
# experiments and drives the rest at the frequency it believes in. Does it pay?

# %%
import numpy as np

import synqc

drift = [{"kind": "ornstein-uhlenbeck", "sigma_khz": 30.0, "correlation_time_s": 3.0}]
experiment = synqc.Experiment(
    "transmon-default", detuning_khz=250.0, amplitude_error=0.0, drift=drift, probe_duration_ns=1000, qubits=2
)
runs = {
    rule: experiment.replace(adaptive_rule=rule).run(shots=1000, iterations=150, seed=3, progress=False)
    for rule in ("none", "kalman", "bayes")
}
for rule, run in runs.items():
    fidelity = [float(batch.fidelity) for batch in run.history[10:]]
    print(f"{rule:7s} mean fidelity after the first ten batches: {np.mean(fidelity):.4f}")

# %% [markdown]
# What the Kalman filter believes, one standard deviation up and down, against the truth that no rule ever sees.

# %%
runs["kalman"].plot("tracker")

# %% [markdown]
# A tracker is honest if its error is about as large as the deviation it claims: the root mean square of error over
# deviation is then about one. It cannot see its error, but it sees its innovations, what each calibration shows against
# what it predicted; the mean of their squares over the predicted variance is about one as well, and a tracker that finds it
# larger takes the drift to be faster. Here are both, over all batches after the first twenty.

# %%
honesty = {}
for rule in ("kalman", "bayes"):
    followed = [qubit for batch in runs[rule].history[20:] for qubit in batch.qubits]
    scores = np.array([(q.detuning_khz - q.true_detuning_khz) / q.detuning_deviation_khz for q in followed])
    honesty[rule] = float(np.sqrt(np.mean(scores**2)))
    innovation = np.mean([qubit.normalised_innovation for qubit in followed])
    print(f"{rule:7s} error / deviation: {honesty[rule]:.2f}, squared innovations: {innovation:.2f}")

# %% [markdown]
# And where there is nothing to track, tracking wins nothing: no offset, no drift, no probe.

# %%
still = experiment.replace(detuning_khz=0.0, drift="none", probe_strength=0.0)
for rule in ("none", "kalman"):
    print(rule, still.replace(adaptive_rule=rule).run(shots=1000, iterations=5, seed=3, progress=False).fidelity)

# %%
assert float(runs["kalman"].fidelity) > float(runs["none"].fidelity) + 0.05
assert all(0.7 < score < 1.4 for score in honesty.values())
