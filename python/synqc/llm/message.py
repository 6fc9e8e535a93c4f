"""One message of a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from synqc.errors import InputError
from synqc.llm.tools import ToolCall

__all__ = ["ImageUrl", "Message"]

_ROLES: Final = ("system", "user", "assistant", "tool")
_DETAILS: Final = ("auto", "low", "high")
_ADDRESSES: Final = ("https://", "http://", "data:image/")


@dataclass(frozen=True)
class ImageUrl:
    """A picture within a message; the server fetches it, nobody here does.

    Args:
        url: Its address, or the picture itself as `data:image/png;base64,...`.
        detail: How closely it is looked at: "auto", "low" or "high".

    Raises:
        InputError: It is no such address, or there is no such detail.
    """

    url: str
    detail: str = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.url, str) or not self.url.lower().startswith(_ADDRESSES):
            raise InputError(f"Argument `url` must begin with {', '.join(_ADDRESSES)}, but is {self.url!r:.60}.")
        if self.detail not in _DETAILS:
            raise InputError(f"Argument `detail` must be one of {', '.join(_DETAILS)}, but is {self.detail!r:.60}.")

    def to_sent(self) -> dict[str, Any]:
        """As OpenAI's protocol has it."""
        address = {"url": self.url} if self.detail == "auto" else {"url": self.url, "detail": self.detail}
        return {"type": "image_url", "image_url": address}


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    Args:
        role: Whose it is; "tool" gives the result of a call.
        content: Its text.
        parts: Texts and pictures in their order, where it has pictures; `content` holds the texts then.
        tool_calls: Calls that an assistant's message asked for.
        tool_call_id: Which of them a tool's message answers.
        speaker: Name of who speaks, where several have one role.

    Raises:
        InputError: Nobody has that role, the content is no text, or a role has what it cannot have.

    Examples:
        >>> picture = ImageUrl("https://example.org/trace.png")
        >>> Message("user", "What is this?", parts=("What is this?", picture)).to_sent()["content"][1]["type"]
        'image_url'
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    parts: tuple[str | ImageUrl, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    speaker: str = ""

    def __post_init__(self) -> None:
        if self.role not in _ROLES:
            raise InputError(f"Argument `role` must be one of {', '.join(_ROLES)}, but is {self.role!r}.")
        if not isinstance(self.content, str):
            raise InputError(f"Argument `content` must be a text, but is {type(self.content).__name__}.")
        if self.parts and (self.role != "user" or "".join(one for one in self.parts if isinstance(one, str)) !=
                           self.content):  # fmt: skip
            raise InputError(
                "Argument `parts` must be of a user's message, whose `content` is their texts, but is not."
            )
        if self.tool_calls and self.role != "assistant":
            raise InputError(f"Argument `tool_calls` must be an assistant's, but the role is {self.role!r}.")
        if (self.role == "tool") != bool(self.tool_call_id):
            raise InputError(
                f"Argument `tool_call_id` must be given for the role 'tool' alone, but the role is {self.role!r} and "
                f"it is {self.tool_call_id!r:.60}."
            )

    @property
    def has_images(self) -> bool:
        """Whether it holds pictures."""
        return any(isinstance(one, ImageUrl) for one in self.parts)

    def to_sent(self) -> dict[str, Any]:
        """As OpenAI's protocol has it."""
        content: Any = self.content
        if self.parts:
            content = [{"type": "text", "text": one} if isinstance(one, str) else one.to_sent() for one in self.parts]
        sent: dict[str, Any] = {"role": self.role, "content": content}
        if self.tool_calls:
            sent["tool_calls"] = [one.to_sent() for one in self.tool_calls]
            sent["content"] = self.content or None
        if self.tool_call_id:
            sent["tool_call_id"] = self.tool_call_id
        if self.speaker:
            sent["name"] = self.speaker
        return sent
