"""A model of this process as a provider of a gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synqc.errors import InputError
from synqc.llm.model_files import ModelDirectory, NoSuchModel, model_named
from synqc.llm.providers.local import LocalModel, LocalModelSettings

__all__ = ["local_provider"]


def local_provider(file: str, environment: Mapping[str, str], *, timeout_s: float = 600.0) -> LocalModel:
    """A model that is loaded by the first request; `SYNQC_LOCAL_SLOTS` and its like say how.

    Args:
        file: A GGUF file, or a name of `synqc models list`.
        environment: Variables of the process.
        timeout_s: One answer must be complete by then, from when a slot is free.

    Raises:
        InputError: There is no such file, or no such model on this machine.
        MissingExtra: The package `xllamacpp` is not installed.
    """
    settings = LocalModelSettings.from_environment(environment)
    path = Path(file).expanduser()
    if path.suffix.lower() == ".gguf" or "/" in file:
        if not path.is_file():
            raise InputError(
                f"Argument `file` must be a GGUF file or a name of `synqc models list`, but {path} is none."
            )
        return LocalModel.of(settings, path, timeout_s=timeout_s)
    try:
        known = model_named(file)
    except NoSuchModel as error:
        raise InputError(f"Argument `file` must be a GGUF file or a name of `synqc models list`. {error}") from None
    directory = ModelDirectory(settings.models_dir)
    found = directory.find(known)
    if found is None:
        raise InputError(f"Argument `file` names {known.name}, which is not here: run `synqc models get {known.name}`.")
    return LocalModel.of(
        settings, found, name=known.name, timeout_s=timeout_s, check=lambda: directory.require(known, found)
    )
