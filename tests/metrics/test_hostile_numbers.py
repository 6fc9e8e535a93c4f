"""What is recorded may be any object, with any code of its own."""

import gc
import weakref

import pytest

from synqc import metrics
from synqc.errors import InputError


def instruments():
    registry = metrics.Registry()
    return {
        "counter.add": registry.counter("n_total", "N.").add,
        "gauge.set": registry.gauge("g", "G.").set,
        "gauge.add": registry.gauge("g", "G.").add,
        "histogram.record": registry.histogram("h", "H.").record,
        "histogram.quantile": registry.histogram("h", "H.").quantile,
        "labels": lambda value: registry.counter("l_total", "L.", labels=["a"]).labels(a=value),
        "labels by place": lambda value: registry.counter("l_total", "L.", labels=["a"]).labels(value),
        "labels of another name": lambda value: registry.counter("l_total", "L.", labels=["a"]).labels(b=value),
    }


def hostile(error: type[BaseException]):
    def fail(*_):
        raise error

    names = ("__float__", "__index__", "__int__", "__repr__", "__str__", "__bool__", "__hash__", "__eq__")
    return type("Hostile", (), {name: fail for name in names})()


@pytest.mark.parametrize("door", instruments())
@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError])
def test_an_object_that_fails_at_everything_is_refused(door, error):
    with pytest.raises((InputError, TypeError, error)):
        instruments()[door](hostile(error))


@pytest.mark.parametrize("door", ["counter.add", "gauge.set", "histogram.record", "histogram.quantile", "labels"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_meant_for_the_program_reaches_it(door, error):
    with pytest.raises(error):
        instruments()[door](hostile(error))


@pytest.mark.parametrize("door", ["counter.add", "gauge.set", "gauge.add", "histogram.record", "histogram.quantile"])
@pytest.mark.parametrize("value", ["x", None, [], object(), 10**400, 1j])
def test_what_is_no_number_is_refused_in_words(door, value):
    with pytest.raises((InputError, OverflowError)) as refusal:
        instruments()[door](value)
    assert "Argument `" in str(refusal.value)


def test_a_text_class_as_a_label_is_not_kept():
    class Word(str):
        pass

    registry = metrics.Registry()
    counter = registry.counter("l_total", "L.", labels=["a"])
    word = Word("w")
    word.counter = counter
    gone = weakref.ref(word)
    counter.labels(a=word).add()
    del word
    gc.collect()
    assert gone() is None
    assert counter.labels(a="w").value() == 1


def test_a_registry_in_a_cycle_with_its_collector_is_collected():
    class Owner:
        def __init__(self):
            self.registry = metrics.Registry()
            self.registry.add_collector("mine", self.tell)

        def tell(self):
            return []

    owner = Owner()
    assert owner.registry.snapshot() is not None
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_a_collector_may_remove_itself_and_its_registry_goes_on():
    registry = metrics.Registry()

    def tell():
        registry.remove_collector("mine")
        gc.collect()
        return [metrics.Sample("x", 1.0)] if hasattr(metrics, "Sample") else []

    registry.add_collector("mine", tell)
    registry.snapshot()
    registry.add_collector("other", tell)
    with pytest.raises(InputError):
        registry.add_collector("other", tell)
    registry.snapshot()
    assert not registry.remove_collector("mine")
