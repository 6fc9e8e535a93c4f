"""Runs and sweeps go to other processes and come back equal, by whatever people use for that."""

import multiprocessing
import pickle

import pytest

import synqc

EXPERIMENT = synqc.Experiment(qubits=1)


def made(seed):
    return EXPERIMENT.run(40, seed=seed, keep_records=True)


def swept(seed):
    return synqc.sweep(EXPERIMENT, {"probe_strength": [0.1, 0.2]}, shots=20, seed=seed, progress=False)


def by_pickle(function, seeds):
    return [pickle.loads(pickle.dumps(function(seed))) for seed in seeds]


def by_processes(function, seeds):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(function, seeds)


def by_joblib(function, seeds):
    joblib = pytest.importorskip("joblib", reason="is not installed here")
    return joblib.Parallel(n_jobs=2)(joblib.delayed(function)(seed) for seed in seeds)


def by_dask(function, seeds):
    distributed = pytest.importorskip("distributed", reason="Dask's scheduler is not installed here")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        return client.gather(client.map(function, seeds))


def by_ray(function, seeds):
    ray = pytest.importorskip("ray", reason="is not installed here")
    ray.init(num_cpus=1, include_dashboard=False)
    try:
        return ray.get([ray.remote(function).remote(seed) for seed in seeds])
    finally:
        ray.shutdown()


@pytest.mark.parametrize("journey", [by_pickle, by_processes, by_joblib, by_dask, by_ray])
def test_what_comes_back_is_what_was_found(journey):
    assert journey(made, [1, 2]) == [made(1), made(2)]
    assert journey(swept, [1]) == [swept(1)]
