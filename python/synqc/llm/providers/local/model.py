"""The provider: one model in this process, through the doors of `LanguageModels`."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synqc.errors import InputError, MissingExtra
from synqc.llm._chat_completions import ChatCompletions
from synqc.llm._transport import Transport
from synqc.llm.client import LanguageModels, Reuse
from synqc.llm.dialect import Dialect
from synqc.llm.endpoint import Endpoint
from synqc.llm.providers.local.connection import LocalConnection
from synqc.llm.providers.local.engine import Engine, Size

if TYPE_CHECKING:
    from synqc.llm.provider import Provider
    from synqc.llm.providers.local.settings import LocalModelSettings

__all__ = ["LocalModel"]

_MOST_TOKENS: Final = 1024


class LocalModel(LanguageModels):
    """A GGUF file that llama.cpp answers from, in this process and on this machine.

    Loaded by the first request, and released when nobody has asked for `idle_s`. A request must name the model
    (`model_name`), and gets at most 1024 tokens if it names no limit. Cancelling, leaving a stream and timing out end
    the computation within the batch of 32 tokens that is under way; the slot is free then. Requests with a seed or of
    temperature 0 are computed without what is remembered of other conversations, so that they repeat, unless
    `reuses_prompts`.

    llama.cpp opens a port of the loopback interface of its own accord; a random key that is kept nowhere closes it.

    Args:
        path: The file.
        name: What it is called; the file's name if it is not named.
        slots: Conversations at a time; others wait.
        context_tokens: Tokens of each of them, its answer included.
        threads: That compute; 0: as many as this process has processors.
        idle_s: When it gives its memory back.
        timeout_s: One answer must be complete by then, from when a slot is free.
        check: Called before each loading; raises if the file is not what it must be.
        reuses_prompts: Whether the beginning that a request has in common with the one before it in its slot is not
            read again, whatever the request; its answer then depends on what was asked before in the last digits of
            its probabilities.
        cache, reuse, kind, strict: As for `LanguageModels`.

    Raises:
        MissingExtra: The package `xllamacpp` is not installed.

    Raises (through the doors, beside what `LanguageModels` raises):
        ModelUnreachable: The model cannot be loaded: there is too little memory (with the numbers), or the file is no
            model.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        slots: int = 2,
        context_tokens: int = 4096,
        threads: int = 0,
        idle_s: float = 300.0,
        timeout_s: float = 600.0,
        check: Callable[[], None] | None = None,
        reuses_prompts: bool = False,
        cache: Any | None = None,
        reuse: Reuse = "repeatable",
        kind: str = "chat_completion",
        strict: bool = False,
    ) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra("Models in this process need the package `xllamacpp`: pip install 'synqc[local]'.")
        file = Path(path).expanduser().absolute()
        for argument, value, least in (
            ("slots", slots, 1),
            ("context_tokens", context_tokens, 256),
            ("threads", threads, 0),
        ):
            if value < least:
                raise InputError(f"Argument `{argument}` must be at least {least}, but is {value}.")
        self.model_name = name or file.stem
        self.idle_s, self.reuses_prompts = idle_s, reuses_prompts
        size = Size(slots, context_tokens, threads or _processors())
        self.engine = Engine(file, name=self.model_name, size=size, check=check or (lambda: _check_file(file)))
        endpoint = _InProcess(base_url=f"local:{self.model_name}", timeout_s=timeout_s, most_at_once=slots, attempts=1)
        super().__init__(endpoint, cache=cache, reuse=reuse, kind=kind, strict=strict, wire=_LocalWire(_content(file)))

    @classmethod
    def of(cls, settings: LocalModelSettings, path: Path, *, name: str | None = None, **options: Any) -> LocalModel:
        """As settings say; `options` are further arguments of the constructor."""
        return cls(
            path, name=name, slots=settings.local_slots, context_tokens=settings.local_context_tokens,
            threads=settings.local_threads, idle_s=settings.local_idle_s, **options,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<{self.endpoint.base_url} in this process>"

    def load(self) -> None:
        """Load it now, instead of with the first request.

        Raises:
            NotEnoughMemory: It would take more memory than there is.
            InputError: The file is no model that can be loaded.
        """
        self.engine.load()

    def _connected(self) -> Transport:
        return LocalConnection(
            self.endpoint, self.engine, idle_s=self.idle_s, most_tokens=_MOST_TOKENS,
            reuses_prompts=self.reuses_prompts,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _InProcess(Endpoint):
    """An endpoint that is no address: nothing is sent anywhere, and there is no key."""

    api_key: str = field(default="none", repr=False)

    def __post_init__(self) -> None:
        """There is no URL to check, and `LocalModel` has checked the rest."""

    @property
    def is_on_this_machine(self) -> bool:
        return True

    @property
    def is_openai(self) -> bool:
        return False


class _LocalDialect(Dialect):
    """llama.cpp understands all of a request; what it refuses is wrong, and asking otherwise would hide it."""

    def after_refusal(self, sent: dict[str, Any], status: int, words: str) -> None:
        return None


class _LocalWire(ChatCompletions):
    """Chat completions without HTTP; answers are of the file's content."""

    def __init__(self, key: str) -> None:
        self.key = key

    dialect = _LocalDialect()

    def truncated_to(self, *_: Any) -> None:
        return None  # a conversation that does not fit is refused


def _content(file: Path) -> str:
    """Tells files of one name apart, for kept answers; an absent file has none yet."""
    try:
        told = file.stat()
    except OSError:
        return f"local {file}"
    return f"local {file} {told.st_size} {told.st_mtime_ns}"


def _check_at_least(argument: str, value: float, least: float) -> None:
    if not least <= value < math.inf:
        raise InputError(f"Argument `{argument}` must be at least {least}, but is {value}.")


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise InputError(f"There is no model at {file}: `synqc models list` names those that can be had.")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if TYPE_CHECKING:  # the type checker holds it against the protocol

    def _as_provider(model: LocalModel) -> Provider:
        return model
