# %% [markdown]
# # What does a weak probe do to a qubit of a real device?
#
# Providers publish what they calibrated: T1, T2, readout errors, gate lengths, qubit by qubit. A snapshot of that is all an
# experiment needs. Here it has the form of IBM's, cut down to four qubits; yours is `synqc.device(backend)`, or the path of a file
# of its properties.

# %%
import synqc
from synqc.lab.plots import style


def qubit(t1_us, t2_us, frequency_ghz, one_given_zero, zero_given_one):
    return [
        {"name": "T1", "unit": "us", "value": t1_us},
        {"name": "T2", "unit": "us", "value": t2_us},
        {"name": "frequency", "unit": "GHz", "value": frequency_ghz},
        {"name": "anharmonicity", "unit": "GHz", "value": -0.31},
        {"name": "prob_meas1_prep0", "unit": "", "value": one_given_zero},
        {"name": "prob_meas0_prep1", "unit": "", "value": zero_given_one},
        {"name": "readout_length", "unit": "ns", "value": 1560},
    ]


snapshot = {
    "backend_name": "ibm_example",
    "qubits": [
        qubit(187, 121, 4.72, 0.004, 0.009),
        qubit(64, 31, 4.85, 0.011, 0.024),
        qubit(142, 203, 4.66, 0.006, 0.013),
        qubit(239, 88, 4.91, 0.005, 0.042),
    ],
}
device = synqc.device(snapshot)
device

# %% [markdown]
# What the snapshot did not say was assumed, and `assumptions` lists it. One qubit is selected by the number that the provider
# gave it; it keeps its own times and errors.

# %%
for number in (0, 1):
    chosen = device.select([number])
    run = synqc.Experiment(chosen, qubits=1, probe_strength=0.4, probe_duration_ns=400).run(
        4000, seed=7, progress=False
    )
    print(f"qubit {number}: fidelity {run.fidelity}, success {run.success}, information {run.information_bits} bit")
run

# %% [markdown]
# **What surprises:** the qubit with the shorter times keeps more fidelity. Let `-` compare both runs: they have one seed, hence the
# same random numbers, and the difference is far better known than either figure.


# %%
def probed(number, duration_ns):
    experiment = synqc.Experiment(
        device.select([number]), qubits=1, probe_strength=0.4, probe_duration_ns=duration_ns, drift="none"
    )
    return experiment.run(4000, seed=7, progress=False)


good, poor = probed(0, 400), probed(1, 400)
print(f"doses g: {good.probe.g:.3f} and {poor.probe.g:.3f}")
difference = good - poor
difference

# %% [markdown]
# The doses tell why. How fast a probe of full strength measures was not in the snapshot: it is derived from the readout's errors,
# which are larger in the poor qubit. At equal strength it is watched less, learns less, and loses less. The question must be put at
# equal dose, where both records tell the same:

# %%
longer = probed(1, 400 * good.probe.g / poor.probe.g)
print(
    f"information: {good.information_bits} and {longer.information_bits} bit, after {longer.experiment.probe_duration_ns:.0f} ns"
)
fair = good - longer
fair

# %% [markdown]
# And over all lengths: at equal information the good qubit is ahead wherever the probe takes a noticeable part of the other's T2.

# %%
durations = [50, 100, 200, 400, 800, 1600]
figure = style.blank(
    "What two qubits of one device pay for information", "ε = 0.4, 50 to 1600 ns; fidelity that is left"
)
for number in (0, 1):
    grid = synqc.sweep(
        synqc.Experiment(device.select([number]), qubits=1, probe_strength=0.4, drift="none"),
        {"probe_duration_ns": durations},
        shots=2000,
        seed=3,
        progress=False,
    )
    figure.add_scatter(
        x=grid["information_bits"],
        y=grid["fidelity"],
        error_y={"type": "data", "array": grid.error("fidelity")},
        name=f"qubit {number}",
        text=[f"{duration} ns" for duration in durations],
    )
figure.update_xaxes(title_text="Information (bit per shot)")
figure.update_yaxes(title_text="Fidelity")
figure

# %%
assert difference.pairing.kind == "paired"
assert difference.deviations("fidelity") < -5
assert abs(fair["information_bits"].value) < 0.01
assert fair.deviations("fidelity") > 5
