"""Which proxy leads to a server."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from synqc.llm.endpoint import Endpoint

__all__ = ["proxy_of"]


def proxy_of(endpoint: Endpoint) -> str | None:
    """The proxy that the environment names for this address; none leads to this machine itself.

    >>> proxy_of(Endpoint(base_url="http://localhost:11434/v1", api_key="k")) is None
    True
    """
    if endpoint.is_on_this_machine:
        return None
    address = urlsplit(endpoint.base_url)
    if proxy_bypass(address.netloc):
        return None
    named = getproxies_environment()
    return named.get(address.scheme) or named.get("all") or None
