"""The widget: controls on one side of a wire, a thread that runs what they say on the other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from synqc.errors import Cancelled, InputError
from synqc.lab._whole_number import whole_number
from synqc.lab.cards import figure_in_words
from synqc.lab.device import targets
from synqc.lab.experiment import Experiment, StopFlag
from synqc.lab.run import Run
from synqc.lab.units import format_duration
from synqc.notebook.controls import Control, setting_of

__all__ = ["Explorer"]

_HERE = Path(__file__).parent
_FIGURES = ("fidelity", "success", "backaction", "information_bits", "objective_score")


class Explorer(anywidget.AnyWidget):
    """An experiment with controls; made by `explore`.

    Traits that a page sees are plain values: `settings` holds the value of each control, `points` the figures of each
    batch with their errors, `figures` those of the last batch in words.

    Examples:
        >>> Explorer(Experiment("ibm_fez"), [Control("probe_strength")]).settings
        {'probe_strength': 0.2}
    """

    _esm = _HERE / "explorer.js"
    _css = _HERE / "explorer.css"

    title = traitlets.Unicode().tag(sync=True)
    controls: traitlets.List[Any] = traitlets.List().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    iterations = traitlets.Int().tag(sync=True)
    state = traitlets.Unicode("ready").tag(sync=True)
    """"ready", "running", "complete", "stopped" or "failed"."""
    points: traitlets.List[Any] = traitlets.List().tag(sync=True)
    figures: traitlets.List[Any] = traitlets.List().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        experiment: Experiment,
        controls: Sequence[Control],
        *,
        shots: int = 500,
        iterations: int = 20,
        seed: int = 1,
    ) -> None:
        self._base = experiment
        self._shots = whole_number("shots", shots, least=1)
        self._seed = whole_number("seed", seed, least=0, most=2**63)
        self._stop = StopFlag()
        self._thread: threading.Thread | None = None
        self._run: Run | None = None
        super().__init__(
            title=_title(experiment),
            controls=[control.words() for control in controls],
            settings={control.name: setting_of(experiment, control.name) for control in controls},
            iterations=whole_number("iterations", iterations, least=1),
        )
        self._first = dict(self.settings)
        self.observe(lambda _: self.start(), names="settings")
        self.on_msg(lambda _widget, content, _buffers: self._told(content))

    @property
    def experiment(self) -> Experiment:
        """The experiment as the controls have it."""
        moved = {name: value for name, value in self.settings.items() if value != self._first[name]}
        return self._base.replace(**moved) if moved else self._base

    @property
    def run(self) -> Run | None:
        """The last batch that was complete, or None."""
        return self._run

    def start(self) -> None:
        """Begin anew, with the controls as they are; a run that goes on ends first."""
        self._stop.stop()
        self._stop = StopFlag()
        self._thread = threading.Thread(
            target=self._live, args=(self._thread, self._stop), name="synqc-explorer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the run within 50 ms; what was complete stays."""
        self._stop.stop()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the run has ended.

        Args:
            seconds: At most so long; None waits until it has ended.

        Returns:
            Whether it has ended.
        """
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """Stop, and leave the page."""
        self.stop()
        super().close()

    def _told(self, content: Any) -> None:
        """Words on a button."""
        if content == {"do": "start"}:
            self.start()
        elif content == {"do": "stop"}:
            self.stop()

    def _live(self, before: threading.Thread | None, stop: StopFlag) -> None:
        if before is not None:
            before.join()
        if stop.requested:
            return
        self.points, self.figures, self.problem, self.state = [], [], "", "running"
        try:
            experiment, last = self.experiment, None
            self.title = _title(experiment)
            for number in range(self.iterations):
                last = experiment.run(
                    self._shots, seed=self._seed + number, progress=False, resume_from=last, stop=stop, keep_bits=False
                )
                if last.partial:
                    raise Cancelled("The run was stopped within a batch.")
                self._show(last)
        except Cancelled:
            self.state = "stopped"
        except InputError as error:
            self.problem, self.state = str(error), "failed"
        else:
            self.state = "complete"

    def _show(self, run: Run) -> None:
        self._run = run
        self.points = [*self.points, {name: list(run[name]) for name in ("fidelity", "success")}]
        told = [[name.removesuffix("_bits").replace("_", " "), figure_in_words(run[name])] for name in _FIGURES]
        self.figures = [*told, ["latency", format_duration(float(run.latency_us))]]


def _title(experiment: Experiment) -> str:
    emulated = " (emulated)" if targets()[experiment.target].emulated else ""
    return f"{experiment.device.name} on {experiment.target}{emulated}"
