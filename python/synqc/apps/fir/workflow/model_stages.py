"""Workflow stages by models: transcript, summary, provisions and narrative."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, Final

from synqc.apps.fir.workflow.content import MEMBERS
from synqc.apps.fir.workflow.doubt import Doubt
from synqc.apps.fir.workflow.model_rules import RULES, quoted
from synqc.apps.fir.workflow.session import digest_of
from synqc.apps.fir.workflow.stages import StageFunction, StageResult, Stages, StageStop
from synqc.apps.fir.workflow.steps import Step
from synqc.errors import SynqcError
from synqc.llm.message import Message
from synqc.llm.outcome import Outcome
from synqc.llm.provider import Provider
from synqc.llm.request import Request

__all__ = ["MediaText", "ModelStages", "TextLimits", "transcript_stage"]

_LABEL_OF_NOTE: Final = {Step.SUMMARY: "Additional user input", Step.NARRATIVE: "Additional details"}
_END_OF_SENTENCE: Final = re.compile(r".*[.!?।॥](?=[\s\"'”’)\]]|$)[\"'”’)\]]*", re.DOTALL)
_MARKS: Final = re.compile(r"\[\[\[\n?|\n?\]\]\]")
"""Which small models repeat around their own words."""
_TASKS: Final = {
    Step.SUMMARY: (
        "Summarise the complaint in exactly two sentences, in the third person, with its dates, times, places and "
        "things. Write these sentences alone."
    ),
    Step.NARRATIVE: (
        "Write the narrative of the First Information Report, in the third person and in at most three sentences: what "
        "happened, when, where, and who did what, as the complaint says it. Write these sentences alone."
    ),
}
"""Last of what is asked: a small model goes on with what it read last, and quotes the sections where those are it."""


@dataclass(frozen=True)
class MediaText:
    """What was heard in a recording, or read in a picture, which model did it, and what is to be looked at in it."""

    text: str
    model: str
    doubts: Sequence[Doubt] = ()


@dataclass(frozen=True)
class TextLimits:
    """Of one text that a model writes.

    Args:
        most_tokens: Most tokens of the answer.
        temperature: 0 to 2.
        seconds: For the call.
    """

    most_tokens: int
    temperature: float
    seconds: float = 60.0


@dataclass(frozen=True)
class ModelStages:
    """Makes the results of the first four steps.

    A text that reaches its limit is shown as far as its sentences are whole; one without a whole sentence is a failure.

    Args:
        provider: Writes summary and narrative.
        model: As the provider knows it.
        violations: Finds provisions and checks them, such as `violations_stage` makes.
        transcribe, read_image: Make the text of a recording or picture that is kept at a place; None: refused.
        summary, narrative: Limits of the two texts.
    """

    provider: Provider
    model: str
    violations: StageFunction
    transcribe: Callable[[str, StageStop], MediaText] | None = None
    read_image: Callable[[str, StageStop], MediaText] | None = None
    summary: TextLimits = TextLimits(100, 0.1)
    narrative: TextLimits = TextLimits(150, 0.2)

    @property
    def functions(self) -> Stages:
        """For a `Workflow`."""
        return {
            Step.TRANSCRIPT: transcript_stage(self.transcribe, self.read_image),
            Step.SUMMARY: lambda given, stop: self._written(Step.SUMMARY, self.summary, given, stop),
            Step.VIOLATIONS: self.violations,
            Step.NARRATIVE: lambda given, stop: self._written(Step.NARRATIVE, self.narrative, given, stop),
        }

    def _written(self, step: Step, limits: TextLimits, given: Mapping[str, Any], stop: StageStop) -> StageResult:
        messages = (Message("system", RULES), Message("user", _question(step, given)))
        request = Request(
            model=self.model, messages=messages, temperature=limits.temperature, max_tokens=limits.most_tokens,
            sample=given["try"],
        )  # fmt: skip
        future = self.provider.submit(request, deadline_s=limits.seconds, partial=True)

        def cancel() -> None:
            future.cancel()

        stop.on_stop(cancel)
        try:
            answer = future.result()
        except CancelledError:
            stop.check()
            raise
        text = _MARKS.sub("", answer.text).strip()
        if answer.outcome is not Outcome.OK:
            text = _whole_sentences(text)
        if not text:
            raise SynqcError(f"The model wrote no whole sentence within {limits.most_tokens} tokens.")
        asked = digest_of(
            {"model": self.model, "messages": [[one.role, one.content] for one in messages], **vars(limits)}
        )
        return StageResult({MEMBERS[step]: text}, answer.model or self.model, asked)


def transcript_stage(
    transcribe: Callable[[str, StageStop], MediaText] | None, read_image: Callable[[str, StageStop], MediaText] | None
) -> StageFunction:
    """A stage for `Step.TRANSCRIPT`, which needs no language model.

    Args:
        transcribe, read_image: Make the text of a recording or picture that is kept at a place; None: refused.
    """

    def stage(given: Mapping[str, Any], stop: StageStop) -> StageResult:
        text_of = transcribe if given["source"] == "audio" else read_image
        if text_of is None:
            what = "recordings" if given["source"] == "audio" else "pictures"
            raise SynqcError(f"This service takes no {what}: type the complaint instead.")
        found = text_of(given["media"], stop)
        if not found.text.strip():
            raise SynqcError("No words were found in it.")
        transcript = {MEMBERS[Step.TRANSCRIPT]: found.text}
        return StageResult(transcript, found.model, digest_of(dict(given)), found.doubts)

    return stage


def _question(step: Step, given: Mapping[str, Any]) -> str:
    parts = [quoted("Complaint", given["transcript"])]
    if step is Step.NARRATIVE:
        parts.append(quoted("Summary", given["summary"]))
        sections = [f"section {one['section']} ({one['title']})" for one in given["provisions"]]
        if sections:
            parts.append(quoted("Provisions that the officer accepted", "; ".join(sections)))
    if given["note"].strip():
        parts.append(quoted(_LABEL_OF_NOTE[step], given["note"]))
    if given["instruction"].strip():
        parts.append(quoted("The officer asks for another text", given["instruction"]))
    parts.append(_TASKS[step])
    return "\n\n".join(parts)


def _whole_sentences(text: str) -> str:
    found = _END_OF_SENTENCE.match(text)
    return "" if found is None else found[0].strip()
