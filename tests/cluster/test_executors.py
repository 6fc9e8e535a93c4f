"""Executors by address."""

import pytest

from synqc.cluster import RayExecutor, open_executor
from synqc.errors import InputError


@pytest.mark.parametrize(
    ("address", "word"),
    [("nowhere", "must be"), ("processes:0", "1 to 1024"), ("processes:many", "1 to 1024"), ("dask:", "must be"),
     ("dask://", "must be"), ("ray:", "must be"), ("ray://", "must be"), ("process:4", "near it: processes"),
     ("Ray", "near it: ray"), ("dsk://host:1", "near it: dask"), ("", "must be"), ("processes:", "1 to 1024"),
     ("processes:²", "1 to 1024"), ("processes:" + "9" * 5000, "1 to 1024"), ("x" * 10**6, "must be"),
     (None, "must be a text"), (4, "must be a text"), (b"mpi", "must be a text")],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_is_no_address_is_refused(address, word):
    with pytest.raises(InputError, match=word) as refusal, open_executor(address):
        pass
    assert len(str(refusal.value)) < 500


def test_a_scheduler_that_does_not_answer_is_named():
    pytest.importorskip("distributed", reason="needs the extra cluster")
    with pytest.raises(InputError, match=r"dask://127\.0\.0\.1:9"), open_executor("dask://127.0.0.1:9"):
        pass


def test_processes_are_as_many_as_were_asked_for():
    with open_executor("processes:3") as executor:
        assert executor._max_workers == 3


class FakeRay:
    """What `RayExecutor` needs of Ray, done at once."""

    def __init__(self):
        self.made = []

    def cluster_resources(self):
        return {"CPU": 5.0}

    def remote(self, **options):
        def decorate(function):
            self.made.append((function, options))

            class Remote:
                @staticmethod
                def remote(*arguments):
                    class Reference:
                        @staticmethod
                        def future():
                            return function(*arguments)

                    return Reference

            return Remote

        return decorate


def test_ray_is_given_each_function_once_with_a_processor_for_each_call(monkeypatch):
    ray = FakeRay()
    monkeypatch.setitem(__import__("sys").modules, "ray", ray)
    executor = RayExecutor()
    assert executor.num_workers == 5
    assert [executor.submit(divmod, 7, k) for k in (2, 4)] == [(3, 1), (1, 3)]
    assert ray.made == [(divmod, {"num_cpus": 1})]


@pytest.mark.deep
def test_ray_gives_the_same_bytes():
    pytest.importorskip("ray", reason="needs ray")
    import synqc

    axes = {"probe_strength": [0.0, 0.4, 1.0]}
    here = synqc.sweep(synqc.Experiment(qubits=1), axes, shots=200, seed=1)
    with open_executor("ray") as executor:
        assert synqc.sweep(synqc.Experiment(qubits=1), axes, shots=200, seed=1, executor=executor) == here
