"""Both families of routes: what clients of the original, and of the specified queue, ask and are answered."""

import re

import pytest
from model_world import numbers_in
from prompts_service import asked, bill, model

from synqc.apps.prompts.causes import RowStatus

PROMPT = [
    "subject", "topic", "problem", "answer", "hints", "reference", "hints_were_corrected", "target_model_answer",
]  # fmt: skip
PROBLEM = [
    "id", "batch_id", "subject", "topic", "question", "answer", "hints", "status", "rejection_reason", "reference",
    "created_at", "updated_at", "similar_problems", "cost", "target_model_answer", "hints_were_corrected",
]  # fmt: skip
BATCH = [
    "id", "name", "taxonomy_json", "pipeline", "num_problems", "batch_cost", "created_at", "updated_at", "stats",
]  # fmt: skip


class TestOnRequest:
    """Approach 1: the answer comes when the whole batch is done."""

    @pytest.mark.parametrize("path", ["/api/generate", "/generate"])
    def test_exactly_as_many_are_answered_in_the_order_of_members_that_clients_know(self, shared, path):
        answer = shared.post(path, json=asked(3))
        assert answer.status_code == 200
        document = answer.json()
        assert list(document)[:3] == ["valid_prompts", "discarded_prompts", "metadata"]
        assert len(document["valid_prompts"]) == 3
        for prompt in document["valid_prompts"]:
            assert list(prompt) == PROMPT
            assert len(prompt["hints"]) >= 3
        metadata = document["metadata"]
        assert metadata["total_accepted"] == 3
        others = len(document["discarded_prompts"]) + len(document["extra_valid"])
        assert metadata["total_attempted"] == 3 + others
        assert metadata["stop_reason"] == "target_reached"

    def test_twenty_at_half_acceptance_cost_what_their_calls_cost(self, open_service):
        client = open_service(rules={"sound": 1.0, "failing": 0.5})
        document = client.post("/api/generate", json=asked(20, judge_model=model("judge-1"))).json()
        assert len(document["valid_prompts"]) == 20
        assert len({one["problem"] for one in document["valid_prompts"]}) == 20
        assert round(document["metadata"]["total_cost"] * 1e6) == bill(client.world.log)

    def test_a_server_that_always_fails_ends_the_job_and_not_its_hundred_attempts_each(self, open_service):
        client = open_service(rules={"trouble": 1.0})
        document = client.post("/api/generate", json=asked(5)).json()
        assert document["valid_prompts"] == []
        assert document["metadata"]["stop_reason"] == "error_rate"
        assert document["metadata"]["total_attempted"] < 50
        assert all(set(one) == {"error", "subject", "topic", "cause"} for one in document["discarded_prompts"])

    def test_too_few_are_an_error_where_that_is_wished(self, open_service):
        client = open_service(rules={"failing": 0.0})
        answer = client.post("/generate", json=asked(2, max_attempts=3, on_exhaustion="raise"))
        assert (answer.status_code, answer.json()["code"]) == (409, "generation_stopped")
        assert "its rows are kept" in answer.json()["detail"]
        partial = client.post("/generate", json=asked(2, max_attempts=3)).json()
        assert partial["metadata"]["stop_reason"] == "attempt_cap"
        reasons = {one["rejection_reason"] for one in partial["discarded_prompts"] if one["cause"] == "solved"}
        assert reasons == {"Target model solved correctly"}


class TestInTheQueue:
    """Approach 2: 202 at once, and a status that answers for ever."""

    @pytest.mark.parametrize(("path", "headers"), [
        ("/generate?mode=async", {}), ("/api/generate?mode=async", {}), ("/generate", {"prefer": "respond-async"}),
        ("/api/generate", {"prefer": "handling=strict, respond-async"}),
    ])  # fmt: skip
    def test_it_is_accepted_with_where_to_ask(self, shared, path, headers):
        answer = shared.post(path, json=asked(1), headers=headers)
        assert answer.status_code == 202
        document = answer.json()
        assert list(document)[:4] == ["job_id", "status", "status_url", "created_at"]
        assert document["status"] == "queued"
        assert answer.headers["retry-after"] == "1"
        where = answer.request.url.join(answer.headers["location"])
        assert shared.get(where).json()["job_id"] == document["job_id"]
        assert shared.get(document["status_url"]).status_code == 200
        shared.ended(document["job_id"])

    def test_the_status_has_everything_once_it_has_ended(self, shared):
        status = shared.made(asked(2))
        assert list(status) == [
            "job_id", "status", "attempt", "created_at", "started_at", "finished_at", "progress", "cost", "result",
            "error", "stop_reason",
        ]  # fmt: skip
        progress = status["progress"]
        assert list(progress) == ["accepted", "discarded", "errors", "attempted", "target", "max_attempts", "percent"]
        assert (progress["accepted"], progress["target"], progress["percent"]) == (2, 2, 100.0)
        assert progress["max_attempts"] == 200
        assert set(status["cost"]["breakdown"]) == {f"openai:{role}-1" for role in ("engineer", "checker", "target")}
        assert sum(status["cost"]["breakdown"].values()) == pytest.approx(status["cost"]["total_usd"], abs=2e-6)
        assert len(status["result"]["valid_prompts"]) == 2

    def test_an_unknown_price_is_null_and_not_nothing(self, open_service):
        client = open_service(priced=())
        status = client.made(asked(1))
        assert status["cost"]["total_usd"] is None
        assert set(status["cost"]["breakdown"].values()) == {None}
        refused = client.post("/generate", json=asked(1, budget_usd=1))
        assert refused.status_code == 400
        assert "price" in refused.json()["detail"]

    def test_a_repeated_request_with_its_key_is_the_same_job(self, shared):
        headers = {"idempotency-key": "once"}
        first, second = (shared.post("/generate?mode=async", json=asked(1), headers=headers).json() for _ in range(2))
        assert first["job_id"] == second["job_id"]
        other = shared.post("/generate?mode=async", json=asked(2), headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
        shared.ended(first["job_id"])

    def test_jobs_outlive_their_service(self, open_service):
        client = open_service(rules={"after_s": 0.05})
        done = client.made(asked(1))
        begun = client.post("/generate?mode=async", json=asked(3, name="Second")).json()["job_id"]
        client.app.state.applications["prompts"].offered.close()
        again = open_service()
        assert again.get(f"/status/{done['job_id']}").json() == done
        status = again.ended(begun)
        assert (status["status"], status["progress"]["accepted"]) == ("succeeded", 3)

    def test_a_job_that_the_ledger_was_told_to_forget_still_answers(self, open_service):
        client = open_service(rules={"failing": 0.6})
        jobs = [
            client.made(asked(2)), client.made(asked(2, max_attempts=1, on_exhaustion="raise")), client.made(asked(1))
        ]  # fmt: skip
        ledger = client.app.state.ledger
        assert ledger.delete_ended(older_than_s=0.0) == 3
        for job in jobs:
            found = client.get(f"/status/{job['job_id']}").json()
            for name in ("status", "stop_reason", "result", "progress", "cost"):
                assert found[name] == job[name]
        assert len(client.get("/api/batches").json()) == 3
        assert client.post("/api/batches/1/cancel").json()["status"] == "succeeded"
        assert client.get("/api/batches/1/events").text.count("event: ended") == 1

    def test_jobs_with_different_models_side_by_side_never_mix(self, open_service):
        client = open_service(rules={"after_s": 0.01})
        jobs = {
            of: client.post("/generate?mode=async", json=asked(6, of=of, seed=int(of))).json()["job_id"] for of in "12"
        }
        for of, job_id in jobs.items():
            assert client.ended(job_id)["progress"]["accepted"] == 6
            prompts = client.app.state.prompts
            models = {call.model for call in prompts.calls(job_id)}
            assert models == {f"openai:{role}-{of}" for role in ("engineer", "checker", "target")}
        seeds = {of: set() for of in "12"}
        for one in client.world.log:
            if one["model"].startswith("engineer"):
                seeds[one["model"][-1]].add(one["said"].split("Variation: ")[1].split("\n")[0])
        assert min(map(len, seeds.values())) >= 6
        assert not seeds["1"] & seeds["2"]

    def test_a_cancelled_job_keeps_what_it_has(self, open_service):
        client = open_service(rules={"after_s": 0.05, "failing": 0.3})
        accepted = client.post("/generate?mode=async", json=asked(1000)).json()
        answer = client.post(f"/api/batches/{accepted['batch_id']}/cancel")
        assert answer.status_code == 200
        status = client.ended(accepted["job_id"])
        assert (status["status"], status["stop_reason"]) == ("cancelled", "cancelled")
        assert len(status["result"]["valid_prompts"]) == status["progress"]["accepted"] < 1000


class TestInTheBackground:
    """The original's own way: batches by number, and their problems."""

    @pytest.mark.parametrize("path", ["/api/generation", "/api/generation/"])
    def test_it_is_started_with_and_without_a_slash(self, shared, path):
        answer = shared.post(path, json=asked(1, enable_cas_validation=True, max_workers=10))
        assert answer.status_code == 200
        document = answer.json()
        assert list(document) == ["status", "batch_id", "message", "total_cost"]
        assert (document["status"], document["total_cost"]) == ("started", 0.0)
        status = shared.get(f"/api/generation/status/{document['batch_id']}")
        assert status.status_code == 200
        assert list(status.json()) == [
            "batch_id", "total_needed", "valid_generated", "total_generated", "progress_percentage", "stats",
            "batch_cost", "status",
        ]  # fmt: skip
        assert "solved" in status.json()["stats"]
        shared.ended(shared.app.state.prompts.status(document["batch_id"]).job_id)
        assert shared.get(f"/api/generation/status/{document['batch_id']}").json()["status"] == "completed"

    def test_a_batch_that_failed_or_was_cancelled_does_not_stay_in_progress(self, open_service):
        client = open_service(rules={"failing": 0.0})
        client.made(asked(1, max_attempts=2, on_exhaustion="raise"))
        assert client.get("/api/generation/status/1").json()["status"] == "failed"
        begun = client.post("/generate?mode=async", json=asked(500)).json()
        client.post(f"/api/batches/{begun['batch_id']}/cancel")
        client.ended(begun["job_id"])
        assert client.get(f"/api/generation/status/{begun['batch_id']}").json()["status"] == "cancelled"

    @pytest.mark.parametrize("path", ["/api/batches", "/api/batches/"])
    def test_batches_are_listed_newest_first(self, shared, path):
        found = shared.get(path).json()
        assert [list(one) for one in found[:1]] == [BATCH]
        assert [one["id"] for one in found] == sorted((one["id"] for one in found), reverse=True)
        first = found[-1]
        assert shared.get(f"/api/batches/{first['id']}").json() == first
        assert first["stats"]["valid"] == first["num_problems"] == 4
        assert first["name"].startswith("Batch_target-1_20")
        assert first["pipeline"]["target"] == model("target-1")

    def test_problems_are_counted_filtered_and_paged(self, shared):
        rows = shared.get("/api/problems/?batch_id=1").json()
        assert all(list(row) == PROBLEM for row in rows)
        valid = shared.get("/api/problems?batch_id=1&status=valid").json()
        discarded = shared.get("/api/problems/?batch_id=1&status=discarded").json()
        assert len(valid) == 4
        assert {row["id"] for row in valid} | {row["id"] for row in discarded} == {row["id"] for row in rows}
        assert all(row["rejection_reason"] for row in discarded)
        assert {row["rejection_reason"] for row in valid} == {None}
        assert shared.get("/api/problems/?batch_id=1&status=solved").json() == []
        assert shared.get("/api/problems/?batch_id=1&skip=1&limit=2").json() == rows[1:3]
        count = shared.get("/api/batches/problems/count?batch_id=1").json()
        assert list(count) == ["batch_id", "problems_count", "batch_name"]
        assert count["problems_count"] == len(rows)
        everything = shared.get("/api/problems/all").json()
        assert shared.get("/api/batches/problems/count").json() == {"total_problems_count": len(everything)}
        assert shared.get("/api/problems/batch/1/problems").json() == rows
        assert shared.get("/api/problems/batch/999/problems").json() == []
        assert shared.get(f"/api/problems/problem/{rows[0]['id']}").json() == rows[0]

    @pytest.mark.parametrize(
        "query", ["stats=valid", "status=accepted", "limit=0", "limit=10001", "skip=-1", "batch=1"]
    )
    def test_a_filter_that_is_not_honoured_is_refused(self, shared, query):
        answer = shared.get(f"/api/problems/?{query}")
        assert answer.status_code == 422
        assert query.split("=")[0] in answer.text

    def test_every_problem_has_the_subject_and_topic_it_was_drawn_for(self, shared):
        prompts = shared.app.state.prompts
        written = [row for row in prompts.export_rows(1, statuses=tuple(RowStatus)) if row.problem]
        assert written
        for row in written:  # one whose engineer did not answer has no call on record
            (engineer,) = [one for one in prompts.calls(1, attempt=row.attempt) if one.step == "engineer"][:1]
            assert f"Topic: {row.topic}\n" in engineer.messages[-1][1]

    def test_deleting_a_batch_leaves_no_problem_behind(self, open_service):
        client = open_service()
        client.made(asked(2))
        rows = client.get("/api/problems/?batch_id=1").json()
        assert client.delete("/api/batches/1").json() == {"message": "Batch 1 deleted."}
        assert client.get("/api/batches/problems/count").json() == {"total_problems_count": 0}
        assert client.get(f"/api/problems/problem/{rows[0]['id']}").status_code == 404
        for method, path in (
            ("GET", "/api/batches/1"),
            ("DELETE", "/api/batches/1"),
            ("GET", "/api/generation/status/1"),
        ):
            assert client.request(method, path).status_code == 404

    def test_a_batch_keeps_the_target_that_its_rows_were_tried_on(self, shared):
        present = shared.patch("/api/batches/1/target-model", json={"target_model": model("target-1")})
        assert list(present.json()) == ["message", "batch_id", "new_target_model"]
        other = shared.patch("/api/batches/1/target-model", json={"target_model": model("o3")})
        assert other.status_code == 409
        assert "Ask for a new batch" in other.json()["detail"]
        assert other.json()["code"] == "generation_begun"
        assert shared.get("/api/batches/1").json()["pipeline"]["target"] == model("target-1")
        assert shared.patch("/api/batches/999/target-model", json={"target_model": model("o3")}).status_code == 404

    def test_a_batch_that_waits_is_made_for_the_target_that_it_is_given(self, open_service):
        client = open_service(generations_at_once=1, rules={"failing": 1.0, "sound": 1.0, "after_s": 0.02})
        long, short = asked(5000), asked(2, budget_usd=1)
        first, waiting = (client.post("/generate?mode=async", json=one).json() for one in (long, short))
        path = f"/api/batches/{waiting['batch_id']}"
        answer = client.patch(f"{path}/target-model", json={"target_model": model("target-2")})
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "message": "Target model of the batch.", "batch_id": waiting["batch_id"],
            "new_target_model": model("target-2"),
        }  # fmt: skip
        for target, status in (({**model("a"), "provider": "opena"}, 400), (model("target-99"), 400)):
            assert client.patch(f"{path}/target-model", json={"target_model": target}).status_code == status
        batch = client.get(path).json()
        assert (batch["pipeline"]["target"], batch["name"][:15]) == (model("target-2"), "Batch_target-2_")
        client.post(f"/api/batches/{first['batch_id']}/cancel")
        assert client.ended(waiting["job_id"])["progress"]["accepted"] == 2
        calls = client.app.state.prompts.calls(waiting["job_id"])
        assert {call.model for call in calls if call.role == "target"} == {"openai:target-2"}

    def test_a_person_has_the_last_word_on_a_problem(self, open_service):
        client = open_service(rules={"failing": 0.4})
        client.made(asked(2))
        valid = client.get("/api/problems/?status=valid").json()[0]
        path = f"/api/problems/{valid['id']}"
        discarded = client.post(f"{path}/discard", json={"reason": "Known from a textbook."}).json()
        assert (discarded["status"], discarded["rejection_reason"]) == ("discarded", "Known from a textbook.")
        accepted = client.post(f"{path}/accept", json={"reason": "It is not, after all."}).json()
        assert (accepted["status"], accepted["rejection_reason"]) == ("valid", None)
        assert client.post(f"{path}/accept", json={"reason": " "}).status_code == 422
        assert client.post("/api/problems/999/accept", json={"reason": "So."}).status_code == 404


def test_the_guard_is_tried_on_seeds_with_answers(open_service):
    client = open_service(rules={"sound": 1.0, "failing": 1.0})
    solve = client.world.engineer
    client.world.engineer = lambda said, body: (
        str(sum(numbers_in(said)) + ("wrongly" in said)) if said.startswith("What is") else solve(said, body)
    )
    seeds = [
        {"problem": f"What is {k} + {k}? Add them {'up' if k % 3 else 'wrongly'}.", "answer": str(2 * k)}
        for k in range(9)
    ]  # fmt: skip
    of_seeds = {"taxonomy": None, "use_seed_data": True}
    answer = client.post("/api/guard", json=asked(1, seed_data=seeds, **of_seeds))
    assert answer.status_code == 202
    assert client.ended(answer.json()["job_id"])["status"] == "succeeded"
    batch = client.made(asked(2))["progress"]
    path = f"/api/batches/{answer.json()['batch_id']}/guard"
    alone, report = (client.get(f"{path}{query}").json() for query in ("", "?of=2"))
    assert [(alone[name]["count"], alone[name]["of"]) for name in ("power", "right_kept")] == [(3, 3), (6, 6)]
    assert (alone["wrong_among_trusted"], alone["trusted"]["value"]) == (None, None)
    assert report["trusted"]["count"] >= batch["accepted"] == 2
    assert len(report["wrong_among_trusted"]) == 3
    for seed in ({"problem": "What is 1 + 1?"}, {"problem": "What is 1 + 1?", "answer": " "}):
        refused = client.post("/api/guard", json=asked(1, seed_data=[seed], **of_seeds))
        assert (refused.status_code, "number 0 has none" in refused.json()["message"]) == (400, True)
    assert client.get("/api/batches/2/guard").status_code == 400
    assert client.get("/api/batches/99/guard").status_code == 404


class TestTypedAnswers:
    """What a model says is believed only in the form that was asked for."""

    def test_the_word_false_is_no_yes(self, open_service):
        client = open_service()
        honest = client.world.checker
        client.world.checker = lambda said, body: honest(said, body).replace("true", '"false"').replace("True", "true")
        document = client.post("/generate", json=asked(1, max_attempts=4, limits={"error_rate": None})).json()
        assert document["valid_prompts"] == []
        assert {one["cause"] for one in document["discarded_prompts"]} <= {"malformed", "invalid", "stopped"}

    def test_two_constants_of_an_integral_are_not_equal(self, open_service):
        client = open_service()
        world = client.world
        engineer = world.engineer
        world.engineer = lambda said, body: re.sub(
            r'"answer": "\d+"', '"answer": "1/3"', engineer(said, body).replace("What is", "Find the integral")
        )
        world.target = lambda said, body: "1/2"
        world.judge = lambda said, body: "1/3"
        document = client.post("/generate", json=asked(1, max_attempts=4)).json()
        assert [one["target_model_answer"] for one in document["valid_prompts"]] == ["1/2"]
