"""A whole report by models of this machine: speech, a picture or text in, a sealed PDF and DOCX out, timed by step."""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synqc.cli.fir.gate_clients import ApplicationClient, LedSession, RunFailed
from synqc.cli.fir.grammar import add
from synqc.cli.fir.measured_runs import MeasuredRun, measure_run
from synqc.cli.fir.opened import opened
from synqc.cli.fir.performance import COMPLAINT, end_by, step_table
from synqc.cli.outputs import note
from synqc.cli.tables import json_text
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.fir.application import FirApplication

__all__ = ["add_command"]

_FIELDS: Final = {
    "complainant_name": "A. Demonstration", "complainant_address": "12 Example Road", "police_station": "Demonstration",
    "incident_date_from": "2026-11-28", "incident_location": "Shivaji Market",
    "investigating_officer_name": "B. Demonstration", "investigating_officer_rank": "SI",
}  # fmt: skip
_FORMS: Final = ("pdf", "docx", "json")
_REASON: Final = "Demonstration: nobody has looked at it."


def add_command(acts: Any) -> None:
    """Declare it."""
    parser = add(acts, "demo", demo, "lead a complaint to a sealed PDF and DOCX with the models of this machine")
    parser.description = (
        "Lead a complaint to a sealed PDF and DOCX with the models of this machine, in a database of its own. Every "
        "gate is approved unread, persons are made up, what no check could answer is left out, and where no check says "
        "yes, the section that was found first is taken: such a report is none."
    )
    parser.add_argument("--audio", type=Path, metavar="FILE", help="a spoken complaint: WAV or MP3")
    parser.add_argument("--image", type=Path, metavar="FILE", help="a photographed one: JPEG or PNG")
    parser.add_argument("--text", help="a typed one; default: a snatched chain")
    parser.add_argument("--language", choices=("en", "hi"), default="en", help="of the complaint, default en")
    parser.add_argument("--folder", type=Path, default=Path("fir_demo"), help="where the files go, default fir_demo")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="of each step, default 300")
    parser.add_argument("--target", type=float, default=30.0, metavar="SECONDS", help="for all of it, default 30")
    parser.add_argument("--json", action="store_true", help="the times as a JSON document, and nothing else")


class _Demonstrator(ApplicationClient):
    """Begins with an upload where there is one, and leaves out what no check could answer."""

    def __init__(self, application: FirApplication, arguments: argparse.Namespace) -> None:
        super().__init__(application, officer="demonstration", timeout_s=arguments.timeout)
        self._application, self._arguments = application, arguments

    def begin(self, text: str) -> LedSession:
        """With a recording, a picture, or the text."""
        from synqc.apps.fir.input.upload import Media, check_upload

        path, media = self._arguments.audio or self._arguments.image, Media.AUDIO
        language = self._arguments.language
        if path is None:
            return self.at_gate(self._workflow.open(self._officer, text=text, language=language))
        if self._arguments.audio is None:
            media = Media.IMAGE
        upload = check_upload(path.read_bytes(), media, name=path.name)
        opened_id = self._application.open_upload(self._officer, upload, spoken=language, language=language)
        return self.at_gate(opened_id)

    def approve(self, session: LedSession) -> LedSession:
        """As it is shown, but for provisions that nobody has decided about."""
        gate = self._workflow.gate(session.session_id)
        if gate is not None and gate.step.value == "violations_review":
            decided = [
                one | {"accepted": one["accepted"] is True, "reason": one["reason"] or _REASON}
                for one in gate.content["violations"]
            ]
            if decided and not any(one["accepted"] for one in decided):
                decided[0] |= {"accepted": True}  # a report without a provision cannot be filed
            self._workflow.edit(session.session_id, gate.token, self._officer, {"violations": decided}, accept=True)
            return self.at_gate(session.session_id)
        return super().approve(session)


def demo(arguments: argparse.Namespace) -> None:
    """Lead it, seal it, write the files, and print the time of each step beside the original's."""
    if arguments.audio and arguments.image:
        raise InputError("One of --audio and --image must be given at most, but both are.")
    arguments.folder.mkdir(parents=True, exist_ok=True)

    def tell(line: str) -> None:
        if not arguments.json:
            print(line, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="synqc-fir-") as state,
        opened(
            state_dir=Path(state), expires_after_s=0.0, computes_ahead=False, text_timeout_s=arguments.timeout
        ) as application,
    ):
        application.start()
        client = _Demonstrator(application, arguments)
        tell(f"Model: {application.models.state().words}")
        run = measure_run(client, arguments.text or COMPLAINT, tell=tell, spent=lambda: application.models.spent)
        sealing_s, files = (0.0, []) if run.error else _sealed(application, run, arguments.folder)
        waited_s = _model_seconds(application, run)
    own_s = max(0.0, run.total_s - waited_s)
    if arguments.json:
        document = run.to_plain() | {
            "models_s": round(waited_s, 4),
            "own_s": round(own_s, 4),
            "sealing_s": round(sealing_s, 4),
            "processor_s": {key: round(took, 4) for key, took in run.processor_s.items()},
            "tokens": {key: asdict(counts) for key, counts in run.tokens.items()},
        }
        print(json_text(document | {"files": [str(one) for one in files]}))
    else:
        print(step_table([run], computes_here=True))
        print(f"Of {run.total_s:.2f} s, stages by models took {waited_s:.2f} s, and everything else {own_s:.3f} s.")
        for one in files:
            print(f"{one}: {one.stat().st_size:,} bytes")
        if files:
            note(f"Sealed, read back by two extractors and filed in {sealing_s:.2f} s.")
    end_by([run], arguments.target)


def _sealed(application: FirApplication, run: MeasuredRun, folder: Path) -> tuple[float, list[Path]]:
    """File the report; seconds that took, and its forms as files."""
    from synqc.apps.fir.workflow.workflow import Officer

    officer, workflow = Officer("demonstration"), application.workflow
    workflow.state_fields(run.session_id, officer, _FIELDS)
    gate = workflow.wait_for_gate(run.session_id, 60.0)
    if gate is None:
        raise RunFailed("The report with its fields was not made within 60 s.")
    workflow.accept(run.session_id, gate.token, officer)
    began = time.perf_counter()
    sealed = workflow.file(run.session_id, officer)
    took = time.perf_counter() - began
    files = [folder / f"{sealed.seal.number}.{form}" for form in _FORMS]
    for form, file in zip(_FORMS, files, strict=True):
        file.write_bytes(sealed.files[form])
    return took, files


def _model_seconds(application: FirApplication, run: MeasuredRun) -> float:
    """That stages took which asked a model."""
    if not run.session_id:
        return 0.0
    entries = application.workflow.history(run.session_id)
    return sum(one.entry.latency_s or 0.0 for one in entries)
