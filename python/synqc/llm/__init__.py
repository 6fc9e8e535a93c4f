"""Language models: any server that speaks the chat-completions protocol, asked for text or for JSON.

>>> from synqc.llm import Endpoint, LanguageModels
>>> LanguageModels(Endpoint(base_url="http://localhost:11434/v1", api_key="ollama"))
<language models at http://localhost:11434/v1>
"""

from synqc.llm.client import LanguageModels
from synqc.llm.completion import Completion, Spent
from synqc.llm.endpoint import OPENAI_URL, Endpoint
from synqc.llm.errors import LanguageModelError, MalformedAnswer, ModelRefused, ModelTimedOut, ModelUnreachable
from synqc.llm.json_object import json_object_in
from synqc.llm.request import JsonForm, Message, Request

__all__ = [
    "OPENAI_URL",
    "Completion",
    "Endpoint",
    "JsonForm",
    "LanguageModelError",
    "LanguageModels",
    "MalformedAnswer",
    "Message",
    "ModelRefused",
    "ModelTimedOut",
    "ModelUnreachable",
    "Request",
    "Spent",
    "json_object_in",
]
