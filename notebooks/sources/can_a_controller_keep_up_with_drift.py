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
# A tracker is honest if the truth lies within one of its deviations about two times out of three. Here are the errors in
# units of the deviation it claims, over all batches after it locked.

# %%
for rule in ("kalman", "bayes"):
    scores = np.array(
        [
            (qubit.detuning_khz - qubit.true_detuning_khz) / qubit.detuning_deviation_khz
            for batch in runs[rule].history[10:]
            for qubit in batch.qubits
        ]
    )
    print(f"{rule:7s} root mean square of error / deviation: {np.sqrt(np.mean(scores**2)):.2f}")

# %% [markdown]
# And where there is nothing to track, tracking wins nothing: no offset, no drift, no probe.

# %%
still = experiment.replace(detuning_khz=0.0, drift="none", probe_strength=0.0)
for rule in ("none", "kalman"):
    print(rule, still.replace(adaptive_rule=rule).run(shots=1000, iterations=5, seed=3, progress=False).fidelity)

# %%
assert float(runs["kalman"].fidelity) > float(runs["none"].fidelity) + 0.05
