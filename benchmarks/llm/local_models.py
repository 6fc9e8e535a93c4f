"""A model in this process: what our doors cost beside llama.cpp's own, and what is given back."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from synqc.apps.tds import clock
from synqc.apps.tds.agent import AgentCall, agent_of
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import AgentSuggestionRequest, RunConfiguration
from synqc.apps.tds.session import Session
from synqc.apps.tds.settings import TdsSettings
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, refuse_unless
from synqc.llm import Message, Request
from synqc.llm.model_files import ModelDirectory, model_named
from synqc.llm.providers.local import LocalModel, LocalModelSettings, resident_mb

__all__ = ["measure_local_model", "measure_local_suggestion"]

_SMALL, _BEST = "smollm2-135m", "qwen2.5-coder-1.5b"
_TOKENS = 96
_QUESTION = "Count from one to one hundred, in words."


def measure_local_model(setting: Setting) -> Mapping[str, Measurement]:
    """Tokens written through a stream and by llama.cpp itself, in turns; a cancelled call; memory after closing."""
    path = _file_of(_SMALL)
    model = LocalModel(path, name=_SMALL)
    before = resident_mb()
    server = model.engine.load()
    request = Request(model=_SMALL, messages=(Message("user", _QUESTION),), max_tokens=_TOKENS, temperature=0.0)
    body = {
        "messages": [{"role": "user", "content": _QUESTION}], "max_tokens": _TOKENS, "temperature": 0.0,
        "cache_prompt": False,
    }  # fmt: skip
    ours, theirs, freed = [], [], []
    for _ in range(max(3, setting.repetitions)):
        raw = server.handle_chat_completions(dict(body))
        theirs.append(float(raw["timings"]["predicted_per_second"]))
        with model.stream(request, partial=True) as stream:
            moments = [time.perf_counter() for _ in stream]
        told = raw["choices"][0]["message"]["content"]
        refuse_unless(stream.text == told, "Our stream and llama.cpp do not write the same at temperature 0.")
        ours.append(((stream.spent.completion_tokens or 0) - 1) / (moments[-1] - moments[0]))
        freed.append(_seconds_to_free(model))
    loaded = resident_mb()
    del server
    model.close()
    after = resident_mb()
    share = 100 * statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    speed = f"{statistics.median(ours):.0f} tokens/s through the door, {statistics.median(theirs):.0f} by llama.cpp"
    return {
        "local-written-share": Measurement(share, proof="the same text at temperature 0", details=(speed,)),
        "local-slot-free-after-cancel": Measurement(1e3 * statistics.median(freed), 1e3 * min(freed)),
        "local-memory-back": Measurement(
            100 * (loaded - after) / (loaded - before),
            details=(f"{before:.0f} MB before, {loaded:.0f} MB loaded, {after:.0f} MB after closing",),
        ),
    }


def measure_local_suggestion(setting: Setting) -> Mapping[str, Measurement]:
    """From the request to the simulated suggestion, the model loaded and every question new."""
    settings = TdsSettings(local_model=_BEST, models_dir=_file_of(_BEST).parent)
    agent = agent_of(settings, engine=SynQcEngine(), record=_recorded)
    refuse_unless(agent is not None, "There is no agent.")
    assert agent is not None
    session = Session("bench", position=1, created_at=clock.now(), config=RunConfiguration(), shot_limit=50_000)
    taken = []
    try:
        assert isinstance(agent.models, LocalModel)
        agent.models.load()
        for turn in range(3 if setting.quick else max(5, setting.repetitions)):
            body = AgentSuggestionRequest(goal=f"Less back-action at the same fidelity ({turn}).", temperature=0.1)
            began = time.perf_counter()
            changes = agent.suggest(session, body).response.changes_applied
            taken.append(time.perf_counter() - began)
            gentler = changes.get("probe_strength", {"old": 1, "new": 0})
            refuse_unless(
                gentler["new"] < gentler["old"], f"Less back-action was asked for, but it suggests {changes}."
            )
    finally:
        agent.close()
    proof = "no suggestion raises the probe's strength where less back-action is asked for"
    return {"local-suggestion": Measurement(statistics.median(taken), min(taken), proof=proof)}


def _file_of(name: str) -> Path:
    if importlib.util.find_spec("xllamacpp") is None:
        raise Unavailable("xllamacpp is not installed: pip install 'synqc[local]'.")
    path = ModelDirectory(LocalModelSettings.from_environment().models_dir).find(model_named(name))
    if path is None:
        raise Unavailable(f"The model is not on this machine: synqc models get {name}.")
    return path


def _seconds_to_free(model: LocalModel) -> float:
    long = Request(model=_SMALL, messages=(Message("user", "Tell a very long story."),), max_tokens=900)
    stream = model.stream(long)
    next(stream)
    began = time.perf_counter()
    stream.close()
    while model.engine.calls:
        time.sleep(0.0005)
    return time.perf_counter() - began


def _recorded(call: AgentCall) -> Future[None]:
    done: Future[None] = Future()
    done.set_result(None)
    return done
