"""Language models: any server that speaks the chat-completions protocol, asked for text or for JSON.

>>> from synqc.llm import Endpoint, LanguageModels
>>> LanguageModels(Endpoint(base_url="http://localhost:11434/v1", api_key="ollama"))
<language models at http://localhost:11434/v1>
"""

from synqc.llm.calibration import Calibration
from synqc.llm.client import LanguageModels
from synqc.llm.completion import Completion, Spent
from synqc.llm.decide import Decision, adecide, decide
from synqc.llm.embed import Embedder, embed
from synqc.llm.endpoint import OPENAI_URL, Endpoint
from synqc.llm.errors import (
    CallCancelled,
    CutAnswer,
    EmptyAnswer,
    ErrorInAnswer,
    FilteredAnswer,
    LanguageModelError,
    MalformedAnswer,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    PromptTooLong,
    ProtocolError,
)
from synqc.llm.json_object import json_object_in
from synqc.llm.languages import Languages, UnsupportedLanguage
from synqc.llm.logprobs import TokenLogprobs
from synqc.llm.message import ImageUrl, Message
from synqc.llm.outcome import Outcome
from synqc.llm.price import Price, cost_of
from synqc.llm.provider import AsyncTextParts, Provider, TextParts
from synqc.llm.read_image import PageReader, PageText, read_image
from synqc.llm.reliability import Reliability, plot_reliability, reliability_of
from synqc.llm.request import JsonForm, Request
from synqc.llm.router import Router
from synqc.llm.semantic_tier import SemanticMatches, SemanticTier
from synqc.llm.structured import Structured, structured_in
from synqc.llm.text_stream import AsyncTextStream, TextStream
from synqc.llm.tools import Tool, ToolCall
from synqc.llm.transcribe import Transcriber, Transcript, transcribe

__all__ = [
    "OPENAI_URL",
    "AsyncTextParts",
    "AsyncTextStream",
    "Calibration",
    "CallCancelled",
    "Completion",
    "CutAnswer",
    "Decision",
    "Embedder",
    "EmptyAnswer",
    "Endpoint",
    "ErrorInAnswer",
    "FilteredAnswer",
    "ImageUrl",
    "JsonForm",
    "LanguageModelError",
    "LanguageModels",
    "Languages",
    "MalformedAnswer",
    "Message",
    "ModelRefused",
    "ModelTimedOut",
    "ModelUnreachable",
    "Outcome",
    "PageReader",
    "PageText",
    "Price",
    "PromptTooLong",
    "ProtocolError",
    "Provider",
    "Reliability",
    "Request",
    "Router",
    "SemanticMatches",
    "SemanticTier",
    "Spent",
    "Structured",
    "TextParts",
    "TextStream",
    "TokenLogprobs",
    "Tool",
    "ToolCall",
    "Transcriber",
    "Transcript",
    "UnsupportedLanguage",
    "adecide",
    "cost_of",
    "decide",
    "embed",
    "json_object_in",
    "plot_reliability",
    "read_image",
    "reliability_of",
    "structured_in",
    "transcribe",
]
