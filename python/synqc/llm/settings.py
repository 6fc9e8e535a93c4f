"""Settings of whoever asks a language model: which server, and with which key."""

from __future__ import annotations

from typing import Annotated

from synqc.environment import EnvironmentSettings, Variable
from synqc.llm.providers.local.settings import LocalModelSettings

__all__ = ["ChoiceSettings", "LanguageModelSettings"]


class LanguageModelSettings(EnvironmentSettings):
    """Inherited by the settings of each application that asks one."""

    openai_api_key: Annotated[str | None, Variable("OPENAI_API_KEY", secret=True)] = None
    """For any server that speaks OpenAI's protocol; without it there is no agent."""
    openai_base_url: Annotated[
        str | None, Variable("OPENAI_BASE_URL", secret=True, secrets_sent=("OPENAI_API_KEY",))
    ] = None
    """Of that server; OpenAI's own if it is not set."""
    ollama_host: Annotated[str | None, Variable("OLLAMA_HOST")] = None
    """Of an Ollama server; asked where OPENAI_BASE_URL and OPENAI_API_KEY are not set."""


class ChoiceSettings(LanguageModelSettings, LocalModelSettings):
    """Of whoever lets `synqc.llm.choice` say which model answers: a server, or one in this process."""
