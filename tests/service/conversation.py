"""A recorded conversation: what a client asks in order, and what it relies on in the answers.

A recording is a TOML file: members of `Conversation` at its top, and an `[[exchange]]` with members of `Exchange` per
request. In `ask`, `{P}` is the prefix; in `ask` and `send`, `<name>` is what an earlier answer had at a placeholder of
that name.
"""

import re
import threading
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from answer_pattern import AnswerPattern, Mismatch, parse

PREFIX = "/api/v1/synqc"
RECORDINGS = Path(__file__).parent / "conversations"
_SHAPES = Path(__file__).with_name("conversation_shapes.toml")
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Args:
        doing: What the client is about.
        ask: Method and path.
        send: Body, sent as it is written.
        headers: Sent beside the conversation's.
        status: Of the answer.
        answer: Pattern of a JSON answer; without it the body is not looked at as JSON.
        answer_headers: Patterns of headers that must be there.
        absent_headers: Headers that must not be there.
        holds: Texts that the answer must hold, to the byte.
        holds_one_of: Texts of which the answer must hold at least one.
        until_it_answers_so: Asked again until the answer is as recorded, as pages poll.
        begins: Name of a request that is asked on the side, while the next exchanges go on.
        ends: Name of such a request: nothing is asked, its answer is looked at.
    """

    doing: str
    ask: str = ""
    send: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    answer: str | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    absent_headers: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    holds_one_of: tuple[str, ...] = ()
    until_it_answers_so: bool = False
    begins: str | None = None
    ends: str | None = None


@dataclass(frozen=True)
class Conversation:
    """What one client says.

    Args:
        client: Who, in words.
        exchanges: In order.
        service: The service it talks to: `open`, or `guarded` by keys and without a language model.
        headers: Sent with each request.
        preflight: A browser asks before each request whether it may send it.
        model_says: What the language model behind the service answers.
        shapes: Patterns by name.
    """

    client: str
    exchanges: tuple[Exchange, ...]
    service: str = "open"
    headers: dict[str, str] = field(default_factory=dict)
    preflight: bool = False
    model_says: str = ""
    shapes: dict[str, object] = field(default_factory=dict)

    @classmethod
    def read(cls, path):
        """Of a recording."""
        shapes = tomllib.loads(_SHAPES.read_text())
        recording = tomllib.loads(path.read_text())
        exchanges = tuple(Exchange(**exchange) for exchange in recording.pop("exchange"))
        return cls(exchanges=exchanges, shapes={name: parse(text) for name, text in shapes.items()}, **recording)


def replay(conversation, ask):
    """Say what a client says, and raise Mismatch at the first answer that is not as recorded.

    Args:
        conversation: What it says.
        ask: ask(method, path, headers, body) gives (status, headers with lower-case names, body).
    """
    pattern = AnswerPattern(conversation.shapes)
    begun = {}
    for number, exchange in enumerate(conversation.exchanges, 1):
        where = f"{conversation.client}, exchange {number} ({exchange.doing})"
        try:
            if exchange.ends is not None:
                compare(pattern, exchange, begun.pop(exchange.ends).answer())
                continue
            method, path, headers, body = request_of(conversation, exchange, pattern.named)
            if conversation.preflight:
                compare_preflight(method, headers, ask("OPTIONS", path, preflight_of(method, headers), None))
            if exchange.begins is not None:
                begun[exchange.begins] = OnTheSide(ask, method, path, headers, body)
            elif exchange.until_it_answers_so:
                ask_until(pattern, exchange, lambda asked=(method, path, headers, body): ask(*asked))
            else:
                compare(pattern, exchange, ask(method, path, headers, body))
        except Mismatch as error:
            raise Mismatch(f"{where}: {error}") from None
    if begun:
        raise ValueError(f"{conversation.client}: nobody waits for the end of {sorted(begun)}")


def request_of(conversation, exchange, named):
    """(method, path, headers, body)"""

    def filled(text):
        return re.sub(r"<([^<>]+)>", lambda found: named[found[1]], text)

    method, path = exchange.ask.split(" ", 1)
    body = None if exchange.send is None else filled(exchange.send).encode()
    return method, filled(path.replace("{P}", PREFIX)), {**conversation.headers, **exchange.headers}, body


def compare(pattern, exchange, answered):
    """Raises Mismatch unless an answer is as recorded."""
    status, headers, body = answered
    if status != exchange.status:
        raise Mismatch(f"status must be {exchange.status}, but is {status}: {body[:500]!r}")
    expected = dict(exchange.answer_headers)
    if exchange.answer is not None:
        expected.setdefault("content-type", "application/json")
    for name, value in expected.items():
        if name not in headers:
            raise Mismatch(f"header {name} must be there, but is not")
        pattern.check_text(value, headers[name], f"header {name}")
    for name in exchange.absent_headers:
        if name in headers:
            raise Mismatch(f"header {name} must not be there, but is {headers[name]!r}")
    if exchange.answer is not None:
        pattern.check_json(exchange.answer, body)
    for text in exchange.holds:
        if text.encode() not in body:
            raise Mismatch(f"the answer must hold {text!r}: {body[:500]!r}")
    if exchange.holds_one_of and not any(text.encode() in body for text in exchange.holds_one_of):
        raise Mismatch(f"the answer must hold one of {exchange.holds_one_of}: {body[:500]!r}")


def ask_until(pattern, exchange, ask):
    """Ask again and again until the answer is as recorded."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            compare(pattern, exchange, ask())
        except Mismatch:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return


def preflight_of(method, headers):
    """What a browser asks with before it sends a request from another origin."""
    unsafe = sorted(name for name in headers if name != "origin")
    return {
        "origin": headers["origin"],
        "access-control-request-method": method,
        "access-control-request-headers": ",".join(unsafe),
    }


def compare_preflight(method, headers, answered):
    """Raises Mismatch unless a browser would send the request now."""
    status, allowed, _ = answered
    if status != 200:
        raise Mismatch(f"the status of its preflight must be 200, but is {status}")
    if allowed.get("access-control-allow-origin") not in ("*", headers["origin"]):
        raise Mismatch(f"its preflight does not allow the origin {headers['origin']}: {allowed}")
    if method not in [one.strip() for one in allowed.get("access-control-allow-methods", "").split(",")]:
        raise Mismatch(f"its preflight does not allow {method}: {allowed}")
    names = [one.strip().lower() for one in allowed.get("access-control-allow-headers", "").split(",")]
    missing = {name for name in headers if name != "origin"} - set(names)
    if missing:
        raise Mismatch(f"its preflight does not allow the headers {sorted(missing)}: {allowed}")


class OnTheSide:
    """A request on a thread of its own."""

    def __init__(self, ask, *request):
        self._answered = None

        def work():
            self._answered = ask(*request)

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def answer(self):
        """Wait for it."""
        self._thread.join(_PATIENCE_S)
        if self._answered is None:
            raise Mismatch(f"no answer within {_PATIENCE_S:g} s")
        return self._answered
