"""How clients of First Information Reports show keys, and whose a key is."""

from __future__ import annotations

from collections.abc import Iterable

from synqc.apps.fir.roles import Grant, Role
from synqc.apps.fir.settings import FirSettings
from synqc.service.middleware.authentication import KeyPolicy, Keys, shown_in_headers

__all__ = ["grant_of", "key_policy"]


def key_policy(settings: FirSettings) -> KeyPolicy:
    """Keys of these settings, shown as `X-API-Key` or as `Authorization`, with `Bearer` or bare."""
    return KeyPolicy(
        keys=Keys(key for _, _, key in settings.keys), shown_in=_shown_in,
        words="A valid key is required, as X-API-Key or as Authorization.",
        challenge=b'Bearer realm="First Information Reports"',
    )  # fmt: skip


def grant_of(settings: FirSettings, headers: Iterable[tuple[bytes, bytes]]) -> Grant:
    """Who asks, of a request that was let in.

    A key that is nobody's own is the service's, whose holder may do everything, as everybody may where there is none.

    >>> settings = FirSettings(keys=(("auditor", "A. Sen", "k-7654321"),))
    >>> grant_of(settings, [(b"x-api-key", b"k-7654321")])
    Grant(role=<Role.AUDITOR: 'auditor'>, name='A. Sen')
    >>> grant_of(FirSettings(), []).role.value
    'supervisor'
    """
    shown = _shown_in(headers)
    found = Grant(Role.SUPERVISOR, settings.officer)
    for role, name, key in settings.keys:
        if Keys((key,)).found_in(shown) is not None:
            found = Grant(Role(role), name)
    return found


def _shown_in(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    listed = list(headers)
    values = [value.strip() for name, value in listed if name == b"authorization"]
    return [*shown_in_headers(listed), *(value for value in values if value and b" " not in value)]
