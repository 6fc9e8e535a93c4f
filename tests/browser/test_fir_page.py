"""The page of First Information Reports: a complaint from its words to a sealed report, by hand and by keys alone."""

import re
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from audit import problems_of
from chromium import FAILED
from desk import HEIGHT, SCHEME, WIDTH
from playwright.sync_api import expect
from running_server import RunningServer

sys.path.insert(0, str(Path(__file__).parents[1] / "service" / "fir"))

from fir_service import AUTH_KEY, REQUIRED_FIELDS, WritingServer
from scripted_server import ScriptedServer, answer, http

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}} #import \\input{x} \u202egnp.exe"
COMPLAINT = "Two boys on a motorcycle snatched my gold chain near the station. मेरी चेन छीनकर भाग गए।"
HEARD = "At nine thirty two men took 9,000 rupees from me near the station."
LOOKS = [(360, "light"), (360, "dark"), (820, "dark"), (1440, "light")]
LOADED_MS = 20_000
MADE_MS = 60_000


class InventingServer(WritingServer):
    """Its summaries name somebody whom nobody named; while it is `vague`, its checks have no probabilities."""

    vague = False

    def _answer(self, body):
        said = "\n".join(one["content"] for one in body["messages"])
        if self.vague and "Does the complaint describe" in said:
            return answer("YES")
        if "Summarise the complaint" not in said:
            return super()._answer(body)
        self.written += 1
        return answer(f"Version {self.written}: a gold chain was snatched by Ramesh near the station.")


@pytest.fixture(scope="module")
def model():
    server = InventingServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ears():
    """A server of speech."""
    server = ScriptedServer()
    server.reads = "bytes"
    server.otherwise = http({"success": True, "transcript": HEARD})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def fir_service(model, ears, tmp_path_factory):
    """TDS at the root, and reports beside it."""
    running = RunningServer(
        tmp_path_factory.mktemp("fir"), OPENAI_BASE_URL=model.url, OPENAI_API_KEY="k", SYNQC_APPLICATIONS="tds,fir",
        SYNQC_FIR_ASR_URL=ears.url.removesuffix("/v1"), SYNQC_FIR_OCR_URL="none", SYNQC_FIR_AUTH_KEY=AUTH_KEY,
        SYNQC_FIR_RATE_LIMIT_PER_MINUTE="0", SYNQC_FIR_AHEAD="0", SYNQC_FIR_OFFICER="SI Meera Rao",
    ).start()  # fmt: skip
    yield running
    running.stop()


class FirDesk:
    """One open page, and what its console said."""

    def __init__(self, page, address):
        self.page, self.address, self.console = page, address, []
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.console.append((message.type, message.text)))
        page.on("pageerror", lambda error: self.console.append(("error", f"uncaught: {error}")))
        page.on("dialog", lambda dialog: (self.console.append(("error", dialog.message)), dialog.dismiss()))

    def __getitem__(self, selector):
        return self.page.locator(selector)

    def forget(self):
        """What tests before did on this page, and what it stored."""
        self.page.unroute_all(behavior="ignoreErrors")
        self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self.page.goto("about:blank")
        self.console.clear()

    def look(self, width, scheme=SCHEME):
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.emulate_media(color_scheme=scheme)

    def open(self, part=""):
        self.page.goto(f"{self.address}{part}")
        expect(self["#connection"]).to_have_attribute("data-state", "online", timeout=LOADED_MS)
        return self

    def begin(self, text=COMPLAINT):
        self["#complaint-text"].fill(text)
        self["#begin"].click()
        self.at("Transcript")

    def at(self, title):
        expect(self["#gate-title"]).to_have_text(title, timeout=MADE_MS)
        expect(self["#approve"]).to_be_enabled(timeout=MADE_MS)

    def approve(self, title):
        self["#approve"].click()
        self.at(title)

    def state_required(self):
        for key, value in REQUIRED_FIELDS.items():
            field = self[f"#field-{key}"]
            part = field.locator("xpath=ancestor::details")
            if part.get_attribute("open") is None:
                part.locator("summary").click()
            field.fill(value)
        self["#fields-save"].click()
        expect(self["#fields-state"]).to_have_text(f"{len(REQUIRED_FIELDS)} fields stated.")

    def allow(self, *words):
        """What the browser notes by itself of an answer that is meant to refuse."""
        self.console[:] = [one for one in self.console if not any(word in one[1] for word in words)]

    def problems(self):
        self.page.mouse.move(0, 0)  # what the mouse is on has a colour that is mixed
        return problems_of(self.page)


@pytest.fixture(scope="module")
def kept():
    """The page that stays open from test to test: a new one reads all of its files again."""
    return []


@pytest.fixture
def open_page(chromium, fir_service, kept, request):
    contexts, desks = [], []

    def open_one(part="", script=None, width=WIDTH, scheme=SCHEME):
        """A page as it is first opened; one with a script of the test's own is the test's own."""
        if script or not kept:
            context = chromium.new_context(locale="en-IN")
            desk = FirDesk(context.new_page(), f"{fir_service.address}/ui/fir")
            if script:
                context.add_init_script(script)
                contexts.append(context)
            else:
                kept.append(desk)
        else:
            (desk,) = kept
            desk.forget()
        desks.append(desk)
        desk.look(width, scheme)
        return desk.open(part)

    yield open_one
    complaints = [words for desk in desks for kind, words in desk.console if kind in ("error", "warning")]
    if kept and (complaints or request.node.stash.get(FAILED, False)):
        contexts.append(kept.pop().page.context)
    for context in contexts:
        context.close()
    assert complaints == []


def request(service, method, path, body=None):
    status, answered = service.request(method, f"/fir{path}", body)
    assert status == 200, answered
    return answered


def begun(service, text=COMPLAINT):
    """A session at its second gate."""
    session = request(service, "POST", f"/process?text={quote(text)}")["session_id"]
    gate = request(service, "GET", f"/session/{session}/gate")
    request(service, "POST", "/validate", {"session_id": session, "approved": True, "token": gate["token"]})
    return session


def test_a_complaint_goes_from_its_words_to_a_sealed_report(open_page, model):
    desk = open_page()
    desk.begin(COMPLAINT + HOSTILE)
    expect(desk["#gate-text"]).to_have_value(COMPLAINT + HOSTILE)
    expect(desk["#waiting button[aria-pressed=true]"]).to_contain_text("Transcript")
    desk["#note"].fill("The chain has a locket.")
    desk.approve("Summary")
    assert "The chain has a locket." in model.of("summary")[-1]
    expect(desk["#gate-unsupported"]).to_have_text("Ramesh")
    expect(desk["#gate-about"]).to_contain_text("Written by")
    desk["#gate-text"].fill("A gold chain was snatched near the station.")
    expect(desk["#gate-changes del"].last).to_contain_text("Ramesh")
    expect(desk["#approve"]).to_have_text("Approve with changes")
    desk.approve("Provisions")
    assert "Ramesh" not in model.of("check")[-1]
    row = desk["#provisions li[data-section='304']"]
    expect(row).to_contain_text("the check says")
    desk.approve("Narrative")
    expect(desk["details.beside"].last).to_contain_text("A gold chain was snatched near the station.")
    desk.approve("Report")
    expect(desk["#obstacles"]).to_contain_text("“Complainant: Name” is required, and nobody has said it.")
    desk.state_required()
    expect(desk["#obstacles"]).not_to_contain_text("Complainant: Name", timeout=MADE_MS)
    expect(desk["#field-complainant_name-source"]).to_have_text("SI Meera Rao · Report")
    for key in ("complainant_name", "complainant_address"):
        expect(desk["#document"]).to_contain_text(REQUIRED_FIELDS[key])
    expect(desk["#document"]).to_contain_text("<script>alert(1)</script><img src=x onerror=alert(2)> {{7*7}}")
    expect(desk["#document"]).to_contain_text("[U+202E]")
    assert desk.page.evaluate("() => document.querySelectorAll('#document script, #document img').length") == 0
    desk["#approve"].click()
    expect(desk["#file"]).to_be_visible(timeout=MADE_MS)
    desk["#filing-key"].fill(AUTH_KEY)
    desk["#file"].click()
    desk["#confirm-yes"].click()
    expect(desk[".notice.word"]).to_contain_text("Filed. Seal", timeout=MADE_MS)
    expect(desk["#approve"]).to_be_hidden()
    expect(desk["#document-number"]).to_contain_text(" · filed")
    expect(desk["#fields-save"]).to_be_disabled()
    for form in ("PDF", "DOCX", "JSON"):
        with desk.page.expect_download() as downloading:
            desk[f"#forms button:has-text('{form}')"].first.click()
        assert downloading.value.suggested_filename.endswith(form.lower())
        assert Path(downloading.value.path()).stat().st_size > 500
    expect(desk["#reports button[aria-pressed=true]"]).to_contain_text("filed")
    desk["#audit"].click()
    expect(desk["#audit-state"]).to_contain_text("Whole:")
    lead_on(desk)


def lead_on(desk):
    """A filed report is accepted, then closed, by a supervisor; an officer is offered neither."""
    number = desk["#document-number"].inner_text().partition(" ")[0]
    officer = {"name": "SI Meera Rao", "role": "officer", "rights": ["read", "lead", "file"]}
    desk.page.route("**/fir/grant", lambda route: route.fulfill(json=officer))
    with desk.page.expect_response("**/fir/grant"):
        desk.page.reload()
    expect(desk["#document-number"]).to_contain_text(" · filed", timeout=LOADED_MS)
    expect(desk["#leading"]).to_be_hidden()
    desk.page.unroute("**/fir/grant")
    desk.page.reload()
    desk["#status-reason"].fill("Taken up by the crime branch.")
    desk["#lead-accepted"].click()
    expect(desk["#confirm-dialog"]).to_contain_text(f"Accept {number}?")
    desk["#confirm-dialog button[value=cancel]"].click()
    expect(desk["#document-number"]).to_contain_text(" · filed")
    desk["#lead-accepted"].click()
    desk["#confirm-yes"].click()
    expect(desk["#document-number"]).to_contain_text(" · accepted", timeout=MADE_MS)
    expect(desk["#history li"].first).to_contain_text("Taken up by the crime branch.")
    expect(desk["#lead-accepted"]).to_be_hidden()
    expect(desk["#status-reason"]).to_have_value("")
    desk["#lead-closed"].click()
    desk["#confirm-yes"].click()
    expect(desk["#document-number"]).to_contain_text(" · closed", timeout=MADE_MS)
    expect(desk["#leading"]).to_be_hidden()


def test_everything_can_be_done_by_keys_alone(open_page):
    desk = open_page()
    keys = desk.page.keyboard
    keys.press("n")
    keys.type("My cycle was stolen from the market yesterday.")
    keys.press("Tab")
    keys.press("Tab")
    keys.press("Enter")
    desk.at("Transcript")
    keys.press("a")
    desk.at("Summary")
    before = desk["#gate-text"].input_value()
    keys.press("r")
    expect(desk["#reason-dialog"]).to_be_visible()
    keys.type("Shorter.")
    keys.press("Tab")
    keys.press("Enter")
    expect(desk["#gate-text"]).not_to_have_value(before, timeout=MADE_MS)
    expect(desk["#gate-before del"]).to_contain_text(before.split()[1])
    keys.press("x")
    keys.press("Tab")
    keys.press("Enter")
    expect(desk["#reason-dialog"]).to_be_visible()  # without a reason nothing is rejected
    expect(desk["#reason"]).to_be_focused()
    keys.type("It names somebody.")
    keys.press("Tab")
    keys.press("Enter")
    expect(desk["#gates li[aria-current]"]).to_contain_text("rejected by SI Meera Rao: It names somebody.")
    expect(desk["#approve"]).to_be_disabled()
    keys.press("e")
    expect(desk["#gate-text"]).to_be_focused()
    keys.press("Control+a")
    keys.type("A cycle was stolen.")
    desk["#keep"].press("Enter")
    expect(desk["#gate-about"]).to_have_text("Changed by SI Meera Rao.")
    keys.press("?")
    expect(desk["#help-dialog"]).to_be_visible()


def test_a_check_without_an_answer_needs_a_reason_and_a_section_can_be_added(open_page, fir_service, model):
    desk = open_page(part=f"#session={begun(fir_service)}")
    desk.at("Summary")
    model.vague = True
    try:
        desk.approve("Provisions")
    finally:
        model.vague = False
    rows = desk["#provisions > li"]
    expect(rows.first).to_contain_text("no answer")
    rows.nth(1).locator("input[autocomplete]").fill("Nobody was hurt.")
    rows.nth(2).locator("input[type=checkbox]").check()
    desk["#common-reason"].fill("Not what happened.")
    desk["#common-reason-form button"].click()
    reasons = [row.locator("input[autocomplete]").input_value() for row in rows.all()]
    assert reasons == ["Not what happened.", "Nobody was hurt.", *["Not what happened."] * (len(reasons) - 2)]
    assert [row.locator("input[type=checkbox]").is_checked() for row in rows.all()][:4] == [False, False, True, False]
    desk["summary:has-text('Add a section')"].click()
    desk["#provision-words"].fill("115")
    desk["#provision-words"].press("Enter")
    item = desk["#provisions-found li"].filter(has_text="Section 115,")
    item.get_by_role("button", name="Add").click()
    added = desk["#provisions > li[data-section='115']"]
    expect(added).to_contain_text("added by you")
    added.locator("input[autocomplete]").fill("She was hit.")
    desk.approve("Narrative")
    assert "115" in model.of("narrative")[-1]
    desk.approve("Report")
    expect(desk["#obstacles"]).not_to_contain_text("115")


def test_what_somebody_else_answers_is_told_and_typed_words_stay(open_page, fir_service):
    session = begun(fir_service)
    desk = open_page(part=f"#session={session}")
    desk.at("Summary")
    desk["#gate-text"].fill("My own words.")
    gate = request(fir_service, "GET", f"/session/{session}/gate")
    edit = {"decision": "edit", "content": {"summary": "Somebody else's."}, "approved": False, "token": gate["token"]}
    request(fir_service, "POST", "/validate", {"session_id": session, **edit})
    desk["#approve"].click()
    expect(desk[".notice"]).to_contain_text("Something else is shown by now")
    expect(desk["#gate-text"]).to_have_value("Somebody else's.")
    expect(desk["#kept-draft"]).to_contain_text("My own words.")
    desk["#language"].click()  # what is said already stays as it was said
    expect(desk["#gate-title"]).to_have_text("सारांश")
    expect(desk[".notice"]).to_contain_text("Something else is shown by now")
    desk.allow("409")


def test_a_stage_that_fails_is_made_again_or_written_by_hand(open_page, fir_service, model):
    session = begun(fir_service)
    desk = open_page(part=f"#session={session}")
    desk.at("Summary")
    model.failing.add("narrative")
    try:
        desk.approve("Provisions")
        desk["#approve"].click()
        expect(desk["#gate-error"]).not_to_be_empty(timeout=MADE_MS)
    finally:
        model.failing.discard("narrative")
        request(fir_service, "POST", "/reliability/circuit-breaker/model_server/reset")
    expect(desk["#gate-title"]).to_have_text("Narrative")
    expect(desk["#approve"]).to_be_disabled()
    desk["#gate-text"].fill("The complainant's chain was snatched.")
    desk.approve("Report")
    expect(desk["#document"]).to_contain_text("The complainant's chain was snatched.")
    desk.allow("502")


MICROPHONE = """navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const tone = new OscillatorNode(context);
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  return out.stream;
};"""


def test_a_recording_comes_to_text_whose_numbers_are_to_be_confirmed(open_page, ears):
    desk = open_page(script=MICROPHONE)
    desk["label[for=way-spoken]"].click()
    desk["#record"].click()
    expect(desk["#complaint-state"]).to_contain_text("Recording, 1 s")
    desk["#record"].click()
    expect(desk["#recording-played"]).to_be_visible()
    desk["#begin"].click()
    desk.at("Transcript")
    expect(desk["#gate-text"]).to_have_value(HEARD)
    sent = ears.asked[-1].body
    assert b"RIFF" in sent
    assert b"WAVEfmt " in sent
    expect(desk["#gate-doubts mark.number"]).to_have_text(["nine thirty two", "9,000"])


def test_what_is_not_taken_is_said(open_page, tmp_path):
    desk = open_page()
    desk["#begin"].click()
    expect(desk["#complaint-problem"]).to_have_text("The complaint must have at least 10 characters, but has 0.")
    desk["label[for=way-written]"].click()
    desk["#begin"].click()
    expect(desk["#complaint-problem"]).to_contain_text("Type, record or choose something first")
    drawing = tmp_path / "page.png"
    drawing.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    desk["#image-file"].set_input_files(str(drawing))
    desk["#begin"].click()
    expect(desk["#complaint-problem"]).to_contain_text("must be JPEG or PNG, but begins with")
    desk.allow("415")


def test_the_page_speaks_hindi_whole(open_page, fir_service):
    desk = open_page(part=f"#session={begun(fir_service)}")
    desk.at("Summary")
    desk["#language"].click()
    expect(desk["#gate-title"]).to_have_text("सारांश")
    expect(desk["#approve"]).to_have_text("स्वीकार करें")
    expect(desk["html"]).to_have_attribute("lang", "hi")
    expect(desk["label[for=field-complainant_name]"]).to_contain_text("नाम")
    expect(desk["#history .what"].first).to_contain_text("बना")
    desk.page.reload()
    expect(desk["#gate-title"]).to_have_text("सारांश")
    left = desk.page.evaluate("""() => [...document.querySelectorAll("main *, .masthead *, dialog *")]
      .filter((one) => !one.closest("[lang=mul], textarea, .text, code, #language, .attribution, h1, kbd"))
      .flatMap((one) => [...one.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE))
      .map((node) => node.textContent.trim())
      .filter((text) => /^[A-Za-z ,.]{6,}$/.test(text))""")
    assert set(left) <= {"English", "Ramesh", "SI Meera Rao"}


def test_a_hindi_page_says_in_hindi_what_the_server_says_in_english(open_page, fir_service, model, tmp_path):
    desk = open_page(part=f"#session={begun(fir_service)}")
    desk.at("Summary")
    desk["#language"].click()
    drawing = tmp_path / "page.png"
    drawing.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    desk["label[for=way-written]"].click()
    desk["#image-file"].set_input_files(str(drawing))
    desk["#begin"].click()
    expect(desk["#complaint-problem"]).to_have_text("सत्र आरंभ नहीं हुआ: फ़ाइल JPEG या PNG नहीं है, उसका नाम जो भी हो।")
    model.failing.add("narrative")
    try:
        model.vague = True
        desk.approve("प्रावधान")
        provision = desk["#provisions li[data-section='304']"]
        expect(provision.locator(".state").first).to_have_text("मॉडल ने उत्तर नहीं दिया")
        expect(provision.locator("label").first).to_have_text("धारा 304, भारतीय न्याय संहिता, 2023 · झपटमारी")
        expect(provision.locator(".state").nth(1)).to_have_text("संज्ञेय: हाँ · ज़मानती: नहीं · न्यायालय: कोई भी मजिस्ट्रेट")
        expect(provision.locator(".state").nth(2)).to_have_text("दंड: 3 वर्ष तक का कारावास, और जुर्माना")
        for row in desk["#provisions > li"].all():
            row.locator("input[autocomplete]").fill("नहीं हुआ।")
        desk["#approve"].click()
        expect(desk["#gate-title"]).to_have_text("विवरण", timeout=MADE_MS)
        expect(desk["#gate-error"]).not_to_be_empty(timeout=MADE_MS)
    finally:
        model.vague = False
        model.failing.discard("narrative")
        request(fir_service, "POST", "/reliability/circuit-breaker/model_server/reset")
    desk["#gate-text"].fill("The complainant's chain was snatched.")
    desk.approve("रिपोर्ट")
    expect(desk["#obstacles li"].first).to_contain_text("आवश्यक है, और किसी ने नहीं बताया।")
    desk["#approve"].click()
    desk["#file"].click()
    desk["#confirm-yes"].click()
    expect(desk["#notices"]).to_have_text("रिपोर्ट दर्ज नहीं हुई: दर्ज करने की कुंजी ठीक नहीं है।हटाएँ")
    expect(desk["dialog[open]"]).to_have_count(0)
    desk["#filing-key"].fill(AUTH_KEY)
    desk["#file"].click()
    desk["#confirm-yes"].click()
    expect(desk["#notices"]).to_contain_text("रिपोर्ट दर्ज नहीं हो सकती: “शिकायतकर्ता: नाम” आवश्यक है")
    left = desk["#notices"].inner_text() + desk["#obstacles"].inner_text()
    assert not re.search("[A-Za-z]{4,}", left), left
    desk.allow("401", "415", "502", "409")


def test_what_expired_is_listed_and_goes_on(open_page, fir_service):
    session, reopened = begun(fir_service), []

    def expired(route):
        answered = route.fetch()
        route.fulfill(response=answered, json=answered.json() | ({} if reopened else {"status": "expired"}))

    def listed(route):
        rows = [] if reopened else [{"session_id": session, "status": "expired", "current_step": "summary_review"}]
        route.fulfill(json=rows)

    def reopen(route):
        reopened.append(route.request.method)
        route.fulfill(json={})

    desk = open_page()
    desk.page.route("**/fir/session/*/status", expired)
    desk.page.route("**/fir/sessions?status=expired*", listed)
    desk.page.route("**/fir/session/*/reopen", reopen)
    desk.page.reload()
    row = desk[f"#waiting button[data-session='{session}']"].filter(has_text="expired")
    row.last.click()
    expect(desk["#expired"]).to_contain_text("Nothing is lost")
    desk["#reopen"].click()
    expect(desk["#expired"]).to_be_hidden()
    assert reopened == ["POST"]


def test_the_page_fits_and_is_read(open_page, fir_service):
    desk = open_page(part=f"#session={begun(fir_service)}")

    def check():
        for width, scheme in LOOKS:
            desk.look(width, scheme)
            assert desk.problems() == [], (width, scheme)

    desk.at("Summary")
    desk["#gate-text"].fill("A gold chain was snatched near the market.")
    expect(desk["#gate-changes ins"].first).to_be_visible()
    check()
    desk.approve("Provisions")
    desk["#language"].click()
    expect(desk["#gate-title"]).to_have_text("प्रावधान")
    check()
    desk["#open-help"].click()
    check()
    desk.page.keyboard.press("Escape")
    desk["#open-key"].click()
    check()
