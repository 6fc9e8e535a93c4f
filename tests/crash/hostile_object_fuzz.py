"""Run as a program: objects whose every method changes what the core is working on, on several threads at once.

    python hostile_object_fuzz.py SEED ROUNDS

Whatever is raised is fine; the process must live, and the doors must work afterwards.
"""

import dataclasses
import enum
import gc
import random
import sys
import tempfile
import threading

import numpy as np

from synqc import _core, cache, json, metrics, pipeline


class World:
    """What hostile objects can reach."""

    def __init__(self, seed: int, folder: str) -> None:
        self.dice = random.Random(seed)
        self.depth = threading.local()
        self.depth.level = 4  # no mischief while the world is made
        self.lists: list[list] = [[] for _ in range(4)]
        self.dicts: list[dict] = [{} for _ in range(4)]
        self.buffers = [bytearray(b"[1, [2, 3], {}]" * 3) for _ in range(2)]
        self.memory = cache.MemoryCache(max_entries=20, on_removal=lambda *_: self.mischief())
        self.weighed = cache.MemoryCache(
            max_bytes=20_000, ttl=1, weigher=lambda *_: self.mischief() or 500, clock=lambda: self.mischief() or 1.0
        )
        self.disk = cache.DiskCache(folder + "/cache.db")
        self.registry = metrics.Registry()
        self.counter = self.registry.counter("n_total", "N.", labels=["kind"])
        self.gauge = self.registry.gauge("g", "G.")
        self.histogram = self.registry.histogram("h", "H.")
        self.registry.add_collector("world", lambda: self.mischief() or [])
        self.streams: list = []
        self.depth.level = 0

    def mischief(self) -> None:
        """Changes something, wherever the core happens to be."""
        level = getattr(self.depth, "level", 0)
        if level > 3:
            return
        self.depth.level = level + 1
        try:
            self.change()
        finally:
            self.depth.level = level

    def change(self) -> None:
        dice = self.dice
        match dice.randrange(15):
            case 0:
                dice.choice(self.lists).clear()
            case 1:
                dice.choice(self.dicts).clear()
            case 2:
                dice.choice(self.lists).extend([self.thing() for _ in range(3)])
            case 3:
                dice.choice(self.dicts)[self.thing()] = self.thing()
            case 4:
                gc.collect(dice.randrange(3))
            case 5:
                self.memory.clear()
            case 6:
                self.memory.set(self.thing(), self.thing())
            case 7:
                self.weighed.set(self.thing(), self.thing(), kind=f"k{dice.randrange(3)}")
            case 8:
                self.memory.delete(self.thing())
            case 9:
                dice.choice(self.buffers).append(32)
            case 10:
                del dice.choice(self.lists)[:1]
            case 11:
                raise dice.choice([ValueError, KeyError, RuntimeError, MemoryError])("mischief")
            case 12:
                json.dumps(dice.choice(self.lists), default=lambda value: None)
            case 13:
                self.registry.snapshot()
            case _:
                cycle = [Finaliser(self)]
                cycle.append(cycle)

    def thing(self) -> object:
        dice = self.dice
        match dice.randrange(14):
            case 0:
                return Hostile(self, dice.randrange(6))
            case 1:
                return HostileText(self.text())
            case 2:
                return HostileDict(self)
            case 3:
                return dice.choice(self.lists)
            case 4:
                return dice.choice(self.dicts)
            case 5:
                return HostileFields(self)
            case 6:
                return np.arange(dice.randrange(5)) * 1.5
            case 7:
                return self.text()
            case 8:
                return dice.choice([1, 2**70, -1.5, float("nan"), None, True, b"bytes", 1j])
            case 9:
                return (self.text(), Finaliser(self))
            case 10:
                return HostileEnum.A
            case 11:
                return HostileNumber(self)
            case 12:
                return {self.text(): [self.text()] * 3}
            case _:
                return [[[1, 2], [3, 4]], "x"]

    def text(self) -> str:
        return self.dice.choice(["a", "key", "ü€", "\ud800", "long" * 50, 'quote"\\\n'])


class Hostile:
    def __init__(self, world, number):
        self.world, self.number = world, number

    def __repr__(self):
        self.world.mischief()
        return self.world.text()

    __str__ = __repr__

    def __hash__(self):
        self.world.mischief()
        return self.number

    def __eq__(self, other):
        self.world.mischief()
        return isinstance(other, Hostile) and self.number == other.number

    def __lt__(self, other):
        self.world.mischief()
        return True

    def __sizeof__(self):
        self.world.mischief()
        return 100

    def __bool__(self):
        self.world.mischief()
        return True

    def __iter__(self):
        self.world.mischief()
        return iter([self.world.thing()])


class HostileText(str):
    def __hash__(self):
        return hash(str(self))

    def __eq__(self, other):
        return str(self) == other

    def __del__(self):
        gc.collect(0)


class HostileNumber:
    def __init__(self, world):
        self.world = world

    def __float__(self):
        self.world.mischief()
        return 1.0

    def __index__(self):
        self.world.mischief()
        return 3

    def __repr__(self):
        self.world.mischief()
        return "n"


class HostileDict(dict):
    def __init__(self, world):
        super().__init__(a=1)
        self.world = world

    def items(self):
        self.world.mischief()
        return self.world.dice.choice([[("a", self.world.thing())], [1], [()], [("a", 1, 2)], 5, super().items()])

    def __hash__(self):
        return 5


@dataclasses.dataclass(eq=False)
class HostileFields:
    world: World = None
    a: int = 1

    def __getattribute__(self, name):
        if name in ("a", "isoformat"):
            object.__getattribute__(self, "__dict__")["world"].mischief()
        return super().__getattribute__(name)


class HostileEnum(enum.Enum):
    A = "value"


class Finaliser:
    def __init__(self, world):
        self.world = world

    def __del__(self):
        try:
            self.world.mischief()
        except Exception:
            return


def doors(world: World):
    dice = world.dice

    def dumps():
        options = dice.choice([{}, {"indent": 1}, {"sort_keys": True}])
        json.dumps(world.thing(), default=lambda value: world.mischief() or world.thing(), **options)

    def loads():
        json.loads(dice.choice(world.buffers), arrays=dice.choice([None, "numpy"]))

    def canonical():
        json.canonical(world.thing(), stdlib=dice.random() < 0.5)

    def key():
        cache.content_key("kind", world.thing(), {"p": world.thing()})

    def encoded():
        _core.decode_value(_core.encode_value(world.thing()))

    def memory():
        world.memory.set(world.thing(), world.thing(), ttl=dice.choice([None, 0, 5, world.thing()]))
        world.memory.get(world.thing(), world.thing())

    def weighed():
        world.weighed[world.thing()] = world.thing()
        list(world.weighed)
        world.weighed.touch(world.thing())
        world.weighed.stats()

    def disk():
        world.disk.set(world.text().encode("utf-8", "surrogatepass"), world.thing())
        world.disk.get(world.text())

    def record():
        world.counter.labels(kind=world.thing()).add(world.thing())
        world.gauge.set(world.thing())
        world.histogram.record(world.thing())

    def snapshot():
        metrics.merge([world.registry.snapshot(), world.thing()])

    def run():
        stages = [lambda item: world.mischief() or item, pipeline.Stage(lambda item: world.thing(), concurrency=2)]
        made = pipeline.Pipeline(stages, on_error=dice.choice(["collect", "skip", "raise"]))
        if dice.random() < 0.5:
            made.run(iter([world.thing() for _ in range(5)]))
        else:
            stream = made.stream([world.thing() for _ in range(5)])
            world.streams.append(stream)
            next(stream, None)
            del world.streams[:-2]

    return [dumps, dumps, loads, canonical, key, encoded, memory, memory, weighed, disk, record, snapshot, run]


def harass(world: World, rounds: int) -> None:
    every = doors(world)
    for _ in range(rounds):
        if world.dice.random() < 0.2:
            gc.set_threshold(world.dice.choice([1, 7, 100, 700]))
        try:
            world.dice.choice(every)()
        except Exception:
            continue


def main() -> None:
    seed, rounds = int(sys.argv[1]), int(sys.argv[2])
    sys.setswitchinterval(1e-6)
    sys.unraisablehook = lambda _: None
    with tempfile.TemporaryDirectory() as folder:
        world = World(seed, folder)
        threads = [threading.Thread(target=harass, args=(world, rounds)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for stream in world.streams:
            stream.close()
        gc.set_threshold(700)
        world.memory.clear()
        world.dice = random.Random(seed)
        world.disk.close()
    assert json.loads(json.dumps({"a": [1, 2.5, None]})) == {"a": [1, 2.5, None]}
    assert _core.decode_value(_core.encode_value([1, "a"])) == [1, "a"]
    print("lives")


if __name__ == "__main__":
    main()
