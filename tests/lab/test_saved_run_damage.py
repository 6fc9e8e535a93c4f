"""A file of a run that was damaged, or made up: a DocumentError in words, and no more memory than the file is worth."""

import io
import json
import random
import subprocess
import sys
import textwrap
import zipfile

import numpy as np
import pytest

import synqc
from synqc.errors import DocumentError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    run = synqc.Experiment(qubits=2, probe_duration_ns=120).run(
        shots=50, seed=1, iterations=2, keep_records=True, progress=False
    )
    return run.save(tmp_path_factory.mktemp("run") / "run").read_bytes()


def test_every_damaged_file_is_a_document_error_or_the_same_run(saved, tmp_path, seed):
    dice = random.Random(seed)
    path = tmp_path / "damaged.npz"
    refused = 0
    for turn in range(150):
        content = bytearray(saved)
        match dice.randrange(3):
            case 0:
                for _ in range(dice.randint(1, 3)):
                    content[dice.randrange(len(content))] = dice.randrange(256)
            case 1:
                del content[dice.randrange(len(content)) :]
            case _:
                place = dice.randrange(len(content))
                del content[place : place + dice.randint(1, 100)]
        path.write_bytes(content)
        try:
            synqc.load(path)
        except DocumentError:
            refused += 1
        except BaseException as error:
            pytest.fail(f"seed {seed}, turn {turn}: {error!r}")
    assert refused > 75


def rewritten(saved: bytes, change) -> bytes:
    """The file with its members changed: a dict of names to bytes."""
    with zipfile.ZipFile(io.BytesIO(saved)) as members:
        contents = {name: members.read(name) for name in members.namelist()}
    change(contents)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as members:
        for name, content in contents.items():
            members.writestr(name, content)
    return made.getvalue()


def array_file(values: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    made = io.BytesIO()
    header = {"descr": values.dtype.str, "fortran_order": False, "shape": values.shape if shape is None else shape}
    np.lib.format.write_array_header_1_0(made, header)
    made.write(values.tobytes())
    return made.getvalue()


def with_document(change):
    def changed(contents):
        document = json.loads(np.load(io.BytesIO(contents["document.npy"])).tobytes())
        contents["document.npy"] = array_file(np.frombuffer(json.dumps(change(document)).encode(), np.uint8))

    return changed


def without_run_member(name):
    def change(document):
        document["run"].pop(name, None)
        return document

    return with_document(change)


STRANGE = {
    "a shape beyond the bytes": lambda files: files.update(
        {"bits.npy": array_file(np.zeros((2, 2, 50), np.uint8), (2, 2, 10**12))}
    ),
    "other iterations": lambda files: files.update({"bits.npy": array_file(np.zeros((3, 2, 50), np.uint8))}),
    "another dtype": lambda files: files.update({"bits.npy": array_file(np.zeros((2, 2, 50)))}),
    "objects": lambda files: files.update(
        {"bits.npy": array_file(np.zeros((2, 2, 50), np.uint8)).replace(b"|u1", b"|O8")}
    ),
    "too few axes": lambda files: files.update({"bits.npy": array_file(np.zeros(4, np.uint8))}),
    "a negative length": lambda files: files.update(
        {"bits.npy": array_file(np.zeros((2, 2, 50), np.uint8)).replace(b"50)", b"-5)")}
    ),
    "no document": lambda files: files.pop("document.npy"),
    "a list as document": with_document(lambda document: [document]),
    "no iterations": without_run_member("iterations"),
    "no carry": without_run_member("carry"),
    "no fidelity": without_run_member("fidelity"),
    "no probe": without_run_member("probe"),
    "another experiment": with_document(lambda document: {**document, "experiment": {"qubits": "x"}}),
    "a document that is no JSON": lambda files: files.update({"document.npy": array_file(np.zeros(9, np.uint8))}),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_file_that_says_what_cannot_be_is_a_document_error(name, saved, tmp_path):
    path = tmp_path / "strange.npz"
    path.write_bytes(rewritten(saved, STRANGE[name]))
    with pytest.raises(DocumentError):
        synqc.load(path)


def test_a_file_that_was_written_anew_is_read(saved, tmp_path):
    path = tmp_path / "same.npz"
    path.write_bytes(rewritten(saved, lambda files: None))
    assert synqc.load(path).bits.shape == (2, 2, 50)


def test_a_small_file_takes_little_memory(saved, tmp_path):
    path = tmp_path / "bomb.npz"
    zeros = array_file(np.zeros((2, 2, 50), np.uint8), (1, 1, 150_000_000))[:-200] + bytes(150_000_000)
    path.write_bytes(rewritten(saved, lambda files: files.update({"bits.npy": zeros})))
    program = """
        import sys, synqc
        from synqc.measure import peak_resident_bytes
        before = peak_resident_bytes()
        try:
            synqc.load(sys.argv[1])
        except synqc.errors.DocumentError as error:
            print(error)
        print(peak_resident_bytes() - before)
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(path)], capture_output=True, text=True, check=True
    )
    words, grown = answer.stdout.splitlines()
    assert "shape" in words
    assert int(grown) < 60e6, "bytes"
