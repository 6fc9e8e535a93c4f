"""StaticModelRouter: the table of routes of the original's `routing`, chosen from by priority, and what it refuses."""

import pytest

from synqc.apps.synth.errors import NoModelFound, ValidationError
from synqc.apps.synth.static_model_router import ModelRoute, StaticModelRouter

MINE = {"provider": "mine", "model": "small", "priority": 3, "capabilities": ["text", "json", "vision"]}


def test_routes_of_both_providers_have_the_priorities_of_the_contract():
    routes = StaticModelRouter().getRoutes()
    for provider, priorities in (("gemini", [10, 8, 9]), ("openrouter", [10, 9, 7])):
        assert [one.priority for one in routes if one.provider == provider] == priorities
    assert len(routes) == 6


def test_a_named_model_goes_before_the_provider_s_best_that_can_do_it():
    router = StaticModelRouter({"defaultProvider": "openrouter"}, custom_routes=[MINE])
    assert router.selectModel().priority == 10
    assert router.selectModel().provider == "openrouter"
    assert router.selectModel({"capabilities": ["fast"]}).priority == 7
    assert router.selectModel({"provider": "gemini", "capabilities": ["reasoning"]}).priority == 8
    assert router.selectModel(preferredModel="small").provider == "mine"
    assert router.select_model({"provider": "mine", "capabilities": ["vision", "text"]}).model == "small"
    router.addRoute({**MINE, "model": "other"})
    assert router.selectModel(provider="mine").model == "small"  # the first of equal priority
    router.addRoute(ModelRoute(provider="mine", model="large", priority=4))
    assert router.selectModel(provider="mine").model == "large"


def test_a_fallback_need_not_be_as_fast_but_able():
    router = StaticModelRouter(custom_routes=[MINE], fallback_chain=["openrouter", "gemini", "mine"])
    fast = router.selectModel(capabilities=["fast", "streaming"])
    assert [(one.provider, one.priority) for one in router.getFallbackChain(fast)] == [
        ("gemini", 10), ("openrouter", 10), ("mine", 3),
    ]  # fmt: skip
    seeing = router.selectModel(provider="mine", capabilities=["vision"])
    assert router.getFallbackChain(seeing) == [seeing]
    usual = StaticModelRouter()
    assert [one.provider for one in usual.getFallbackChain(usual.selectModel())] == ["gemini", "openrouter"]


def test_keys_are_told_to_whoever_makes_a_client_alone():
    router = StaticModelRouter({"providerKeys": {"gemini": "sk-secret"}})
    assert router.getModelConfig(router.selectModel()) == {
        "provider": "gemini", "model": "gemini-2.0-flash-exp", "apiKey": "sk-secret",
    }  # fmt: skip
    assert router.getModelConfig(router.selectModel(provider="openrouter"))["apiKey"] is None
    assert "sk-secret" not in repr(vars(router)["_routes"]) + repr(router)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: StaticModelRouter({"defaultProviders": "x"}), ValidationError, "defaultProvider"),
        (lambda: StaticModelRouter(custom_routes=[{"provider": "mine"}]), ValidationError, "`model`"),
        (lambda: StaticModelRouter(custom_routes=[{**MINE, "prority": 1}]), ValidationError, "priority"),
        (lambda: StaticModelRouter(custom_routes={"a": 1}), ValidationError, "`custom_routes` must be a list"),
        (lambda: StaticModelRouter(provider_keys="sk"), ValidationError, "`provider_keys` must be a mapping"),
        (lambda: StaticModelRouter().selectModel(preferredModel="x"), NoModelFound, "gemini-1.5-pro"),
        (lambda: StaticModelRouter().selectModel(capabilities=["vision"]), NoModelFound, "vision"),
        (lambda: StaticModelRouter().selectModel({"capability": []}), ValidationError, "capabilities"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask, error, words):
    with pytest.raises(error, match=words):
        ask()
