"""Generations by OpenAI's batch interface: exactly as many rows, each request sent and billed once, also by kill -9."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from batch_double import BatchDouble
from chat_completions_double import Fail
from model_world import PRICES, World, cost, judge, prices_document, share
from scripted_server import document_of
from waiting import wait_until

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.causes import DiscardCause, RowStatus, StopReason
from synqc.apps.prompts.request import GenerationRequest, Limits, ModelName, RoleModels
from synqc.apps.prompts.row import RowFilter
from synqc.apps.prompts.settings import PromptsSettings
from synqc.errors import DocumentError, InputError

WAIT_S = 60
ROLES = ("engineer", "checker", "target", "judge")
WORKER = """
import sys, threading
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from model_world import judge
from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.settings import PromptsSettings
settings = PromptsSettings(
    state_dir=Path(sys.argv[1]), openai_base_url=sys.argv[2], openai_api_key="k", local_model="none",
    prices_path=Path(sys.argv[3]), batch_gather_s=0.05, batch_poll_s=0.01,
)
PromptsApplication(settings, judge=judge).start(lease_s=1.0)
threading.Event().wait()
"""


def asked(**options):
    models = RoleModels(*(ModelName("openai", f"{role}-1") for role in ROLES))
    return GenerationRequest(
        **{"rows": 6, "models": models, "taxonomy": {"Arithmetic": ["Sums"]}, "batch": True, "workers": 8, **options}
    )


@pytest.fixture
def double():
    world = World(failing=0.6, sound=0.9)

    def answer(body):
        said = world.answer(body)
        if isinstance(said, Fail):
            return said.status, {"error": {"message": said.message}}
        return 200, document_of(said.text, said.finish_reason, said.usage)

    started = BatchDouble(answer)
    started.world = world
    yield started
    started.stop()


@pytest.fixture
def applications(double, tmp_path):
    opened = []

    def make(*, start=True, halves=True):
        prices = [{**one, "provider": "openai"} for one in prices_document()]
        if halves:
            for one in prices:
                one["batch_prompt"], one["batch_completion"] = (
                    str(float(one[name]) / 2) for name in ("prompt", "completion")
                )
        (tmp_path / "prices.json").write_text(json.dumps(prices))
        settings = PromptsSettings(
            state_dir=tmp_path / "state", openai_base_url=double.url, openai_api_key="k", local_model="none",
            prices_path=tmp_path / "prices.json", batch_gather_s=0.05, batch_poll_s=0.01,
        )  # fmt: skip
        application = PromptsApplication(settings, judge=judge)
        if start:
            application.start()
        opened.append(application)
        return application

    yield make
    for application in opened:
        application.close()


def bill(log, part):
    """Millionths of a dollar for a log, at a part of the usual price."""
    prices = {name: [str(float(one) * part) for one in both] for name, both in PRICES.items()}
    return sum(cost(one["usage"], *prices[one["model"]]) for one in log if one["usage"] is not None)


def rows_of(application, job_id, *statuses):
    return application.rows(RowFilter(job_id=job_id, statuses=statuses, limit=1000))


def check_books(application, double, job_id, part=0.5):
    """Every request was sent once, and the ledger has what they cost, at their price in batches."""
    status, funnel = application.status(job_id), application.funnel(job_id)
    assert len(double.sent) == len({json.dumps(body) for body in double.sent}) == len(application.calls(job_id))
    assert status.usd_micros == funnel.usd_micros == bill(double.world.log, part)
    assert (funnel.uncounted_usd_micros, status.reserved_usd_micros) == (0, 0)
    assert status.usd_micros == sum(row.usd_micros for row in rows_of(application, job_id))


@pytest.mark.parametrize(("halves", "part"), [(True, 0.5), (False, 1.0)], ids=["half price", "no price of its own"])
def test_exactly_as_many_rows_at_the_price_that_the_table_says(applications, double, halves, part):
    application = applications(halves=halves)
    job_id = application.submit(asked())
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.stop_reason, status.accepted) == ("succeeded", StopReason.ENOUGH, 6)
    assert len(double.batches) < len(double.sent) / 2
    check_books(application, double, job_id, part)
    assert application.replay(job_id).rows == len(rows_of(application, job_id))
    stated = {str(one.model): one.price.prompt for one in application.prices_of(job_id)}
    assert float(stated["openai:engineer-1"]) == 3.0 * part


def test_what_expired_or_failed_has_its_cause_and_costs_nothing(applications, double):
    honest = double.answer

    def answer(body):
        drawn = share(body["messages"][-1]["content"], "fate")
        if body["model"] != "engineer-1" or drawn > 0.5:
            return honest(body)
        return "batch_expired" if drawn < 0.25 else (500, {"error": {"message": "It broke."}})

    double.answer = answer
    application = applications()
    job_id = application.submit(asked(rows=12, workers=16, limits=Limits(error_rate=None)))
    assert application.wait(job_id, WAIT_S).accepted == 12
    failed = rows_of(application, job_id, RowStatus.FAILED)
    assert {row.cause for row in failed} == {DiscardCause.TIMED_OUT, DiscardCause.REFUSED}
    assert {row.usd_micros for row in failed} == {0}
    check_books(application, double, job_id)


def test_a_worker_that_leaves_lets_its_batch_go_on(applications, double):
    double.held.clear()
    first = applications()
    job_id = first.submit(asked())
    wait_until(lambda: double.batches, WAIT_S)
    wait_until(lambda: are_known(first, job_id), WAIT_S)
    first.drain()
    wait_until(lambda: first.status(job_id).state == "queued", WAIT_S)
    assert [batch["status"] for batch in double.batches.values()] == ["in_progress"]
    double.held.set()
    second = applications()
    status = second.wait(job_id, WAIT_S)
    assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 6, 2)
    check_books(second, double, job_id)


def are_known(application, job_id):
    """Whether ids of batches are on disk."""
    return any(json.loads(value)["id"] for value in application.ledger.parts(job_id).values())


@pytest.mark.parametrize("moment", ["its id is known", "its id is on its way"])
@pytest.mark.deep
def test_kill_9_loses_no_batch_and_pays_for_none_twice(applications, double, tmp_path, moment):
    double.held.clear()
    application = applications(start=False)
    job_id = application.submit(asked())
    killed = threading.Event()
    if moment == "its id is on its way":
        double.made = lambda batch: killed.wait(WAIT_S) and False
    here = Path(__file__).parent
    command = [sys.executable, "-c", WORKER, str(tmp_path / "state"), double.url, str(tmp_path / "prices.json")]
    worker = subprocess.Popen([*command, str(here), str(here.parents[1] / "llm")])
    try:
        if moment == "its id is known":
            wait_until(lambda: are_known(application, job_id), WAIT_S)
        else:
            wait_until(lambda: double.batches, WAIT_S)
    finally:
        worker.kill()
        worker.wait()
    killed.set()
    double.held.set()
    application.start(lease_s=1.0)
    status = application.wait(job_id, WAIT_S)
    assert (status.state, status.accepted, status.job_attempt) == ("succeeded", 6, 2)
    check_books(application, double, job_id)
    assert application.replay(job_id).rows == len(rows_of(application, job_id))


def test_a_cancel_ends_the_batches_at_the_server(applications, double):
    double.held.clear()
    application = applications()
    job_id = application.submit(asked())
    wait_until(lambda: are_known(application, job_id), WAIT_S)
    application.cancel(job_id)
    assert application.wait(job_id, WAIT_S).state == "cancelled"
    wait_until(lambda: {batch["status"] for batch in double.batches.values()} == {"cancelled"}, WAIT_S)


def test_a_preview_waits_for_no_batch(applications, double):
    application = applications(start=False)
    job_id = application.preview(asked())
    assert application.status(job_id).request["batch"] is False


def test_batches_are_refused_where_no_provider_has_them(tmp_path):
    application = PromptsApplication(PromptsSettings(state_dir=tmp_path / "state"))
    local = RoleModels(*[ModelName("local", "m")] * 3)
    with pytest.raises(InputError, match="`batch` must be for a model whose provider has a batch interface"):
        application.submit(asked(models=local))
    application.close()
    prices = [{**prices_document()[0], "batch_prompt": "1"}]
    (tmp_path / "half.json").write_text(json.dumps(prices))
    with pytest.raises(DocumentError, match="both of batch_completion and batch_prompt, or neither"):
        PromptsApplication(PromptsSettings(state_dir=tmp_path / "other", prices_path=tmp_path / "half.json"))
