"""Measured files that somebody sends: analysed by `synqc analyse --untrusted` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from synqc.errors import InputError, SynqcError

__all__ = ["SUFFIXES", "Analyses", "AnalysisBusy"]

SUFFIXES = (".npz", ".npy", ".nc", ".h5", ".json")
"""Endings of files that can be sent; a layout that is a folder cannot."""

_AT_ONCE = 2
_PATIENCE_S = 90.0
_ERROR = "synqc: error: "
_ARGUMENTS = {
    "--unit NAME=UNIT": "units", "--ground-sign": "ground_sign", "--axes NAME=A,B": "axes", "--protocol": "protocol",
    "--shots": "shots", "--set": "arguments",
}  # fmt: skip
"""Names here of the command line's options."""


class AnalysisBusy(SynqcError):
    """As many files as may be are being analysed."""

    code = "analysis_busy"


class Analyses:
    """Runs the command line's analysis, so that a hostile file can break nothing but the process that reads it.

    Args:
        patience_s: How long one may take.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def analyse(
        self,
        content: bytes,
        name: str,
        *,
        protocol: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        shots: int | None = None,
        ground_sign: int | None = None,
        units: Mapping[str, str] | None = None,
        axes: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """Parameters, verdict and figure of every qubit of a file.

        Args:
            content: Bytes of the file.
            name: Name of the file; its ending says the layout.
            protocol, arguments, shots, ground_sign, units, axes: As of `synqc.protocols.read_records`.

        Returns:
            `name`, and `targets`: by qubit, as `synqc analyse --json` says them, with Plotly's `figure`.

        Raises:
            InputError: The file cannot be analysed; the message says why.
            AnalysisBusy: Others are being analysed.
        """
        suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
        if suffix not in SUFFIXES:
            raise InputError(f"Argument `name` must end in {', '.join(SUFFIXES)}, but is {name[:100]!r}.")
        options: list[str] = []
        for option, value in (("--protocol", protocol), ("--shots", shots), ("--ground-sign", ground_sign)):
            if value is not None:
                options += [f"{option}={value}"]
        options += [f"--set={key}={json.dumps(value)}" for key, value in (arguments or {}).items()]
        options += [f"--unit={key}={value}" for key, value in (units or {}).items()]
        options += [f"--axes={key}={','.join(value)}" for key, value in (axes or {}).items()]
        if "\0" in (joined := "".join(options)) or not _is_text(joined):
            raise InputError("Arguments must be text without a zero byte or half a letter, but are not.")
        if not self._free.acquire(blocking=False):
            raise AnalysisBusy(f"At most {_AT_ONCE} files are analysed at a time; try again in a moment.")
        try:
            with tempfile.TemporaryDirectory(prefix="synqc-analysis-") as folder:
                path = Path(folder) / f"measured{suffix}"
                path.write_bytes(content)
                return {"name": name, "targets": self._targets(path, options)}
        finally:
            self._free.release()

    def _targets(self, path: Path, options: list[str]) -> Any:
        command = [sys.executable, "-m", "synqc", "analyse", str(path), "--untrusted", "--json", "--figures", *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            done = subprocess.run(
                command, cwd=path.parent, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=self._patience_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise InputError(f"The file must be analysed within {self._patience_s:g} s, but takes longer.") from None
        words = done.stderr.decode(errors="replace").strip()
        if done.returncode == 0:
            return json.loads(done.stdout)["targets"]
        if done.returncode == 2 and _ERROR in words:
            said = words[words.rindex(_ERROR) + len(_ERROR) :]
            for option, argument in _ARGUMENTS.items():
                said = said.replace(f"`{option}`", f"`{argument}`")
            raise InputError(said.replace(str(path), path.name).replace(f"{path.parent}/", ""))
        raise InputError("The file must be one that the analysis can bear, but it broke off: too large, or no records.")


def _is_text(words: str) -> bool:
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True
