"""`OptimizedOllamaClient`: Ollama's own two doors, with answers that are kept."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from synqc.apps.enrichment.config import PerfConfig, load_config
from synqc.apps.enrichment.ollama_stream import Door, OllamaStream
from synqc.apps.enrichment.performance_cache import PerformanceCache, get_cache
from synqc.apps.enrichment.performance_metrics import get_metrics, timer
from synqc.errors import MissingExtra
from synqc.llm.errors import (
    ErrorInAnswer,
    LanguageModelError,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    ProtocolError,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["OptimizedOllamaClient"]

_log = logging.getLogger("synqc.enrichment")
_URL: Final = "http://localhost:11434"
_MODEL: Final = "phi3:latest"
_TIMEOUT_S: Final = 180.0
_LOOK_S: Final = 5.0
_DIGEST_S: Final = 60.0
_DIGESTS: Final = "ollama_model"


class OptimizedOllamaClient:
    """Asks an Ollama server, and keeps whole answers.

    What is asked goes out as the contract says (`/api/generate`, `/api/chat`; `num_ctx` and `num_thread` the same for
    all calls, `keep_alive` on each). Answers are the server's own documents. Equal questions at once are one call.

    An answer is kept if it is whole: not one that is empty, was cut at the limit of tokens, holds an error, or answers
    a conversation that did not fit the window. The key is made of the server, the model, its digest where its tag
    moves ("latest"), the question and every option sent. What older programs kept is served to clients of the
    default server alone, since they did not say of which one it was.

    Args:
        base_url: URL of the server.
        model: As the server knows it.
        use_cache: Whether answers are kept, and served from what is.

    Raises:
        MissingExtra: The package `httpx` is not installed.

    Examples:
        >>> client = OptimizedOllamaClient("http://127.0.0.1:9/", use_cache=False)
        >>> client.is_available()
        False
        >>> client.generate("Why?")
        Traceback (most recent call last):
        ...
        synqc.llm.errors.ModelUnreachable: Nobody answers at http://127.0.0.1:9: ...
    """

    def __init__(self, base_url: str = _URL, model: str = _MODEL, use_cache: bool = True) -> None:
        self._open(base_url, model, use_cache, load_config())

    @classmethod
    def from_config(cls, config: PerfConfig | None = None, *, use_cache: bool = True) -> OptimizedOllamaClient:
        """A client of the server and the model that the configuration names."""
        config = load_config() if config is None else config
        client = cls.__new__(cls)
        client._open(config.ollama_url, config.text_model, use_cache, config)
        return client

    def _open(self, base_url: str, model: str, use_cache: bool, config: PerfConfig) -> None:
        try:
            import httpx
        except ImportError:
            raise MissingExtra("The Ollama client needs `httpx`: pip install 'synqc[enrichment]'.") from None
        self._httpx = httpx
        self.base_url = base_url.rstrip("/")
        self.model = model
        self.use_cache = use_cache
        self.cache: PerformanceCache | None = get_cache() if use_cache else None
        self._config = config
        self._http: httpx.Client | None = None
        self._process = 0
        self._digests: dict[str, tuple[float, str]] = {}
        for name, usual, asked, said in (
            ("base_url", _URL, self.base_url, config.ollama_url),
            ("text_model", _MODEL, model, config.text_model),
        ):
            if said not in (usual, asked):
                _log.warning(
                    "`ollama.%s` of the configuration is %s, but a client was made for %s; "
                    "OptimizedOllamaClient.from_config() takes the former.", name, said, asked,
                )  # fmt: skip

    def generate(
        self,
        prompt: str,
        system: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        stream: bool = False,
        cache_type: str = "text_inference",
    ) -> Any:
        """The answer to a prompt: the server's document, with the text under "response".

        Args:
            prompt: The prompt.
            system: System prompt; None and "": none.
            temperature: None: the configuration's for the type; 0 is 0.
            max_tokens: Limit of the answer's tokens; None: the configuration's for the type.
            stream: Give an `OllamaStream` instead.
            cache_type: Names lifetime, defaults and statistics.

        Raises:
            LanguageModelError: There is no answer.
        """
        temperature, max_tokens = self._limits(temperature, max_tokens, cache_type)
        config = self._config
        body: dict[str, Any] = {
            "model": self.model,
            "prompt": prompt,
            "stream": stream,
            "options": {
                "temperature": temperature,
                "num_predict": max_tokens,
                "num_ctx": config.num_ctx,
                "num_thread": config.num_threads,
                "num_parallel": config.num_parallel,
            },
            "keep_alive": config.keep_alive,
        }
        if system:
            body["system"] = system
        old = {"prompt": prompt, "system": system, "model": self.model}
        return self._answered("generate", body, old, cache_type)

    def chat(
        self,
        messages: Sequence[dict[str, Any]],
        temperature: float | None = None,
        max_tokens: int | None = None,
        stream: bool = False,
        cache_type: str = "text_inference",
    ) -> Any:
        """The next message of a conversation: the server's document, with the text under "message", "content".

        See `generate` for the other arguments and what is raised.

        Args:
            messages: Each with "role" and "content".
        """
        temperature, max_tokens = self._limits(temperature, max_tokens, cache_type)
        config = self._config
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(messages),
            "stream": stream,
            "options": {
                "temperature": temperature,
                "num_predict": max_tokens,
                "num_ctx": config.num_ctx,
                "num_thread": config.num_threads,
            },
            "keep_alive": config.keep_alive,
        }
        return self._answered("chat", body, {"messages": list(messages), "model": self.model}, cache_type)

    def is_available(self) -> bool:
        """Whether the server answers, within 5 s."""
        try:
            return bool(self._client().get(f"{self.base_url}/api/tags", timeout=_LOOK_S).status_code == 200)
        except Exception:
            return False

    def close(self) -> None:
        """Let go of connections; the next call makes new ones."""
        http, self._http = self._http, None
        if http is not None and self._process == os.getpid():
            http.close()

    def _limits(self, temperature: float | None, max_tokens: int | None, cache_type: str) -> tuple[float, int]:
        usual_temperature, usual_tokens = self._config.answer_limits(cache_type)
        return (
            usual_temperature if temperature is None else temperature,
            usual_tokens if max_tokens is None else max_tokens,
        )

    def _answered(self, door: Door, body: dict[str, Any], old: dict[str, Any], cache_type: str) -> Any:
        if self.cache is None or not self.cache.enabled:
            return self._streamed(door, body, None) if body["stream"] else self._asked(door, body)
        asked = {name: value for name, value in body.items() if name != "stream"}
        content = {"provider": "ollama", "base_url": self.base_url, "door": door, **asked}
        if (digest := self._digest()) is not None:
            content["digest"] = digest
        if self.cache.has_old_rows and self.base_url == _URL:
            self._take_over(content, body, old, cache_type)
        if body["stream"]:
            found = self.cache.look_up(content, cache_type=cache_type)
            if found is not None:
                return OllamaStream(iter([json.dumps(found.value)]), _nothing, _forget, door, cached=True)
            return self._streamed(door, body, (content, cache_type))
        return self.cache.get_or_compute(
            content, lambda: self._asked(door, body), cache_type=cache_type, keep=self._is_whole
        )

    def _take_over(self, content: dict[str, Any], body: dict[str, Any], old: dict[str, Any], cache_type: str) -> None:
        """Keep what a program of before the key held the server has kept, for as long as it would have."""
        assert self.cache is not None
        options = body["options"]
        params = {"temperature": options["temperature"], "max_tokens": options["num_predict"]}
        found = self.cache.peek(old, params, cache_type)
        if found is None or not isinstance(found.value, dict) or not self._is_whole(found.value):
            return
        if self.cache.peek(content, cache_type=cache_type) is None:
            lifetime = math.inf if found.ttl is None else found.ttl
            self.cache.set(content, found.value, ttl=lifetime, cache_type=cache_type)

    def _is_whole(self, answer: dict[str, Any]) -> bool:
        """Whether an answer is one that may be given again."""
        message = answer.get("message")
        text = answer.get("response", message.get("content") if isinstance(message, dict) else None)
        window = answer.get("prompt_eval_count")
        if isinstance(window, int) and window >= self._config.num_ctx:
            _log.warning("The server read %d tokens of a prompt, all its window: the answer is not kept.", window)
            return False
        return (
            isinstance(text, str)
            and bool(text.strip())
            and "error" not in answer
            and answer.get("done", True) is True
            and answer.get("done_reason", "stop") == "stop"
        )

    def _asked(self, door: Door, body: dict[str, Any]) -> dict[str, Any]:
        with timer(f"ollama_{door}"):
            try:
                response = self._client().post(f"{self.base_url}/api/{door}", json=body)
                raw = response.content
            except self._httpx.HTTPError as error:
                raise self._failure(error) from None
            if response.status_code >= 400:
                raise self._refusal(response.status_code, raw)
            try:
                answer = json.loads(raw)
                if not isinstance(answer, dict):
                    raise ValueError("it is no object")
            except ValueError as error:
                raise ProtocolError(f"The answer of {self.base_url} is not the protocol: {error}.") from None
            if "error" in answer:
                words = str(answer["error"])[:400]
                raise ErrorInAnswer(f"{self.base_url} answered with an error: {words}", words=words, status=200)
            return answer

    def _streamed(
        self, door: Door, body: dict[str, Any], keep_under: tuple[dict[str, Any], str] | None
    ) -> OllamaStream:
        http = self._client()
        started = time.perf_counter()
        try:
            response = http.send(http.build_request("POST", f"{self.base_url}/api/{door}", json=body), stream=True)
            if response.status_code >= 400:
                raw = response.read()
                response.close()
                raise self._refusal(response.status_code, raw)
        except self._httpx.HTTPError as error:
            get_metrics().record_error(f"ollama_{door}_stream")
            raise self._failure(error) from None

        def lines() -> Iterator[str]:
            try:
                yield from response.iter_lines()
            except self._httpx.HTTPError as error:
                get_metrics().record_error(f"ollama_{door}_stream")
                raise self._failure(error) from None

        def ended(whole: dict[str, Any]) -> None:
            get_metrics().record_latency(f"ollama_{door}_stream", 1e3 * (time.perf_counter() - started))
            if keep_under is not None and self.cache is not None and self._is_whole(whole):
                content, cache_type = keep_under
                self.cache.set(content, whole, cache_type=cache_type)

        return OllamaStream(lines(), response.close, ended, door)

    def _digest(self) -> str | None:
        """Of the model a moving tag means now, as the server says; as it was last said, if it does not answer."""
        tag = self.model.rpartition(":")[2] if ":" in self.model else "latest"
        if tag != "latest":
            return None
        assert self.cache is not None
        known = self._digests.get(self.model)
        if known is not None and time.monotonic() - known[0] < _DIGEST_S:
            return known[1]
        about = {"base_url": self.base_url, "model": self.model}
        digest = self._digest_now()
        if digest is None:
            found = self.cache.peek(about, cache_type=_DIGESTS)
            digest = found.value if found is not None else ""
        elif known is None or known[1] != digest:
            self.cache.set(about, digest, cache_type=_DIGESTS)
        self._digests[self.model] = (time.monotonic(), digest)
        return digest

    def _digest_now(self) -> str | None:
        name = self.model if ":" in self.model else f"{self.model}:latest"
        try:
            models = self._client().get(f"{self.base_url}/api/tags", timeout=_LOOK_S).json()["models"]
            return next((str(one.get("digest", "")) for one in models if one.get("name") == name), "")
        except Exception:  # whatever is wrong with the server will be said by the question itself
            return None

    def _client(self) -> httpx.Client:
        if self._http is None or self._process != os.getpid():  # connections are not shared with a forked child
            timeout = self._httpx.Timeout(_TIMEOUT_S, connect=self._config.timeout_connect_s)
            self._http, self._process = self._httpx.Client(timeout=timeout), os.getpid()
        return self._http

    def _failure(self, error: httpx.HTTPError) -> LanguageModelError:
        cause = type(error).__name__
        if isinstance(error, self._httpx.ConnectTimeout):
            seconds = self._config.timeout_connect_s
            return ModelTimedOut(
                f"No connection to {self.base_url} within {seconds:g} s.", limit="connect", seconds=seconds, cause=cause
            )
        if isinstance(error, self._httpx.TimeoutException):
            return ModelTimedOut(
                f"{self.base_url} said nothing for {_TIMEOUT_S:g} s.", limit="idle", seconds=_TIMEOUT_S, cause=cause
            )
        if isinstance(error, self._httpx.ConnectError):
            return ModelUnreachable(f"Nobody answers at {self.base_url}: {error}", cause=cause)
        return ModelUnreachable(f"The connection to {self.base_url} broke: {error}", cause=cause)

    def _refusal(self, status: int, raw: bytes) -> ModelRefused:
        try:
            words = str(json.loads(raw)["error"])[:400]
        except (ValueError, KeyError, TypeError):
            words = raw.decode("utf-8", "replace").strip()[:400]
        return ModelRefused(f"{self.base_url} refused with status {status}: {words}", status=status, words=words)


def _nothing() -> None:
    pass


def _forget(answer: dict[str, Any]) -> None:
    pass
