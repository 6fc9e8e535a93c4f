"""Every button of the page does what it says."""

import csv
import io
import json
import re

import pytest
from playwright.sync_api import expect


class TestSessions:
    def test_creating_with_an_id_selects_it(self, open_desk):
        desk = open_desk().open()
        desk["#new-session-id"].fill("made-by-hand")
        desk["#create"].click()
        expect(desk["#run-session"]).to_have_text("made-by-hand")
        assert desk.session()["session_id"] == "made-by-hand"
        expect(desk["#new-session-id"]).to_have_value("")
        assert desk.page.url.endswith("#session=made-by-hand")

    def test_creating_without_an_id_takes_the_servers(self, open_desk):
        desk = open_desk().open()
        known = {one["session_id"] for one in desk.service.api("GET", "/sessions")}
        desk["#create"].click()
        expect(desk["#run-session"]).to_have_text(re.compile("^synqc-[0-9a-f]{6}$"))
        assert desk["#run-session"].inner_text() not in known

    def test_selecting_shows_that_sessions_configuration_and_log(self, open_desk):
        desk = open_desk().open_new("select-a", probe_strength=0.11)
        desk.service.api("POST", "/sessions", {"session_id": "select-b", "config": {"probe_strength": 0.33}})
        desk["#session-list"].get_by_text("select-b", exact=True).click(timeout=10_000)
        expect(desk["#probe_strength"]).to_have_value("0.33")
        expect(desk["#session-list [aria-current=true] .name"]).to_have_text("select-b")
        desk["#session-list"].get_by_text("select-a", exact=True).click()
        expect(desk["#probe_strength"]).to_have_value("0.11")

    def test_the_address_holds_the_session(self, open_desk):
        desk = open_desk().open_new("in-the-address")
        desk.page.reload()
        expect(desk["#run-session"]).to_have_text("in-the-address")

    def test_deleting_asks_first(self, desk):
        name = desk["#run-session"].inner_text()
        remove = desk.page.get_by_role("button", name=f"Delete session {name}", exact=True)
        remove.click()
        desk["#confirm-dialog"].get_by_text("Cancel").click()
        assert desk.session()["session_id"] == name
        remove.click()
        desk["#confirm-yes"].click()
        expect(desk["#status-text"]).to_contain_text("No session is selected")
        expect(remove).to_have_count(0)
        assert name not in {one["session_id"] for one in desk.service.api("GET", "/sessions")}

    def test_a_search_narrows_many_sessions(self, open_desk):
        desk = open_desk().open_new("needle")
        for number in range(8):
            desk.service.api("POST", "/sessions", {"session_id": f"hay-{number}", "config": {}})
        desk["#session-filter"].fill("NEEDLE", timeout=10_000)
        expect(desk["#session-list .name"]).to_have_text(["needle"])
        desk["#session-filter"].fill("no such")
        expect(desk["#session-list-empty"]).to_have_text("No session has that in its id.")


class TestConfiguration:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("hardware_target", "ionq"), ("hardware_preset", "fluxonium-pilot"), ("drive_envelope", "drag"),
            ("adaptive_rule", "kalman"), ("objective", "info-vs-damage"),
        ],
    )  # fmt: skip
    def test_choices_are_saved_and_explained(self, desk, field, value):
        before = desk[f"#{field}-choice"].inner_text()
        desk[f"#{field}"].select_option(value)
        desk.saved()
        assert desk.session()["config"][field] == value
        expect(desk[f"#{field}-choice"]).not_to_have_text(before)
        expect(desk[f"#{field}-choice"]).not_to_be_empty()

    def test_numbers_and_notes_are_saved(self, desk):
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
        desk.page.reload()
        expect(desk["#num_iterations"]).to_have_value("7")
        expect(desk["#shot_limit"]).to_have_value("9000")

    def test_sliders_move_the_numbers(self, desk):
        desk["#probe_strength-slider"].focus()
        desk.page.keyboard.press("ArrowRight")
        expect(desk["#probe_strength"]).to_have_value("0.21")
        desk["#probe_duration_ns-slider"].focus()
        desk.page.keyboard.press("End")
        expect(desk["#probe_duration_ns"]).to_have_value("5000")
        desk.saved()
        config = desk.session()["config"]
        assert (config["probe_strength"], config["probe_duration_ns"]) == (0.21, 5000)

    def test_many_edits_are_saved_once(self, desk):
        saves = []
        desk.page.on("request", lambda one: saves.append(one.url) if one.method == "POST" else None)
        desk["#notes"].press_sequentially("typed one by one", delay=20)
        desk.saved()
        assert len(saves) <= 2

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("probe_strength", "1.5", "Must be a number from 0 to 1."), ("probe_strength", "", "Must be a number"),
            ("probe_duration_ns", "4", "Must be a number from 5 to 5000 ns."),
            ("probe_duration_ns", "100.5", "Must be a whole number"),
        ],
    )  # fmt: skip
    def test_numbers_that_do_not_fit_are_not_saved(self, desk, field, value, words):
        before = desk.session()["config"]
        desk[f"#{field}"].fill(value)
        expect(desk[f"#{field}-problem"]).to_contain_text(words)
        expect(desk[f"#{field}"]).to_have_attribute("aria-invalid", "true")
        expect(desk["#save-state"]).to_contain_text("Not saved")
        desk["#run"].click()
        desk.notice("The run was not started: the configuration is not saved.")
        assert desk.session()["config"] == before

    def test_figures_of_the_preset_stand_with_units_and_sources(self, desk):
        expect(desk["#preset-figures"]).to_contain_text("150 µs")
        desk[".sources summary"].click()
        expect(desk["#preset-sources li"].first).to_be_visible()


class TestRuns:
    def test_a_run_shows_what_the_server_stored(self, desk):
        desk["#num_iterations"].fill("2")
        desk["#seed"].fill("11")
        desk.run()
        session = desk.session()
        run = desk.service.api("GET", f"/runs/{session['last_run_id']}")
        assert (run["mode"], run["seed"]) == ("run", 11)
        fidelity = run["estimates"]["fidelity"]
        shown = desk["#kpi-fidelity .value"].inner_text()
        assert abs(float(shown) - fidelity["value"]) < fidelity["standard_error"]
        assert (
            abs(float(desk["#kpi-fidelity .error"].inner_text().removeprefix("± ")) / fidelity["standard_error"] - 1)
            < 0.1
        )
        met = "met" if fidelity["value"] >= 0.975 else "missed"
        expect(desk["#kpi-fidelity .verdict"]).to_contain_text(re.compile(f"≥ 0.975: ({met}|within)"))
        expect(desk["#kpi-shots .value"]).to_have_text(str(session["shots_used"]))
        expect(desk["#kpi-shots .error"]).to_have_text(f"of {session['shot_limit']}")
        expect(desk["#log"]).to_contain_text(f"{session['last_run_id']} completed")
        expect(desk["#history-rows tr"]).to_have_count(1)

    def test_a_dry_run_charges_nothing(self, desk):
        desk.run("#dry-run")
        expect(desk["#kpi-source"]).to_have_text(re.compile("^Dry run"))
        assert desk.session()["shots_used"] == 0

    def test_kill_ends_a_long_run_and_says_it_is_partial(self, desk):
        desk["#num_iterations"].fill("10000")
        desk.saved()
        desk["#dry-run"].click()
        expect(desk["#status-text"]).to_contain_text("Running")
        expect(desk["#run"]).to_be_disabled()
        expect(desk["#progress"]).to_be_visible()
        desk.page.wait_for_timeout(300)
        desk["#kill"].click()
        expect(desk["#status-text"]).to_contain_text("terminated")
        expect(desk["#kpi-source"]).to_contain_text("partial")
        expect(desk["#run"]).to_be_enabled()
        expect(desk["#progress"]).to_be_hidden()
        assert desk.session()["status"] == "terminated"

    def test_kill_without_a_run_says_so(self, desk):
        desk["#kill"].click()
        desk.notice("has no active run")
        desk["#notices"].get_by_text("Dismiss").click()
        expect(desk["#notices"]).to_be_empty()

    def test_an_exhausted_budget_is_said(self, desk):
        desk["#shot_limit"].fill("836")
        desk.run()
        expect(desk["#kpi-shots .verdict"]).to_contain_text("exhausted")
        desk.run()
        expect(desk["#history-rows tr"]).to_have_count(2)

    @pytest.mark.parametrize(
        ("field", "value"), [("num_iterations", "0"), ("num_iterations", "1.5"), ("shot_limit", "-3"), ("seed", "-1")]
    )
    def test_numbers_of_a_run_are_checked(self, desk, field, value):
        desk[f"#{field}"].fill(value)
        expect(desk["#run-problem"]).to_contain_text("must be a whole number from")
        desk["#run"].click()
        desk.page.wait_for_timeout(300)
        assert desk.session()["last_run_id"] is None

    def test_the_cost_is_said_before(self, desk):
        desk["#num_iterations"].fill("3")
        expect(desk["#run-cost"]).to_contain_text("3 × 836 = 2\u202f508")

    def test_letters_act_outside_of_fields_alone(self, desk):
        desk["#notes"].fill("")
        desk["#notes"].press_sequentially("drk?")
        desk.saved()
        assert desk.session()["last_run_id"] is None
        expect(desk["#notes"]).to_have_value("drk?")
        desk["#run-panel"].focus()
        desk.page.keyboard.press("d")
        expect(desk["#kpi-source"]).to_have_text(re.compile("^Dry run"))
        expect(desk["#run"]).to_be_enabled()
        desk.page.keyboard.press("r")
        expect(desk["#kpi-source"]).to_have_text(re.compile("^Run"))
        expect(desk["#run"]).to_be_enabled()
        desk.page.keyboard.press("k")
        desk.notice("has no active run")
        desk.page.keyboard.press("?")
        expect(desk["#help-dialog"]).to_be_visible()
        runs = len(desk.service.api("GET", f"/runs?session_id={desk['#run-session'].inner_text()}")["runs"])
        desk.page.keyboard.press("r")
        desk.page.wait_for_timeout(300)
        assert len(desk.service.api("GET", f"/runs?session_id={desk['#run-session'].inner_text()}")["runs"]) == runs


class TestPictures:
    def test_telemetry_is_drawn_from_measured_rows(self, desk):
        expect(desk["#telemetry-chart"]).to_contain_text("No rows before the first run.")
        desk.run()
        chart = desk["#telemetry-chart"]
        expect(chart).to_have_attribute("aria-label", re.compile("fidelity F over [0-9]+ rows"), timeout=15_000)
        for figure, words in (
            ("qubits", "P\\(1\\)"),
            ("backaction", "back-action"),
            ("latency_us", "latency"),
            ("fidelity", "fidelity"),
        ):
            desk["#telemetry-figure"].select_option(figure)
            expect(chart).to_have_attribute("aria-label", re.compile(words))
            expect(chart.locator(".scatterlayer .trace").first).to_be_attached()

    def test_hold_holds_the_chart(self, desk):
        desk.run()
        chart = desk["#telemetry-chart"]
        expect(chart).to_have_attribute("aria-label", re.compile("over [0-9]+ rows"), timeout=15_000)
        desk["#telemetry-hold"].click()
        desk.page.wait_for_timeout(600)
        held = chart.get_attribute("aria-label")
        desk.page.wait_for_timeout(1200)
        assert chart.get_attribute("aria-label") == held
        desk["#telemetry-hold"].click()
        expect(chart).not_to_have_attribute("aria-label", held)

    def test_the_interval_is_asked_of_the_stream(self, desk):
        with desk.page.expect_request(lambda one: "interval_ms=1000" in one.url):
            desk["#telemetry-interval"].select_option("1000")
        expect(desk["#telemetry-mode"]).to_have_text("live")

    def test_spheres_show_z_with_its_binomial_error(self, desk):
        desk.run()
        run = desk.service.api("GET", f"/runs/{desk.session()['last_run_id']}")
        expect(desk["#spheres .rest"].first).to_contain_text("836 bits")
        for one in run["measurements"]:
            words = desk["#spheres .z"].nth(one["qubit"]).inner_text()
            z, error = (float(part.replace("−", "-")) for part in words.removeprefix("⟨Z⟩ = ").split(" ± "))
            assert abs(z - (one["p0"] - one["p1"])) < 1e-3
            share, bits = one["p1"], 836
            assert abs(error - 2 * (share * (1 - share) / bits + 1 / (4 * bits**2)) ** 0.5) < 1e-3
        expect(desk["#bloch-words"]).to_contain_text("Only the z component is measured")

    def test_the_map_is_computed_marked_and_clicked(self, desk):
        desk["#map-grid"].select_option("9x7")
        desk["#map-shots"].fill("50")
        desk["#map-start"].click()
        expect(desk["#map-state"]).to_contain_text("Done: 63 of 63 points", timeout=60_000)
        chart = desk["#map-chart"]
        expect(chart.locator(".heatmaplayer image, .heatmaplayer path").first).to_be_attached()
        expect(chart.locator(".scatterlayer .point")).to_have_count(1)
        expect(chart).to_contain_text("safe ε ≤ 0.5")
        for figure in ("backaction", "fidelity", "latency_us", "objective_score", "information_bits"):
            desk["#map-figure"].select_option(figure)
            expect(chart).to_have_attribute("aria-label", re.compile("^Map of "))
        chart.scroll_into_view_if_needed()
        plot = chart.locator(".nsewdrag").first.bounding_box()
        x, y = plot["x"] + plot["width"] * 0.26, plot["y"] + plot["height"] * 0.5
        desk.page.mouse.move(x - 5, y)
        expect(chart.locator(".hoverlayer .hovertext")).to_have_count(1)  # Plotly clicks on what is hovered
        desk.page.mouse.click(x, y)
        expect(desk["#probe_strength"]).to_have_value("0.25")
        desk.saved()
        assert desk.session()["config"]["probe_strength"] == 0.25

    def test_a_map_can_be_cancelled(self, desk):
        desk["#map-grid"].select_option("33x21")
        desk["#map-shots"].fill("20000")
        desk["#map-start"].click()
        expect(desk["#map-state"]).to_contain_text("of 693 points")
        desk["#map-cancel"].click()
        expect(desk["#map-state"]).to_contain_text("Cancelled", timeout=15_000)
        expect(desk["#map-start"]).to_be_enabled()
        expect(desk["#map-cancel"]).to_be_disabled()

    def test_a_map_of_no_shots_is_not_asked_for(self, desk):
        desk["#map-shots"].fill("0")
        desk["#map-start"].click()
        expect(desk["#map-state"]).to_contain_text("Shots per point must be")

    @pytest.mark.parametrize("target", ["ibm-qpu", "aws-braket", "ionq"])
    def test_emulated_targets_are_labelled_wherever_their_figures_are(self, desk, target):
        desk["#hardware_target"].select_option(target)
        desk.saved()
        desk["#map-grid"].select_option("9x7")
        desk["#map-shots"].fill("20")
        desk["#map-start"].click()
        desk.run()
        for place in (
            "#run-emulated",
            "#kpi-source",
            "#telemetry-emulated",
            "#bloch-emulated",
            "#history-rows tr",
            "#map-emulated",
        ):
            expect(desk[place]).to_contain_text(f"emulated {target}", timeout=60_000)
        desk["#history-rows button"].first.click()
        expect(desk["#run-details"]).to_contain_text(f"emulated {target}")
        desk["#export-show"].click()
        expect(desk["#export-state"]).to_contain_text(f"emulated target {target}")

    def test_local_figures_are_not_called_emulated(self, desk):
        desk.run()
        assert desk.page.locator(".badge.emulated").count() == 0


class TestRecord:
    def test_the_log_is_followed_and_cleared(self, desk):
        desk.run()
        expect(desk["#log"]).to_contain_text("Run started.")
        desk["#clear-log"].click()
        expect(desk["#log li"]).to_have_count(1)
        expect(desk["#log"]).not_to_contain_text("Run started.")

    def test_history_is_paged(self, desk):
        name = desk["#run-session"].inner_text()
        for seed in range(10):
            desk.service.api("POST", f"/sessions/{name}/run", {"seed": seed})
        runs = [one["run_id"] for one in desk.service.api("GET", f"/runs?session_id={name}")["runs"]]
        ids = desk["#history-rows td span[title]"]
        expect(ids).to_have_count(8)
        expect(ids.first).to_have_attribute("title", runs[0], timeout=15_000)
        expect(desk["#history-newer"]).to_be_disabled()
        desk["#history-older"].click()
        expect(ids).to_have_count(2)
        expect(ids.last).to_have_attribute("title", runs[-1])
        expect(desk["#history-older"]).to_be_disabled()
        desk["#history-newer"].click()
        expect(ids).to_have_count(8)

    def test_two_runs_are_compared_with_combined_errors(self, desk):
        desk["#seed"].fill("1")
        desk.run()
        desk["#probe_strength"].fill("0.4")
        desk["#seed"].fill("2")
        desk.run()
        expect(desk["#history-rows tr"]).to_have_count(2)
        desk["#history-rows input"].nth(1).check()
        desk["#history-rows input"].nth(0).check()
        name = desk["#run-session"].inner_text()
        b, a = desk.service.api("GET", f"/runs?session_id={name}")["runs"]
        one, other = a["estimates"]["fidelity"], b["estimates"]["fidelity"]
        error = (one["standard_error"] ** 2 + other["standard_error"] ** 2) ** 0.5
        row = desk["#comparison tbody tr"].filter(has_text="Fidelity")
        shown = re.match(r"([+−][\d.]+)\((\d+)\), ([\d.e]+) σ", row.locator("td").first.inner_text())
        difference = other["value"] - one["value"]
        assert abs(float(shown[1].replace("−", "-")) - difference) < error
        assert abs(float(shown[3]) - abs(difference) / error) <= 0.05 * abs(difference) / error + 0.1
        expect(desk["#comparison"]).to_contain_text("probe strength")
        desk["#history-rows input"].nth(0).uncheck()
        expect(desk["#comparison"]).to_be_empty()

    def test_runs_of_one_seed_are_called_correlated(self, desk):
        desk["#seed"].fill("5")
        desk.run("#dry-run")
        desk.run("#dry-run")
        expect(desk["#history-rows tr"]).to_have_count(2)
        for number in range(2):
            desk["#history-rows input"].nth(number).check()
        expect(desk["#comparison"]).to_contain_text("Both used seed 5: their shots are correlated")

    def test_details_seed_and_records(self, desk):
        desk["#num_iterations"].fill("3")
        desk["#seed"].fill("17")
        desk.run()
        desk["#seed"].fill("")
        desk["#history-rows button"].first.click()
        details = desk["#run-details"]
        expect(details).to_contain_text("Latency: readout")
        expect(details).to_contain_text("diagnostic")
        expect(details.locator(".scatterlayer .trace")).to_have_count(1)
        details.get_by_text("Use its seed").click()
        expect(desk["#seed"]).to_have_value("17")
        with desk.page.expect_download() as download:
            details.get_by_text("Download records").click()
        assert download.value.suggested_filename.endswith("-records.npz")
        assert download.value.path().read_bytes().startswith(b"PK")
        details.get_by_text("Close", exact=True).click()
        expect(details).to_be_empty()

    @pytest.mark.parametrize("form", ["json", "csv", "notebook"])
    def test_exports_are_shown_copied_and_downloaded(self, open_desk, form):
        desk = open_desk(permissions=["clipboard-read", "clipboard-write"]).open_new(f"export-{form}")
        desk.run()
        desk["#export-format"].select_option(form)
        desk["#export-show"].click()
        expect(desk["#export-text"]).to_contain_text(f"export-{form}")
        desk["#export-copy"].click()
        expect(desk["#export-state"]).to_contain_text("Copied.")
        copied = desk.page.evaluate("() => navigator.clipboard.readText()").replace("\r\n", "\n")
        with desk.page.expect_download() as download:
            desk["#export-download"].click()
        kept = download.value.path().read_text()
        if form == "json":
            documents = [json.loads(text) for text in (copied, kept)]
        elif form == "csv":
            documents = [next(csv.DictReader(io.StringIO(text))) for text in (copied, kept)]
        else:
            documents = []
            for text in (copied, kept):
                names = {}
                exec(text, names)
                documents.append(names["snapshot"])
        for document in documents:
            assert document["sessionId"] == f"export-{form}"


class TestAround:
    def test_the_theme_goes_round_and_is_kept(self, desk):
        root = desk["html"]
        dark = "() => matchMedia('(prefers-color-scheme: dark)').matches"
        assert desk.page.evaluate(dark) is False
        for chosen in ("light", "dark"):
            desk["#theme"].click()
            expect(root).to_have_attribute("data-theme", chosen)
        background = desk.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        assert background == "rgb(14, 19, 26)"
        desk.page.reload()
        expect(root).to_have_attribute("data-theme", "dark")
        desk["#theme"].click()
        expect(desk["#theme"]).to_have_text("Theme: auto")

    def test_help_opens_and_closes(self, desk):
        desk["#open-help"].click()
        expect(desk["#help-dialog"]).to_contain_text("Dry run")
        desk["#help-dialog"].get_by_role("button", name="Close").click()
        expect(desk["#help-dialog"]).to_be_hidden()

    def test_the_key_dialog_keeps_forgets_and_cancels(self, desk):
        kept = "() => sessionStorage.getItem('synqc-api-key')"
        for answer, expected in (("Cancel", None), ("Use key", "a key"), ("Cancel", "a key"), ("Forget key", None)):
            desk["#open-key"].click()
            desk["#api-key"].fill("a key")
            desk["#key-dialog"].get_by_role("button", name=answer).click()
            expect(desk["#key-dialog"]).to_be_hidden()
            assert desk.page.evaluate(kept) == expected

    def test_chat_without_a_model_says_it_is_a_placeholder(self, desk):
        desk["#chat-message"].fill("why is B so high?")
        desk["#chat-send"].click()
        expect(desk["#chat-messages li"].last).to_contain_text("You said: why is B so high?")
        expect(desk["#chat-messages li"].last).to_contain_text("placeholder")
        desk["#chat-clear"].click()
        expect(desk["#chat-messages li"]).to_have_count(0)

    def test_every_button_of_the_page_is_pressed_by_some_test_here(self):
        """Buttons made by scripts have no id; they are found by their words above."""
        import pathlib

        tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))
        page = (pathlib.Path(__file__).parents[2] / "python/synqc/ui/synqc_control_panel.html").read_text()
        ids = re.findall(r'<button[^>]*\bid="([\w-]+)"', page)
        assert ids
        assert [one for one in ids if f"#{one}" not in tests] == []
