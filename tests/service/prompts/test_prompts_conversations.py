"""Families of clients of synthetic prompts say what they say, and get the answers they rely on, to the byte."""

from pathlib import Path

import pytest
from conversation import Conversation, replay

CONVERSATIONS = [Conversation.read(path) for path in sorted((Path(__file__).parent / "conversations").glob("*.toml"))]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.client)
def test_a_client_gets_what_it_relies_on(open_service, conversation):
    client = open_service(rules={"sound": 0.9, "failing": 0.6})

    def ask(method, path, headers, body):
        answer = client.request(method, path, headers=headers, content=body)
        return answer.status_code, dict(answer.headers), answer.content

    replay(conversation, ask)


def test_every_recording_is_replayed():
    assert [one.client for one in CONVERSATIONS] == ["README's commands", "specification's queue"]
