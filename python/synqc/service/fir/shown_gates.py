"""Registry of what each client was shown last: the gate that an approval without a token is of.

Clients of old approve without saying what. Such an approval is of what its officer was last shown by an answer that had
been sent when it came: one that is sent again, because its answer was lost or is late, names what was approved already
and has no second effect, and a gate that nobody has seen is approved by nobody.
"""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["ShownGates"]

_MOST = 100_000


class ShownGates:
    """Tokens by session and officer, the newest 100,000; used in one event loop."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[str, str], str] = OrderedDict()

    def of(self, session_id: str, officer: str) -> str | None:
        """What they were last shown of a session; None: nothing, as far as is known."""
        return self._tokens.get((session_id, officer))

    def note(self, session_id: str, officer: str, token: str) -> None:
        """An answer that shows it was sent to them."""
        self._tokens[session_id, officer] = token
        self._tokens.move_to_end((session_id, officer))
        if len(self._tokens) > _MOST:
            self._tokens.popitem(last=False)
