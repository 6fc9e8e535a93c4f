"""Past runs that are kept answer as a look at all of them would, however they came."""

import math
import random
import threading

from synqc.recommender import PastRun, PastRuns, Setting, recommend

GOALS = ("maximize-fidelity", "info-vs-damage")
PRESETS = ("transmon-default", "ion-chain", "neutral-atom")
SETTINGS = [Setting(k / 20, 25, "drag", "none") for k in range(12)]


def drawn(chance, presets=PRESETS):
    score = math.nan if chance.random() < 0.1 else chance.choice([-3.0, 0.5, chance.random()])
    return PastRun(
        f"s{chance.randrange(5)}", chance.choice(presets), chance.choice(GOALS), {}, chance.choice(SETTINGS), score,
        chance.choice([0.0, 0.1, 0.3]),
    )  # fmt: skip


def best_by_hand(runs, goal, preset):
    """{setting: promise} of the best run of each setting."""
    of_goal = [run for run in runs if run.goal == goal]
    chosen = [run for run in of_goal if run.preset == preset] or of_goal
    best = {}
    for run in chosen:
        promise = run.score - run.standard_error
        if math.isfinite(promise):
            best[run.setting] = max(promise, best.get(run.setting, -math.inf))
    return best


def check(kept, runs, words):
    assert list(kept) == runs, words
    assert len(kept) == len(runs), words
    for goal in GOALS:
        assert kept.of_goal(goal) == [run for run in runs if run.goal == goal], words
        assert kept.count(goal) == len(kept.of_goal(goal)), words
        for preset in (*PRESETS, "fluxonium-pilot"):
            assert kept.has(goal, preset) == any(run.preset == preset for run in kept.of_goal(goal)), words
            found = kept.best(goal, preset)
            promises = [run.score - run.standard_error for run in found]
            assert promises == sorted(promises, reverse=True), words
            expected = best_by_hand(runs, goal, preset)
            assert {run.setting: run.score - run.standard_error for run in found} == expected, words


def test_what_is_kept_is_what_a_look_at_all_finds(seed):
    chance = random.Random(seed)
    for turn in range(20):
        runs = [drawn(chance, PRESETS[: chance.randint(1, 3)]) for _ in range(chance.randrange(30))]
        kept = PastRuns(runs)
        for _ in range(40):
            if chance.random() < 0.7:
                runs.append(drawn(chance))
                kept.add(runs[-1])
            else:
                check(kept, runs, f"seed {seed}, turn {turn}")
        check(kept, runs, f"seed {seed}, turn {turn}")


def test_a_preset_that_gets_its_first_run_is_not_answered_for_by_others_any_more():
    elsewhere = PastRun("a", "ion-chain", GOALS[0], {}, SETTINGS[1], 0.99)
    kept = PastRuns([elsewhere])
    assert kept.best(GOALS[0], "neutral-atom") == [elsewhere]
    own = PastRun("b", "neutral-atom", GOALS[0], {}, SETTINGS[2], 0.1)
    kept.add(own)
    assert kept.best(GOALS[0], "neutral-atom") == [own]
    assert kept.best(GOALS[0], "transmon-default") == [elsewhere, own]


def test_threads_may_ask_while_one_adds(seed):
    chance = random.Random(seed)
    kept, ended, failures = PastRuns(), threading.Event(), []

    def ask():
        try:
            while not ended.is_set():
                kept.best(GOALS[0], PRESETS[0])
                recommend(kept, GOALS[0], device=PRESETS[0])
                kept.of_goal(GOALS[1])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    runs = [drawn(chance) for _ in range(3000)]
    for run in runs:
        kept.add(run)
    ended.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    check(kept, runs, f"seed {seed}")


def test_kept_runs_are_gone_through_once(monkeypatch):
    kept = PastRuns([drawn(random.Random(1)) for _ in range(50)])
    first = recommend(kept, GOALS[0], device=PRESETS[0])
    monkeypatch.setattr(PastRuns, "__iter__", None)
    kept._runs = None
    assert recommend(kept, GOALS[0], device=PRESETS[0]) == first
