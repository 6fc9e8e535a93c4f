"""A subject whose answers take simulated time: a model of some places, a cache, failures, streams."""

# ruff: noqa: N802, N815

import asyncio
from dataclasses import dataclass, field


@dataclass
class Answer:
    data: str
    cached: bool
    latencyMs: float
    tokensUsed: int = 10
    ok: bool = True


@dataclass
class Batch:
    results: list


@dataclass
class Failure:
    ok: bool = False


@dataclass
class PretendedSynth:
    """Answers after `seconds`, `places` at a time, and keeps every answer if it is `caching`."""

    seconds: float = 0.05
    places: int = 1000
    is_caching: bool = True
    fails_every: int = 0
    chunks: int = 60
    first_chunk_s: float = 0.1
    between_s: float = 0.02
    kept: dict = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self):
        self._free = asyncio.Semaphore(self.places)

    async def generate(self, prompt, options=None):
        loop = asyncio.get_running_loop()
        began = loop.time()
        if prompt in self.kept:
            await asyncio.sleep(0.001)
            return Answer(self.kept[prompt], True, 1e3 * (loop.time() - began))
        async with self._free:
            self.calls += 1
            number = self.calls
            await asyncio.sleep(self.seconds)
            if self.fails_every and number % self.fails_every == 0:
                raise ConnectionError("the model is away")
        if self.is_caching:
            self.kept[prompt] = prompt
        return Answer(prompt, False, 1e3 * (loop.time() - began))

    async def generateBatch(self, prompts, options=None):
        places = asyncio.Semaphore(options["concurrency"])

        async def one(prompt):
            async with places:
                try:
                    return await self.generate(prompt, options)
                except ConnectionError:
                    return Failure()

        return Batch(await asyncio.gather(*map(one, prompts)))

    async def generateStream(self, prompt, options=None):
        await asyncio.sleep(self.first_chunk_s)
        for number in range(self.chunks):
            yield "" if number == 0 else "word "
            await asyncio.sleep(self.between_s)

    def getMetrics(self):
        return {}
