"""Calls on the loop of conversations itself: nothing crosses a thread; closing and cancelling are told as elsewhere."""

import asyncio

import pytest
from asking import asking
from scripted_server import answer, says, stream

from synqc.llm import CallCancelled
from synqc.llm.conversation_loop import run_on_conversation_loop


def test_a_call_of_a_closed_client_is_told_and_its_task_goes_on(server, client):
    models = client()

    async def main():
        server.otherwise = [30]
        call = asyncio.ensure_future(told())
        while not server.requests:
            await asyncio.sleep(0.005)
        await models.aclose()
        return await call

    async def told():
        with pytest.raises(CallCancelled):
            await models.acomplete(asking())
        task = asyncio.current_task()
        server.otherwise = answer()
        async with asyncio.timeout(20):  # which looks at how often its task was cancelled
            completion = await models.acomplete(asking())
        return task.cancelling(), completion.text

    assert run_on_conversation_loop(main()) == (0, "Because.")


def test_who_cancels_it_is_not_told_that_it_was_closed(server, client):
    models = client()

    async def main():
        server.otherwise = [30]
        call = asyncio.ensure_future(models.acomplete(asking()))
        while not server.requests:
            await asyncio.sleep(0.005)
        call.cancel()
        await models.aclose()
        with pytest.raises(asyncio.CancelledError):
            await call

    run_on_conversation_loop(main())
    assert server.left.wait(20)


def test_a_deadline_of_the_caller_ends_it_as_one(server, client):
    models = client()

    async def main():
        server.otherwise = [30]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await models.acomplete(asking())
        server.otherwise = answer()
        return (await models.acomplete(asking())).text

    assert run_on_conversation_loop(main()) == "Because."
    assert server.left.wait(20)


def test_parts_come_and_leaving_frees_the_place(server, client):
    models = client(most_at_once=1)

    async def main():
        server.script.append(stream(*says("a", "b")))
        whole = [part async for part in models.astream(asking())]
        server.script.append(stream(*says("a", finish=None), 30))
        left = models.astream(asking())
        first = await anext(left)
        await left.aclose()
        server.script.append(stream(*says("c", finish=None), 30))
        broken = models.astream(asking())
        assert await anext(broken) == "c"
        reading = asyncio.ensure_future(_next(broken))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        async with asyncio.timeout(20):
            return whole, first, (await models.acomplete(asking())).text

    assert run_on_conversation_loop(main()) == (["a", "b"], "a", "Because.")


async def _next(parts):
    return await anext(parts)
