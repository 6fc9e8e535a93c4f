"""OpenAI's batch interface: gathered, answered in any order, failures by their causes, found again after a crash."""

import asyncio

import pytest
from asking import asking
from batch_double import BatchDouble
from scripted_server import document_of

from synqc.llm import Endpoint, LanguageModelError, ModelRefused, ModelTimedOut, ModelUnreachable, ProtocolError
from synqc.llm.conversation_loop import run_on_conversation_loop
from synqc.llm.providers.openai_batch import BatchCall, BatchModels, KeptBatch, batch_call


class Journal:
    def __init__(self, kept=()):
        self.batches = list(kept)

    async def kept(self):
        return list(self.batches)

    async def keep(self, file, names, batch_id):
        self.batches = [one for one in self.batches if one.file != file]
        self.batches.append(KeptBatch(file, batch_id, tuple(names), 1))


def echo(body):
    return 200, document_of(f"About {body['messages'][-1]['content']}")


@pytest.fixture
def double():
    started = BatchDouble(echo)
    yield started
    started.stop()


@pytest.fixture
def models_of(double):
    opened = []

    def make(journal, gather_s=0.05):
        models = BatchModels(Endpoint(base_url=double.url, api_key="k"), journal, gather_s=gather_s, poll_s=0.01)
        opened.append(models)
        return models

    yield make
    for models in opened:
        run_on_conversation_loop(models.leave(cancelling=False))
        models.close()


def asked(models, texts):
    """What each text came to, and who had it put into a batch."""

    async def one(text):
        call = BatchCall(f"call {text}")
        batch_call.set(call)
        try:
            return (await models.acomplete(asking(text))), call.made_by
        except LanguageModelError as error:
            return error, call.made_by

    async def main():
        return await asyncio.gather(*(asyncio.create_task(one(text)) for text in texts))

    return run_on_conversation_loop(main())


def test_what_is_asked_together_is_one_batch_and_each_has_its_own_answer(double, models_of):
    journal, texts = Journal(), [f"t{number}" for number in range(20)]
    answers = asked(models_of(journal), texts)
    assert [completion.text for completion, _ in answers] == [f"About {text}" for text in texts]
    assert {(completion.spent.calls, completion.spent.prompt_tokens) for completion, _ in answers} == {(1, 11)}
    assert len(double.batches) == len(journal.batches) == 1
    assert len(set(journal.batches[0].names)) == 20


def test_each_failure_has_its_cause_and_what_was_not_worked_on_is_not_billed(double, models_of):
    told = {
        "fine": (200, document_of("Fine.")), "busy": (429, {"error": {"message": "Too many."}}),
        "late": "batch_expired", "ended": "batch_cancelled", "odd": "server_error",
        "cut": (200, document_of("No end", finish="length")),
    }  # fmt: skip
    double.answer = lambda body: told[body["messages"][-1]["content"]]
    found = dict(zip(told, (answer for answer, _ in asked(models_of(Journal()), list(told))), strict=True))
    assert found["fine"].text == "Fine."
    kinds = {"busy": ModelRefused, "late": ModelTimedOut, "ended": ModelUnreachable, "odd": ModelRefused}
    for name, kind in kinds.items():
        assert (type(found[name]), found[name].spent.prompt_tokens) == (kind, 0), name
    assert (found["busy"].status, found["busy"].words) == (429, "Too many.")
    assert (found["cut"].outcome, found["cut"].spent.prompt_tokens) == ("cut", 11)


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        ("failed", ModelRefused, "refused batch batch-0: The file is not for batches"),
        ("expired", ModelTimedOut, "within the 24h of its batch"), ("cancelled", ModelUnreachable, "was cancelled"),
        ("completed", ProtocolError, "has no line for this request"),
    ],
)  # fmt: skip
def test_a_batch_without_lines_says_why(double, models_of, end, kind, words):
    double.ends = lambda batch: batch["lines"].clear() or end
    for error, _ in asked(models_of(Journal()), ["a", "b"]):
        assert type(error) is kind
        assert words in str(error)
        assert (error.spent.prompt_tokens == 0) is (end != "completed")


def test_a_busy_server_is_asked_again_and_one_that_refuses_is_not(double, models_of):
    refusals = {
        ("POST", "/v1/files"): [503, 429],
        ("POST", "/v1/batches"): [500],
        ("GET", "/v1/batches/batch-0"): [502],
    }
    double.refuses = lambda *asked: refusals[asked].pop() if refusals.get(asked) else None
    assert [answer.text for answer, _ in asked(models_of(Journal()), ["a"])] == ["About a"]
    assert not any(refusals.values())
    double.refuses = lambda method, path: 401 if path == "/v1/files" else None
    ((error, _),) = asked(models_of(Journal()), ["b"])
    assert (type(error), error.status, error.spent.prompt_tokens) == (ModelRefused, 401, 0)
    assert len(double.batches) == 1


def test_who_goes_on_reads_the_same_batch_and_says_who_made_it(double, models_of):
    double.held.clear()
    journal = Journal()
    first = models_of(journal)

    async def begun():
        tasks = []
        for text in ("a", "b"):
            batch_call.set(BatchCall(f"call {text}"))
            tasks.append(asyncio.create_task(first.acomplete(asking(text))))
        while not any(one.id for one in journal.batches):
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await first.leave(cancelling=False)

    run_on_conversation_loop(begun())
    double.held.set()
    answers = asked(models_of(Journal(journal.batches)), ["b", "c", "a"])
    assert [(answer.text, made_by) for answer, made_by in answers] == [
        ("About b", 1),
        ("About c", None),
        ("About a", 1),
    ]
    assert [[line["body"]["messages"][-1]["content"] for line in one["lines"]] for one in double.batches.values()] == [
        ["a", "b"], ["c"],
    ]  # fmt: skip


def test_who_goes_on_finds_a_batch_whose_id_was_never_learnt(double, models_of):
    journal = Journal()
    lost = asked(models_of(journal), ["a", "b"])
    for text in ("other", "still other", "one more"):  # the list has pages
        asked(models_of(Journal()), [text])
    (kept,) = journal.batches
    lost_ids = Journal(
        [KeptBatch(kept.file, None, kept.names, 1), KeptBatch("file-of-no-batch", None, ("call z.1",), 1)]
    )
    answers = asked(models_of(lost_ids), ["b", "a", "z"])
    assert [(answer.text, made_by) for answer, made_by in answers] == [
        ("About b", 1), ("About a", 1), ("About z", None),
    ]  # fmt: skip
    assert [answer.text for answer, _ in lost] == ["About a", "About b"]
    assert len(double.batches) == 5


def test_a_server_without_a_list_is_asked_anew(double, models_of):
    double.refuses = lambda method, path: 404 if path.startswith("/v1/batches?") else None
    models = models_of(Journal([KeptBatch("file-0", None, ("call a.1",), 1)]))
    assert [(answer.text, made_by) for answer, made_by in asked(models, ["a"])] == [("About a", None)]


def test_a_batch_whose_answer_is_lost_on_its_way_is_found_in_the_list(double, models_of):
    double.made = lambda batch: True
    assert [answer.text for answer, _ in asked(models_of(Journal()), ["a", "b"])] == ["About a", "About b"]
    assert len(double.batches) == 1


def test_leaving_for_good_cancels_what_is_under_way(double, models_of):
    double.held.clear()
    journal = Journal()
    models = models_of(journal)

    async def main():
        batch_call.set(BatchCall("call"))
        task = asyncio.create_task(models.acomplete(asking("a")))
        while not any(one.id for one in journal.batches):
            await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await models.leave(cancelling=True)

    run_on_conversation_loop(main())
    assert [batch["status"] for batch in double.batches.values()] == ["cancelled"]
