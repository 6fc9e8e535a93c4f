"""Deployments come and go while a router runs: nobody who asks meanwhile finds none, and what is known stays known."""

import threading
import time

import pytest
from asking import asking
from scripted_server import ScriptedServer, answer, refusal, says, stream

from synqc.errors import InputError, UnknownName
from synqc.llm import Endpoint, LanguageModels
from synqc.llm.router import Deployment, NoDeployment, Router


@pytest.fixture
def deployment():
    made = []

    def make(server, name, **options):
        models = LanguageModels(Endpoint(base_url=server.url, api_key="none", attempts=1, timeout_s=20))
        made.append(models)
        return Deployment(provider=models, model="m-1", name=name, **options)

    yield make
    for one in made:
        one.close()


@pytest.fixture
def other():
    started = ScriptedServer()
    yield started
    started.stop()


def names(router):
    return [one.name for one in router.deployments]


def test_one_that_is_added_is_asked_from_the_next_choice_on(server, other, deployment):
    router = Router([deployment(server, "a")])
    router.add(deployment(other, "b", serves=("m-1", "m-2"), capabilities=("vision",)))
    assert (names(router), router.models) == (["a", "b"], ("m-1", "m-2"))
    assert router.complete(asking(model="m-2")).receipt.answered_by == "b"
    assert router.capabilities_of("m-1") == {"vision"}
    with pytest.raises(InputError, match="must have another name than others, but is 'b'"):
        router.add(deployment(other, "b"))


def test_one_that_is_removed_ends_what_it_has_and_gets_nothing_more(server, other, deployment):
    server.otherwise = [0.3, *answer("Late.")]
    first = deployment(server, "a")
    router = Router([first, deployment(other, "b")])
    with _Running(router) as running:
        while not server.requests + other.requests:
            time.sleep(0.005)
        asked = "a" if server.requests else "b"
        router.remove(asked)
        assert [one.state for one in router.stats() if one.name == asked] == ["draining"]
        told = running.result()
    assert told.receipt.answered_by == asked
    assert names(router) == [{"a": "b", "b": "a"}[asked]]
    assert [one.name for one in router.stats()] == names(router)
    assert router.complete(asking()).receipt.answered_by == names(router)[0]


class _Running:
    """A call on a thread of its own."""

    def __init__(self, router):
        self._router = router

    def __enter__(self):
        self._future = self._router.submit(asking())
        return self

    def result(self):
        return self._future.result(20)

    def __exit__(self, *_):
        self._future.cancel()


def test_the_last_one_stays_and_names_are_checked(server, deployment):
    router = Router([deployment(server, "near")])
    with pytest.raises(InputError, match="'near' is the last one"):
        router.remove("near")
    with pytest.raises(UnknownName, match=r"Did you mean 'near'\?"):
        router.remove("naer")
    with pytest.raises(InputError, match="holds none"):
        router.replace([])
    with pytest.raises(InputError, match="several of the name 'x'"):
        router.replace([deployment(server, "x"), deployment(server, "x")])
    assert router.complete(asking()).text == "Because."


def test_what_is_known_of_those_that_stay_stays_known(server, other, deployment):
    stays, goes = deployment(server, "stays"), deployment(other, "goes")
    router = Router([stays, goes])
    router.cool("stays", 60)
    router.cool("goes", 60)
    router.replace([deployment(other, "goes", weight=2.0), stays, deployment(other, "comes")])
    states = {one.name: one.state for one in router.stats()}
    assert states == {"stays": "cooling", "goes": "available", "comes": "available"}
    assert names(router) == ["goes", "stays", "comes"]


def test_a_model_that_nobody_serves_any_more_is_not_found_and_found_again(server, deployment):
    router = Router([deployment(server, "a"), deployment(server, "b", serves=("m-2",))])
    router.remove("b")
    with pytest.raises(NoDeployment, match="must be one of m-1, but is 'm-2'"):
        router.complete(asking(model="m-2"))
    router.add(deployment(server, "c", serves=("m-2",)))
    assert router.complete(asking(model="m-2")).receipt.answered_by == "c"


def test_a_call_that_fails_where_it_was_goes_on_to_one_that_came_meanwhile(server, other, deployment):
    server.otherwise = [0.3, *refusal(500)]
    router = Router([deployment(server, "a")])
    with _Running(router) as running:
        while not server.requests:
            time.sleep(0.005)
        router.replace([deployment(other, "b")])
        assert running.result().receipt.answered_by == "b"


def test_nobody_who_asks_during_a_change_finds_none(server, other, deployment):
    """Two sets of deployments take turns while four threads ask: no request fails, and all counts are zero at rest."""
    sets = [[deployment(server, "a")], [deployment(other, "a"), deployment(other, "b")]]
    router, ends = Router(sets[0]), threading.Event()
    failures, answered = [], [0] * 4

    def ask(place):
        while not ends.is_set():
            try:
                router.complete(asking())
                answered[place] += 1
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(200):
        router.replace(sets[turn % 2])
        router.explain(asking())
        router.stats()
        time.sleep(0.001)
    ends.set()
    for thread in threads:
        thread.join(20)
    assert (failures, router.in_flight) == ([], 0)
    assert min(answered) > 0
    assert len(router.stats()) == len(router.deployments)


def test_a_provider_is_drained_when_its_last_call_has_ended(server, other, deployment):
    server.otherwise = stream(*says("a", finish=None), 0.3, *says("b"))
    first = deployment(server, "a")
    router = Router([first])
    parts = router.stream(asking())
    assert next(parts) == "a"
    router.replace([deployment(other, "b")])
    assert not router.drained(first.provider)
    assert list(parts) == ["b"]
    assert router.drained(first.provider)
    assert not router.drained(router.deployments[0].provider)
