"""How often somebody may ask, and who somebody is."""

import time

import pytest
from fastapi.testclient import TestClient
from running_server import PREFIX as P
from running_server import RunningServer

from synqc.service.middleware.client_address import ClientAddress
from synqc.service.middleware.rate_limit import RateLimit


@pytest.fixture
def at_moment(monkeypatch):
    """Sets the clock to so many seconds from now."""
    now = time.monotonic()

    def at(seconds):
        monkeypatch.setattr(time, "monotonic", lambda: now + seconds)

    at(0)
    return at


def statuses(client, count, path=P + "/sessions", **headers):
    return [client.get(path, headers=headers).status_code for _ in range(count)]


class TestLimit:
    @pytest.mark.parametrize("per_minute", [1, 2, 120])
    def test_what_is_left_is_given_and_comes_back_evenly(self, at_moment, per_minute):
        limit = RateLimit(per_minute)
        assert [limit.seconds_to_wait("a") for _ in range(per_minute)] == [0.0] * per_minute
        assert limit.seconds_to_wait("a") == pytest.approx(60 / per_minute)
        assert limit.seconds_to_wait("b") == 0.0
        at_moment(59.9 / per_minute)
        assert limit.seconds_to_wait("a") == pytest.approx(0.1 / per_minute)
        at_moment(60.1 / per_minute)
        assert limit.seconds_to_wait("a") == 0.0
        assert limit.seconds_to_wait("a") > 0.0
        at_moment(10_000)
        assert [limit.seconds_to_wait("a") for _ in range(per_minute)] == [0.0] * per_minute
        assert limit.seconds_to_wait("a") > 0.0

    def test_looking_takes_nothing(self, at_moment):
        limit = RateLimit(1)
        assert [limit.seconds_to_wait("a", take=False) for _ in range(3)] == [0.0] * 3
        assert limit.seconds_to_wait("a") == 0.0
        assert limit.seconds_to_wait("a", take=False) > 0.0

    @pytest.mark.parametrize(("others", "is_kept"), [(9_998, True), (9_999, True), (10_000, False)])
    def test_the_table_is_bounded_and_the_longest_unused_goes(self, at_moment, others, is_kept):
        limit = RateLimit(1)
        limit.seconds_to_wait("first")
        for number in range(others):
            limit.seconds_to_wait(number)
        assert len(limit._buckets) == min(10_000, others + 1)
        assert (limit.seconds_to_wait("first", take=False) > 0.0) == is_kept


class TestWho:
    def test_above_it_is_429_with_when_to_come_again(self, client_with, at_moment):
        client = client_with(requests_per_minute=120)  # one each 500 ms
        assert statuses(client, 120) == [200] * 120
        answer = client.get(P + "/sessions")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert isinstance(answer.json()["detail"], str)
        at_moment(0.6)
        assert statuses(client, 2) == [200, 429]

    def test_retry_after_is_long_enough(self, client_with, at_moment):
        client = client_with(requests_per_minute=7)
        statuses(client, 7)
        at_moment(int(client.get(P + "/sessions").headers["retry-after"]))
        assert statuses(client, 1) == [200]

    def test_each_right_key_has_its_own(self, client_with, at_moment):
        client = client_with(requests_per_minute=2, api_keys=("one", "two"))
        for key in ("one", "two"):
            assert statuses(client, 3, **{"x-api-key": key}) == [200, 200, 429]

    def test_wrong_keys_are_counted_and_a_right_one_among_them_is_not_told(self, client_with, at_moment):
        client = client_with(requests_per_minute=3, api_keys=("right",))
        guesses = [f"guess-{number}" for number in range(6)]
        found = [client.get(P + "/sessions", headers={"x-api-key": guess}).status_code for guess in guesses]
        assert found == [401, 401, 401, 429, 429, 429]
        assert statuses(client, 1, **{"x-api-key": "right"}) == [429]
        bearer = client.get(P + "/sessions", headers={"authorization": "Bearer right"})
        assert bearer.status_code == 429
        other = TestClient(client.app, client=("198.51.100.7", 1))
        assert statuses(other, 1, **{"x-api-key": "right"}) == [200]
        at_moment(61)
        assert statuses(client, 1, **{"x-api-key": "right"}) == [200]

    @pytest.mark.parametrize("path", ["/sessions/x/stream?api_key=guess", "/sessions/x/stream?ticket=guess"])
    def test_wrong_keys_in_addresses_are_counted(self, client_with, at_moment, path):
        client = client_with(requests_per_minute=2, api_keys=("right",))
        assert statuses(client, 3, P + path) == [401, 401, 429]

    def test_asking_without_a_key_is_counted_and_harms_no_holder_of_one(self, client_with, at_moment):
        client = client_with(requests_per_minute=2, api_keys=("right",))
        assert statuses(client, 3) == [401, 401, 429]
        assert statuses(client, 1, **{"x-api-key": "right"}) == [200]

    def test_a_key_that_nobody_checks_is_no_bucket(self, client_with, at_moment):
        client = client_with(requests_per_minute=3)
        found = [client.get(P + "/sessions", headers={"x-api-key": str(number)}).status_code for number in range(5)]
        assert found == [200, 200, 200, 429, 429]

    def test_health_and_readiness_are_unlimited(self, client_with, at_moment):
        for keys in ((), ("right",)):
            client = client_with(f"state-{len(keys)}", requests_per_minute=1, api_keys=keys)
            for path in ("/health", "/ready"):
                assert statuses(client, 5, P + path) == [200] * 5
            assert statuses(client, 2, **{"x-api-key": "right"}) == [200, 429]
            assert statuses(client, 2, P + "/health") == [200] * 2


def address(trusted, peer, *forwarded):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return ClientAddress(trusted).of({"client": (peer, 1) if peer else None, "headers": headers})


class TestAddress:
    @pytest.mark.parametrize(
        ("trusted", "peer", "forwarded", "expected"),
        [
            ((), "192.0.2.1", [], "192.0.2.1"),
            ((), None, [], "unknown"),
            ((), "192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
            ((), "127.0.0.1", ["198.51.100.1"], "127.0.0.1"),
            # The server has put the header's word in place of the peer.
            ((), "198.51.100.1", ["198.51.100.1"], "behind a proxy"),
            ((), "198.51.100.1", ["203.0.113.9, 198.51.100.1:70"], "behind a proxy"),
            ((), "nonsense:x", ["nonsense:x"], "behind a proxy"),
            (("127.0.0.1",), "198.51.100.1", ["198.51.100.1"], "198.51.100.1"),
            (("::1",), "198.51.100.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            (("10.0.0.0/8",), "10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
            (("10.0.0.0/8",), "10.1.2.3", ["6.6.6.6, 198.51.100.1:443, 10.9.9.9"], "198.51.100.1"),
            (("10.0.0.0/8",), "10.1.2.3", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
            (("10.0.0.0/8",), "10.1.2.3", ["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            (("10.0.0.0/8",), "10.1.2.3", [" , "], "10.1.2.3"),
            (("10.0.0.0/8",), "192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
            (("10.0.0.0/8",), "198.51.100.1", ["198.51.100.1"], "behind a proxy"),
            # Whoever has an IPv6 address has 2**64 of them.
            ((), "2001:db8:1:2::3", [], "2001:db8:1:2::/64"),
            ((), "2001:db8:1:2:ffff::9", [], "2001:db8:1:2::/64"),
            ((), "::ffff:192.0.2.1", [], "192.0.2.1"),
            (("10.0.0.1",), "10.0.0.1", ["[2001:db8:1:2::3]:443"], "2001:db8:1:2::/64"),
        ],
    )
    def test_only_trusted_proxies_are_believed(self, trusted, peer, forwarded, expected):
        assert address(trusted, peer, *forwarded) == expected

    @pytest.mark.parametrize(("trusted", "rest"), [("", [429] * 3), ("127.0.0.1", [200] * 3)])
    def test_a_header_from_loopback_makes_no_client_unless_loopback_is_a_proxy(self, tmp_path, trusted, rest):
        settings = {"SYNQC_RATE_LIMIT_PER_MINUTE": "3", "SYNQC_TRUSTED_PROXIES": trusted}
        server = RunningServer(tmp_path, **settings).start()
        try:
            found = [
                server.request("GET", f"{P}/sessions", headers={"x-forwarded-for": f"198.51.100.{number}"})[0]
                for number in range(6)
            ]
        finally:
            server.stop()
        assert found == [200] * 3 + rest
