"""What a provider is, and that the client is one."""

import inspect

import pytest

from synqc.llm import (
    AsyncTextParts,
    AsyncTextStream,
    Endpoint,
    LanguageModels,
    Provider,
    TextParts,
    TextStream,
)
from synqc.llm.router import AsyncRoutedStream, RoutedStream, Router

DOORS = ("submit", "complete", "acomplete", "stream", "astream", "close", "aclose")
FACTS = ("name", "most_at_once", "is_local")


def promised(protocol: type) -> set[str]:
    """Names that a protocol and those it inherits from declare."""
    ours = [kind for kind in protocol.__mro__ if kind.__module__.startswith("synqc")]
    return {name for kind in ours for name in vars(kind) if not name.startswith("_")}


def keywords(door: object) -> list[tuple[str, object, object]]:
    return [(one.name, one.kind, one.default) for one in inspect.signature(door).parameters.values()]


def test_a_provider_has_these_doors_and_facts_and_no_others() -> None:
    assert promised(Provider) == {*DOORS, *FACTS}


def test_the_client_is_a_provider() -> None:
    assert isinstance(LanguageModels(Endpoint(base_url="http://localhost:1/v1", api_key="none")), Provider)


@pytest.mark.parametrize("door", DOORS)
def test_a_door_of_a_router_takes_what_the_protocol_says_and_a_routing(door: str) -> None:
    taken = [one for one in keywords(getattr(Router, door)) if one[0] != "routing"]
    assert taken == keywords(getattr(Provider, door))


@pytest.mark.parametrize("door", DOORS)
def test_a_door_of_the_client_takes_what_the_protocol_says(door: str) -> None:
    assert keywords(getattr(LanguageModels, door)) == keywords(getattr(Provider, door))
    coroutine = inspect.iscoroutinefunction
    assert coroutine(getattr(LanguageModels, door)) == coroutine(getattr(Provider, door))


@pytest.mark.parametrize(
    ("stream", "parts"),
    [
        (TextStream, TextParts),
        (AsyncTextStream, AsyncTextParts),
        (RoutedStream, TextParts),
        (AsyncRoutedStream, AsyncTextParts),
    ],
)
def test_streams_tell_what_the_protocol_says(stream: type, parts: type) -> None:
    assert promised(parts) <= set(dir(stream))


def test_the_name_of_the_client_holds_no_secret() -> None:
    endpoint = Endpoint(base_url="https://host.example/v1?token=secret-token", api_key="sk-secret")
    models = LanguageModels(endpoint)
    assert (models.name, models.most_at_once, models.is_local) == ("https://host.example/v1", 16, False)
