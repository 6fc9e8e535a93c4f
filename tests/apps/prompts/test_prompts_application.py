"""The application: submitted once, found by id and number, ended, listed and forgotten."""

import pytest

from synqc.apps.prompts.application import PromptsApplication
from synqc.apps.prompts.errors import GenerationBegun, UnknownGeneration, UnknownRow
from synqc.apps.prompts.request import GenerationRequest, ModelName, RoleModels
from synqc.apps.prompts.row import RowFilter
from synqc.apps.prompts.settings import PromptsSettings
from synqc.apps.prompts.tables import generations
from synqc.errors import InputError
from synqc.jobs import IdempotencyConflict

MODEL = ModelName("local", "m")


def asked(**options):
    return GenerationRequest(
        **{"rows": 2, "models": RoleModels(MODEL, MODEL, MODEL), "taxonomy": {"A": ["b"]}} | options
    )


@pytest.fixture
def application(tmp_path):
    made = PromptsApplication(PromptsSettings(state_dir=tmp_path))
    yield made
    made.close()


def test_a_request_with_one_key_is_one_generation(application):
    first = application.submit(asked(), idempotency_key="k")
    assert application.submit(asked(), idempotency_key="k") == first
    with pytest.raises(IdempotencyConflict):
        application.submit(asked(rows=3), idempotency_key="k")
    assert [one.job_id for one in application.batches()] == [first]


def test_a_generation_has_an_id_and_a_number(application):
    job_id = application.submit(asked(name="Tuesday's"))
    status = application.status(job_id)
    assert application.status(status.id) == status
    assert (status.name, status.rows_wanted, status.most_attempts, status.stop_reason) == ("Tuesday's", 2, 200, None)


@pytest.mark.parametrize("name", ["no", 0, -1, 2**40, True, "\0", "a\nb", 1.5, None], ids=str)
def test_what_names_no_generation_is_unknown(application, name):
    for ask in (application.status, application.cancel, application.delete, application.events):
        with pytest.raises(UnknownGeneration):
            ask(name)


@pytest.mark.parametrize("name", ["no", 0, -1, 2**40, True, 1.5, None], ids=str)
def test_what_names_no_row_is_unknown(application, name):
    with pytest.raises(UnknownRow):
        application.row(name)
    with pytest.raises(UnknownRow):
        application.discard(name, "because")


def test_a_cancelled_generation_says_so_and_can_be_forgotten(application):
    job_id = application.submit(asked())
    with pytest.raises(InputError, match="must have ended"):
        application.delete(job_id)
    status = application.cancel(job_id)
    assert (status.state, status.stop_reason) == ("cancelled", "cancelled")
    application.delete(job_id)
    with pytest.raises(UnknownGeneration):
        application.status(job_id)


def test_a_generation_whose_job_was_cancelled_before_it_began_says_so_too(application):
    job_id = application.submit(asked())
    application.ledger.cancel(job_id)
    status = application.status(job_id)
    assert (status.state, status.stop_reason, status.stop_words) == ("cancelled", "cancelled", "Somebody ended it.")


def test_a_generation_that_waits_can_be_given_another_target(application):
    other = ModelName("local", "n")
    job_id, named = application.submit(asked()), application.submit(asked(name="Tuesday's"))
    created_at = application.status(job_id).created_at
    status = application.change_target(job_id, other)
    assert status.request["models"]["target"] == {"provider": "local", "model_name": "n"}
    assert status.request["models"]["engineer"] == {"provider": "local", "model_name": "m"}
    assert (status.name[:8], status.created_at) == ("Batch_n_", created_at)
    assert application.change_target(status.id, other) == status
    assert application.change_target(named, other).name == "Tuesday's"
    with pytest.raises(InputError, match="'opena' is not set up here"):
        application.change_target(job_id, ModelName("opena", "n"))
    with pytest.raises(InputError, match=r"'gemini' is not set up here: set GEMINI_KEY\. There are local\."):
        application.change_target(job_id, ModelName("gemini", "n"))
    application.ledger.writer.call(generations.begin, generations.Begin(job_id)).result()
    assert application.change_target(job_id, other).request == status.request
    with pytest.raises(GenerationBegun, match=f'problems that local:n fails, .* local:m.*"reuse_from": "{job_id}"'):
        application.change_target(job_id, MODEL)
    assert application.status(job_id).request == status.request
    with pytest.raises(UnknownGeneration):
        application.change_target("no", other)


def test_previews_are_no_batches(application):
    job_id = application.submit(asked(is_preview=True))
    assert application.batches() == []
    assert application.status(job_id).job_id == job_id


@pytest.mark.parametrize(
    "page", [{"skip": -1}, {"limit": 0}, {"limit": 10_001}, {"skip": 2**40}, {"limit": True}], ids=str
)
def test_pages_are_bounded(application, page):
    with pytest.raises(InputError, match=f"`{next(iter(page))}`"):
        application.rows(RowFilter(**page))
