"""Limits and retries of the asynchronous client under load, cancellation and several event loops."""

import asyncio
import collections
import random
import threading

import httpx
import pytest

from infra.async_client import AsyncNetworkClient, get_async_client
from synqc.apps.enrichment.config import PerfConfig


class CountingTransport(httpx.AsyncBaseTransport):
    """A network of hosts in which each request takes some turns of the loop, and one in five fails."""

    def __init__(self, draw):
        self.draw = draw
        self.now, self.most = collections.Counter(), collections.Counter()
        self.all_now = self.all_most = self.requests = 0

    async def handle_async_request(self, request):
        host = request.url.host
        self.now[host] += 1
        self.all_now += 1
        self.requests += 1
        self.most[host] = max(self.most[host], self.now[host])
        self.all_most = max(self.all_most, self.all_now)
        try:
            for _ in range(self.draw.randrange(3)):
                await asyncio.sleep(0)
            kind = self.draw.random()
            if kind < 0.1:
                raise httpx.ConnectError("broken")
            return httpx.Response(503 if kind < 0.2 else 200, json={"host": host})
        finally:
            self.now[host] -= 1
            self.all_now -= 1
            assert self.now[host] >= 0


@pytest.mark.parametrize("requests", [1000, pytest.param(10_000, marks=pytest.mark.deep)])
def test_requests_to_three_hosts_that_fail_and_are_cancelled_keep_each_limit(requests, seed):
    draw = random.Random(seed)
    network = CountingTransport(draw)
    client = AsyncNetworkClient(PerfConfig(retry_backoff_ms=(0.0,)), transport=network)
    hosts = ("a", "b", "c")

    async def main():
        tasks = []
        for _ in range(requests):
            tasks.append(asyncio.ensure_future(client.get(f"http://{draw.choice(hosts)}/")))
            if draw.random() < 0.02:
                draw.choice(tasks).cancel()
            if len(tasks) % 500 == 0:
                await asyncio.sleep(0)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in outcomes} <= {
            dict, asyncio.CancelledError, httpx.ConnectError, httpx.HTTPStatusError
        }, f"seed {seed}"  # fmt: skip

    asyncio.run(main())
    assert max(network.most.values()) == 6, f"seed {seed}"
    assert 12 < network.all_most <= 16, f"seed {seed}"
    assert sum(network.now.values()) == network.all_now == 0, f"seed {seed}"


def test_a_thousand_cancels_leave_no_more_sockets_than_the_limit_and_the_next_calls_work(server, seed):
    draw = random.Random(seed)
    server.answer, server.delay_s = (lambda path, body: {"ok": 1}), 0.002
    client = AsyncNetworkClient(PerfConfig(per_host_limit=6))

    async def main():
        for _ in range(50):
            tasks = [asyncio.ensure_future(client.get(server.url)) for _ in range(20)]
            for task in tasks:
                asyncio.get_running_loop().call_later(draw.random() * 0.01, task.cancel)
            await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(20):
            assert await asyncio.gather(*(client.get(server.url) for _ in range(16))) == [{"ok": 1}] * 16, (
                f"seed {seed}"
            )
        for _ in range(100):
            if server.connections <= 6:
                break
            await asyncio.sleep(0.05)
        assert server.connections <= 6, f"seed {seed}"
        await client.close()

    asyncio.run(main())


def test_who_waits_for_a_slow_host_keeps_no_place_from_another(server):
    go_on = threading.Event()
    server.answer = lambda path, body: (go_on.wait(10) and {}) or {}
    client = AsyncNetworkClient(PerfConfig(per_host_limit=2, max_concurrent_requests=3))

    async def main():
        slow = [asyncio.ensure_future(client.get(server.url + "/slow")) for _ in range(10)]
        while len(server.asked) < 2:
            await asyncio.sleep(0.005)
        other = client._of_this_loop().connection("other")
        async with asyncio.timeout(2), other:
            pass
        go_on.set()
        await asyncio.gather(*slow)
        await client.close()

    asyncio.run(main())


def test_a_broken_connection_is_tried_three_times_and_then_told(server):
    attempts = []

    def fail(request):
        attempts.append(request.headers["idempotency-key"])
        raise httpx.ReadError("broken")

    client = AsyncNetworkClient(PerfConfig(retry_backoff_ms=(1.0,)), transport=httpx.MockTransport(fail))
    with pytest.raises(httpx.ReadError):
        asyncio.run(client.post("http://host/", {"a": 1}))
    assert len(attempts) == 3
    assert len(set(attempts)) == 1


def test_what_is_posted_arrives_as_it_was_given(server):
    server.answer = lambda path, body: {"got": body}
    client = AsyncNetworkClient(PerfConfig())

    async def main():
        got = [
            await client.post(server.url, {"a": [1]}),
            await client.post(server.url, data="raw"),
            await client.post(server.url, data={"b": "2"}),
            await client.get(server.url, headers={"X-A": "1"}),
        ]
        await client.close()
        return [one["got"] for one in got]

    assert asyncio.run(main()) == [{"a": [1]}, "raw", "b=2", None]
    assert server.headers[-1]["x-a"] == "1"


def test_an_answer_that_is_no_json_is_told_at_once(server):
    server.answer = lambda path, body: (200, b"<html>", {})
    with pytest.raises(ValueError, match="Expecting value"):
        asyncio.run(AsyncNetworkClient(PerfConfig()).get(server.url))
    assert len(server.asked) == 1


def test_event_loops_in_several_threads_at_once_have_connections_of_their_own(server):
    server.answer = lambda path, body: {"ok": 1}
    barrier, got = threading.Barrier(8), []

    def ask():
        barrier.wait()

        async def main():
            got.extend(await asyncio.gather(*(get_async_client().get(server.url) for _ in range(10))))
            await get_async_client().close()

        asyncio.run(main())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [{"ok": 1}] * 80


def test_limits_are_told_by_the_names_of_before():
    client = AsyncNetworkClient(PerfConfig())
    assert (client.max_concurrent, client.per_host_limit, client.timeout_connect, client.timeout_read) == (
        16,
        6,
        10,
        180,
    )
    assert (client.retry_attempts, client.retry_backoff_ms) == (3, [100, 300, 900])
