"""Questions to a vendor's HTTP interface: JSON there and back, and what each failure means for a submission."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from synqc.hardware.vendor import SubmissionRefused, VendorUnreachable

__all__ = ["HttpQuestions"]

_PATIENCE_S = 30.0
_MOST_BYTES = 256_000_000
_UNCERTAIN = (408, 409)
"""Answers of 4xx after which a request may have been carried out all the same."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key goes to the address that it was given for, and no further."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class HttpQuestions:
    """One interface, with the headers of an account.

    Args:
        vendor: Name of the vendor, for messages.
        base: Address that paths are appended to.
        headers: Headers of each request, such as that of the key; they are shown nowhere.
    """

    def __init__(self, vendor: str, base: str, headers: Mapping[str, str]) -> None:
        self._vendor = vendor
        self._base = base.rstrip("/")
        self._headers = {"content-type": "application/json", "user-agent": "synqc", **headers}
        self._opener = urllib.request.build_opener(_NoRedirect)

    def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        """Answer to one request, as JSON; each is sent once.

        Args:
            path: Path below the base, with its query.
            method: Method of the request.
            body: Document to send; None: none.

        Raises:
            SubmissionRefused: The answer says that the request was not carried out.
            VendorUnreachable: No answer came, or one that leaves that open.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=_PATIENCE_S) as response:
                answered = response.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                words = f"{self._vendor} answered {error.code}: {error.read(500).decode(errors='replace')}"
            if 400 <= error.code < 500 and error.code not in _UNCERTAIN:
                raise SubmissionRefused(words) from error
            raise VendorUnreachable(words) from error
        except (OSError, ValueError) as error:  # lost connections, and half an answer
            raise VendorUnreachable(f"{self._vendor} did not answer: {error}") from error
        if len(answered) > _MOST_BYTES:
            raise VendorUnreachable(f"{self._vendor} answered more than {_MOST_BYTES:,} bytes.")
        try:
            return json.loads(answered)
        except ValueError as error:
            raise VendorUnreachable(f"{self._vendor} answered what is no JSON: {error}") from error
