"""`python -m synqc.apps.tds.agent.demo`: the agent on a model of this process, from the file to the memory it frees."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from synqc.apps.tds import clock
from synqc.apps.tds.agent.agent import Agent, agent_of
from synqc.apps.tds.agent.audit import AgentCall
from synqc.apps.tds.engine import SynQcEngine
from synqc.apps.tds.models import AgentSuggestionRequest, RunConfiguration
from synqc.apps.tds.session import Session
from synqc.apps.tds.settings import TdsSettings
from synqc.errors import SynqcError
from synqc.llm import LanguageModelError, Message, Request
from synqc.llm.model_files import ModelDirectory, download, model_named
from synqc.llm.providers.local import LocalModel, memory_of, resident_mb

__all__ = ["main"]

_GOALS: Final = ("Less back-action at the same fidelity.", "Lower the latency.", "Track a drifting qubit.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show it; 2 if there is no model.

    Args:
        arguments: Of the command line, without the program's name.
    """
    parser = argparse.ArgumentParser(prog="python -m synqc.apps.tds.agent.demo", description=main.__doc__)
    parser.add_argument("--model", default="qwen2.5-coder-1.5b", help="as `synqc models list` names it")
    try:
        _show(parser.parse_args(arguments).model)
    except SynqcError as error:
        print(f"No demonstration: {error}", file=sys.stderr)
        return 2
    return 0


def _show(name: str) -> None:
    known = model_named(name)
    settings = TdsSettings(local_model=name, models_dir=TdsSettings.from_environment().models_dir)
    path = download(known, ModelDirectory(settings.models_dir), say=print)
    print(f"{known.title}, {known.licence}, at {path}: its SHA-256 is the one of the lock file.")
    needed = memory_of(path, tokens=settings.local_slots * settings.local_context_tokens)
    print(f"It will take about {needed.bytes / 1e6:.0f} MB for {settings.local_slots} conversations at a time.")
    before = resident_mb()
    agent = agent_of(settings, engine=SynQcEngine(), record=_recorded)
    if agent is None or not isinstance(agent.models, LocalModel):
        raise SynqcError("the extra `local` is not installed: pip install 'synqc[service,local]'.")
    try:
        began = time.perf_counter()
        agent.models.load()
        print(f"Loaded in {time.perf_counter() - began:.1f} s. No key, no server, no network from here on.")
        _suggest(agent)
        _stream(agent.models)
        _cancel(agent.models)
        loaded = resident_mb()
    finally:
        agent.close()
    print(f"\nClosed: {loaded:.0f} MB while it was loaded, {resident_mb():.0f} MB now, {before:.0f} MB before.")


def _suggest(agent: Agent) -> None:
    session = Session("demo", position=1, created_at=clock.now(), config=RunConfiguration(), shot_limit=50_000)
    for goal in _GOALS:
        print(f"\nGoal: {goal}")
        began = time.perf_counter()
        response = agent.suggest(session, AgentSuggestionRequest(goal=goal, temperature=0.1)).response
        print(f"  {response.rationale}")
        for warning in response.warnings:
            print(f"  Warning: {warning}")
        predicted = response.predicted or {}
        for kpi in ("fidelity", "backaction", "latency_us"):
            now, then = (predicted[which][kpi]["value"] for which in ("current", "recommended"))
            print(f"  {kpi:<11}{now:>9.4g} now, {then:>9.4g} as simulated with the suggestion")
        print(f"  after {time.perf_counter() - began:.1f} s; nothing is applied")


def _stream(model: LocalModel) -> None:
    print("\nIn words, part by part:\n  ", end="")
    question = Message("user", "In one sentence: what does a weak measurement do to a qubit?")
    began, parts = time.perf_counter(), 0
    request = Request(model=model.model_name, messages=(question,), max_tokens=60, temperature=0.0)
    for part in model.stream(request, partial=True):
        parts += 1
        print(part.replace("\n", " "), end="", flush=True)
    print(f"\n  {parts} parts in {time.perf_counter() - began:.1f} s; check it: models of this size make things up.")


def _cancel(model: LocalModel) -> None:
    long = Message("user", "Write a very long story about a river.")
    future = model.submit(Request(model=model.model_name, messages=(long,), max_tokens=1000))
    while not model.engine.calls:
        time.sleep(0.01)
    time.sleep(0.5)
    began = time.perf_counter()
    future.cancel()
    while model.engine.calls:
        time.sleep(0.001)
    print(f"\nCancelled a long answer: its slot was free {1e3 * (time.perf_counter() - began):.0f} ms later.")
    try:
        model.complete(Request(model=model.model_name, messages=(Message("user", "word " * 9000),)))
    except LanguageModelError as error:
        print(f"A conversation that is too long: {error}")


def _recorded(call: AgentCall) -> Future[None]:
    done: Future[None] = Future()
    done.set_result(None)
    return done


if __name__ == "__main__":
    sys.exit(main())
