"""What newcomers type first and get wrong: each mistake is made for real and answered by a sentence that helps.

A sentence names the argument as it was written, says what it must be and what it was, and what is near a misspelt name.
"""

import pathlib

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError, InputError, ShapeError, UnknownArgument, UnknownKey, UnknownName

SPELLING = [
    (
        'synqc.Experiment("ibm_fezz")',
        UnknownName,
        "`preset` must be a device of presets(), but is 'ibm_fezz'; near it: 'ibm_fez'",
    ),
    ('synqc.Experiment("ibm-fez")', UnknownName, "near it: 'ibm_fez'"),
    ('synqc.Experiment("fez")', UnknownName, "near it: 'ibm_fez'"),
    ('synqc.Experiment(target="ibm")', UnknownName, "near it: ibm-qpu."),
    ('synqc.Experiment(target="sim_local")', UnknownName, "but is 'sim_local'; near it: sim-local."),
    ('synqc.Experiment(envelope="Gaussian")', UnknownName, "`envelope` must be one of square, gaussian, cosine"),
    ('synqc.Experiment(envelope="gauss")', UnknownName, "near it: gaussian."),
    ('synqc.Experiment(adaptive_rule="kalmann")', UnknownName, "but is 'kalmann'; near it: kalman."),
    ('synqc.Experiment(adaptive_rule="bayesian")', UnknownName, "near it: bayes."),
    ('synqc.Experiment(objective="fidelity")', UnknownName, "near it: maximize-fidelity."),
    ('synqc.Experiment(objective="maximise-fidelity")', UnknownName, "near it: maximize-fidelity."),
    (
        'synqc.Experiment(probe_mapping="ancilla")',
        UnknownName,
        "`probe_mapping` must be one of auto, rate, pulse, resonator, but is 'ancilla'",
    ),
    ('synqc.Experiment(drift=[{"kind": "ou"}])', UnknownName, "`kind` must be one of 'ornstein-uhlenbeck'"),
    ("synqc.Experiment().replace(probe_strenght=0.1)", InputError, "`probe_strenght` must be one of"),
    (
        "synqc.Experiment.from_json('{\"probe_strenght\": 1}')",
        DocumentError,
        "`probe_strenght` must be one of `preset`",
    ),
    ('synqc.device("fez")', UnknownName, "near it: 'ibm_fez'"),
    ('run["fidelty"]', UnknownKey, "but is 'fidelty'; near it: fidelity."),
    ('run["Fidelity"]', UnknownKey, "near it: fidelity."),
    ('run["information"]', UnknownKey, "near it: information_bits."),
    ('run["latency"]', UnknownKey, "near it: latency_us."),
    (
        'run["t1"]',
        UnknownKey,
        "must be one of fidelity, backaction, information_bits, latency_us, objective_score, success",
    ),
    (
        'run.plot("sumary")',
        UnknownName,
        "`kind` must be one of summary, latency, history, tracker, records, bloch, but is 'sumary'; near it: summary.",
    ),
    ('run.plot("Bloch")', UnknownName, "near it: bloch."),
    ('run.plot("pie")', UnknownName, "but is 'pie'."),
    ('grid["fidelty"]', UnknownKey, "near it: fidelity."),
    ('grid["eps"]', UnknownKey, "near it: eps_pulse."),
    ('grid["shots"]', UnknownKey, "near it: shots_used."),
    ('grid["back-action"]', UnknownKey, "near it: backaction."),
    ('grid.error("latency")', UnknownKey, "near it: latency_us."),
    (
        "grid.at(probe_strenght=0.1)",
        UnknownName,
        "`point` must be one of probe_strength, but is 'probe_strenght'; near it: probe_strength.",
    ),
    ('grid.plot("fidelty")', UnknownName, "`x` must be one of probe_strength, fidelity"),
    ('grid.plot("probe_strength", "Fidelity")', UnknownName, "`y` must be one of"),
    (
        'synqc.sweep(experiment, {"probe_strenght": [0.1]})',
        UnknownName,
        "`probe_strenght` is not one; near it: probe_strength.",
    ),
    ('synqc.sweep(experiment, {"Probe-Strength": [0.1]})', UnknownName, "near it: probe_strength."),
    ('synqc.sweep(experiment, {"t1": [50]})', UnknownName, "near it: t1_us."),
    ('synqc.sweep(experiment, {"T2": [50]})', UnknownName, "near it: t2_us."),
    ('synqc.sweep(experiment, {"gamma_max": [1]})', UnknownName, "near it: gamma_max_per_us."),
    ('synqc.sweep(experiment, {"duration": [100]})', UnknownName, "near it: probe_duration_ns."),
    ("synqc.sweep(experiment, {5: [100]})", UnknownName, "`5` is not one."),
    ("synqc.sweep(experiment, AXES, shot=100)", UnknownArgument, "`shot` is none of sweep(); near it: shots."),
    ("synqc.sweep(experiment, AXES, iteration=2)", UnknownArgument, "near it: iterations."),
    (
        "synqc.sweep(experiment, AXES, workers=2)",
        UnknownArgument,
        "`workers` is none of sweep(); it has experiment, axes, shots",
    ),
    ("synqc.Experement", AttributeError, "module 'synqc' has no attribute 'Experement'; near it: Experiment"),
    ("synqc.experiment", AttributeError, "near it: Experiment"),
    ("synqc.estimate", AttributeError, "near it: Estimate"),
    ("synqc.meSolve", AttributeError, "near it: mesolve"),
    ("synqc.sme_solve", AttributeError, "near it: smesolve"),
    ("synqc.preset", AttributeError, "near it: presets"),
    ("synqc.optimize", AttributeError, "near it: optimise"),
    ("synqc.protocol", AttributeError, "near it: protocols"),
    ('(run - run)["fidelty"]', UnknownKey, "near it: fidelity."),
]

KEYWORDS = [
    (
        "synqc.Experiment(probe_strenght=0.2)",
        UnknownArgument,
        "`probe_strenght` is none of Experiment(); near it: probe_strength.",
    ),
    ("synqc.Experiment(Probe_Strength=0.2)", UnknownArgument, "near it: probe_strength."),
    ("synqc.Experiment(strength=0.2)", UnknownArgument, "near it: probe_strength."),
    ("synqc.Experiment(T1=50)", UnknownArgument, "`T1` is none of Experiment(); near it: t1_us."),
    ("synqc.Experiment(duration=50)", UnknownArgument, "near it: probe_duration_ns."),
    ("synqc.Experiment(shots=100)", UnknownArgument, "`shots` is none of Experiment(): it is one of its method run()"),
    ("synqc.Experiment(seed=3)", UnknownArgument, "as in Experiment().run(seed=...)"),
    ("synqc.Experiment.from_dict({'probe_strenght': 0.1})", UnknownArgument, "near it: probe_strength."),
    (
        "synqc.Experiment(envelope='samples')",
        InputError,
        "`samples` must be at least one value, but is empty.",
    ),
    (
        "synqc.Experiment(envelope='samples', samples=[])",
        InputError,
        "`samples` must be at least one value, but is empty.",
    ),
    ("experiment.replace(T1=50)", UnknownArgument, "but is not; near it: t1_us."),
    ("experiment.run(shot=100)", UnknownArgument, "`shot` is none of Experiment.run(); near it: shots."),
    ("experiment.run(10, iteration=3)", UnknownArgument, "near it: iterations."),
    ("synqc.Experiment('IBM_FEZ')", UnknownName, "near it: 'ibm_fez'"),
    ("synqc.presets()['fez']", UnknownKey, "`name` must be one of transmon-default"),
    ("synqc.presets()['IBM-Fez']", UnknownKey, "near it: ibm_fez."),
    ("synqc.presets()[0]", UnknownKey, "but is 0."),
    ("synqc.targets()['ibm']", UnknownKey, "near it: ibm-qpu."),
    ("synqc.device('IBM_FEZ')", UnknownName, "near it: 'ibm_fez'"),
    ("synqc.device('ibm_fez').replace(t1=5)", UnknownArgument, "`t1` is none of Device.replace(); near it: t1_us."),
    ("synqc.device('ibm_fez').replace(T2_us=5)", UnknownArgument, "near it: t2_us."),
]

NUMBERS = [
    ("synqc.Experiment(probe_strength=1.5)", InputError, "`probe_strength` must be between 0 and 1, but is 1.5."),
    ("synqc.Experiment(probe_strength=-0.1)", InputError, "`probe_strength` must be between 0 and 1, but is -0.1."),
    (
        "synqc.Experiment(probe_strength=float('nan'))",
        InputError,
        "`probe_strength` must be between 0 and 1, but is nan.",
    ),
    ("synqc.Experiment(probe_strength='0.2')", InputError, "`probe_strength` must be a number, but is '0.2'."),
    ("synqc.Experiment(probe_strength=None)", InputError, "`probe_strength` must be a number, but is None."),
    (
        "synqc.Experiment(probe_strength=[0.1, 0.2])",
        InputError,
        "`probe_strength` must be a number, but is [0.1, 0.2].",
    ),
    ("synqc.Experiment(probe_strength=1j)", InputError, "`probe_strength` must be a number, but is 1j."),
    (
        "synqc.Experiment(probe_duration_ns=-5)",
        InputError,
        "`probe_duration_ns` must be between 0 and 1e+09, but is -5.",
    ),
    (
        "synqc.Experiment(probe_duration_ns=1e12)",
        InputError,
        "`probe_duration_ns` must be between 0 and 1e+09, but is 1e+12.",
    ),
    (
        "synqc.Experiment(probe_duration_ns='120ns')",
        InputError,
        "`probe_duration_ns` must be a number, but is '120ns'.",
    ),
    ("synqc.Experiment(qubits=0)", InputError, "`qubits` must be between 1 and 1024, but is 0."),
    ("synqc.Experiment(qubits=1.5)", InputError, "`qubits` must be a whole number, but is 1.5."),
    ("synqc.Experiment(qubits='4')", InputError, "`qubits` must be a whole number, but is '4'."),
    ("synqc.Experiment(qubits=True)", InputError, "`qubits` must be a whole number, but is True."),
    ("synqc.Experiment(qubits=1e9)", InputError, "`qubits` must be between 1 and 1024, but is 1000000000."),
    ("synqc.Experiment(levels=1)", InputError, "`levels` must be between 2 and 5, but is 1."),
    ("synqc.Experiment(levels=2.5)", InputError, "`levels` must be a whole number, but is 2.5."),
    ("synqc.Experiment(t1_us=0)", InputError, "`t1_us` must be greater than 0, but is 0."),
    ("synqc.Experiment(t1_us='50us')", InputError, "`t1_us` must be a number, but is '50us'."),
    ("synqc.Experiment(t2_us=1e6)", InputError, "`t2_us` must be at most 2 * t1_us = 300, but is 1e+06."),
    (
        "synqc.Experiment(t2_us=50, tphi_us=50)",
        InputError,
        "`tphi_us` must be left out where `t2_us` is given, but is 50.0.",
    ),
    ("synqc.Experiment(efficiency=50)", InputError, "`efficiency` must be greater than 0 and at most 1, but is 50."),
    (
        "synqc.Experiment(thermal_population=0.6)",
        InputError,
        "`thermal_population` must be at least 0 and less than 0.5, but is 0.6.",
    ),
    ("synqc.Experiment(detuning_khz=float('inf'))", InputError, "`detuning_khz` must be finite, but is inf."),
    ("synqc.Experiment(spread=-1)", InputError, "`spread` must be between 0 and 1, but is -1."),
    ("synqc.Experiment(probe_bins=0)", InputError, "`probe_bins` must be between 1 and 65536, but is 0."),
    (
        "synqc.Experiment(device_seed=-1)",
        InputError,
        "`device_seed` must be between 0 and 18446744073709551615, but is -1.",
    ),
    ("synqc.Experiment(first_angle='pi/2')", InputError, "`first_angle` must be a number, but is 'pi/2'."),
    ("experiment.run(0)", InputError, "`shots` must be between 1 and"),
    ("experiment.run(-1)", InputError, "`shots` must be between 1 and"),
    ("experiment.run(1.5)", InputError, "`shots` must be a whole number, but is 1.5."),
    ("experiment.run('100')", InputError, "`shots` must be a whole number, but is '100'."),
    ("experiment.run([1, 2])", InputError, "`shots` must be a whole number, but is [1, 2]."),
    ("experiment.run(1e30)", InputError, "`shots` must be between 1 and"),
    ("experiment.run(10, seed=-1)", InputError, "`seed` must be between 0 and"),
    ("experiment.run(10, seed='a')", InputError, "`seed` must be a whole number, but is 'a'."),
    ("experiment.run(10, iterations=0)", InputError, "`iterations` must be between 1 and"),
    ("experiment.run(10, threads=-1)", InputError, "`threads` must be between 0 and 1024, but is -1."),
    ("synqc.sweep(experiment, AXES, shots=0)", InputError, "`shots` must be between 1 and"),
    ("synqc.sweep(experiment, AXES, seed='a')", InputError, "`seed` must be a whole number, but is 'a'."),
    ("synqc.sweep(experiment, AXES, seed=-1)", InputError, "`seed` must be between 0 and"),
    (
        "synqc.sweep(experiment, {'probe_strength': [2]})",
        InputError,
        "`probe_strength` must be between 0 and 1, but is 2.",
    ),
    ("synqc.device('ibm_fez').replace(t1_us=-5)", InputError, "`t1_us` must be greater than 0, but is -5."),
    ("synqc.device('ibm_fez').replace(t1_us='5')", InputError, "`t1_us` must be a number, but is '5'."),
    (
        "synqc.device('ibm_fez').replace(t2_us=1e5)",
        InputError,
        "`t2_us` must be at most 2 * t1_us = 289.8, but is 1e+05.",
    ),
    ("synqc.compare(run, run, repetitions=2)", InputError, "`repetitions` must be between 8 and"),
    ("synqc.compare(run, run, repetitions='many')", InputError, "`repetitions` must be a whole number, but is 'many'."),
    (
        "synqc.smesolve(np.eye(2), [1, 0], [0, 1], [], [np.eye(2)], ntraj=0)",
        InputError,
        "`ntraj` must be a whole number of at least 1, but is 0.",
    ),
    (
        "synqc.smesolve(np.eye(2), [1, 0], [0, 1], [], [np.eye(2)], eta=2)",
        InputError,
        "`eta` must be between 0 and 1, but is 2.",
    ),
    ("synqc.MonitoredQubit(efficiency=2)", InputError, "`efficiency` must be between 0 and 1, but is 2."),
]

THINGS = [
    ("synqc.Experiment(5)", InputError, "`preset` must be a path, a text, a dict or a backend, but is int."),
    (
        "synqc.Experiment(preset=None)",
        InputError,
        "`preset` must be a path, a text, a dict or a backend, but is NoneType.",
    ),
    ("synqc.Experiment(target=None)", InputError, "`target` must be text, but is None."),
    (
        "synqc.Experiment(adaptive_rule=None)",
        InputError,
        "`adaptive_rule` must be the name of a rule, a function of a Batch",
    ),
    ("synqc.Experiment(drag_detuning='yes')", InputError, "`drag_detuning` must be True or False, but is 'yes'."),
    ("synqc.Experiment(drift='yes')", InputError, "`drift` must be a list of processes or 'none', but is 'yes'."),
    ("synqc.Experiment(drift=5)", InputError, "`drift` must be a list of processes or 'none', but is 5."),
    (
        "synqc.Experiment(envelope='samples', samples=[[1, 2]])",
        ShapeError,
        "`samples` must have shape (k,), but has shape (1, 2).",
    ),
    (
        "synqc.Experiment(envelope='samples', samples='abc')",
        InputError,
        "`samples` must be complex numbers, but is 'abc'.",
    ),
    ("synqc.Experiment.from_json('[]')", DocumentError, "must be an object, but is a list"),
    ("synqc.Experiment.from_json('{')", DocumentError, "must be one JSON document"),
    ("experiment.run(10, resume_from=5)", InputError, "`resume_from` must be a Run or a Checkpoint, but is int."),
    (
        "setattr(synqc.device('ibm_fez'), 't1_us', 5)",
        AttributeError,
        "A Device never changes; use device.replace(t1_us=...)",
    ),
    ("synqc.Device('ibm_fez')", InputError, "must come from synqc.device(name) or Device.from_json(text), but is str."),
    ("synqc.Device.from_ibm_properties({})", DocumentError, "`qubits` must be there, but is missing"),
    (
        "synqc.Device.from_ibm_properties('/nowhere')",
        DocumentError,
        "`source` must be a readable file, but is '/nowhere'",
    ),
    ("synqc.device(5)", InputError, "`name` must be a path, a text, a dict or a backend, but is int."),
    (
        "synqc.device('mine.json')",
        DocumentError,
        "`name` must be a readable file, but is 'mine.json': No such file or directory",
    ),
    ("synqc.device({'a': 1})", DocumentError, "must be a device (with `qubit`), an IBM calibration snapshot"),
    ("synqc.device('ibm_fez').select([0])", InputError, "`qubits` must be numbers of qubits"),
    (
        "synqc.sweep(synqc.Experiment, AXES)",
        InputError,
        "`experiment` must be an Experiment, such as synqc.Experiment(), but is the class itself.",
    ),
    (
        "synqc.sweep(AXES, experiment)",
        InputError,
        "`experiment` must be an Experiment, such as synqc.Experiment(), but is dict.",
    ),
    ("synqc.sweep('ibm_fez', AXES)", InputError, "but is str."),
    (
        "synqc.sweep(experiment, [0.1, 0.2])",
        InputError,
        "`axes` must be a dict of argument names and their values, but is list.",
    ),
    (
        "synqc.sweep(experiment, 'probe_strength')",
        InputError,
        "`axes` must be a dict of argument names and their values, but is str.",
    ),
    ("synqc.sweep(experiment, {})", InputError, "`axes` must name at least one argument of Experiment, but is empty."),
    (
        "synqc.sweep(experiment, {'probe_strength': 0.1})",
        InputError,
        "must give a sequence of values for `probe_strength`, but gives 0.1.",
    ),
    (
        "synqc.sweep(experiment, {'probe_strength': []})",
        InputError,
        "must give a sequence of values for `probe_strength`, but gives [].",
    ),
    ("synqc.sweep(experiment, {'probe_strength': '0.1'})", InputError, "but gives '0.1'."),
    (
        "synqc.sweep(experiment, {'probe_strength': {'a': 1}})",
        InputError,
        "`probe_strength` must be a number, but is 'a'.",
    ),
    (
        "synqc.sweep(experiment, {'shots': [1, 2]})",
        UnknownName,
        "`shots` is one of its method run(); sweep() takes shots, iterations, seed, threads once",
    ),
    ("synqc.sweep(experiment, {'seed': [1, 2]})", UnknownName, "`seed` is one of its method run()"),
    (
        "synqc.sweep(experiment, AXES, executor=4)",
        InputError,
        "`executor` must have a method submit(), as those of concurrent.futures have, or be a function",
    ),
    (
        "synqc.sweep(experiment, AXES, cache=5)",
        InputError,
        "`cache` must be a cache of synqc.cache or a file's path, but is 5.",
    ),
    (
        "synqc.sweep(experiment, probe_strength=[0.1])",
        UnknownArgument,
        '`probe_strength` is none of sweep(): axes are given as {"probe_strength": [...]}.',
    ),
    (
        "grid['probe_strength']",
        UnknownKey,
        "must be a figure, but 'probe_strength' is an axis: its values are in `axes`.",
    ),
    ("grid[0]", UnknownKey, "`name` must be one of fidelity, success"),
    ("grid.at()", InputError, "`probe_strength` must be given, one of [0.1, 0.2], but is not."),
    ("grid.at(probe_strength=0.3)", InputError, "`probe_strength` must be one of [0.1, 0.2], but is 0.3."),
    ("run[0]", UnknownKey, "`name` must be one of fidelity"),
    ("list(run)", TypeError, "'Run' object is not iterable"),
    ("run.records", InputError, "The run did not keep its records: pass keep_records=True to run()."),
    ("run - 5", TypeError, "unsupported operand type(s) for -: 'Run' and 'int'"),
    ("run + run", TypeError, "unsupported operand type(s) for +"),
    ("synqc.compare(run, experiment)", InputError, "`second` must be a Run, but is Experiment."),
    ("synqc.compare(grid, run)", InputError, "`first` must be a Run, but is Sweep."),
    ("synqc.compare(run.fidelity, run.fidelity)", InputError, "`first` must be a Run, but is Estimate."),
    (
        "synqc.Checkpoint.from_dict({})",
        InputError,
        "must hold device_time_s, controllers and drift as numbers, but is {}.",
    ),
    ("run.save('/nowhere/run')", FileNotFoundError, "There is no such folder: '/nowhere'"),
    (
        "run.save(folder / 'run.json')",
        InputError,
        "`path` must end with .npz, .nc, .h5, .hdf5, .zarr or .parquet, but is",
    ),
    ("run.save(folder / 'run.pkl')", InputError, "`path` must end with .npz"),
    ("grid.save(folder / 'grid.csv')", InputError, "`path` must end with .npz"),
    ("grid.save('/nowhere/grid.nc')", FileNotFoundError, "There is no such folder: '/nowhere'"),
    ("synqc.load(folder / 'absent')", FileNotFoundError, "absent.npz"),
    ("synqc.load(folder / 'absent.nc')", FileNotFoundError, "absent.nc"),
    ("synqc.load(folder)", IsADirectoryError, "Is a directory"),
    ("synqc.load(written('notes.txt', 'hello'))", DocumentError, "must be a file that save() wrote, but"),
    ("synqc.load(written('notes.nc', 'hello'))", DocumentError, "notes.nc is not readable as one"),
    ("synqc.load(written('notes.parquet', 'hello'))", DocumentError, "notes.parquet is not readable as one"),
    ("synqc.load(5)", TypeError, "expected str, bytes or os.PathLike object, not int"),
    ("synqc.mesolve(1, 2, 3)", ShapeError, "`H` must have shape (n, n), but has shape ()."),
    ("synqc.mesolve(np.eye(2), [1, 0, 0], [0, 1])", ShapeError, "`H` must have shape (3, 3), but has shape (2, 2)."),
    ("synqc.mesolve(np.eye(2), [1, 0], [1, 0])", InputError, "`tlist` must be strictly increasing, but is 0 after 1."),
    (
        "synqc.mesolve(np.eye(2), [1, 0], 5)",
        ShapeError,
        "`tlist` must have shape (t,) with at least one time, but has shape ().",
    ),
    (
        "synqc.mesolve(np.array([[0, 1], [0, 0]]), [1, 0], [0, 1])",
        InputError,
        "`H` must be Hermitian, but is different from its adjoint by 1.",
    ),
]

MISTAKES = SPELLING + KEYWORDS + NUMBERS + THINGS


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What a newcomer has at hand."""
    folder = tmp_path_factory.mktemp("newcomer")

    def written(name: str, text: str) -> pathlib.Path:
        path = folder / name
        path.write_text(text)
        return path

    experiment = synqc.Experiment(qubits=1)
    axes = {"probe_strength": [0.1, 0.2]}
    return {
        "synqc": synqc, "np": np, "folder": folder, "written": written, "experiment": experiment, "AXES": axes,
        "run": experiment.run(50, seed=1), "grid": synqc.sweep(experiment, axes, shots=50, seed=1, progress=False),
    }  # fmt: skip


def test_there_are_enough_of_them_and_none_twice():
    assert len(MISTAKES) >= 150
    assert len({typed for typed, _, _ in MISTAKES}) == len(MISTAKES)


@pytest.mark.parametrize(("typed", "kind", "sentence"), MISTAKES, ids=[typed for typed, _, _ in MISTAKES])
def test_a_mistake_is_answered_by_a_sentence_that_helps(typed, kind, sentence, names):
    with pytest.raises(kind) as refused:
        eval(typed, dict(names))
    told = str(refused.value)
    assert sentence in told
    assert "\n" not in told
    assert "incompatible function arguments" not in told


@pytest.mark.parametrize(
    ("typed", "builtin"),
    [
        ('synqc.sweep(experiment, AXES, shot=100)', TypeError),
        ('run["fidelty"]', KeyError),
        ("experiment.run(0)", ValueError),
        ("synqc.presets()['fez']", KeyError),
        ("synqc.Experiment(probe_strenght=0.2)", TypeError),
        ('synqc.Experiment("fez")', ValueError),
    ],
)  # fmt: skip
def test_it_is_caught_as_python_would_have_raised_it(typed, builtin, names):
    with pytest.raises(builtin):
        eval(typed, dict(names))
