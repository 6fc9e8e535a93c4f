"""What is set is saved, explained and checked."""

import pytest
from playwright.sync_api import expect
from running_server import RunningServer

from synqc import _core


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hardware_target", "ionq"), ("hardware_preset", "fluxonium-pilot"), ("drive_envelope", "drag"),
        ("adaptive_rule", "kalman"), ("objective", "info-vs-damage"),
    ],
)  # fmt: skip
def test_choices_are_saved_and_explained(desk, field, value):
    before = desk[f"#{field}-choice"].inner_text()
    desk[f"#{field}"].select_option(value)
    desk.saved()
    assert desk.session()["config"][field] == value
    expect(desk[f"#{field}-choice"]).not_to_have_text(before)
    expect(desk[f"#{field}-choice"]).not_to_be_empty()


def test_numbers_and_notes_are_saved(desk):
    desk["#probe_strength"].fill("0.35")
    desk["#probe_duration_ns"].fill("450")
    desk["#notes"].fill("after the fridge's warm-up")
    desk["#num_iterations"].fill("7")
    desk["#shot_limit"].fill("9000")
    desk.saved()
    config = desk.session()["config"]
    assert (config["probe_strength"], config["probe_duration_ns"]) == (0.35, 450)
    assert config["notes"] == "after the fridge's warm-up"
    assert (config["num_iterations_default"], config["shot_limit_default"]) == (7, 9000)
    desk.reload()
    expect(desk["#num_iterations"]).to_have_value("7")
    expect(desk["#shot_limit"]).to_have_value("9000")


def test_sliders_move_the_numbers(desk):
    desk["#probe_strength-slider"].focus()
    desk.page.keyboard.press("ArrowRight")
    expect(desk["#probe_strength"]).to_have_value("0.21")
    desk["#probe_duration_ns-slider"].focus()
    desk.page.keyboard.press("End")
    expect(desk["#probe_duration_ns"]).to_have_value("5000")
    desk.saved()
    config = desk.session()["config"]
    assert (config["probe_strength"], config["probe_duration_ns"]) == (0.21, 5000)


def test_many_edits_are_saved_once(desk):
    saves = []

    def listen(request):
        if request.method == "POST":
            saves.append(request.url)

    desk.page.on("request", listen)
    desk["#notes"].press_sequentially("typed one by one", delay=20)
    desk.saved()
    desk.page.remove_listener("request", listen)
    assert len(saves) <= 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("probe_strength", "1.5", "Must be a number from 0 to 1."), ("probe_strength", "", "Must be a number"),
        ("probe_duration_ns", "4", "Must be a number from 5 to 5000 ns."),
        ("probe_duration_ns", "100.5", "Must be a whole number"),
    ],
)  # fmt: skip
def test_numbers_that_do_not_fit_are_not_saved(desk, field, value, words):
    before = desk.session()["config"]
    desk[f"#{field}"].fill(value)
    expect(desk[f"#{field}-problem"]).to_contain_text(words)
    expect(desk[f"#{field}"]).to_have_attribute("aria-invalid", "true")
    expect(desk["#save-state"]).to_contain_text("Not saved")
    desk["#run"].click()
    desk.notice("The run was not started: the configuration is not saved.")
    assert desk.session()["config"] == before


def test_figures_of_the_preset_stand_with_units_and_sources(desk):
    expect(desk["#preset-figures"]).to_contain_text("150 µs")
    desk[".sources summary"].click()
    expect(desk["#preset-sources li"].first).to_be_visible()


def test_the_cost_of_a_run_is_the_cores_for_every_probe(desk):
    shots = desk.page.evaluate(
        """async ([address, law, durations]) => {
          const { shotsPerIteration } = await import(address);
          return durations.map((one) => shotsPerIteration(law, one));
        }""",
        [f"{desk.service.address}/ui/static/run_controls.js", _core.cost_law(), (durations := list(range(5, 5001)))],
    )
    assert shots == [_core.cost_law_shots(one) for one in durations]
    desk["#probe_duration_ns"].fill("450")
    expect(desk["#run-cost"]).to_contain_text(f"1 × {_core.cost_law_shots(450)} = ")


def test_a_rule_that_learns_asks_for_iterations(desk):
    desk["#adaptive_rule"].select_option("rl")
    expect(desk["#run-cost"]).to_contain_text("rl learns from iteration to iteration: ask for more than one.")
    desk["#num_iterations"].fill("20")
    expect(desk["#run-cost"]).not_to_contain_text("learns")
    desk["#adaptive_rule"].select_option("kalman")
    desk["#num_iterations"].fill("1")
    expect(desk["#run-cost"]).not_to_contain_text("learns")


def test_before_there_is_a_session_the_form_shows_what_the_server_takes_by_itself(open_desk, tmp_path):
    service = RunningServer(tmp_path).start()
    try:
        desk = open_desk(at=service).open()
        defaults = service.api("GET", "/presets")["defaults"]
        for name in ("drive_envelope", "adaptive_rule", "objective", "probe_strength", "probe_duration_ns"):
            expect(desk[f"#{name}"]).to_have_value(str(defaults[name]))
        expect(desk["#map-shots"]).to_have_value(str(defaults["sweep_shots"]))
        desk["#create"].click()
        expect(desk["#run-session"]).not_to_be_empty()
        assert {name: defaults[name] for name in desk.session()["config"]} == desk.session()["config"]
    finally:
        service.stop()
