"""Configuration of a gateway: one TOML file, of which every mistake is told with its key and line."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from synqc.apps.gateway.toml_places import line_of
from synqc.errors import DocumentError, SynqcError
from synqc.llm import Endpoint, LanguageModels, Price
from synqc.llm.provider import Provider
from synqc.llm.providers.direct import DirectModels
from synqc.llm.providers.ollama import Ollama
from synqc.llm.proxies import proxy_of
from synqc.llm.router import Budget, BudgetJournal, Deployment, Policy, Record, Router

__all__ = ["ConfigurationError", "GatewayConfiguration", "Tenant", "read_configuration"]

_PERIODS_S: Final = {"total": None, "day": 86_400.0, "hour": 3600.0}
_LARGEST_FILE: Final = 1 << 20

_KINDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "text": (lambda given: isinstance(given, str) and bool(given.strip()), "a text"),
    "whole": (lambda given: isinstance(given, int) and not isinstance(given, bool), "a whole number"),
    "number": (lambda given: isinstance(given, (int, float)) and not isinstance(given, bool), "a number"),
    "flag": (lambda given: isinstance(given, bool), "true or false"),
    "texts": (lambda given: isinstance(given, list) and all(isinstance(one, str) for one in given), "a list of texts"),
    "table": (lambda given: isinstance(given, dict), "a table"),
    "money": (
        lambda given: isinstance(given, (str, int)) and not isinstance(given, bool)
        and re.fullmatch(r"\d{1,12}(\.\d{1,12})?", str(given)) is not None,
        'dollars in decimal digits between quotes, such as "0.25"',
    ),
}  # fmt: skip
_SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "gateway": {
        "host": "text", "port": "whole", "deadline_s": "number", "most_body_bytes": "whole", "keep_alive_s": "number",
        "trace": "text", "budgets": "text",
    },
    "policy": {
        "strategy": "text", "most_attempts": "whole", "hedge_after_s": "number", "prefix_characters": "whole",
        "actions": "table", "cooldowns_s": "table", "failures_to_open": "whole", "open_s": "number",
        "longest_open_s": "number", "latency_decay_s": "number", "latency_valid_s": "number",
    },
    "provider": {
        "name": "text", "kind": "text", "base_url": "text", "file": "text", "key_env": "text", "timeout_s": "number",
        "idle_timeout_s": "number", "stream_timeout_s": "number", "connect_timeout_s": "number",
        "most_at_once": "whole", "most_bytes": "whole",
    },
    "deployment": {
        "name": "text", "provider": "text", "model": "text", "serves": "texts", "prompt_price": "money",
        "completion_price": "money", "cached_prompt_price": "money", "context_tokens": "whole",
        "most_completion_tokens": "whole", "requests_per_minute": "whole", "tokens_per_minute": "whole",
        "most_in_flight": "whole", "capabilities": "texts", "weight": "number",
    },
    "tenant": {
        "name": "text", "key_env": "text", "key_sha256": "text", "models": "texts", "budget_usd": "money",
        "budget_period": "text", "admin": "flag",
    },
}  # fmt: skip
_REQUIRED: Final = {"provider": ("name",), "deployment": ("provider", "model"), "tenant": ("name",)}
_SEVERAL: Final = ("provider", "deployment", "tenant")


class ConfigurationError(DocumentError):
    """A configuration cannot be used; the message names the file, the line and the key."""

    code = "gateway_configuration"


@dataclass(frozen=True)
class Tenant:
    """Who may ask, and for what.

    Args:
        name: In metrics and in the trace.
        models: Names it may ask for; empty: all.
        budget: What it may spend; None: it is not counted.
        is_admin: Whether it may see statistics and metrics.
    """

    name: str
    models: frozenset[str] = frozenset()
    budget: Budget | None = None
    is_admin: bool = False


@dataclass(frozen=True)
class GatewayConfiguration:
    """What a gateway serves.

    Args:
        deployments: Deployments that can be asked.
        policy: How one is chosen.
        tenants: By the SHA-256 of their key, in hexadecimal digits; empty: whoever reaches the door may ask.
        host: Address to listen on.
        port: Likewise.
        deadline_s: A request must be answered by then.
        most_body_bytes: Most bytes of a request.
        keep_alive_s: A stream is not silent for longer.
        trace: File to which a line is written for each call, or None.
        budgets: File of the journal of budgets, or None: they begin anew with the process.
    """

    deployments: tuple[Deployment, ...]
    policy: Policy = field(default_factory=Policy)
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8790
    deadline_s: float = 600.0
    most_body_bytes: int = 10 << 20
    keep_alive_s: float = 15.0
    trace: Path | None = None
    budgets: Path | None = None

    def router(self, record: Callable[[Record], None] | None = None) -> Router:
        """A router of it."""
        return Router(self.deployments, policy=self.policy, name="gateway", record=record)

    def keep_budgets(self) -> BudgetJournal | None:
        """Budgets go on from their journal, and are written to it; to be closed. None: there is none.

        Raises:
            InputError: Another process has it open.
            DocumentError: It is no journal.
            OSError: It cannot be written.
        """
        if self.budgets is None:
            return None
        journal = BudgetJournal(self.budgets)
        for tenant in self.tenants.values():
            if tenant.budget is not None:
                tenant.budget.keep_in(journal, tenant.name)
        return journal


def read_configuration(path: str | Path, environment: Mapping[str, str] = os.environ) -> GatewayConfiguration:
    """Read a file. Keys come from the environment: the file names their variables.

    Raises:
        ConfigurationError: It is no TOML, or says something that cannot be.
        OSError: It cannot be read.
    """
    path = Path(path)
    raw = path.read_bytes()
    if len(raw) > _LARGEST_FILE:
        raise ConfigurationError(f"{path} must hold at most {_LARGEST_FILE} bytes, but holds {len(raw)}.")
    try:
        text = raw.decode("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} must be UTF-8, but is not.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read as TOML: {error}.") from None
    return _Reader(str(path), text, document, environment).configuration()


class _Reader:
    def __init__(self, path: str, text: str, document: dict[str, Any], environment: Mapping[str, str]) -> None:
        self._path, self._text, self._document, self._environment = path, text, document, environment

    def configuration(self) -> GatewayConfiguration:
        self._check_sections()
        providers = self._providers()
        deployments = self._deployments(providers)
        policy = self._made("policy", 0, self._section("policy"), Policy)
        options = dict(self._section("gateway"))
        self._check_gateway(options)
        for name in ("trace", "budgets"):
            if name in options:
                options[name] = Path(options[name])
        tenants = self._tenants(deployments)
        configuration = GatewayConfiguration(tuple(deployments), policy, tenants, **options)
        if not tenants and not _is_loopback(configuration.host):
            raise self._wrong(
                "gateway", 0, "host", f"must be an address of this machine while there is no [[tenant]], but is "
                f"{configuration.host!r}",
            )  # fmt: skip
        self._made("deployment", 0, {}, lambda: configuration.router())
        return configuration

    # --- sections ---

    def _check_sections(self) -> None:
        for name, given in self._document.items():
            if name not in _SECTIONS:
                line = line_of(self._text, name)
                raise self._error(
                    line, f"[{name}] is no section; there are {', '.join(_SECTIONS)}.{_near(name, _SECTIONS)}"
                )
            is_several = name in _SEVERAL
            if not isinstance(given, list if is_several else dict):
                wanted = f"[[{name}]], in double brackets" if is_several else f"[{name}]"
                raise self._error(line_of(self._text, name), f"Section `{name}` must be written {wanted}, but is not.")
            for place, one in enumerate(given if is_several else [given]):
                if not isinstance(one, dict):
                    raise self._error(line_of(self._text, name), f"Section `{name}` must hold tables, but does not.")
                self._check_keys(name, place, one)
        for name in ("provider", "deployment"):
            if not self._document.get(name):
                raise self._error(1, f"There must be at least one [[{name}]], but there is none.")

    def _check_keys(self, section: str, place: int, given: dict[str, Any]) -> None:
        known = _SECTIONS[section]
        for key, value in given.items():
            if key not in known:
                raise self._wrong(
                    section, place, key, f"is not known; known are {', '.join(known)}.{_near(key, known)}"
                )
            is_right, words = _KINDS[known[key]]
            if not is_right(value):
                raise self._wrong(section, place, key, f"must be {words}, but is {value!r:.80}")
        for key in _REQUIRED.get(section, ()):
            if key not in given:
                raise self._wrong(section, place, key, "must be given, but is missing")

    def _section(self, name: str) -> dict[str, Any]:
        return self._document.get(name, {})  # type: ignore[no-any-return]

    def _check_gateway(self, options: dict[str, Any]) -> None:
        for key, lowest, highest in (
            ("port", 0, 65_535), ("deadline_s", 0.001, 86_400), ("most_body_bytes", 1000, 1 << 30),
            ("keep_alive_s", 0.05, 15),
        ):  # fmt: skip
            if key in options and not lowest <= options[key] <= highest:
                raise self._wrong("gateway", 0, key, f"must be from {lowest:g} to {highest:g}, but is {options[key]!r}")

    # --- what they mean ---

    def _providers(self) -> dict[str, Provider]:
        providers: dict[str, Provider] = {}
        for place, given in enumerate(self._document["provider"]):
            options = dict(given)
            name, kind = options.pop("name"), options.pop("kind", "openai")
            if name in providers:
                raise self._wrong("provider", place, "name", f"must be another than that of others, but is {name!r}")
            if kind not in ("openai", "ollama", "local"):
                raise self._wrong("provider", place, "kind", f"must be openai, ollama or local, but is {kind!r}")
            self._check_provider(place, kind, options)
            if kind == "local":
                providers[name] = self._made("provider", place, {**options, "environment": self._environment}, _local)
                continue
            key = self._key(options.pop("key_env", None), "provider", place) or "none"
            endpoint = self._made(
                "provider", place, {"api_key": key, "attempts": 1, "most_at_once": 1000, **options}, Endpoint
            )
            providers[name] = self._made("provider", place, {"endpoint": endpoint}, _PROVIDERS[kind])
        return providers

    def _check_provider(self, place: int, kind: str, options: Mapping[str, Any]) -> None:
        """A server has an address, and a model of this process a file."""
        needed, known = ("file", ("file", "timeout_s")) if kind == "local" else ("base_url", None)
        if needed not in options:
            raise self._wrong("provider", place, needed, f"must be given where `kind` is {kind}, but is missing")
        for key in options:
            if (known is not None and key not in known) or (known is None and key == "file"):
                raise self._wrong("provider", place, key, f"must be left out where `kind` is {kind}")

    def _deployments(self, providers: Mapping[str, Provider]) -> list[Deployment]:
        made: list[Deployment] = []
        for place, given in enumerate(self._document["deployment"]):
            options = dict(given)
            if options["provider"] not in providers:
                raise self._wrong(
                    "deployment", place, "provider",
                    f"must name a [[provider]], which are {', '.join(providers)}, but is {options['provider']!r}."
                    f"{_near(options['provider'], providers)}",
                )  # fmt: skip
            provider = options["provider"]
            options["provider"] = providers[provider]
            options.setdefault("name", f"{options['model']} at {provider}")
            prices = {
                name.removesuffix("_price"): options.pop(name)
                for name in ("prompt_price", "completion_price", "cached_prompt_price") if name in options
            }  # fmt: skip
            if prices:
                for name in ("prompt", "completion"):
                    if name not in prices:
                        raise self._wrong("deployment", place, f"{name}_price", "must be given beside the other price")
                options["price"] = self._made("deployment", place, prices, Price)
            if any(one.name == options["name"] for one in made):
                raise self._wrong(
                    "deployment", place, "name", f"must be another than that of others, but is {options['name']!r}"
                )
            only = getattr(options["provider"], "model_name", None)
            if only is not None and options["model"] != only:
                raise self._wrong("deployment", place, "model", f"must be {only!r}, which {provider} is, but is "
                                  f"{options['model']!r}")  # fmt: skip
            made.append(self._made("deployment", place, options, Deployment))
        return made

    def _tenants(self, deployments: list[Deployment]) -> dict[str, Tenant]:
        served = {model for one in deployments for model in one.serves}
        tenants: dict[str, Tenant] = {}
        for place, given in enumerate(self._document.get("tenant", [])):
            name, models = given["name"], frozenset(given.get("models", ()))
            if any(tenant.name == name for tenant in tenants.values()):
                raise self._wrong("tenant", place, "name", f"must be another than that of others, but is {name!r}")
            for model in sorted(models - served):
                raise self._wrong(
                    "tenant", place, "models",
                    f"must name models that a [[deployment]] serves, but names {model!r}.{_near(model, served)}",
                )  # fmt: skip
            priced = {model for one in deployments if one.price is not None for model in one.serves}
            unpriced = sorted((models or served) - priced) if "budget_usd" in given else []
            if unpriced:
                raise self._wrong(
                    "tenant", place, "budget_usd",
                    f"needs a [[deployment]] with prices for every model of the tenant, but {unpriced[0]!r} has none",
                )  # fmt: skip
            digest = self._digest(given, place)
            if digest in tenants:
                raise self._wrong("tenant", place, "key_env", "must hold another key than other tenants, but does not")
            tenants[digest] = Tenant(name, models, self._budget(given, place), given.get("admin", False))
        return tenants

    def _digest(self, given: dict[str, Any], place: int) -> str:
        if ("key_env" in given) == ("key_sha256" in given):
            raise self._wrong("tenant", place, "key_env", "or `key_sha256` must be given, and not both")
        if "key_sha256" in given:
            digest = given["key_sha256"].lower()
            if re.fullmatch(r"[0-9a-f]{64}", digest) is None:
                raise self._wrong("tenant", place, "key_sha256", "must be 64 hexadecimal digits, but is not")
            return str(digest)
        return hashlib.sha256((self._key(given["key_env"], "tenant", place) or "").encode()).hexdigest()

    def _budget(self, given: dict[str, Any], place: int) -> Budget | None:
        period = given.get("budget_period", "total")
        if period not in _PERIODS_S:
            raise self._wrong(
                "tenant", place, "budget_period", f"must be one of {', '.join(_PERIODS_S)}, but is {period!r}"
            )
        if "budget_usd" not in given:
            if "budget_period" in given:
                raise self._wrong("tenant", place, "budget_usd", "must be given where there is a `budget_period`")
            return None
        return Budget(int(Decimal(str(given["budget_usd"])) * 1_000_000), period_s=_PERIODS_S[period])

    def _key(self, variable: str | None, section: str, place: int) -> str | None:
        if variable is None:
            return None
        key = self._environment.get(variable, "").strip()
        if not key:
            raise self._wrong(section, place, "key_env", f"must name a variable that is set, but {variable} is not")
        return key

    # --- what is wrong ---

    def _made(self, section: str, place: int, options: Mapping[str, Any], make: Callable[..., Any]) -> Any:
        """What `make` makes; its complaints name its argument, which is the key."""
        try:
            return make(**options)
        except SynqcError as error:
            named = re.match(r"Argument `(\w+)", str(error))
            key = named[1] if named and named[1] in _SECTIONS[section] else ""
            if not key and named and f"{named[1]}_price" in _SECTIONS[section]:
                key = f"{named[1]}_price"
            told = str(error) if not key else re.sub(r"^Argument `\w+`?", "", str(error)).strip().rstrip(".")
            if key:
                raise self._wrong(section, place, key, told.lstrip("`")) from None
            raise self._error(line_of(self._text, section, place), told) from None

    def _wrong(self, section: str, place: int, key: str, words: str) -> ConfigurationError:
        line = line_of(self._text, section, place, key)
        end = "" if words.endswith(("?", ".")) else "."
        return self._error(line, f"Key `{key}` of [{section}] {words}{end}")

    def _error(self, line: int, words: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}, line {line}: {words}")


def _local(**options: Any) -> Provider:
    from synqc.apps.gateway.local_provider import local_provider  # whose settings need another extra

    return local_provider(**options)


def _of_openai(endpoint: Endpoint) -> Provider:
    """By connections of our own, unless a proxy leads there."""
    return DirectModels(endpoint) if proxy_of(endpoint) is None else LanguageModels(endpoint)


_PROVIDERS: Final[Mapping[str, Callable[..., Provider]]] = {
    "openai": _of_openai,
    "ollama": Ollama,
}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _near(given: str, known: Any) -> str:
    near = difflib.get_close_matches(given, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
