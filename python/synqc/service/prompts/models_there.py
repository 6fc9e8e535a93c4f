"""Which models can be asked here, in words for people: a service without any starts, and says so."""

from __future__ import annotations

from pydantic import BaseModel

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.request import ModelName
from synqc.llm.choice import choose
from synqc.llm.model_files import ModelDirectory, known_models

__all__ = ["ModelState", "known_choices", "model_state"]

_LOCAL = "local"
_BATCHES_LOOKED_AT = 20


class ModelState(BaseModel):
    """Whether a job could be done now."""

    is_ready: bool
    words: str
    providers: list[str]


def model_state(prompts: PromptsApplication) -> ModelState:
    """Looks for files of models; nobody is asked."""
    servers = [name for name in prompts.providers.names if name != _LOCAL]
    files = _files(prompts)
    providers = [*servers, *([_LOCAL] if files else [])]
    if providers:
        return ModelState(is_ready=True, words=f"Models of {', '.join(providers)} can be asked.", providers=providers)
    words = choose(prompts.settings, model="").words
    words = words[:1].upper() + words[1:]
    return ModelState(is_ready=False, words=f"No model can be asked, so that no job gets on. {words}", providers=[])


def known_choices(prompts: PromptsApplication) -> list[ModelName]:
    """Models whose names are known: those of the latest batches, and files on this machine."""
    latest = prompts.batches(limit=_BATCHES_LOOKED_AT)
    found = [ModelName(**one) for status in latest for one in status.request["models"].values() if one]
    return list(dict.fromkeys([*found, *(ModelName(_LOCAL, name) for name in _files(prompts))]))


def _files(prompts: PromptsApplication) -> list[str]:
    if prompts.settings.local_model == "none":
        return []
    directory = ModelDirectory(prompts.settings.models_dir)
    return [one.name for one in known_models() if directory.find(one) is not None]
