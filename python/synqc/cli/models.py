"""`synqc models`: language models as files of this machine."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synqc.cli.serve import port_number
from synqc.cli.tables import json_text, table
from synqc.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from synqc.llm import Provider
    from synqc.llm.model_files import Component, ModelDirectory, ModelFile
    from synqc.llm.providers.local import LocalModelSettings

__all__ = ["add_command", "provider_of"]

_DRAWN_EVERY_S = 0.1


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    models = commands.add_parser(
        "models",
        description="Language models as files of this machine (SYNQC_MODELS_DIR); see docs/local_models.md.",
        allow_abbrev=False,
    )
    acts = models.add_subparsers(title="commands", metavar="COMMAND", dest="models_command", required=True)

    listing = _add(acts, "list", _list, "name the models that can be had, and those that are here")
    listing.add_argument("--json", action="store_true", help="a JSON document")
    getting = _add_named(acts, "get", _get, "get a model; an interrupted download goes on where it was")
    getting.add_argument("--source", choices=("hub", "index"), help="default: the hub if huggingface_hub is installed")
    _add_named(acts, "verify", _verify, "hash a model's file")
    _add_named(acts, "remove", _remove, "delete a model's file")
    measuring = _add(acts, "bench", _bench, "measure a model: speed, memory, forms, yes and no")
    measuring.add_argument("model", metavar="MODEL", help="a name, a GGUF file, or with --url a server's name for it")
    measuring.add_argument("--url", help="a server of OpenAI's protocol, up to /v1; its key is OPENAI_API_KEY")
    measuring.add_argument("--json", action="store_true", help="a JSON document")
    serving = _add(acts, "serve", _serve, "serve a model on 127.0.0.1 by OpenAI's protocol until Ctrl-C")
    serving.add_argument("model", metavar="MODEL", help="a name or a GGUF file")
    serving.add_argument("--port", type=port_number, default=8080, help="default 8080")
    serving.add_argument("--api-key", help="that requests must show; default: a random one, which is printed")


def _add(acts: Any, name: str, act: Callable[[argparse.Namespace], None], words: str) -> Any:
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    parser.set_defaults(act=lambda arguments: _acted(act, arguments))
    return parser


def _acted(act: Callable[[argparse.Namespace], None], arguments: argparse.Namespace) -> bool:
    if find_spec("pydantic_settings") is None:
        raise MissingExtra("This needs pydantic-settings: pip install 'synqc[local]'.")
    act(arguments)
    return False


def _add_named(acts: Any, name: str, act: Callable[[argparse.Namespace], None], words: str) -> Any:
    parser = _add(acts, name, act, words)
    parser.add_argument("model", metavar="NAME", help="as `synqc models list` shows it")
    return parser


def _settings() -> LocalModelSettings:
    from synqc.llm.providers.local import LocalModelSettings

    return LocalModelSettings.from_environment()


def _directory() -> ModelDirectory:
    from synqc.llm.model_files import ModelDirectory

    return ModelDirectory(_settings().models_dir)


def _anything_named(name: str) -> ModelFile | Component:
    from synqc.llm.model_files import model_or_component_named

    return model_or_component_named(name)


def _named(name: str) -> ModelFile:
    from synqc.llm.model_files import model_named

    return model_named(name)


def _list(arguments: argparse.Namespace) -> None:
    from synqc.llm.model_files import known_components, known_models

    directory = _directory()
    found: list[tuple[ModelFile | Component, Path | None]] = [(one, directory.find(one)) for one in known_models()]
    for component in known_components():
        is_here = all(directory.find(file) == directory.place_of(file) for file in component.files)
        found.append((component, directory.path / component.name if is_here else None))
    if arguments.json:
        print(json_text([
            {**dataclasses.asdict(model), "size": model.size, "path": None if path is None else str(path)}
            for model, path in found
        ]))  # fmt: skip
        return
    rows = [
        [model.name, f"{model.size / 1e6:.0f}", model.licence, "no" if path is None else str(path), model.good_for]
        for model, path in found
    ]
    print(table(["name", "MB", "licence", "here", "has proved itself at"], rows, numbers=[1]))


def _get(arguments: argparse.Namespace) -> None:
    from synqc.llm.model_files import Component, download, get_component

    model = _anything_named(arguments.model)
    with _Bar(model.name) as bar:
        if isinstance(model, Component):
            path = get_component(model.name, _directory(), source=arguments.source, progress=bar, say=bar.say)
        else:
            path = download(model, _directory(), source=arguments.source, progress=bar, say=bar.say)
    print(f"{model.name} is at {path}, with the SHA-256 it must have.")


def _verify(arguments: argparse.Namespace) -> None:
    from synqc.llm.model_files import Component
    from synqc.llm.model_files.directory import verify

    model = _anything_named(arguments.model)
    for file in model.files if isinstance(model, Component) else (model,):
        path = _file_of(file, model.name)
        with _Bar(file.name) as bar:
            verify(file, path, bar)
        print(f"{path} is {file.name}: SHA-256 {file.sha256}.")


def _remove(arguments: argparse.Namespace) -> None:
    from synqc.llm.model_files import Component, remove_component

    model = _anything_named(arguments.model)
    directory = _directory()
    was_here = remove_component(model.name, directory) if isinstance(model, Component) else directory.remove(model)
    print(f"{model.name} is removed." if was_here else f"{model.name} was not here.")


def _bench(arguments: argparse.Namespace) -> None:
    from synqc.llm.model_bench import measure_model

    provider, name, is_here = provider_of(arguments)
    try:
        with _Bar(name) as bar:
            figures = measure_model(provider, name, say=lambda words: bar.say(f"Measuring {name}: {words}."))
        resident = _resident_mb() if is_here else None
    finally:
        provider.close()
    if arguments.json:
        print(
            json_text({"model": name, "where": provider.name, **dataclasses.asdict(figures), "resident_mb": resident})
        )
        return
    rows = [
        ["reads", _per_second(figures.read_tokens_per_s)],
        ["writes", _per_second(figures.written_tokens_per_s)],
        ["first token", f"{figures.first_token_s:.2f} s"],
        ["resident memory", "not of this process" if resident is None else f"{resident:.0f} MB"],
        ["forms that fit", f"{figures.forms_valid} of {figures.forms}"],
        ["yes or no, by margin", _of(figures.right_by_margin, figures.questions)],
        ["yes or no, calibrated", _of(figures.right_calibrated, figures.questions)],
    ]
    print(table([name, provider.name], rows))


def _serve(arguments: argparse.Namespace) -> None:
    from synqc.llm.providers.local.engine import Engine, Size

    settings = _settings()
    path, name, check = _model_here(arguments.model)
    size = Size(settings.local_slots, settings.local_context_tokens, settings.local_threads or os.cpu_count() or 1)
    engine = Engine(path, name=name, size=size, check=check, port=arguments.port, key=arguments.api_key)
    try:
        print(f"Loading {name}.", file=sys.stderr)
        address = engine.address
        print(f"OPENAI_BASE_URL={address}\nOPENAI_API_KEY={engine.key}\nSYNQC_AGENT_MODEL={name}", flush=True)
        print("Serving until Ctrl-C.", file=sys.stderr)
        threading.Event().wait()
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    finally:
        engine.stop(10.0)


def provider_of(arguments: argparse.Namespace, *, reuses_prompts: bool = False) -> tuple[Provider, str, bool]:
    """Who answers for `arguments.model`, under which name, and whether in this process; by `arguments.url` a server.

    Args:
        arguments: Parsed command line with `model` and `url`.
        reuses_prompts: Whether a model in this process keeps the prompt that it read; see `LocalModel`.
    """
    if arguments.url is not None:
        from synqc.llm import Endpoint, LanguageModels

        key = os.environ.get("OPENAI_API_KEY") or "none"
        return LanguageModels(Endpoint(base_url=arguments.url, api_key=key)), arguments.model, False
    from synqc.llm.providers.local import LocalModel

    path, name, check = _model_here(arguments.model)
    return LocalModel.of(_settings(), path, name=name, check=check, reuses_prompts=reuses_prompts), name, True


def _model_here(given: str) -> tuple[Path, str, Callable[[], None]]:
    """A file, its name, and what must hold before it is loaded."""
    path = Path(given).expanduser()
    if path.suffix.lower() == ".gguf" or os.sep in given:
        if not path.is_file():
            raise InputError(
                f"Argument `MODEL` must be a name of `synqc models list` or a file, but {path} is no file."
            )
        return path.absolute(), path.stem, lambda: None
    model = _named(given)
    found = _file_of(model, model.name)
    return found, model.name, lambda: _directory().require(model, found)


def _file_of(model: ModelFile, name: str) -> Path:
    path = _directory().find(model)
    if path is None:
        raise InputError(f"Model {name} is not on this machine: run `synqc models get {name}`.")
    return path


def _resident_mb() -> float | None:
    from synqc.llm.providers.local import resident_mb

    try:
        return resident_mb()
    except OSError:
        return None


def _per_second(rate: float | None) -> str:
    return "not told" if rate is None else f"{rate:.1f} tokens/s"


def _of(right: int | None, questions: int) -> str:
    return "no log-probabilities" if right is None else f"{right} of {questions} right"


class _Bar:
    """Bytes done, on standard error where that is a terminal."""

    def __init__(self, name: str) -> None:
        self._name, self._shown, self._drawn = name, sys.stderr.isatty(), 0.0

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._shown and (done == total or now - self._drawn > _DRAWN_EVERY_S):
            self._drawn = now
            filled = round(30 * done / total)
            bar = "#" * filled + "." * (30 - filled)
            sys.stderr.write(f"\r{self._name}  [{bar}]  {done / 1e6:.0f} of {total / 1e6:.0f} MB")
            sys.stderr.flush()

    def say(self, words: str) -> None:
        """A line above the bar."""
        self._clear()
        sys.stderr.write(f"{words}\n")

    def _clear(self) -> None:
        if self._shown and self._drawn:
            sys.stderr.write("\r\x1b[K")
