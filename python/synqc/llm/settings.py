"""Settings of whoever asks a language model: which server, and with which key."""

from __future__ import annotations

from typing import Annotated

from synqc.environment import EnvironmentSettings, Variable

__all__ = ["LanguageModelSettings"]


class LanguageModelSettings(EnvironmentSettings):
    """Inherited by the settings of each application that asks one."""

    openai_api_key: Annotated[str | None, Variable("OPENAI_API_KEY", secret=True)] = None
    """For any server that speaks OpenAI's protocol; without it there is no agent."""
    openai_base_url: Annotated[
        str | None, Variable("OPENAI_BASE_URL", secret=True, secrets_sent=("OPENAI_API_KEY",))
    ] = None
    """Of that server; OpenAI's own if it is not set."""
