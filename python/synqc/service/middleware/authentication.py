"""Who may ask: keys of the service and of an application, tickets of streams, and how often wrong keys are heard."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from starlette.types import Scope

from synqc.service.doors import Door
from synqc.service.middleware.client_address import ClientAddress
from synqc.service.middleware.rate_limit import RateLimit
from synqc.service.middleware.refusal import Refusal
from synqc.service.tickets import Tickets

__all__ = ["Authentication", "KeyPolicy", "Keys", "shown_in_headers"]

_TRACES_OF_PROXIES = (b"forwarded", b"via", b"x-forwarded-for")
_KEY_IN_LOGGED_ADDRESS = (
    "A proxy writes addresses down, so a key in one is not taken: use a header or a ticket (POST tickets)."
)


class Keys:
    """Keys; without any, everybody is let in.

    >>> Keys(("one", "two")).found_in([b"three", b"two"])
    b'two'
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def __bool__(self) -> bool:
        return bool(self._keys)

    def found_in(self, shown: Iterable[bytes]) -> bytes | None:
        """The first that is among what was shown. Each is compared in full, so that time tells nothing."""
        found = None
        for one in shown:
            for key in self._keys:
                if hmac.compare_digest(one, key):
                    found = key
        return found


def shown_in_headers(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Values of `X-API-Key`, and of `Authorization` after `Bearer`.

    >>> shown_in_headers([(b"authorization", b"bearer one"), (b"x-api-key", b"two")])
    [b'one', b'two']
    """
    shown = []
    for name, value in headers:
        if name == b"x-api-key":
            shown.append(value)
        elif name == b"authorization" and value[:7].lower() == b"bearer ":
            shown.append(value[7:].strip())
    return shown


@dataclass(frozen=True, kw_only=True)
class KeyPolicy:
    """How an application is shown keys.

    Args:
        keys: Its own, beside those of the service, which open every application.
        shown_in: What its clients show, in the headers of a request.
        words: Words of the refusal without a right one.
        challenge: `WWW-Authenticate` of that refusal.
    """

    keys: Keys = field(default_factory=Keys)
    shown_in: Callable[[Iterable[tuple[bytes, bytes]]], list[bytes]] = shown_in_headers
    words: str = "A valid key is required, as X-API-Key or as Authorization: Bearer."
    challenge: bytes = b'Bearer realm="SynQc"'


class Authentication:
    """Refuses who shows no right key, or asks too often.

    Args:
        policy: Policy of the application.
        keys: Keys of the service.
        tickets: What opens streams besides.
        addresses: Whom to count where no key is shown.
        rates: None: everybody may ask as often as they like.
    """

    def __init__(
        self, policy: KeyPolicy, keys: Keys, tickets: Tickets, addresses: ClientAddress, rates: RateLimit | None
    ) -> None:
        self._policy = policy
        self._keys = keys
        self._tickets = tickets
        self._addresses = addresses
        self._rates = rates
        challenge = ((b"www-authenticate", policy.challenge),)
        self._no_key = Refusal(401, policy.words, challenge)
        self._key_in_logged_address = Refusal(401, _KEY_IN_LOGGED_ADDRESS, challenge)
        self._asks_for_keys = bool(keys or policy.keys)
        self.lets_everybody_in = not self._asks_for_keys and rates is None

    def refusal(self, scope: Scope, door: Callable[[], Door], secrets_in_query: dict[str, str]) -> Refusal | None:
        """Why a request goes no further.

        The address comes first: one that has used up its wrong keys is not told whether the next one is right.
        """
        if self.lets_everybody_in:
            return None
        address = ""
        if self._rates is not None:
            if door() is Door.UNLIMITED:
                return None
            address = self._addresses.of(scope)
            refusal = self._rates.refusal(("failures", address), take=False)
            if refusal is not None:
                return refusal
        if not self._asks_for_keys:
            return self._limited(address)
        shown = self._policy.shown_in(scope["headers"])
        key = self._found_in(shown)
        if key is None and door() is Door.STREAM:
            if self._tickets.spend(secrets_in_query.get("ticket", "")):
                return self._limited(address)
            if "api_key" in secrets_in_query:
                if any(name in _TRACES_OF_PROXIES for name, _ in scope["headers"]):
                    return self._key_in_logged_address
                shown.append(secrets_in_query["api_key"].encode())
                key = self._found_in(shown[-1:])
            elif "ticket" in secrets_in_query:
                shown.append(b"")
        if key is not None:
            return self._limited(key)
        if door() in (Door.OPEN, Door.UNLIMITED):
            return self._limited(address)
        return self._limited(("failures", address) if shown else address) or self._no_key

    def _found_in(self, shown: list[bytes]) -> bytes | None:
        return self._keys.found_in(shown) or self._policy.keys.found_in(shown)

    def _limited(self, who: object) -> Refusal | None:
        return self._rates.refusal(who) if self._rates is not None else None
