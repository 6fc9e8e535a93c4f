"""Pictures of `synqc analyse`: a unit on every axis, a line for what varies, a map where that is too much."""

import numpy as np
import pytest

from synqc.protocols import MeasuredProtocol, RabiChevron, RamseyDecay, Records, RingDown

pytest.importorskip("plotly")

from synqc.cli.analysis_picture import picture_of
from synqc.protocols import Analysis


def picture(protocol, values):
    """Of records that are what the curve says, without a fit."""
    _, points = protocol.plan(24.0)
    settings = np.column_stack([np.full(len(points), -1.0), points])
    values |= {"p0_given_1": 0.01, "p1_given_0": 0.01}
    ones = np.round(1000 * protocol.curve.probabilities(settings, values)[0][:, 1]).astype(int)
    counts = np.stack([1000 - ones, ones], axis=1)[None]
    records = Records(type(protocol).__name__, protocol.curve.columns, settings, counts, 1000)
    return picture_of(MeasuredProtocol(protocol, records), Analysis({}, {}, {}, "good", (), values))


def titles(figure):
    return figure.layout.xaxis.title.text, figure.layout.yaxis.title.text


def test_what_does_not_vary_makes_no_map():
    """A ring-down is played with one Ramsey time, one length of pulses, and four phases."""
    values = {"kappa_mhz": 4.0, "shift_mhz": 2.5, "photons": 0.5, "contrast": 1.0, "offset_rad": 0.0}
    figure = picture(RingDown(), values)
    assert titles(figure) == ("Delay (µs)", "Share of outcome 1")
    names = [one.name for one in figure.data if one.showlegend is not False]
    assert names == ["Phase (rad): -1.57", "fitted", "Phase (rad): 0", "Phase (rad): 1.57", "Phase (rad): 3.14"]
    (line,) = (one for one in figure.data if one.name == "fitted" and one.showlegend)
    assert line.legendrank > 1000, "what was fitted stands behind what was measured"


def test_lines_of_both_phases_are_named():
    figure = picture(RamseyDecay(), {"detuning_khz": 5.0, "t2_us": 60.0})
    assert sum(one.mode == "markers" for one in figure.data) == 2


def test_many_frequencies_make_a_map_with_units():
    figure = picture(RabiChevron(), {"rabi_khz": 1000.0, "detuning_khz": 0.0, "damping": 0.01})
    assert titles(figure) == ("Duration (µs)", "Drive shift (kHz)")
    assert [one.type for one in figure.data] == ["heatmap"]
