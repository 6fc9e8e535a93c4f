"""A client that a generator makes of the service's description works: a session, a run, its figures, and refusals."""

import importlib
import json
import subprocess
import sys

import pytest
from running_server import RunningServer

pytest.importorskip("openapi_python_client", reason="the extra `test` brings it")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    running = RunningServer(tmp_path_factory.mktemp("service"), SYNQC_API_KEYS="right-key").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def package(service, tmp_path_factory):
    """What the generator writes, imported."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(service.request("GET", "/openapi.json")[1]))
    (folder / "config.json").write_text(json.dumps({"post_hooks": []}))
    made = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json", "--meta", "none",
            "--output-path", "generated_client", "--config", "config.json", "--fail-on-warning",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("generated_client")
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def operations(package):
    """Operations by their ids."""
    found = {}
    import pkgutil

    api = importlib.import_module("generated_client.api")
    for one in pkgutil.walk_packages(api.__path__, "generated_client.api."):
        if not one.ispkg:
            found[one.name.rpartition(".")[2]] = importlib.import_module(one.name)
    return found


@pytest.fixture(scope="module")
def models(package):
    return importlib.import_module("generated_client.models")


def test_a_session_is_made_run_read_and_deleted(package, operations, models, service):
    with package.AuthenticatedClient(
        base_url=service.address, token="right-key", prefix="", auth_header_name="X-API-Key"
    ) as client:
        config = models.RunConfiguration(hardware_preset=models.HardwarePreset.IBM_FEZ, probe_strength=0.3)
        body = models.SessionRequest(session_id="generated", config=config)
        made = operations["create_or_update_session"].sync(client=client, body=body)
        assert made.session_id == "generated"
        assert made.config.hardware_preset == "ibm_fez"
        answer = operations["start_run"].sync("generated", client=client, body=models.RunRequest(seed=7))
        assert 0.9 < answer.run.kpis.fidelity < 1
        assert answer.session.last_run_id == answer.run.run_id
        again = operations["read_run"].sync(answer.run.run_id, client=client)
        assert again.kpis.fidelity == answer.run.kpis.fidelity
        assert [one.session_id for one in operations["list_sessions"].sync(client=client)] == ["generated"]
        assert operations["delete_session"].sync_detailed("generated", client=client).status_code == 200
        assert operations["list_sessions"].sync(client=client) == []


def test_refusals_are_documents_and_not_nothing(package, operations, service):
    with package.Client(base_url=service.address, headers={"X-API-Key": "right-key"}) as client:
        unknown = operations["read_session"].sync_detailed("nobody", client=client)
        assert (unknown.status_code, unknown.parsed.code) == (404, "unknown_session")
        assert "nobody" in unknown.parsed.detail
    with package.Client(base_url=service.address) as client:
        locked = operations["list_sessions"].sync_detailed(client=client)
        assert locked.status_code == 401
        assert locked.parsed.detail
