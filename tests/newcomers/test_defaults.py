"""Where the defaults of two doors differ, which a contract may force, the documentation says so."""

from pathlib import Path

import synqc
from synqc.apps.tds.models import RunConfiguration

SERVICE = (Path(__file__).parents[2] / "docs" / "service.md").read_text()


def test_the_envelopes_of_service_and_laboratory_differ_and_this_is_said():
    config, experiment = RunConfiguration(), synqc.Experiment()
    assert (config.drive_envelope, experiment.envelope) == ("gaussian", "drag")
    assert "the envelope is `gaussian`, where `synqc.Experiment`'s is `drag`" in SERVICE


def test_all_other_defaults_are_the_same():
    config, experiment = RunConfiguration(), synqc.Experiment()
    shared = ("probe_strength", "probe_duration_ns", "adaptive_rule", "objective")
    assert {name: getattr(config, name) for name in shared} == {name: getattr(experiment, name) for name in shared}
    assert config.hardware_preset == experiment.preset
    assert config.hardware_target == experiment.target
