"""The replayer of recorded conversations accepts what is as recorded, and refuses each thing that is not."""

import pytest
from answer_pattern import Mismatch, parse
from conversation import Conversation, Exchange, replay

SHAPES = {"kpis": parse('{"fidelity": "<number 0..1>", "shots_used": "<integer from 1>"}')}
RECORDED = """{
  "run_id": "<run id: run>", "at": "<naive time>", "status": "idle", "text": "Idle · <text>", "fraction": 0.02,
  "kpis": "<kpis>", "last": "<kpis or null>", "again": "<run id: run>", "limit": 1000,
  "qubits": ["<integer 0..1>", "... 2"], "done": "<boolean>", "cell": "x,<number 0..1>\\n"
}"""
ANSWER = (
    '{"run_id":"x1-20260102T030405Z","at":"2026-01-02T03:04:05.678901","status":"idle","text":"Idle · é",'
    '"fraction":0.02,"kpis":{"fidelity":0.9,"shots_used":836},"last":null,"again":"x1-20260102T030405Z","limit":1000,'
    '"qubits":[0,1],"done":true,"cell":"x,0.5\\n"}'
)
JSON = {"content-type": "application/json", "x-kept": "1"}


def converse(answer=ANSWER, recorded=RECORDED, status=200, headers=JSON, **exchange):
    asked = []

    def ask(*request):
        asked.append(request)
        return status, headers, answer.encode()

    conversation = Conversation(
        client="somebody", shapes=SHAPES,
        exchanges=(
            Exchange(doing="first", ask="GET {P}/one", answer=recorded, **exchange),
            Exchange(doing="then", ask="POST {P}/runs/<run>", send='{"run":"<run>"}', status=status),
        ),
    )  # fmt: skip
    replay(conversation, ask)
    return asked


def test_what_is_as_recorded_is_accepted_and_names_are_used_later():
    asked = converse(answer_headers={"x-kept": "1"}, holds=('"limit":1000',), holds_one_of=("nothing", "again"))
    assert asked == [
        ("GET", "/api/v1/synqc/one", {}, None),
        ("POST", "/api/v1/synqc/runs/x1-20260102T030405Z", {}, b'{"run":"x1-20260102T030405Z"}'),
    ]


@pytest.mark.parametrize(
    ("is_there", "instead", "words"),
    [
        ('"at":"2026-01-02T03:04:05.678901","status":"idle"', '"status":"idle","at":"2026-01-02T03:04:05.678901"',
         "in this order"),
        ('"limit":1000', '"limit":1000,"more":1', "must have the members"),
        ('"limit":1000,', "", "must have the members"),
        ('"limit":1000', '"limit":1000,"limit":1000', "must have the members"),
        ('"shots_used":836', '"shots_used":836,"more":1', "$.kpis must have the members"),
        ('"limit":1000', '"limit": 1000', "white space"),
        ('"limit":1000', '"limit":\n1000', "white space"),
        ('"limit":1000', '"limit":1000.0', "$.limit must be"),
        ('"limit":1000', '"limit":"1000"', "$.limit must be"),
        ('"fraction":0.02', '"fraction":0.020', "$.fraction must be"),
        ('"fraction":0.02', '"fraction":2e-2', "$.fraction must be"),
        ('"fidelity":0.9', '"fidelity":1', "$.kpis.fidelity must be"),
        ('"fidelity":0.9', '"fidelity":1.1', "$.kpis.fidelity must be"),
        ('"fidelity":0.9', '"fidelity":"0.9"', "$.kpis.fidelity must be"),
        ('"fidelity":0.9', '"fidelity":null', "$.kpis.fidelity must be"),
        ('"fidelity":0.9', '"fidelity":NaN', "NaN is not JSON"),
        ('"shots_used":836', '"shots_used":836.0', "$.kpis.shots_used must be"),
        ('"shots_used":836', '"shots_used":0', "$.kpis.shots_used must be"),
        (".678901", ".678901Z", "$.at must be like"),
        (".678901", ".678", "$.at must be like"),
        ("x1-20260102T030405Z", "x1-20260102030405Z", "$.run_id must be like"),
        ('"again":"x1-20260102T030405Z"', '"again":"x1-20260102T030405Z-2"', "must be the run id 'run'"),
        ('"status":"idle"', '"status":"busy"', "$.status must be like"),
        ("Idle · é", "Idle", "$.text must be like"),
        ('"last":null', '"last":{}', "$.last must have the members"),
        ('"last":null', '"last":false', "$.last must be an object"),
        ('"qubits":[0,1]', '"qubits":[0,1,1]', "$.qubits must have 2 elements"),
        ('"qubits":[0,1]', '"qubits":[0,2]', "$.qubits[1] must be"),
        ('"qubits":[0,1]', '"qubits":{"0":0,"1":1}', "$.qubits must be an array"),
        ('"done":true', '"done":1', "$.done must be a JSON boolean"),
        ("x,0.5", "x,0.50", "shortest form"),
        ("x,0.5", "x,1.5", "$.cell must be"),
        ("}}", "", "not JSON"),
        ("", "[", "not JSON"),
    ],
)  # fmt: skip
def test_what_is_not_is_refused(is_there, instead, words):
    if is_there == "}}":
        changed = ANSWER[:-1]
    else:
        assert is_there in ANSWER
        changed = ANSWER.replace(is_there, instead, 1)
    with pytest.raises(Mismatch) as refused:
        converse(changed)
    assert words in str(refused.value)
    assert str(refused.value).startswith("somebody, exchange 1 (first): ")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"status": 201}, "status must be 200, but is 201"),
        ({"headers": {"x-kept": "1"}}, "header content-type must be there"),
        ({"headers": {"content-type": "text/plain"}}, "header content-type must be like"),
        ({"answer_headers": {"x-missing": "<text>"}}, "header x-missing must be there"),
        ({"answer_headers": {"x-kept": "2"}}, "header x-kept must be like"),
        ({"absent_headers": ("x-kept",)}, "header x-kept must not be there"),
        ({"holds": ('"limit": 1000',)}, "must hold"),
        ({"holds_one_of": ("nothing", "nowhere")}, "must hold one of"),
    ],
)
def test_status_headers_and_bytes_are_looked_at(wrong, words):
    with pytest.raises(Mismatch) as refused:
        converse(**wrong)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"access-control-allow-origin": "https://lab.example"}, "the origin null"),
        ({"access-control-allow-methods": "GET, POST"}, "does not allow DELETE"),
        ({"access-control-allow-headers": "content-type"}, "['x-api-key']"),
        ({}, None),
    ],
)
def test_a_preflight_must_allow_what_comes_after_it(allowed, words):
    right = {
        "access-control-allow-origin": "*", "access-control-allow-methods": "GET, DELETE",
        "access-control-allow-headers": "content-type,x-api-key",
    }  # fmt: skip

    def ask(method, path, headers, body):
        return 200, {**right, **allowed} if method == "OPTIONS" else JSON, b"{}"

    conversation = Conversation(
        client="page", preflight=True, headers={"origin": "null", "content-type": "a/b", "x-api-key": "k"},
        exchanges=(Exchange(doing="clear", ask="DELETE {P}/logs", answer="{}"),),
    )  # fmt: skip
    if words is None:
        replay(conversation, ask)
        return
    with pytest.raises(Mismatch) as refused:
        replay(conversation, ask)
    assert words in str(refused.value)


def test_a_recording_with_a_word_nobody_knows_is_no_recording():
    with pytest.raises(TypeError):
        Exchange(doing="a", ask="GET /", statuss=200)
    with pytest.raises(ValueError, match="no kind"):
        converse(recorded='{"run_id":"<time>"}', answer='{"run_id":"a"}')
