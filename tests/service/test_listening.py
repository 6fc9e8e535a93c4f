"""Where `synqc serve` listens: Unix sockets that the dead left are taken over, those of the living are not."""

import os
import stat

import pytest
from fastapi.testclient import TestClient

from synqc.cli import main
from synqc.errors import InputError
from synqc.service import create_app
from synqc.service.listening import UnixSocketTaken, unix_socket
from synqc.service.middleware.client_address import ClientAddress
from synqc.service.path_prefix import BelowPrefix, checked_prefix
from synqc.settings import Settings


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A path short enough for a socket."""
    monkeypatch.chdir(tmp_path)
    return tmp_path.relative_to(tmp_path) / "s"


def test_a_socket_is_for_its_owner_and_group(place):
    with unix_socket(place):
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o660


def test_a_socket_that_nobody_listens_at_is_taken_over(place):
    unix_socket(place).close()
    assert place.exists()
    with unix_socket(place) as again:
        again.listen()
        with pytest.raises(UnixSocketTaken, match="another server listens there"):
            unix_socket(place)
    assert place.exists()


def test_a_file_is_left_as_it_is(place):
    place.write_text("mine")
    with pytest.raises(UnixSocketTaken, match="a file that is no socket is there"):
        unix_socket(place)
    assert place.read_text() == "mine"


def test_a_path_that_cannot_be_is_said(tmp_path):
    with pytest.raises(UnixSocketTaken, match="cannot be served"):
        unix_socket(tmp_path / "no folder" / "s")


def test_forwarded_addresses_are_believed_from_sockets_that_are_trusted():
    scope = {"client": None, "headers": [(b"x-forwarded-for", b"192.0.2.7")]}
    assert ClientAddress(["unix"]).of(scope) == "192.0.2.7"
    assert ClientAddress(["127.0.0.1"]).of(scope) == "unknown"
    from_network = {**scope, "client": ("198.51.100.1", 5)}
    assert ClientAddress(["unix"]).of(from_network) == "198.51.100.1"


class TestPrefix:
    @pytest.fixture(scope="class")
    @staticmethod
    def client(tmp_path_factory):
        app = create_app(Settings(state_dir=tmp_path_factory.mktemp("prefix"), api_keys=("k",)))
        yield TestClient(BelowPrefix(app, "/lab"))
        app.state.tds.close()

    @pytest.mark.parametrize("before", ["", "/lab"])
    def test_the_proxy_may_pass_it_on_or_take_it_off(self, client, before):
        assert client.get(before + "/api/v1/synqc/health").status_code == 200
        assert client.get(before + "/api/v1/synqc/sessions").status_code == 401
        keyed = {"x-api-key": "k"}
        client.post(before + "/api/v1/synqc/sessions", json={"session_id": "a/b"}, headers=keyed)
        answer = client.get(before + "/api/v1/synqc/sessions/a%2Fb", headers=keyed)
        assert answer.json()["session_id"] == "a/b"
        assert client.get(before + "/openapi.json").json()["servers"] == [{"url": "/lab"}]

    def test_a_longer_word_is_no_prefix(self, client):
        assert client.get("/laboratory/api/v1/synqc/health").status_code in (401, 404)

    @pytest.mark.parametrize("prefix", ["lab", "/", "//lab", "/a b", "/lab?x", "/ü"])
    def test_what_is_no_prefix_is_refused(self, prefix):
        with pytest.raises(InputError, match="must look like /lab"):
            checked_prefix(prefix)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2"], "must be 1, but is '2'"),
        (["--unix-socket", "s", "--port", "8000"], "goes without --host and --port"),
        (["--root-path", "lab"], "--root-path must look like /lab, but is 'lab'"),
    ],
)
def test_options_that_cannot_be_are_refused(capsys, arguments, words, monkeypatch, tmp_path):
    monkeypatch.setenv("SYNQC_STATE_DIR", str(tmp_path))
    assert main(["serve", *arguments]) == 2
    assert words in capsys.readouterr().err
