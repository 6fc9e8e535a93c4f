"""The server of the Model Context Protocol, asked by the official client: limits hold, nothing is changed unasked."""

import json
import os
import sys

import pytest
from running_server import RunningServer

pytest.importorskip("mcp", reason="needs the mcp extra")
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from synqc.errors import InputError
from synqc.mcp import Limits, ServiceClient, ServiceRefused, make_server

pytestmark = pytest.mark.anyio

READING = {"list_arguments", "run_experiment", "sweep_experiment", "compare_runs"}
OF_SESSIONS = {"list_sessions", "read_session", "list_runs", "read_run", "read_log", "suggest_change"}
CHANGING = {"configure_session", "run_session", "kill_session"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("mcp"), SYNQC_API_KEYS="k").start()
    yield running
    running.stop()


async def called(client, name, **arguments):
    """What a tool gives."""
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content[0].text
    return answer.structured_content


async def refused(client, name, **arguments):
    """The words in which a tool refuses."""
    answer = await client.call_tool(name, arguments)
    assert answer.is_error
    return answer.content[0].text


async def test_tools_are_read_only_unless_told_otherwise(service):
    reached = ServiceClient(service.address, "k")
    for server, expected in (
        (make_server(), READING),
        (make_server(service=reached), READING | OF_SESSIONS),
        (make_server(service=reached, allow_changes=True), READING | OF_SESSIONS | CHANGING),
    ):
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            assert {tool.name for tool in tools} == expected
            for tool in tools:
                assert tool.annotations.read_only_hint == (tool.name not in CHANGING)
                assert tool.description
                assert ("CHANGES" in tool.description) == (tool.name in CHANGING)


async def test_runs_are_simulated_compared_and_kept_as_documents():
    async with Client(make_server()) as client:
        first = await called(client, "run_experiment", experiment={"probe_strength": 0.1}, shots=500, seed=1)
        second = await called(client, "run_experiment", experiment={"probe_strength": 0.9}, shots=500, seed=2)
        compared = await called(client, "compare_runs", first=first["run_id"], second=second["run_id"])
        difference = compared["second_minus_first"]["backaction"]
        assert difference["value"] == pytest.approx(
            second["kpis"]["backaction"]["value"] - first["kpis"]["backaction"]["value"]
        )
        assert difference["exceeds_two_errors"]
        assert "caution" not in compared
        document = (await client.read_resource(f"synqc://runs/{first['run_id']}")).contents[0].text
        assert json.loads(document)["seed"] == 1
        again = await called(client, "run_experiment", experiment={"probe_strength": 0.1}, shots=500, seed=1)
        assert again["kpis"] == first["kpis"]
        assert "caution" in await called(client, "compare_runs", first=first["run_id"], second=again["run_id"])


async def test_a_sweep_gives_the_grid():
    async with Client(make_server()) as client:
        grid = await called(
            client, "sweep_experiment", experiment={"qubits": 1}, axes={"probe_strength": [0.0, 0.5, 1.0]}, shots=100,
            figures=["information_bits"],
        )  # fmt: skip
    values = grid["figures"]["information_bits"]["values"]
    assert values[0] == 0 < values[1] < values[2]
    assert not grid["partial"]


async def test_devices_and_targets_are_documents_with_sources():
    async with Client(make_server()) as client:
        templates = {one.uri_template for one in (await client.list_resource_templates()).resource_templates}
        assert templates == {"synqc://presets/{name}", "synqc://targets/{name}", "synqc://runs/{run_id}"}
        for address in ("synqc://presets/ibm_fez", "synqc://targets/ionq"):
            assert json.loads((await client.read_resource(address)).contents[0].text)["sources"]
        with pytest.raises(MCPError, match="ibm_fez"):
            await client.read_resource("synqc://presets/ibm_fes")


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        (
            "run_experiment",
            {"experiment": {}, "shots": 100_000, "iterations": 20},
            "shots of all iterations and qubits",
        ),
        ("run_experiment", {"experiment": {}, "iterations": 10_000}, "`iterations` must be at most 200"),
        ("run_experiment", {"experiment": {"qubits": 17}, "shots": 1}, "`qubits` must be at most 16"),
        ("run_experiment", {"experiment": {"probe_bins": 65}, "shots": 1}, "`probe_bins` must be at most 64"),
        ("run_experiment", {"experiment": {"preset": "/etc/passwd"}}, "`preset` must be one of transmon-default"),
        ("run_experiment", {"experiment": {"probe_strength": 2}}, "`probe_strength` must be between 0 and 1"),
        ("run_experiment", {"experiment": {"probe_strenght": 0.2}}, "probe_strenght"),
        ("run_experiment", {"experiment": {}, "shots": 0}, "shots"),
        ("sweep_experiment", {"experiment": {}, "axes": {"probe_bins": list(range(1, 300))}}, "must be at most 256"),
        ("sweep_experiment", {"experiment": {}, "axes": {"qubits": [1, 1000]}}, "`qubits` must be at most 16"),
        ("sweep_experiment", {"experiment": {}, "axes": {"preset": ["/etc/passwd"]}}, "`preset` must be one of"),
        ("sweep_experiment", {"experiment": {}, "axes": {"qubits": [1]}, "figures": ["nothing"]}, "must name some of"),
        ("compare_runs", {"first": "run-1", "second": "run-2"}, "kept are: none"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_in_words_and_costs_nothing(tool, arguments, words):
    async with Client(make_server()) as client:
        assert words in await refused(client, tool, **arguments)
        left = await called(client, "run_experiment", experiment={"qubits": 1}, shots=10)
        assert left["shots_left_in_budget"] == Limits().shots - 10


async def test_the_budget_ends():
    async with Client(make_server(Limits(shots=1000))) as client:
        await called(client, "run_experiment", experiment={"qubits": 2}, shots=400)
        assert "but 200 of the budget are left" in await refused(client, "run_experiment", experiment={}, shots=400)
        last = await called(client, "run_experiment", experiment={"qubits": 1}, shots=200)
        assert last["shots_left_in_budget"] == 0


async def test_what_takes_too_long_is_stopped_and_pays_what_it_used():
    limits = Limits(shots=10**12, shots_per_call=10**12, seconds=0.3)
    async with Client(make_server(limits)) as client:
        run = await called(client, "run_experiment", experiment={"qubits": 1, "adaptive_rule": "none"}, shots=10**8,
                           iterations=100)  # fmt: skip
    assert run["partial"]
    assert run["shots_left_in_budget"] == 10**12 - run["shots_used"]


async def test_only_so_many_runs_are_kept():
    async with Client(make_server(Limits(runs_kept=1))) as client:
        for _ in range(2):
            await called(client, "run_experiment", experiment={"qubits": 1}, shots=10)
        assert "kept are: run-2" in await refused(client, "compare_runs", first="run-1", second="run-2")


def test_limits_are_positive():
    with pytest.raises(InputError, match="`shots` must be positive"):
        Limits(shots=0)


async def test_sessions_are_read_run_within_the_budget_and_stopped(service):
    name = "a/b?limit=1 ü"
    server = make_server(Limits(shots=10_000), ServiceClient(service.address, "k"), allow_changes=True)
    async with Client(server) as client:
        await called(client, "configure_session", session_id=name, config={"probe_duration_ns": 100})
        ran = await called(client, "run_session", session_id=name, iterations=2, seed=5)
        assert ran["shots_left_in_budget"] == 10_000 - 830 * 2 * 4
        assert "of the budget are left" in await refused(client, "run_session", session_id=name, iterations=2)
        session = await called(client, "read_session", session_id=name)
        assert session["last_run_id"] == ran["run"]["run_id"]
        assert (await called(client, "list_runs", session_id=name))["runs"][0]["run_id"] == ran["run"]["run_id"]
        assert (await called(client, "read_run", run_id=ran["run"]["run_id"]))["seed"] == 5
        assert len((await called(client, "read_log", session_id=name, limit=2))["lines"]) == 2
        assert name in {one["session_id"] for one in (await called(client, "list_sessions"))["sessions"]}
        assert await called(client, "kill_session", session_id=name)
        assert "404" in await refused(client, "read_session", session_id="nobody")
        assert "a path can hold" in await refused(client, "read_session", session_id="..")
        assert "strenght" in await refused(client, "configure_session", session_id=name, config={"probe_strenght": 0.1})


async def test_the_services_refusals_and_absence_are_told_without_the_key(service):
    async with Client(make_server(service=ServiceClient(service.address, "wrong-key"))) as client:
        words = await refused(client, "list_sessions")
        assert "401" in words
        assert "wrong-key" not in words
    with pytest.raises(ServiceRefused, match="does not answer"):
        ServiceClient("http://127.0.0.1:9", seconds=5).ask("GET", "sessions")


@pytest.mark.parametrize("url", ["localhost:8000", "file:///etc/passwd", "http://u:p@host", "http://h/?a=b"])
def test_addresses_are_those_of_services(url):
    with pytest.raises(InputError, match="`url` must look like"):
        ServiceClient(url)


async def test_the_command_serves_on_standard_input_and_output():
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "synqc", "mcp", "--shots", "1000"],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]},
    )  # fmt: skip
    async with Client(stdio_client(command)) as client:
        assert client.server_info.name == "SynQc"
        run = await called(client, "run_experiment", experiment={"qubits": 1}, shots=100, seed=1)
        assert run["shots_left_in_budget"] == 900
