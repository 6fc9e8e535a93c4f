"""A mixture of new and repeated prompts through AgenticSynth, against the figures that the original aimed at."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass

from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.requests import RequestRecord
from synqc.apps.synth.settings import SynthSettings
from synqc.apps.synth.synth_metrics import process_bytes
from synqc.benchmarks.llm.answering_process import answering_process
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, refuse_unless
from synqc.benchmarks.synth.text_server import text_for
from synqc.llm import Endpoint
from synqc.llm.providers.direct import DirectModels

__all__ = ["measure_serving"]

_PAUSE_S, _CONCURRENCY, _DISTINCT, _REPEATS = 0.05, 100, 1000, 1.5


@dataclass(frozen=True)
class _Load:
    per_second: float
    p99_ms: float
    cached_p99_ms: float
    hit_share: float
    error_share: float
    megabytes: float


def measure_serving(setting: Setting) -> Mapping[str, Measurement]:
    """1000 prompts and 1500 repetitions of them, in a random order, 100 at a time, on a server that takes 50 ms."""
    distinct = 200 if setting.quick else _DISTINCT
    turns = 1 if setting.quick else min(3, setting.repetitions)
    with answering_process("synqc.benchmarks.synth.text_server", _PAUSE_S) as address:
        loads = [_load(address, distinct, seed) for seed in range(turns)]
    proof = f"{int(distinct * (1 + _REPEATS)):,} answers are those of their prompts, each prompt asked for once"
    found = {}
    for key, values, best in (
        ("synth-throughput", [one.per_second for one in loads], max),
        ("synth-p99", [one.p99_ms for one in loads], min),
        ("synth-cached-p99", [one.cached_p99_ms for one in loads], min),
        ("synth-hits", [100 * one.hit_share for one in loads], max),
        ("synth-errors", [100 * one.error_share for one in loads], min),
        ("synth-memory", [one.megabytes for one in loads], min),
    ):
        detail = f"server answers after {1e3 * _PAUSE_S:g} ms, {_CONCURRENCY} requests at a time"
        found[key] = Measurement(statistics.median(values), best(values), proof=proof, details=(detail,))
    return found


def _load(address: str, distinct: int, seed: int) -> _Load:
    chance = random.Random(seed)
    prompts = [f"Prompt {number}" for number in range(distinct)]
    asked = prompts + chance.choices(prompts, k=int(_REPEATS * distinct))
    chance.shuffle(asked)
    records: list[RequestRecord] = []
    models = DirectModels(Endpoint(base_url=address, api_key="k", attempts=1, most_at_once=_CONCURRENCY))
    with models, AgenticSynth(
        {"model": "stub:m", "maxConcurrency": _CONCURRENCY, "cacheSize": 1000}, providers={"stub": models},
        settings=SynthSettings(local_model="none"), observe=records.append,
    ) as synth:  # fmt: skip
        synth.generate_sync("Warm up", cache=False)
        records.clear()
        began = time.perf_counter()
        # Equal prompts are to meet in the cache, as those of several users do, so the batch may not sort them out.
        batch = asyncio.run(synth.generate_batch(asked, dedupe=False, concurrency=_CONCURRENCY))
        taken_s = time.perf_counter() - began
        for prompt, result in zip(asked, batch.results, strict=True):
            refuse_unless(result.ok and result.data == text_for(prompt), f"{prompt} was not answered.")
        metrics = synth.get_metrics()
        refuse_unless(metrics.cache.size == distinct, "Answers are missing from the cache.")
        refuse_unless(metrics.cache.misses == distinct + 1, "Prompts were asked for twice.")
        mixed = list(records)
        records.clear()
        again = asyncio.run(synth.generate_batch(prompts, dedupe=False, concurrency=_CONCURRENCY))
        refuse_unless(all(one.cached for one in again.results), "Kept answers were asked for again.")
        resident = process_bytes()
        if resident is None:
            raise Unavailable("This system does not say how much memory a process has.")
        return _Load(
            len(asked) / taken_s, _p99_ms([one for one in mixed if not one.cached]),
            _p99_ms(records), metrics.cache.hit_rate,
            metrics.requests.error_rate, resident / 1e6,
        )  # fmt: skip


def _p99_ms(records: list[RequestRecord]) -> float:
    seconds = sorted(one.total_s for one in records)
    return 1e3 * seconds[max(0, -(-99 * len(seconds) // 100) - 1)]  # nearest rank
