"""Chain of responsibility: which language model answers here, in an order that is written down once.

A server that was named comes first, then a file of the user's, then the best known model that is on this machine, then
rules in code; and last a sentence that says how to get a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from synqc.errors import InputError
from synqc.llm.client import LanguageModels
from synqc.llm.endpoint import OPENAI_URL, Endpoint
from synqc.llm.model_files import ModelDirectory, ModelFile, known_models, model_named

if TYPE_CHECKING:
    from synqc.llm.settings import ChoiceSettings

__all__ = ["HOW_TO_GET_ONE", "Choice", "Kind", "Task", "choose", "models_of"]

Kind = Literal["server", "ollama", "file", "rules", "none"]
Task = Literal["text", "numbers"]
"""What is wanted of a model: words that people read, or a few numbers in a form."""

_NEVER: Final = "smollm2-135m"
_ONLY_NUMBERS: Final = "qwen2.5-coder-0.5b"
_BEST: Final = "qwen2.5-coder-1.5b"
_OLLAMA_PORT: Final = 11434
HOW_TO_GET_ONE: Final = (
    f"no language model is set up: run `synqc models get {_BEST}` (1.1 GB, no key and no network afterwards), or set "
    "OPENAI_API_KEY, OPENAI_BASE_URL, OLLAMA_HOST or SYNQC_LOCAL_MODEL."
)


@dataclass(frozen=True)
class Choice:
    """Who answers.

    Args:
        kind: A server of OpenAI's protocol, one of Ollama's, a file for this process, rules in code, or nobody.
        model: Name to ask by; "" for rules and nobody.
        where: A server's address, or "this process".
        words: One sentence for people: which, and why, or how to get one.
        path: The file.
        known: What is known of it.
    """

    kind: Kind
    model: str
    where: str
    words: str
    path: Path | None = None
    known: ModelFile | None = None

    @property
    def is_in_process(self) -> bool:
        """Whether it is a model of this process: small, so that it may change little."""
        return self.kind == "file"


def choose(settings: ChoiceSettings, *, model: str, task: Task = "text", has_rules: bool = False) -> Choice:
    """Who answers by these settings.

    Args:
        settings: Settings of the process.
        model: To ask a server for.
        task: What is wanted; the smallest models are offered numbers alone.
        has_rules: Whether rules in code can do it where no model can.

    Raises:
        InputError: `SYNQC_LOCAL_MODEL` names neither a file nor a known model.

    Examples:
        >>> from synqc.apps.tds.settings import TdsSettings
        >>> choose(TdsSettings(openai_base_url="http://localhost:8080/v1"), model="phi3").words
        'phi3 at http://localhost:8080/v1, because OPENAI_BASE_URL is set.'
        >>> choose(TdsSettings(local_model="none"), model="phi3").kind
        'none'
    """
    if settings.openai_base_url or settings.openai_api_key:
        url = settings.openai_base_url or OPENAI_URL
        variable = "OPENAI_BASE_URL" if settings.openai_base_url else "OPENAI_API_KEY"
        shown = url.partition("?")[0].rstrip("/")
        return Choice("server", model, shown, f"{model} at {shown}, because {variable} is set.")
    if settings.ollama_host:
        url = _ollama_url(settings.ollama_host)
        return Choice("ollama", model, url, f"{model} at {url}, because OLLAMA_HOST is set.")
    wanted = (settings.local_model or "").strip()
    if wanted == "none":
        return _without_model(has_rules)
    directory = ModelDirectory(settings.models_dir)
    if wanted:
        return _named(wanted, directory)
    for known in known_models():
        suits = known.name != _NEVER and (task == "numbers" or known.name != _ONLY_NUMBERS)
        path = directory.find(known) if suits else None
        if path is not None:
            return _known(known, path, "the best model on this machine")
    return _without_model(has_rules)


def models_of(choice: Choice, settings: ChoiceSettings, **options: Any) -> LanguageModels:
    """The models of a choice that has some; nothing is loaded and nobody asked before the first request.

    Args:
        choice: What `choose` said.
        settings: The same.
        options: Further arguments of the client, such as `cache`.

    Raises:
        InputError: An address or a key cannot be one, or nobody was chosen.
        MissingExtra: A package is not installed.
    """
    if choice.kind == "server":
        key = settings.openai_api_key or "none"
        return LanguageModels(Endpoint(base_url=settings.openai_base_url or OPENAI_URL, api_key=key), **options)
    if choice.kind == "ollama":
        from synqc.llm.providers.ollama import Ollama

        return Ollama(Endpoint(base_url=choice.where, api_key="none"), **options)
    if choice.path is None:
        raise InputError(f"Argument `choice` must be of a model, but is of {choice.kind}: {choice.words}")
    from synqc.llm.providers.local import LocalModel

    known, path = choice.known, choice.path
    check = None if known is None else (lambda: ModelDirectory(settings.models_dir).require(known, path))
    return LocalModel.of(settings, path, name=choice.model, check=check, **options)


def _named(wanted: str, directory: ModelDirectory) -> Choice:
    path = Path(wanted).expanduser()
    if path.suffix.lower() == ".gguf" or "/" in wanted:
        if not path.is_file():
            raise InputError(
                f"SYNQC_LOCAL_MODEL must be a file or a name of `synqc models list`, but {path} is no file."
            )
        words = f"{path.stem} in this process, because SYNQC_LOCAL_MODEL is set."
        return Choice("file", path.stem, "this process", words, path)
    known = model_named(wanted)
    found = directory.find(known)
    if found is None:
        return Choice(
            "none", "", "", f"model {known.name} is not on this machine: run `synqc models get {known.name}`."
        )
    return _known(known, found, "SYNQC_LOCAL_MODEL names it")


def _known(known: ModelFile, path: Path, reason: str) -> Choice:
    return Choice("file", known.name, "this process", f"{known.name} in this process: {reason}.", path, known)


def _without_model(has_rules: bool) -> Choice:
    if has_rules:
        return Choice("rules", "", "this process", "no model answers, only rules in code: " + HOW_TO_GET_ONE)
    return Choice("none", "", "", HOW_TO_GET_ONE)


def _ollama_url(host: str) -> str:
    """An address of what Ollama takes: a host, a host with a port, or a URL; what a server listens on is asked here.

    >>> _ollama_url("0.0.0.0"), _ollama_url("box:8080"), _ollama_url("https://ollama.example/")
    ('http://127.0.0.1:11434', 'http://box:8080', 'https://ollama.example')
    """
    url = host.strip().rstrip("/")
    if "://" in url:
        return url
    parts = urlsplit(f"//{url}")
    name = "127.0.0.1" if parts.hostname in ("0.0.0.0", None) else parts.hostname
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{parts.port or _OLLAMA_PORT}"
