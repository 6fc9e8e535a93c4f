"""Descriptions and documentation are shown from installed files, wherever the service is mounted."""

import gzip
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from synqc.errors import InputError
from synqc.service import create_app
from synqc.settings import Settings

ADDRESSES = re.compile(r"""(?:src|href)=["']([^"']+)""")


@pytest.fixture
def serve(tmp_path):
    """Makes services."""
    made = []

    def make(**settings):
        app = create_app(Settings(state_dir=tmp_path / str(len(made)), **settings))
        made.append(app)
        return app

    yield make
    for app in made:
        app.state.tds.close()


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Documentation</title>" + "x" * 2000)
    (folder / "assets" / "a.js").write_text("let a;")
    return folder


@pytest.mark.parametrize("page", ["/docs", "/redoc", "/tds/docs"])
def test_a_description_asks_no_other_host(serve, page):
    pytest.importorskip("fastapi_offline", reason="needs fastapi-offline")
    outer = FastAPI()
    outer.mount("/lab", serve(api_keys=("k",)))
    client = TestClient(outer)
    answer = client.get("/lab" + page)
    assert answer.status_code == 200
    assert "https://" not in answer.text
    named = [address for address in ADDRESSES.findall(answer.text) if not address.startswith("data:")]
    assert named
    for address in named:
        found = client.get(str(answer.url.join(address)))
        assert found.status_code == 200, address
        assert found.content
    assert "openapi.json" in answer.text
    assert client.get(str(answer.url.join("openapi.json"))).json()["openapi"]


def test_only_the_files_of_descriptions_are_there(serve):
    client = TestClient(serve())
    for name in ("nothing.js", "..%2Fcore.py", "%2Fetc%2Fpasswd"):
        assert client.get(f"/docs/files/{name}").status_code == 404


def test_the_site_is_shown_to_everybody_behind_any_prefix(serve, site):
    outer = FastAPI()
    outer.mount("/lab", serve(docs_site=site, api_keys=("k",)))
    client = TestClient(outer)
    answer = client.get("/lab/docs/site")
    assert answer.url.path == "/lab/docs/site/index.html"
    assert "Documentation" in answer.text
    assert client.get("/lab/docs/site/assets/a.js").text == "let a;"
    assert client.get("/lab/docs/site/nothing.html").status_code == 404
    assert client.get("/lab/docs/site/..%2f..%2fsynqc.db").status_code == 404


def test_without_the_setting_there_is_none(serve):
    assert TestClient(serve()).get("/docs/site").status_code == 404


def test_a_folder_without_a_site_is_refused(serve, tmp_path):
    with pytest.raises(InputError, match=r"SYNQC_DOCS_SITE must be a folder with an index.html"):
        serve(docs_site=tmp_path)


class TestCompression:
    def test_texts_are_compressed_for_who_takes_that(self, serve, site):
        client = TestClient(serve(docs_site=site))
        with client.stream("GET", "/docs/site/index.html", headers={"accept-encoding": "gzip"}) as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "accept-encoding"
        assert int(answer.headers["content-length"]) == len(raw) < 200
        assert gzip.decompress(raw) == (site / "index.html").read_bytes()

    @pytest.mark.parametrize(
        "headers", [{"accept-encoding": "identity"}, {"accept-encoding": "gzip;q=0"}, {"range": "bytes=0-9"}]
    )
    def test_others_get_the_bytes(self, serve, site, headers):
        answer = TestClient(serve(docs_site=site)).get("/docs/site/index.html", headers=headers)
        assert "content-encoding" not in answer.headers
        assert answer.content == (site / "index.html").read_bytes()[: 10 if "range" in headers else None]

    def test_a_changed_file_is_compressed_anew_and_an_unchanged_one_not_sent(self, serve, site):
        client = TestClient(serve(docs_site=site))
        first = client.get("/docs/site/index.html")
        again = client.get("/docs/site/index.html", headers={"if-none-match": first.headers["etag"]})
        assert again.status_code == 304
        (site / "index.html").write_text("y" * 3000)
        changed = client.get("/docs/site/index.html", headers={"if-none-match": first.headers["etag"]})
        assert changed.text == "y" * 3000

    def test_head_says_as_much_and_sends_nothing(self, serve, site):
        client = TestClient(serve(docs_site=site))
        assert client.head("/docs/site/index.html").content == b""

    def test_the_chart_library_is_a_third_of_itself(self, serve):
        client = TestClient(serve())
        with client.stream("GET", "/ui/static/vendor/plotly.min.js", headers={"accept-encoding": "gzip"}) as answer:
            sent = sum(map(len, answer.iter_raw()))
        assert answer.status_code == 200
        assert sent < 1_600_000
