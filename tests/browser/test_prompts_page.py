"""The page of synthetic prompts: a job from its form to its rows, by hand and by keys, whatever its models write."""

import json
import re
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from audit import problems_of
from playwright.sync_api import expect
from running_server import RunningServer

sys.path.insert(0, str(Path(__file__).parents[1] / "service" / "prompts"))

from prompts_service import SelfCheckingWorld, asked, prices_of, serve

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} \u202egnp.exe " + "{" * 200
TEXT = r" Find $\int_0^1 \frac{x^2}{\sqrt{1-x}}\,dx$, for $5 or $6. "
LOADED_MS = 20_000


class WritingWorld(SelfCheckingWorld):
    """Its engineer writes mathematics, and what would act on a page that takes it for markup."""

    def engineer(self, said, body):
        document = json.loads(super().engineer(said, body))
        document["problem"] += TEXT + HOSTILE
        document["hints"]["0"] = "Let $u = x^2$."
        return json.dumps(document)

    def target(self, said, body):
        return super().target(said, body) + " <b>bold</b>"


@pytest.fixture(scope="module")
def world():
    played = WritingWorld(sound=0.8, failing=0.5, after_s=0.02)
    server = serve(played)
    played.url = server.url
    yield played
    server.stop()


@pytest.fixture(scope="module")
def prompts_service(world, tmp_path_factory):
    """TDS at the root, and synthetic prompts beside it."""
    folder = tmp_path_factory.mktemp("prompts")
    (folder / "prices.json").write_text(json.dumps(prices_of("1")))
    running = RunningServer(
        folder, OPENAI_BASE_URL=world.url, OPENAI_API_KEY="k", SYNQC_APPLICATIONS="tds,prompts",
        SYNQC_PROMPTS_PRICES=str(folder / "prices.json"),
    ).start()  # fmt: skip
    yield running
    running.stop()


class PromptsDesk:
    """One open page, and what its console said."""

    def __init__(self, page, address):
        self.page, self.address, self.console = page, address, []
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.console.append((message.type, message.text)))
        page.on("pageerror", lambda error: self.console.append(("error", f"uncaught: {error}")))
        page.on("dialog", lambda dialog: (self.console.append(("error", dialog.message)), dialog.dismiss()))

    def __getitem__(self, selector):
        return self.page.locator(selector)

    def open(self, part=""):
        self.page.goto(f"{self.address}{part}")
        expect(self["#connection"]).to_have_attribute("data-state", "online", timeout=LOADED_MS)
        expect(self["#models-state"]).not_to_be_empty()
        return self

    def fill(self, count):
        self["#num-problems"].fill(str(count))
        for role in ("engineer", "checker", "target"):
            self[f"#{role}-provider"].fill("openai")
            self[f"#{role}-model"].fill(f"{role}-1")
        self["#taxonomy"].fill("Arithmetic: Sums, Differences\nAlgebra: Roots")

    def ended(self, state="succeeded"):
        expect(self["#batch-state"]).to_have_text(state, timeout=60_000)

    def problems(self):
        return problems_of(self.page)


@pytest.fixture
def open_page(chromium, prompts_service):
    contexts, desks = [], []

    def open_one(address=None, part="", **options):
        contexts.append(chromium.new_context(**options))
        desks.append(PromptsDesk(contexts[-1].new_page(), address or f"{prompts_service.address}/ui/prompts"))
        return desks[-1].open(part)

    yield open_one
    complaints = [words for desk in desks for kind, words in desk.console if kind in ("error", "warning")]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def batch(prompts_service):
    """Of six, which has ended."""
    status, answer = prompts_service.request("POST", "/prompts/generate", asked(6))
    assert status == 200, answer
    return answer["metadata"]["batch_id"]


def test_a_job_runs_from_its_form_to_its_rows(open_page):
    desk = open_page()
    expect(desk["#models-state"]).to_have_text("Models of openai can be asked.")
    desk.fill(4)
    desk["#start"].click()
    expect(desk["#batch-title"]).to_contain_text("Batch_target-1_")
    desk.ended()
    expect(desk["#batch-done"]).to_have_text("4 of 4 accepted")
    expect(desk["#rows > li"]).to_have_count(4)
    expect(desk["#batches button[aria-pressed=true]"]).to_contain_text("4 of 4 valid")
    expect(desk["#money"]).to_contain_text(re.compile(r"Spent\$0\.0"))
    expect(desk["#funnel li[data-cause=accepted] .count"]).to_have_text("4")
    expect(desk["#batch-about"]).to_contain_text("all problems that were asked for")
    row = desk["#rows > li"].first
    for section, words in (
        ("Engineer", "openai:engineer-1"),
        ("Checker", "sound: It is sound."),
        ("Target", "unequal"),
    ):
        expect(row.locator(f"[role=group][aria-label={section}]")).to_contain_text(words)
    desk.page.reload()
    expect(desk["#rows > li"]).to_have_count(4)


def test_what_models_write_is_words_and_mathematics_and_never_markup(open_page, batch):
    desk = open_page(part=f"#batch={batch}")
    problem = desk["#rows .problem-text"].first
    expect(problem).to_contain_text("<script>alert(1)</script><img src=x onerror=alert(2)>")
    expect(problem).to_contain_text("for $5 or $6.")
    expect(problem.locator("math :is(msqrt, .root)")).to_have_count(1)
    expect(desk["#rows [role=group][aria-label=Engineer] math"].first).to_be_visible()
    assert desk.page.evaluate("() => document.querySelectorAll('#rows script, #rows img, #rows b').length") == 0
    assert desk.page.evaluate("() => [...document.body.innerText].some((one) => one === '\\u202e')") is False


@pytest.mark.parametrize("has_font", [True, False])
def test_a_root_has_its_sign_whatever_fonts_there_are(chromium, prompts_service, batch, has_font):
    context = chromium.new_context()
    desk = PromptsDesk(context.new_page(), f"{prompts_service.address}/ui/prompts")
    if not has_font:
        without = lambda route: route.fulfill(  # noqa: E731
            content_type="text/css",
            body=re.sub(r"font-family:[^;]*;", "font-family: sans-serif;", route.fetch().text()),
        )
        desk.page.route("**/rows.css", without)
    desk.open(f"#batch={batch}")
    problem = desk["#rows .problem-text"].first
    root, radicand = problem.locator("math .root" if not has_font else "math msqrt").first, "√"
    expect(root).to_be_visible()
    if has_font:
        widths = root.evaluate(
            "(root) => [root, root.firstElementChild].map((one) => one.getBoundingClientRect().width)"
        )
        assert widths[0] > 1.1 * widths[1]
    else:
        expect(root).to_contain_text(radicand)
        expect(root.locator(".radicand")).to_have_text(re.compile("1.x"))
    context.close()


def test_a_person_discards_with_a_reason_and_takes_it_back_by_keys_alone(open_page, batch):
    desk = open_page(part=f"#batch={batch}")
    expect(desk["#rows > li"]).to_have_count(6)
    desk.page.keyboard.press("j")
    expect(desk["#rows > li"].first).to_be_focused()
    number = desk["#rows > li"].first.get_attribute("data-row")
    desk.page.keyboard.press("d")
    expect(desk["#decision-dialog"]).to_be_visible()
    desk.page.keyboard.press("Enter")
    expect(desk["#decision-dialog"]).to_be_visible()  # without a reason nothing is decided
    desk.page.keyboard.type("Known from a textbook.")
    desk.page.keyboard.press("Enter")
    expect(desk["#rows > li"]).to_have_count(5)
    desk["#rows-status"].select_option("discarded")
    row = desk[f"#rows > li[data-row='{number}']"]
    expect(row).to_contain_text("By hand: Known from a textbook.")
    row.get_by_role("button", name=f"Accept row {number}").click()
    desk.page.keyboard.type("It is not.")
    desk.page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(desk["#batch-done"]).to_have_text("6 of 6 accepted")


def test_discards_are_explained_and_filtered_by_cause(open_page, batch):
    desk = open_page(part=f"#batch={batch}")
    desk["#rows-status"].select_option("discarded")
    expect(desk["#rows > li"].first).to_be_visible()
    count = desk["#rows > li"].count()
    desk["#rows-cause"].select_option(label="Target solved it")
    expect(desk["#rows > li"]).not_to_have_count(count)
    for text in desk["#rows .why"].all_inner_texts():
        assert "Target model solved correctly" in text


def test_a_preview_is_followed_by_its_estimate(open_page):
    desk = open_page()
    desk.fill(50)
    desk["#preview"].click()
    expect(desk["#batch-about"]).to_contain_text("a preview", timeout=30_000)
    expect(desk["#estimate-answer"]).to_contain_text("Estimate for 50, by 3 attempts", timeout=60_000)


def test_a_running_job_is_cancelled_and_keeps_what_it_has(open_page):
    desk = open_page()
    desk.fill(5000)
    desk["#start"].click()
    expect(desk["#batch-done"]).to_have_text(re.compile("^[1-9][0-9]* of 5000 accepted$"), timeout=60_000)
    desk["#batch-cancel"].click()
    desk.ended("cancelled")
    expect(desk["#rows > li"].first).to_be_visible()
    desk["#batch-delete"].click()
    desk["#confirm-yes"].click()
    expect(desk["#batch-empty"]).to_be_visible()
    # What was asked of the batch just before may be answered when it is gone, which browsers note by themselves.
    desk.console[:] = [(kind, words) for kind, words in desk.console if "404 (Not Found)" not in words]


def test_files_are_downloaded_and_the_card_is_shown(open_page, batch):
    desk = open_page(part=f"#batch={batch}")
    expect(desk["#batch-title"]).to_contain_text("Batch_")
    for format in ("jsonl", "csv", "parquet"):
        desk["#export-format"].select_option(format)
        with desk.page.expect_download() as downloading:
            desk["#export-download"].click()
        assert downloading.value.suggested_filename == f"batch_{batch}.{format}"
    desk["#export-card"].click()
    expect(desk["#export-text"]).to_contain_text("openai:target-1")


def test_what_cannot_be_asked_is_said_where_it_stands(open_page, tmp_path):
    desk = open_page()
    desk.fill(0)
    desk["#start"].click()
    expect(desk["#new-job-problem"]).to_contain_text("whole number from 1 to")
    desk.fill(1)
    desk["#taxonomy"].fill("Algebra")
    expect(desk["#taxonomy-problem"]).to_contain_text("A line must be “Subject: topic, topic”")
    desk["#taxonomy"].fill("")
    desk["#start"].click()
    expect(desk["#new-job-problem"]).to_contain_text("topics or seeds, but has neither")
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text('{"problem": "1+1?", "answer": "2"}\n')
    desk["#seeds"].set_input_files(str(seeds))
    expect(desk["#seeds-state"]).to_contain_text("1 rows with problem, answer")


def test_rows_that_say_the_same_in_other_words_are_looked_for_where_that_is_chosen(open_page):
    desk = open_page()
    desk.fill(1)
    expect(desk["#semantic-threshold"]).to_be_disabled()
    expect(desk["#embedder option"]).to_have_text(["not looked for", "minilm", "nano-e5"])
    desk["#embedder"].select_option("minilm")
    desk["#start"].click()
    expect(desk["#new-job-problem"]).to_have_text("The least cosine must be a number above 0 and at most 1.")
    desk["#semantic-threshold"].fill("0.93")
    desk.page.route("**/generate?mode=async", lambda route: route.abort())  # embedders need not be on this machine
    with desk.page.expect_request("**/generate?mode=async") as asking:
        desk["#start"].click()
    assert asking.value.post_data_json["duplicates"] == {"semantic": {"embedder": "minilm", "threshold": 0.93}}
    desk["#embedder"].select_option("")
    with desk.page.expect_request("**/generate?mode=async") as asking:
        desk["#start"].click()
    assert "duplicates" not in asking.value.post_data_json
    desk.console.clear()  # browsers note requests that came to nothing by themselves


def test_how_a_job_is_done_is_asked_for_and_what_no_field_says_as_json(open_page):
    desk = open_page()
    desk.fill(2)
    desk["#more summary"].click()
    expect(desk["#batch-interface-hint"]).to_contain_text("Models of openai cost less, and answer within a day")
    for field, text in {
        "judge-provider": "openai",
        "judge-model": "judge-1",
        "job-name": "Tuesday's",
        "max-workers": "256",
        "failures": "2",
        "tries": "3",
        "solves": "2",
        "draws-seed": "7",
        "reuse-from": "generation-1",
        "others": '{"on_exhaustion": "raise", "acceptance": {"judge_confidence": 0.9}}',
    }.items():
        desk[f"#{field}"].fill(text)
    desk["#batch-interface"].check()
    desk.page.route("**/generate?mode=async", lambda route: route.abort())
    with desk.page.expect_request("**/generate?mode=async") as asking:
        desk["#start"].click()
    sent = asking.value.post_data_json
    told = {name: sent[name] for name in ("name", "max_workers", "seed", "reuse_from", "batch", "on_exhaustion")}
    assert told == {
        "name": "Tuesday's",
        "max_workers": 256,
        "seed": 7,
        "reuse_from": "generation-1",
        "batch": True,
        "on_exhaustion": "raise",
    }
    assert sent["judge_model"] == {"provider": "openai", "model_name": "judge-1"}
    rule = {"m": 2, "k": 3, "reference_solves": 2, "judge_confidence": 0.9}
    assert sent["acceptance"] == rule
    for text, words in (
        ('{"batch": true}', "must not say batch: a field of the form does"),
        ('{"acceptance": {"m": 1}}', "must not say acceptance.m: a field of the form does"),
        ("[1]", "must be a JSON object"),
        ("{", "is no JSON"),
    ):
        desk["#others"].fill(text)
        desk["#start"].click()
        expect(desk["#new-job-problem"]).to_contain_text(words)
    desk["#others"].fill("")
    desk["#tries"].fill("0")
    desk["#start"].click()
    expect(desk["#new-job-problem"]).to_have_text("of tries must be a whole number of at least 1, or empty.")
    desk.console.clear()  # browsers note requests that came to nothing by themselves


def test_what_a_member_of_another_name_was_meant_to_be_is_said(open_page):
    desk = open_page()
    desk.fill(1)
    desk["#more summary"].click()
    desk["#others"].fill('{"on_exhausted": "raise"}')
    desk["#start"].click()
    expect(desk["#new-job-problem"]).to_contain_text("did you mean `on_exhaustion`?")
    desk.console.clear()  # browsers note refusals by themselves


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1024, 1600])
def test_the_page_fits_and_is_read(open_page, batch, width, scheme):
    desk = open_page(part=f"#batch={batch}", width=width, scheme=scheme)
    expect(desk["#rows > li"].first).to_be_visible()
    assert desk.problems() == []
    desk["#more summary"].click()
    desk["#rows-status"].select_option("")
    desk["#export-card"].click()
    expect(desk["#export-text"]).to_be_visible()
    desk["#open-help"].click()
    assert desk.problems() == []


def test_it_works_behind_a_prefix(open_page, prompts_service):
    with Proxy(prompts_service.port) as proxy:
        desk = open_page(f"{proxy.address}/lab/prompts/ui")
        desk.fill(1)
        desk["#start"].click()
        desk.ended()
        expect(desk["#rows > li"]).to_have_count(1)


def test_without_a_model_the_page_says_so(chromium, tmp_path):
    running = RunningServer(tmp_path, SYNQC_APPLICATIONS="tds,prompts").start()
    context = chromium.new_context()
    try:
        desk = PromptsDesk(context.new_page(), f"{running.address}/ui/prompts").open()
        expect(desk["#models-state"]).to_contain_text("No model can be asked")
    finally:
        context.close()
        running.stop()


class Proxy:
    """In front of a service, which it shows below `/lab` and which knows nothing of that."""

    def __init__(self, port):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() not in ("host", "origin")
                }
                url = f"http://127.0.0.1:{port}{self.path.removeprefix('/lab')}"
                asked = urllib.request.Request(url, body, headers, method=self.command)
                try:
                    answer = urllib.request.urlopen(asked, timeout=60)
                except urllib.error.HTTPError as error:
                    answer = error
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.end_headers()
                while part := answer.read1(65536):
                    self.wfile.write(part)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815

            def log_message(self, *words):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
