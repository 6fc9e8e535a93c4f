"""A gateway reads its file anew while it serves: what changes, what stays, and what is refused without a change."""

import threading
import time

import pytest
from gateway_server import GatewayServer, asking, events_of, gateways
from scripted_server import answer, says, stream

TENANTS = """
[[tenant]]
name = "lab"
key_env = "LAB_KEY"
admin = true

[[tenant]]
name = "guest"
key_env = "GUEST_KEY"
budget_usd = "0.001"
budget_period = "hour"
"""
PRICES = 'prompt_price = "0.25"\ncompletion_price = "2.00"\n'


@pytest.fixture
def gateway(tmp_path):
    with gateways(tmp_path, count=2, deployment=PRICES, more=TENANTS) as make:
        yield make


def change(served, *replacements):
    text = served.file.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    served.file.write_text(text)


def reload(served, key="sk-lab"):
    return served.client.post("/v1/router/reload", headers={"authorization": f"Bearer {key}"})


def without(served, name):
    """The file without a deployment."""
    text = served.file.read_text()
    begin = text.index(f'[[deployment]]\nname = "{name}"')
    end = text.index("[[", begin + 5)
    served.file.write_text(text[:begin] + text[end:])


def test_deployments_come_and_go(gateway):
    served = gateway()
    whole = served.file.read_text()
    without(served, "d0")
    assert reload(served).json() == {"added": [], "removed": ["d0"], "changed": []}
    assert served.ask(key="sk-lab").headers["x-synqc-deployment"] == "d1"
    served.file.write_text(whole.replace("weight", "weight"))
    change(served, ('name = "d1"\n', 'name = "d1"\nweight = 2\n'))
    assert reload(served).json() == {"added": ["d0"], "removed": [], "changed": ["d1"]}
    assert served.ask(key="sk-lab").headers["x-synqc-deployment"] == "d0"
    assert reload(served).json() == {"added": [], "removed": [], "changed": []}


def test_a_stream_goes_on_at_a_deployment_that_is_removed_and_its_connections_close_then(gateway):
    served = gateway()
    served.servers[0].otherwise = stream(*says("a", finish=None), 0.5, *says("b"))
    provider = served.router.deployments[0].provider
    closed = threading.Event()
    close = provider.aclose

    async def noted():
        await close()
        closed.set()

    provider.aclose = noted
    texts = []
    headers = {"authorization": "Bearer sk-lab"}
    with served.client.stream("POST", "/v1/chat/completions", json=asking(stream=True), headers=headers) as told:
        lines = told.iter_lines()
        for line in lines:
            texts.append(line)
            if '"a"' in line:
                break
        without(served, "d0")
        assert reload(served).json()["removed"] == ["d0"]
        stats = served.client.get("/v1/router/stats", headers=headers).json()["deployments"]
        assert {one["name"]: one["state"] for one in stats} == {"d0": "draining", "d1": "available"}
        assert not closed.is_set()
        texts += list(lines)
    documents = events_of("\n".join(texts))
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in documents[:-1]) == "ab"
    assert closed.wait(10)
    assert [one.name for one in served.router.stats()] == ["d1"]


def test_what_was_spent_stays_spent_whatever_becomes_of_the_limit_and_the_tenant(gateway):
    served = gateway()
    served.servers[0].otherwise = answer(usage={"prompt_tokens": 0, "completion_tokens": 400})
    asked = asking(max_tokens=400)
    assert [served.ask(asked, key="sk-guest").status_code for _ in range(2)] == [200, 429]
    change(served, ('budget_usd = "0.001"', 'budget_usd = "0.0017"'))
    reload(served)
    assert [served.ask(asked, key="sk-guest").status_code for _ in range(2)] == [200, 429]
    whole = served.file.read_text()
    served.file.write_text(whole[: whole.index('[[tenant]]\nname = "guest"')])
    reload(served)
    assert served.ask(asked, key="sk-guest").status_code == 401
    served.file.write_text(whole)
    reload(served)
    assert served.ask(asked, key="sk-guest").status_code == 429


def test_keys_and_limits_change_at_once(gateway):
    served = gateway()
    change(
        served,
        ('key_env = "GUEST_KEY"', 'key_env = "NEAR_KEY"'),
        ("[gateway]\n", "[gateway]\nmost_body_bytes = 1000\n"),
    )
    assert reload(served).status_code == 200
    assert served.ask(asking(max_tokens=5), key="sk-guest").status_code == 401
    assert served.ask(asking(max_tokens=5), key="sk-upstream-never-to-be-seen").status_code == 200
    assert served.ask(asking("a" * 1000), key="sk-lab").status_code == 413


def test_the_policy_changes_where_it_can(gateway):
    served = gateway()
    change(served, ('strategy = "preference"', 'strategy = "round-robin"'))
    assert reload(served).status_code == 200
    assert {served.ask(key="sk-lab").headers["x-synqc-deployment"] for _ in range(2)} == {"d0", "d1"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[gateway]\n", "[gateway]\nport = 1\n", "Key `port` of [gateway] can only change with a restart"),
        ("[policy]\n", "[policy]\nopen_s = 1\n", "Key `open_s` of [policy] can only change with a restart"),
        ('budget_period = "hour"', 'budget_period = "day"', "`budget_period` of [[tenant]] guest can only change"),
        ("[policy]\n", "[policy]\nstrateyg = 1\n", "Did you mean 'strategy'?"),
        ("[policy]\n", "[policy\n", "cannot be read as TOML"),
        (TENANTS, "", "The last [[tenant]] can only go with a restart"),
    ],
    ids=["port", "breaker", "period", "misspelt", "no TOML", "open to all"],
)
def test_what_cannot_be_is_refused_and_changes_nothing(gateway, old, new, words):
    served = gateway()
    change(served, (old, new), *(() if old == TENANTS else [('name = "d1"', 'name = "other"')]))
    told = reload(served)
    assert (told.status_code, told.json()["error"]["code"]) == (409, "configuration_refused")
    assert words in told.json()["error"]["message"]
    assert [one.name for one in served.router.deployments] == ["d0", "d1"]
    served.file.unlink()
    assert reload(served).status_code == 409
    assert served.ask(key="sk-lab").status_code == 200


def test_only_an_admin_may_and_nobody_without_tenants(gateway, tmp_path):
    served = gateway()
    assert reload(served, "sk-guest").status_code == 403
    assert reload(served, "nobody").status_code == 401
    assert served.client.get("/v1/router/reload", headers={"authorization": "Bearer sk-lab"}).status_code == 405
    (tmp_path / "open").mkdir()
    open_to_all = GatewayServer(tmp_path / "open")
    assert open_to_all.client.post("/v1/router/reload").status_code == 403
    open_to_all.stop()


def test_requests_during_many_reloads_are_all_answered(gateway):
    served = gateway()
    whole = served.file.read_text()
    statuses, ends = [], threading.Event()

    def ask():
        while not ends.is_set():
            statuses.append(served.ask(key="sk-lab").status_code)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(20):
        served.file.write_text(whole)
        if turn % 2:
            without(served, f"d{turn // 2 % 2}")
        assert reload(served).status_code == 200
        time.sleep(0.01)
    ends.set()
    for thread in threads:
        thread.join(20)
    assert set(statuses) == {200}
    assert served.router.in_flight == 0
