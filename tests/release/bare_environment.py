"""What a wheel must do with nothing but Python and NumPy installed; run outside of the tree by a Python that has it.

Prints the libraries that the process has mapped, one a line, so that whoever asks can see whose they are.
"""

import sys

import numpy as np

import synqc
from synqc import json
from synqc.cache import DiskCache, MemoryCache


def main() -> None:
    run = synqc.Experiment("ibm_fez", probe_strength=0.3).run(2000, seed=7, threads=2)
    assert 0.9 < run.fidelity.value < 1, run.fidelity
    assert run == synqc.Experiment("ibm_fez", probe_strength=0.3).run(2000, seed=7)
    grid = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.9]}, shots=100, seed=1, progress=False)
    assert grid["information_bits"][1] > grid["information_bits"][0]
    assert json.loads(json.dumps({"a": np.arange(3)})) == {"a": [0, 1, 2]}  # our own reader and writer
    assert synqc.Experiment.from_json(run.experiment.to_json()) == run.experiment  # simdjson
    MemoryCache(max_entries=2).set("a", 1)
    with DiskCache(sys.argv[1]) as cache:  # SQLite and libcrypto
        cache.set("a", [1.5])
        assert cache.get("a") == [1.5]
    if sys.platform == "linux":
        with open("/proc/self/maps") as maps:
            print("\n".join(sorted({line.split(maxsplit=5)[-1].strip() for line in maps if ".so" in line})))


if __name__ == "__main__":
    main()
