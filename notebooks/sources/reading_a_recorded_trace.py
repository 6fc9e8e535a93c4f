# %% [markdown]
# # What does a recorded trace say?
#
# A qubit was driven and watched weakly, and all that is left is a noisy voltage. The same stochastic master equation that
# simulates such records also reads them: it gives the state at every moment, and the likelihood of every guess about the
# parameters. Here the trace is simulated, so that the answer is known; a measured one is read in the same way.

# %%
import numpy as np

import synqc
from synqc.lab.filter_record import MonitoredQubit
from synqc.lab.plots import style

truth = MonitoredQubit(rabi_khz=400.0, detuning_khz=150.0, gamma_per_us=0.6, efficiency=0.6, t1_us=60.0, t2_us=50.0)
edges = np.linspace(0.0, 60.0, 3001)  # µs, 20 ns bins
ground = np.array([1.0, 0.0])
simulated = synqc.smesolve(
    truth.H, ground, edges, truth.c_ops, truth.sc_ops, eta=truth.efficiency, ntraj=20, seeds=11,
    e_ops=[np.diag([1.0, -1.0])], keep_runs_results=True, progress=False,
)  # fmt: skip
traces = simulated.measurement[:, 0]
signal = np.sqrt(2 * truth.efficiency * truth.gamma_per_us)  # what |0> would show in a bin, without noise
print(f"20 traces of {traces.shape[1]} samples, noise {traces.std() / signal:.1f} times larger than the signal")

# %% [markdown]
# Which state was behind it? Filtered with the right parameters, 20 ns at a time.

# %%
found = synqc.filter_record(traces[0], truth, ground, edges, progress=False)
inside = edges <= 12
figure = style.blank("The state behind a record", "⟨σ<sub>z</sub>⟩ of one shot, filtered from its noisy trace")
figure.add_scatter(x=edges[inside], y=found.expect(np.diag([1.0, -1.0]))[inside], name="filtered from the trace")
figure.add_scatter(
    x=edges[inside], y=simulated.runs_expect[0, 0][inside], name="what the simulation had", line={"dash": "dot"}
)
figure.update_xaxes(title_text="Time (µs)")
figure.update_yaxes(title_text="⟨σ<sub>z</sub>⟩", range=[-1.05, 1.05])
figure

# %% [markdown]
# And if the detuning is not known? Filter with many, and ask each how likely it makes the traces. One shot of 60 µs says
# little, twenty say a good deal. The sign stays open, because $\sigma_z$ looks the same for $+\Delta$ and $-\Delta$.

# %%
guesses = np.arange(0.0, 301.0, 5.0)
scan = synqc.filter_record(traces, truth, ground, edges, parameters={"detuning_khz": guesses}, progress=False)
together = scan.joint_posterior
mean = float(np.sum(together * guesses))
deviation = float(np.sqrt(np.sum(together * (guesses - mean) ** 2)))
figure = style.blank(
    "What the traces say about the detuning", f"{mean:.0f} ± {deviation:.0f} kHz; the truth was 150 kHz"
)
figure.add_scatter(x=guesses, y=together, name="all 20 traces", fill="tozeroy")
figure.add_scatter(x=guesses, y=scan.posterior[:, 0], name="the first trace alone")
figure.add_vline(x=150, line={"dash": "dot", "color": style.INK})
figure.update_xaxes(title_text="Detuning (kHz)")
figure.update_yaxes(title_text="Posterior probability (per 5 kHz)", rangemode="tozero")
figure

# %%
assert abs(mean - 150) < 4 * deviation
assert deviation < 40
