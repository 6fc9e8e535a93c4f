"""Clients of both older versions say what they say, and get the answers they rely on."""

from pathlib import Path

import pytest
from conversation import Conversation, replay

CONVERSATIONS = [Conversation.read(path) for path in sorted((Path(__file__).parent / "conversations").glob("*.toml"))]
SERVICES = {
    "open": {},
    "guarded": {"keys": (("officer", "SI Meera Rao", "page-key-1"),)},
    "filing by session": {"auth_key": None},
}  # fmt: skip


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.client)
def test_a_client_gets_what_it_relies_on(open_fir, conversation):
    client = open_fir(**SERVICES[conversation.service])

    def ask(method, path, headers, body):
        answer = client.request(method, path, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content

    replay(conversation, ask)


def test_every_recording_is_replayed():
    assert [one.client for one in CONVERSATIONS] == ["later version", "original page", "performance script"]
