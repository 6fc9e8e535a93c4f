"""A batch through AgenticSynth against the time that its calls take, on a provider of this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from synqc.apps.synth.agentic_synth import AgenticSynth
from synqc.apps.synth.settings import SynthSettings
from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.llm import Completion, Provider, Request, Spent

__all__ = ["measure_batch"]

_PAUSE_S, _CONCURRENCY, _PROMPTS = 0.05, 100, 1000


class _Pausing:
    """Answers each prompt with itself, after a while."""

    name, is_local, most_at_once = "pausing", True, 10 * _CONCURRENCY

    async def acomplete(self, request: Request, read: Callable[[str], Any] = str, **_: Any) -> Completion[Any]:
        await asyncio.sleep(_PAUSE_S)
        text = str(request.messages[-1].content)
        return Completion(read(text), text, request.model, "stop", Spent(1, 20, 10))


def measure_batch(setting: Setting) -> Mapping[str, Measurement]:
    """1000 new prompts, 100 at a time, 50 ms each: half a second, if nothing but the calls took time."""
    turns = 3 if setting.quick else max(5, setting.repetitions)
    taken = asyncio.run(_batches(turns))
    shares = [100 * _PROMPTS / _CONCURRENCY * _PAUSE_S / wall_s for wall_s, _ in taken]
    processor = min(processor_s for _, processor_s in taken) / _PROMPTS
    proof = f"{_PROMPTS:,} answers are those of their prompts, in their order"
    details = (f"processor time {1e6 * processor:.0f} us a request, of one thread",)
    return {"synth-batch": Measurement(sorted(shares)[len(shares) // 2], max(shares), proof=proof, details=details)}


async def _batches(turns: int) -> list[tuple[float, float]]:
    taken = []
    models = cast(Provider, _Pausing())  # of which it asks for whole answers alone
    async with AgenticSynth(
        {"model": "pausing:m", "maxConcurrency": _CONCURRENCY}, providers={"pausing": models},
        settings=SynthSettings(local_model="none"),
    ) as synth:  # fmt: skip
        for turn in range(turns + 1):
            prompts = [f"Prompt {number} of batch {turn}" for number in range(_PROMPTS)]
            began, processor = time.perf_counter(), time.process_time()
            batch = await synth.generate_batch(prompts)
            taken.append((time.perf_counter() - began, time.process_time() - processor))
            refuse_unless([one.data for one in batch.results] == prompts, "A prompt has another one's answer.")
    return taken[1:]
