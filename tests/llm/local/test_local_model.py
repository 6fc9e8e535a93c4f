"""A real model in this process, through every door, and what happens to its slot and its memory."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from waiting import wait_until

from synqc.errors import InputError
from synqc.llm import (
    CallCancelled,
    CutAnswer,
    JsonForm,
    Message,
    ModelRefused,
    ModelTimedOut,
    ModelUnreachable,
    Outcome,
    PromptTooLong,
    Provider,
    Request,
)
from synqc.llm.providers.local import LocalModel, NotEnoughMemory, engine, memory_of

SMALL = "smollm2-135m"
FREE_WITHIN_S = 5.0
FORM = JsonForm(
    "patch",
    {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "level": {"type": "integer", "minimum": 0, "maximum": 9},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 12}},
            "kind": {"type": "string", "enum": ["up", "down"]},
        },
        "required": ["name", "level", "tags", "kind"],
        "additionalProperties": False,
    },
)


def asked(text: str = "Why is the sky blue?", **options: object) -> Request:
    return Request(model=SMALL, messages=(Message("user", text),), **options)


def a_long_one() -> Request:
    return asked("Tell a very long story about a river.", max_tokens=900, temperature=1.0)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_it_is_a_provider(small: LocalModel) -> None:
    assert isinstance(small, Provider)
    assert (small.name, small.most_at_once, small.is_local) == (f"local:{SMALL}", 2, True)


def test_every_door_gives_the_answer_of_a_seed_again(small: LocalModel) -> None:
    request = asked(max_tokens=24, temperature=0.8, seed=11)
    answer = small.complete(request, partial=True)
    assert answer.text
    assert answer.model == SMALL
    assert answer.spent.completion_tokens == 24
    assert answer.outcome is Outcome.CUT
    with small.stream(request, partial=True) as stream:
        parts = list(stream)
    assert len(parts) > 5
    assert "".join(parts) == answer.text
    assert stream.spent.completion_tokens == 24

    async def in_coroutines() -> tuple[str, str]:
        whole = await small.acomplete(request, partial=True)
        return whole.text, "".join([part async for part in small.astream(request, partial=True)])

    assert asyncio.run(in_coroutines()) == (answer.text, answer.text)


def test_a_limit_of_tokens_cuts_and_is_told(small: LocalModel) -> None:
    with pytest.raises(CutAnswer) as caught:
        small.complete(asked(max_tokens=5))
    assert caught.value.spent.completion_tokens == 5
    assert caught.value.answer


def test_a_conversation_that_does_not_fit_is_refused_with_the_numbers(small: LocalModel) -> None:
    with pytest.raises(PromptTooLong, match=r"has \d{4} tokens, but local:smollm2-135m reads at most 1024") as caught:
        small.complete(asked("word " * 1500))
    assert caught.value.limit_tokens == 1024
    with pytest.raises(PromptTooLong):
        list(small.stream(asked("word " * 1500)))


def test_an_answer_ends_where_the_context_does(small_file: Path) -> None:
    many = JsonForm("many", {"type": "array", "minItems": 500, "items": {"type": "integer"}})
    with LocalModel(small_file, name=SMALL, slots=1, context_tokens=256) as model, pytest.raises(CutAnswer) as caught:
        model.complete(asked("one " * 150, form=many, max_tokens=1000))
    spent = caught.value.spent
    assert (spent.prompt_tokens or 0) + (spent.completion_tokens or 0) <= 257


def test_a_broken_schema_is_refused_and_not_asked_otherwise(small: LocalModel) -> None:
    with pytest.raises(ModelRefused, match="JSON schema error") as caught:
        small.complete(asked(form=JsonForm("broken", {"type": "nonsense"})))
    assert caught.value.status == 400
    assert caught.value.spent.calls == 1


def test_another_models_name_is_refused(small: LocalModel) -> None:
    with pytest.raises(ModelRefused, match="model 'gpt-9' is not here, but 'smollm2-135m' is"):
        small.complete(Request(model="gpt-9", messages=(Message("user", "Hi"),)))


@pytest.mark.parametrize("count", [2, pytest.param(24, marks=pytest.mark.deep)])
def test_every_answer_in_a_form_fits_its_schema(small: LocalModel, count: int) -> None:
    pytest.importorskip("jsonschema_rs")
    requests = [
        asked("Describe a cat.", form=FORM, max_tokens=400, seed=seed, temperature=0.9) for seed in range(count)
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda request: small.complete(request, repeats=2), requests))
    assert [answer.form for answer in answers] == ["json_schema"] * count


def test_a_token_comes_with_its_alternatives(small: LocalModel) -> None:
    answer = small.complete(asked("Is water wet? Yes or no.", max_tokens=2, logprobs=5, temperature=0), partial=True)
    assert answer.logprobs
    assert answer.ignored == ()


@pytest.mark.parametrize("reuses", [False, True], ids=["repeatable", "reuses_prompts"])
def test_a_beginning_that_was_read_is_read_again_unless_prompts_are_reused(small_file: Path, reuses: bool) -> None:
    beginning = "A complaint: two men on a motorcycle took my bag near the station and rode away. " * 3
    with LocalModel(small_file, name=SMALL, slots=1, context_tokens=512, reuses_prompts=reuses) as model:
        spent = [
            model.complete(asked(beginning + offence, max_tokens=2, logprobs=5, temperature=0), partial=True).spent
            for offence in ("Is it theft?", "Is it forgery?")
        ]
    assert not spent[0].cached_prompt_tokens
    read = [(one.prompt_tokens or 0) - (one.cached_prompt_tokens or 0) for one in spent]
    assert (read[1] < read[0] / 3) == reuses


def test_a_deadline_ends_the_call_and_frees_its_slot(small: LocalModel) -> None:
    with pytest.raises(ModelTimedOut) as caught:
        small.complete(a_long_one(), deadline_s=0.3)
    assert caught.value.limit == "deadline"
    wait_until(lambda: small.engine.calls == 0, FREE_WITHIN_S)


def test_leaving_a_stream_frees_its_slot(small: LocalModel) -> None:
    stream = small.stream(a_long_one())
    assert next(stream)
    stream.close()
    assert stream.outcome is Outcome.CANCELLED
    wait_until(lambda: small.engine.calls == 0, FREE_WITHIN_S)


def test_cancelling_frees_its_slot(small: LocalModel) -> None:
    future = small.submit(a_long_one())
    wait_until(lambda: small.engine.calls == 1, FREE_WITHIN_S)
    future.cancel()
    wait_until(lambda: small.engine.calls == 0, FREE_WITHIN_S)

    async def cancelled() -> None:
        task = asyncio.create_task(small.acomplete(a_long_one()))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    wait_until(lambda: small.engine.calls == 0, FREE_WITHIN_S)


def test_eight_callers_share_two_slots_and_all_are_answered(small: LocalModel) -> None:
    most = 0
    stop = threading.Event()

    def watch() -> None:
        nonlocal most
        while not stop.wait(0.002):
            most = max(most, small.engine.calls)

    watcher = threading.Thread(target=watch)
    watcher.start()
    futures = [small.submit(asked(f"Count to {number}.", max_tokens=12), partial=True) for number in range(8)]
    texts = [future.result(60).text for future in futures]
    stop.set()
    watcher.join()
    assert all(texts)
    assert most <= 2


def test_closing_ends_calls_and_gives_the_memory_back(small_file: Path) -> None:
    with LocalModel(small_file, name=SMALL) as model:
        before = resident_mb()
        model.load()
        loaded = resident_mb()
        assert loaded - before > 80
        future = model.submit(a_long_one())
        wait_until(lambda: model.engine.calls == 1, 30)
        model.close()
        with pytest.raises(CallCancelled):
            future.result(5)
        assert not model.engine.is_loaded
        assert resident_mb() - before < 0.4 * (loaded - before)
        assert model.complete(asked(max_tokens=3), partial=True).text  # the next request loads it again


def test_an_idle_model_gives_its_memory_back(small_file: Path) -> None:
    with LocalModel(small_file, name=SMALL, idle_s=0.2) as model:
        model.complete(asked(max_tokens=2), partial=True)
        wait_until(lambda: not model.engine.is_loaded, 30)


def test_an_estimate_is_right_to_a_third(small_file: Path) -> None:
    estimate = memory_of(small_file, tokens=2 * 4096)
    with LocalModel(small_file, name=SMALL) as model:
        before = resident_mb()
        model.complete(asked(max_tokens=64), partial=True)
        taken = resident_mb() - before
    assert 0.6 < taken / (estimate.bytes / 1e6) < 1.4


def test_too_little_memory_is_said_with_both_numbers(small_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "available_bytes", lambda: 100_000_000)
    sentence = r"takes about \d+ MB \(172 for its weights, .*but 100 MB are free"
    with LocalModel(small_file, name=SMALL) as model:
        with pytest.raises(NotEnoughMemory, match=sentence):
            model.load()
        with pytest.raises(ModelUnreachable, match=sentence):
            model.complete(asked())


def test_what_is_no_model_is_not_loaded(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(InputError, match=r"wrong.gguf must be a GGUF file of version 2 or 3"):
        LocalModel(wrong).load()
    with pytest.raises(ModelUnreachable, match=r"There is no model at .*absent.gguf"):
        LocalModel(tmp_path / "absent.gguf", name="absent").complete(
            Request(model="absent", messages=(Message("user", "Hi"),))
        )


def test_a_port_that_is_taken_is_said_before_anything_is_loaded(small_file: Path) -> None:
    size = engine.Size(slots=1, context_tokens=256, threads=1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one = engine.Engine(small_file, name=SMALL, size=size, port=port)
        with pytest.raises(
            InputError, match=rf"`port` must be free on 127\.0\.0\.1, but {port} is not: address already"
        ):
            one.load()
    assert not one.is_loaded


def test_its_port_is_closed_to_whoever_has_no_key(small: LocalModel) -> None:
    httpx = pytest.importorskip("httpx")
    url, body = (
        f"{small.engine.address}/chat/completions",
        {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2},
    )
    assert url.startswith("http://127.0.0.1:")
    assert httpx.post(url, json=body, timeout=30).status_code == 401
    opened = httpx.post(url, json=body, timeout=30, headers={"authorization": f"Bearer {small.engine.key}"})
    assert opened.status_code == 200


SCRIPT = """
import os, sys, threading, time
from synqc.llm import Message, Request
from synqc.llm.providers.local import LocalModel
model = LocalModel(sys.argv[1], name="small")
request = Request(model="small", messages=(Message("user", "Tell a long story."),), max_tokens=900, temperature=1.0)
def few(): return model.complete(Request(model="small", messages=request.messages, max_tokens=3), partial=True).text
"""


def process(code: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT + textwrap.dedent(code), str(file)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "model.load(); future = model.submit(request); time.sleep(0.3); print('left')",
        "future = model.submit(request); time.sleep(0.02); print('left')",
        "stream = model.stream(request); next(stream); print('left')",
        "model.load(); print('left')",
    ],
    ids=["generating", "loading", "streaming", "idle"],
)
def test_the_process_ends_whatever_the_model_does(code: str, small_file: Path) -> None:
    ended = process(code, small_file)
    assert (ended.returncode, ended.stdout) == (0, "left\n"), ended.stderr


def test_an_interrupt_reaches_whoever_waits_while_the_model_generates(small_file: Path) -> None:
    ended = process(
        """
        model.load()
        struck = []
        def strike():
            time.sleep(0.5)
            struck.append(time.perf_counter())
            os.kill(os.getpid(), 2)
        threading.Thread(target=strike).start()
        try:
            model.complete(request)
        except KeyboardInterrupt:
            print(time.perf_counter() - struck[0])
        """,
        small_file,
    )
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout) < 1.0  # 50 ms on a machine that has nothing else to do


def test_a_forked_child_is_told_and_ends(small_file: Path) -> None:
    ended = process(
        """
        few()
        child = os.fork()
        if child == 0:
            try:
                few()
            except Exception as error:
                print(error, flush=True)
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        assert few()
        """,
        small_file,
    )
    assert ended.returncode == 0, ended.stderr
    assert "forked from one that had loaded a model" in ended.stdout
    assert ended.stdout.endswith("7\n")


def test_a_child_forked_before_the_first_request_loads_its_own(small_file: Path) -> None:
    ended = process(
        """
        child = os.fork()
        if child == 0:
            assert few()
            sys.exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
        small_file,
    )
    assert (ended.returncode, ended.stdout) == (0, "7\n"), ended.stderr


@pytest.mark.parametrize("processes", [4, pytest.param(120, marks=pytest.mark.deep)])
def test_processes_that_end_as_soon_as_they_have_loaded_do_end(processes: int, small_file: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(lambda _: process("model.load(); print('loaded')", small_file), range(processes)))
    assert {(one.returncode, one.stdout) for one in ended} == {(0, "loaded\n")}


def test_its_threads_wait_asleep(small_file: Path) -> None:
    ended = process("model.load(); print(os.environ['OMP_WAIT_POLICY'])", small_file)
    assert ended.stdout == "passive\n", ended.stderr


def test_a_signal_that_ends_the_process_is_not_held_up(small_file: Path) -> None:
    code = SCRIPT + "model.load(); future = model.submit(request); print('on', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(small_file)], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "on\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == -signal.SIGTERM
