"""`synqc prompts`: options and files of the older command line, an exit code for each end, and what a person reads."""

import argparse
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "llm"))
sys.path.insert(0, str(Path(__file__).parents[1] / "apps" / "prompts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "service" / "prompts"))

from model_world import numbers_in
from prompts_service import SelfCheckingWorld, prices_of, serve
from waiting import wait_until

from synqc.apps.prompts.causes import DiscardCause
from synqc.cli import main
from synqc.cli.prompts import _CAUSES
from synqc.cli.prompts.exit_codes import EXIT_CODES
from synqc.cli.prompts.grammar import add_job_options
from synqc.cli.prompts.job_request import read_asked
from synqc.cli.prompts.progress_line import line_of
from synqc.cli.prompts.row_card import harmless
from synqc.errors import InputError

ROLES = [
    word
    for role in ("engineer", "checker", "target")
    for word in (f"--{role}-provider", "openai", f"--{role}-model", f"{role}-1")
]


@pytest.fixture
def world():
    """Of models behind the command line; a test may change its rules."""
    played = SelfCheckingWorld(sound=1.0, failing=1.0)
    server = serve(played)
    played.url = server.url
    yield played
    server.stop()


@pytest.fixture
def call(world, tmp_path, monkeypatch, capsys):
    """Run the command line in a folder of its own: exit code, stdout, stderr."""
    (tmp_path / "topics.json").write_text(json.dumps({"Arithmetic": ["Sums"]}))
    (tmp_path / "prices.json").write_text(json.dumps(prices_of("1")))
    (tmp_path / "prices.parquet.txt").write_bytes(b"PAR1\xff\x00")
    settings = {
        "OPENAI_BASE_URL": world.url, "OPENAI_API_KEY": "k", "SYNQC_STATE_DIR": str(tmp_path / "state"),
        "SYNQC_LOCAL_MODEL": "none", "SYNQC_PROMPTS_PRICES": str(tmp_path / "prices.json"),
    }  # fmt: skip
    for name in [*os.environ]:
        if name.startswith(("SYNQC_", "OPENAI_", "OLLAMA_")):
            monkeypatch.delenv(name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = main(["prompts", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def make(call):
    """Run `synqc prompts run` with the world's models."""
    return lambda *words: call("run", *ROLES, "--taxonomy-path", "topics.json", *words)


def read(name, folder="results/batch_01"):
    return json.loads((Path(folder) / name).read_text())


class TestRun:
    def test_files_of_the_older_command_line_are_written(self, make, world):
        code, out, err = make("--num-problems", "3", "--batch-id", "mine")
        assert (code, out) == (0, "")
        folder = "results/mine"
        assert len(read("valid.json", folder)) == 3
        assert isinstance(read("discarded.json", folder), list)
        costs = read("costs.json", folder)
        assert list(costs)[:3] == ["run_id", "total_cost_usd", "model_breakdown"]
        assert {one["source"] for one in costs["prices"]} == {"this test"}
        assert "of 2026-01, this test." in err
        assert set(costs["model_breakdown"]) == {f"openai:{role}-1" for role in ("engineer", "checker", "target")}
        for one in costs["model_breakdown"].values():
            assert list(one) == ["input_tokens", "output_tokens", "cost_usd"]
        assert sum(one["cost_usd"] for one in costs["model_breakdown"].values()) == pytest.approx(
            costs["total_cost_usd"], abs=1e-9
        )
        performance = read("performance_metrics.json", folder)
        assert (performance["total_accepted"], performance["stop_reason"]) == (3, "target_reached")
        assert read("curriculum_stats.json", folder) == {
            "Arithmetic / Sums": {"attempted": performance["total_attempted"], "accepted": 3 + len(extra_of(folder))}
        }
        assert "3 of 3 accepted" in err

    def test_json_is_one_document_and_nothing_else(self, make):
        code, out, err = make("--num-problems", "1", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["stop_reason"] == "enough"

    @pytest.mark.parametrize(
        ("rules", "words", "reason"),
        [
            ({"failing": 0.0}, ("--max-attempts", "2"), "attempts"),
            ({}, ("--budget", "0.000001"), "budget"),
            ({"after_s": 0.2}, ("--deadline", "0.05"), "deadline"),
            ({"trouble": 1.0}, (), "error_rate"),
        ],
    )
    def test_each_end_has_an_exit_code(self, make, world, rules, words, reason):
        for name, value in rules.items():
            setattr(world, name, value)
        code, _, err = make("--num-problems", "4", *words)
        assert code == EXIT_CODES[reason] != 0
        assert "of 4 accepted" in err
        assert (Path("results") / "batch_01" / "valid.json").is_file()

    def test_too_few_are_an_error_where_that_is_wished(self, make, world):
        world.failing = 0.0
        code, _, err = make("--num-problems", "2", "--max-attempts", "2", "--on-exhaustion", "raise")
        assert code == EXIT_CODES["attempts"]
        assert "0 of 2 accepted" in err

    def test_the_configuration_file_says_what_options_do_not(self, call, world):
        Path("config").mkdir()
        roles = "".join(f"{role}_model: {{provider: openai, model_name: {role}-1}}\n" for role in (
            "engineer", "checker", "target"
        ))  # fmt: skip
        Path("config/settings.yaml").write_text(
            f"num_problems: 2\noutput_dir: ./out\ndefault_batch_id: b7\nadaptation_interval: 10\n{roles}"
        )
        code, _, err = call("run", "--taxonomy-path", "topics.json", "--legacy-processing", "--disable-cache")
        assert code == 0
        assert "members that are not read: adaptation_interval" in err
        assert len(read("valid.json", "out/b7")) == 2
        code, _, _ = call("run", "--taxonomy-path", "topics.json", "--num-problems", "1", "--batch-id", "b8")
        assert (code, len(read("valid.json", "out/b8"))) == (0, 1)

    def test_ctrl_c_keeps_what_there_is_and_says_so(self, make, world):
        world.after_s = 0.05

        def interrupt_once_it_works():
            wait_until(lambda: len(world.log) > 20)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt_once_it_works).start()
        code, _, err = make("--num-problems", "100000", "--max-attempts", "100000")
        assert code == 130
        assert "Somebody ended it" in err
        begun = len(world.log)
        assert len(read("valid.json")) == read("performance_metrics.json")["total_accepted"]
        code, out, _ = make("--num-problems", "1", "--json")
        assert (code, json.loads(out)["id"]) == (0, 2)
        assert begun < len(world.log)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("--num-problem", "3"), "has no option --num-problem; near it: --num-problems"),
            (("--num-problems", "0"), "`--num-problems`: Input should be greater than or equal to 1"),
            (("--taxonomy-path", "nowhere.json"), "nowhere.json: No such file"),
            (("--target-provider", "opena"), "did you mean 'openai'?"),
            (("--tries", "2", "--failures", "3"), "`--failures` must be a whole number from 1 to 2, but is 3"),
            (("--tries", "0"), "`--tries` must be a whole number from 1 to 1000, but is 0"),
            (("--duplicate-threshold", "nan"), "`--duplicate-threshold` must be a number from 0.2 to 1, but is nan"),
            (
                ("--semantic-embedder", "minilm", "--semantic-threshold", "nan"),
                "`--semantic-threshold` must be a number from 0.001 to 1, but is nan",
            ),
            (("--seeds-path", "prices.parquet.txt"), "prices.parquet.txt must be UTF-8, but is not at byte 4"),
            (("--against", "mine=prices.parquet.txt"), "prices.parquet.txt must be UTF-8, but is not at byte 4"),
            (("--batch-id", "../x"), "`--batch-id` must be the name of a folder, but is '../x'"),
            (("--budget", "much"), "Argument `--budget`:"),
            (("--most-per-row", "-1"), "`--most-per-row` must be an amount of dollars from 0 to 1000000, but is '-1'"),
            (
                ("--most-per-row", "1", "--target-model", "target-99"),
                "`--most-per-row` must not be given where a price",
            ),
            (
                ("--target-model", "target-99", "--budget", "1"),
                "`--budget` must not be given where a price is unknown, but that of openai:target-99 is: add it to "
                "SYNQC_PROMPTS_PRICES, or say `--unknown-price worst`.",
            ),
            (
                ("--target-provider", "local"),
                "'local' must not be asked where SYNQC_LOCAL_MODEL is none, but local:target-1 is of it. There are "
                "openai.",
            ),
            (("--reuse-from", "x", "--disable-cache"), "exclude each other"),
            (("--config", "topics.json", "--on-exhaustion", "ignore"), "must be one of raise, return_partial"),
            (("--benchmark-name", "AIME"), "There is no benchmark 'AIME'"),
        ],
    )
    def test_a_mistake_is_one_line_and_exit_code_two(self, make, words, said):
        code, out, err = make(*words)
        assert (code, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1


@pytest.fixture
def read_options(tmp_path):
    """The document that options ask with."""
    parser = argparse.ArgumentParser()
    add_job_options(parser)
    (tmp_path / "topics.json").write_text('{"Arithmetic": ["Sums"]}')
    words = [*ROLES, "--taxonomy-path", str(tmp_path / "topics.json")]
    return lambda *more: read_asked(parser.parse_args([*words, *map(str, more)])).document


@pytest.mark.parametrize(
    ("document", "words", "said"),
    [
        ({"limits": [3]}, ("--most-per-row", "1"), "`limits` of --config must map names to values, but is [3]"),
        ({"acceptance": "strict"}, (), "`acceptance` of --config must map names to values, but is 'strict'"),
        ({"duplicates": 7}, (), "`duplicates` of --config must map names to values, but is 7"),
        ({"duplicates": {"benchmarks": 5}}, ("--against", "AIME"), "`benchmarks` of --config must be a list, but is 5"),
        ({"easy_topics": "Sums"}, ("--easy-topic", "Roots"), "`easy_topics` of --config must be a list, but is 'Sums'"),
        (
            {"engineer_model": "o1"},
            (),
            "`engineer_model` of --config must have `provider` and `model_name`, but is 'o1'",
        ),
    ],
)
def test_a_member_of_the_configuration_of_another_kind_is_refused_by_name(
    read_options, tmp_path, document, words, said
):
    (tmp_path / "settings.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match=re.escape(said)):
        read_options("--config", tmp_path / "settings.json", *words)


def test_a_job_may_be_asked_by_the_batch_interface(read_options):
    assert [read_options().batch, read_options("--batch").batch] == [False, True]


def test_a_judge_is_named_as_the_other_models_are(read_options):
    assert read_options().judge_model is None
    judge = read_options("--judge-provider", "ollama", "--judge-model", "phi3").to_value().models.of_judge
    assert str(judge) == "ollama:phi3"
    with pytest.raises(InputError, match="The judge must have a model: give `--judge-model`"):
        read_options("--judge-provider", "ollama")


def test_a_sequential_test_takes_the_place_of_failures_of_tries(read_options):
    rule = read_options("--sequential").acceptance
    assert (rule.rule, rule.k, rule.rate_low, rule.rate_high) == ("sprt", 40, 0.5, 0.9)
    rates = ("--rate-low", 0.2, "--rate-high", 0.8, "--alpha", 0.01, "--beta", 0.1, "--tries", 12)
    rule = read_options("--sequential", *rates).acceptance
    assert (rule.rate_low, rule.rate_high, rule.alpha, rule.beta, rule.k) == (0.2, 0.8, 0.01, 0.1, 12)
    for words, said in (
        (("--rate-low", 0.2), "`--rate-low` is of a test: give `--sequential`"),
        (("--sequential", "--failures", 2), "`--failures` and `--sequential` exclude each other"),
        (("--sequential", "--tries", 3), "`--tries` must be at least 6"),
    ):
        with pytest.raises(InputError, match=said):
            read_options(*words)


def test_independent_solutions_must_all_agree_unless_fewer_are_said_to_do(read_options):
    for words, agreements in (((), 1), (("--reference-solves", 3), 3), (("--reference-solves", 0), 0)):
        assert read_options(*words).acceptance.reference_agreements == agreements
    assert read_options("--reference-solves", 3, "--reference-agreements", 2).acceptance.reference_agreements == 2


def test_rows_are_held_against_benchmarks_by_name_and_by_file(read_options, tmp_path):
    lines = tmp_path / "mine.jsonl"
    lines.write_text('{"problem": "Find x."}\n"Find y."\n')
    table = tmp_path / "mine.csv"
    table.write_text("problem,answer\nFind z.,1\n")
    rule = read_options("--against", "AIME", "--against", f"mine={lines}", "--against", f"theirs={table}").duplicates
    assert rule.benchmarks == ("AIME",)
    assert rule.benchmark_rows == {"mine": ("Find x.", "Find y."), "theirs": ("Find z.",)}
    assert [one.problem for one in read_options("--seeds-path", table).seed_data] == ["Find z."]
    for words, said in (
        (("--against", "=x"), "must be NAME or NAME=FILE, but is '=x'"),
        (("--against", "a="), "must be NAME or NAME=FILE, but is 'a='"),
        (("--against", "a", "--against", f"a={lines}"), "a name of its own, but 'a' is there twice"),
    ):
        with pytest.raises(InputError, match=said):
            read_options(*words)


def test_levels_of_difficulty_have_weights(read_options):
    assert read_options("--difficulty", "Graduate=3", "--difficulty", "High School=1").difficulties == {
        "Graduate": 3.0, "High School": 1.0
    }  # fmt: skip
    with pytest.raises(InputError, match="`--difficulty` must be LEVEL=WEIGHT, but is 'Graduate'"):
        read_options("--difficulty", "Graduate")


def test_a_row_that_repeats_a_benchmark_of_the_command_line_is_not_accepted(make, call, world):
    assert make("--num-problems", "1")[0] == 0
    (known,) = read("valid.json")
    Path("known.jsonl").write_text(json.dumps(known["problem"]) + "\n")
    code, _, _ = make("--num-problems", "1", "--against", "known=known.jsonl", "--seed", "0")
    assert code == 0
    listed = call("list", "2", "--cause", "contaminated", "--json")[1].splitlines()
    assert {found["source"] for found in json.loads(listed[0])["duplicates"]} >= {"known"}


class TestReading:
    @pytest.fixture
    def made(self, make, world):
        world.failing = 0.5
        assert make("--num-problems", "2", "--quiet") == (0, "", "")

    def test_a_batch_is_listed_shown_and_corrected(self, made, call):
        code, out, _ = call("list")
        assert code == 0
        assert "Batch_target-1_" in out
        assert "2/2" in out
        code, out, _ = call("status", "1")
        assert "2 of 2 accepted" in out
        assert "engineer openai:engineer-1" in out
        rows = call("list", "1", "--status", "valid", "--json")[1].splitlines()
        assert len(rows) == 2
        first = json.loads(rows[0])
        code, out, _ = call("show", first["id"])
        assert "Target's answer 1" in out
        assert "engineer openai:engineer-1, engineer: ok" in out
        assert call("discard", first["id"], "--reason", "Known.")[2] == f"Row {first['id']} is discarded.\n"
        assert call("accept", first["id"], "--reason", "Not so.")[2] == f"Row {first['id']} is accepted.\n"
        assert json.loads(call("status", "1", "--json")[1])["funnel"]["rows_wanted"] == 2
        assert call("list", "1", "--cause", "by_hand")[1] == ""

    def test_rows_are_exported_with_their_card(self, made, call):
        code, out, _ = call("export", "1")
        assert (code, len(out.splitlines())) == (0, 2)
        code, _, err = call(
            "export", "1", "--output", "rows.csv", "--card", "card.md", "--licence", "CC0", "--formula-safe"
        )
        assert (code, "2 rows" in err) == (0, True)
        assert Path("rows.csv").read_bytes().count(b"\r\n") == 3
        assert "CC0" in Path("card.md").read_text()
        assert call("export", "1", "--output", "rows.parquet")[0] == 0
        assert Path("rows.parquet").read_bytes()[:4] == b"PAR1"

    def test_a_batch_is_replayed_without_network(self, made, call, world):
        asked = len(world.log)
        code, out, _ = call("replay", "1")
        assert (code, "came out the same in every byte" in out) == (0, True)
        assert len(world.log) == asked

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("status", "9"), "Generation '9' not found"), (("show", "99999"), "Row '99999' not found"),
            (("list", "--status", "valid"), "name the batch whose rows are meant"),
            (("export", "1", "--output", "a.csv", "--card", "./a.csv"), "must be two files, but both are a.csv"),
            (("export", "1", "--output", "rows.xls"), "must end in .jsonl, .ndjson, .csv, .parquet"),
            (("discard", "1"), "--reason"), (("accept", "99999", "--reason", "So."), "Row '99999' not found"),
        ],
    )  # fmt: skip
    def test_what_is_not_there_is_said_in_one_line(self, made, call, words, said):
        code, _, err = call(*words)
        assert (code, said in err, err.count("\n")) == (2, True, 1)


def test_a_preview_shows_what_was_said_and_an_estimate_what_it_takes(call, world):
    job = [*ROLES, "--taxonomy-path", "topics.json", "--num-problems", "100"]
    code, out, _ = call("preview", *job)
    assert code == 0
    assert out.count("\nRow ") == 2
    assert "checker openai:checker-1, checker: ok" in out
    code, out, _ = call("estimate", *job, "--json", "--quiet")
    assert json.loads(out)["attempts_needed"][0] == 100
    code, out, _ = call("estimate", *job)
    assert (code, "For 100 rows: 100 attempts" in out) == (0, True)
    world.sound = 0.5  # so that attempts are used up, which is how a preview ends
    assert [call(act, *job, "--quiet", "--seed", "9")[0] for act in ("preview", "estimate")] == [0, 0]
    world.trouble = 1.0
    assert call("estimate", *job, "--quiet", "--seed", "10")[0] == EXIT_CODES["error_rate"]
    assert call("list")[1].count("\n") == 2


def test_the_guard_is_tried_on_known_problems_and_told_in_the_card(make, call, world):
    solve = world.engineer

    def engineer(said, body):
        if not said.startswith("What is"):
            return solve(said, body)
        return str(sum(numbers_in(said)) + ("wrongly" in said))

    world.engineer = engineer
    texts = [f"What is {k} + {k + 1}? Add them {'up' if k % 3 else 'wrongly'}." for k in range(12)]
    lines = [json.dumps({"problem": text, "answer": str(2 * k + 1)}) for k, text in enumerate(texts)]
    Path("known.jsonl").write_text("\n".join(lines))
    job = [*ROLES[:8], "--quiet"]
    code, out, err = call("guard", *job, "--known", "known.jsonl")
    assert (code, err) == (0, "")
    assert "Wrong references refused: 100.0% (4 of 4;" in out
    assert "Right references trusted: 100.0% (8 of 8;" in out
    assert make("--num-problems", "2")[0] == 0
    code, out, _ = call("guard", "--trial", "1", "--of", "2", "--json")
    report = json.loads(out)
    assert (code, report["power"]["count"], report["trusted"]["of"]) == (0, 4, 2 + len(extra_of("results/batch_01")))
    assert call("export", "2", "--output", "rows.jsonl", "--card", "card.md", "--guard", "1")[0] == 0
    assert "Of wrong references in trials 100.0%" in Path("card.md").read_text()
    for words, said in (
        (job, "needs problems whose answers are known: give `--known`"),
        (("--trial", "2"), "must be a trial of a guard, but 2 makes problems"),
    ):
        code, _, err = call("guard", *words)
        assert (code, said in err) == (2, True), err


def test_without_a_model_the_command_says_how_to_get_one(call, monkeypatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name)
    code, _, err = call("demo")
    assert code == 2
    assert "needs a model of this machine" in err
    code, _, err = call("run", *ROLES, "--taxonomy-path", "topics.json")
    assert (code, "'openai' is not set up here" in err) == (2, True)


def test_nothing_that_a_model_wrote_acts_on_a_terminal():
    shown = harmless("\x1b[31mred\x07 \u202egnp.exe \x9b1m")
    assert not any(ord(letter) < 32 or letter in "\u202e\x9b" for letter in shown)
    assert harmless("x" * 5000).endswith("and 1000 characters more")


def test_every_cause_of_a_row_can_be_asked_for():
    assert set(_CAUSES) == {one.value for one in DiscardCause}


def test_the_progress_line_fits_eighty_columns():
    class Status:
        accepted, rows_wanted, surplus, discarded, failed, stopped = 99_999, 100_000, 10**6, 10**7, 10**6, 0
        usd_micros = 123_456_789_012

    assert len(line_of(Status, 123_456.0)) <= 80


@pytest.mark.parametrize("words", [(), ("run",), ("list",), ("export",)], ids=" ".join)
def test_help_fits_eighty_columns_and_has_no_colour(call, monkeypatch, words):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call(*words, "--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def extra_of(folder):
    path = Path(folder) / "extra_valid.json"
    return json.loads(path.read_text()) if path.exists() else []
