"""What the model is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from synqc.apps.tds.agent.limits import FIELDS, Limits
from synqc.apps.tds.models import (
    AdaptiveRule,
    ChatMessage,
    DriveEnvelope,
    HardwarePreset,
    HardwareTarget,
    Objective,
)
from synqc.llm import JsonForm, Message

__all__ = ["chat_messages", "suggestion_form", "suggestion_messages"]

_MOST_CHAT_MESSAGES = 10
_CHOICES = {
    "hardware_target": HardwareTarget,
    "hardware_preset": HardwarePreset,
    "drive_envelope": DriveEnvelope,
    "adaptive_rule": AdaptiveRule,
    "objective": Objective,
}

_SUGGESTION = """\
You are the assistant of SynQc TDS, a controller of Drive-Probe-Drive (DPD) experiments on qubits: drive, probe with a
full or partial measurement, drive again.

You are given a snapshot of one session and the operator's goal. Suggest a small, safe, incremental change of the
configuration for the NEXT RUN ONLY. Do not schedule several runs.

Rules:
- Never exceed the limits: probe_strength from 0 to {strength:g}, probe_duration_ns from {shortest:g} to {longest:g}.
- Tune probe_strength (epsilon) and probe_duration_ns (tau_p) gently. A stronger or longer probe gives more information
  and does more damage (back-action).
- Respect the shot budget in the snapshot.
- If the snapshot has a `recommendation`, it is what past runs of this service speak for, and how it was chosen.
- Change fields of RunConfiguration only, named in snake_case:
{fields}
- Leave out, or set to null, every field that is to stay as it is.

Answer with one JSON object and nothing else, no code fences and no prose around it:
{{"recommended_config": {{partial patch of RunConfiguration}}, "rationale": "why, in a few sentences", \
"warnings": ["what to watch"]}}"""

_SMALL_SUGGESTION = """\
You tune one experiment on qubits: drive, probe, drive again. Given the goal and the present values, choose new values.

- probe_strength, {weakest:g} to {strongest:g}: larger gives more information and more damage (back-action).
- probe_duration_ns, {shortest:g} to {longest:g}: longer gives more information, more damage and more latency.
{rule}
Less back-action or damage: lower probe_strength. Less latency: lower probe_duration_ns. More information: raise \
probe_strength. Change a value by at most a half, and keep what need not change. Answer with JSON."""
_SMALL_RULE = "- adaptive_rule: none (fixed), kalman (tracks drift), bayes (branches on outcomes), rl (learns).\n"
_SHOWN_TO_SMALL_MODELS = ("last_kpis", "shots_used", "shot_limit", "recommendation")

_CHAT = """\
You are the assistant of SynQc TDS, a service for Drive-Probe-Drive (DPD) experiments on qubits. Answer briefly and in
plain words. You can explain and advise, but you cannot run, change or stop anything: say so if you are asked to. Do not
make up figures: those of the session, if there are any, are in its snapshot."""


def suggestion_messages(goal: str, snapshot: dict[str, Any], limits: Limits) -> tuple[Message, ...]:
    """The question that a suggestion answers.

    >>> print(suggestion_messages(" calm ", {"session_id": "x1"}, Limits())[1].content.splitlines()[0])
    Goal: calm
    """
    if limits.are_for_small_models:
        return _small_suggestion_messages(goal, snapshot, limits)
    shortest, longest = limits.ranges["probe_duration_ns"]
    system = _SUGGESTION.format(
        strength=limits.max_probe_strength, shortest=shortest, longest=longest, fields=_field_list()
    )
    user = (
        f"Goal: {goal.strip()}\n\nSnapshot of the session:\n{json.dumps(snapshot, indent=2)}\n\n"
        "Be conservative, and respect the shot budget."
    )
    return Message("system", system), Message("user", user)


def suggestion_form(limits: Limits) -> JsonForm:
    """Schema of an answer. Strict servers want every property required, so that null stands for "as it is".

    What comes back is not held against it: partial patches, other names and values out of range are understood, mended
    or refused by `proposal_in` and what follows, each with its own words.
    """
    if limits.are_for_small_models:
        return _small_suggestion_form(limits)
    fields: dict[str, Any] = {}
    for name in FIELDS:
        if name in _CHOICES:
            fields[name] = {"anyOf": [{"type": "string", "enum": _values(name)}, {"type": "null"}]}
        elif name in limits.ranges:
            low, high = limits.ranges[name]
            kind = "integer" if name == "probe_duration_ns" else "number"
            fields[name] = {"type": [kind, "null"], "description": f"From {low:g} to {high:g}."}
        else:
            fields[name] = {"type": ["string", "null"]}
    answer = {
        "recommended_config": _object(fields),
        "rationale": {"type": "string"},
        "warnings": {"type": "array", "items": {"type": "string"}},
    }
    return JsonForm("synqc_suggestion", _object(answer), checked=False)


def chat_messages(message: str, history: Sequence[ChatMessage], snapshot: dict[str, Any] | None) -> tuple[Message, ...]:
    """A conversation: its newest messages, and the session it is about if that is known."""
    system = _CHAT if snapshot is None else f"{_CHAT}\n\nSnapshot of the session:\n{json.dumps(snapshot, indent=2)}"
    said = [Message(one.role, one.content) for one in history if one.content.strip()]
    return Message("system", system), *said[-_MOST_CHAT_MESSAGES:], Message("user", message.strip())


def _small_suggestion_messages(goal: str, snapshot: dict[str, Any], limits: Limits) -> tuple[Message, ...]:
    """Few words: a small model reads some forty a second. What never changes comes first, so that it is read once."""
    (weakest, strongest), (shortest, longest) = limits.ranges["probe_strength"], limits.ranges["probe_duration_ns"]
    system = _SMALL_SUGGESTION.format(
        weakest=weakest, strongest=strongest, shortest=shortest, longest=longest,
        rule=_SMALL_RULE if "adaptive_rule" in limits.fields else "",
    )  # fmt: skip
    config = snapshot.get("current_config", {})
    shown = {name: config[name] for name in limits.fields if name in config}
    shown |= {name: _rounded(snapshot[name]) for name in _SHOWN_TO_SMALL_MODELS if name in snapshot}
    return Message("system", system), Message("user", f"Goal: {goal.strip()}\nPresent values: {json.dumps(shown)}")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _small_suggestion_form(limits: Limits) -> JsonForm:
    """Everything has an end, and nothing may be left out; grammars do not enforce the range of a number."""
    fields: dict[str, Any] = {}
    for name in limits.fields:
        if name in limits.ranges:
            low, high = limits.ranges[name]
            kind = "integer" if name == "probe_duration_ns" else "number"
            fields[name] = {"type": kind, "minimum": low, "maximum": high}
        else:
            fields[name] = {"type": "string", "enum": _values(name)}
    answer = {"rationale": {"type": "string", "maxLength": 200}, "recommended_config": _object(fields)}
    return JsonForm("synqc_suggestion", _object(answer), checked=False)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _values(name: str) -> list[str]:
    return [choice.value for choice in _CHOICES[name]]


def _field_list() -> str:
    kinds = {"probe_strength": "number", "probe_duration_ns": "integer, ns", "notes": "text"}
    return "\n".join(f"  {name}: {' | '.join(_values(name)) if name in _CHOICES else kinds[name]}" for name in FIELDS)
