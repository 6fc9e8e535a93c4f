"""Which vendor's service a backend's name belongs to."""

from __future__ import annotations

from synqc.errors import UnknownName
from synqc.hardware.vendor import Vendor

__all__ = ["open_vendor"]


def open_vendor(name: str) -> Vendor:
    """Service of a machine, such as "ibm:ibm_fez", by the account that its own client has stored.

    Raises:
        UnknownName: Jobs are sent to no such vendor.
        MissingExtra: Its client is not installed.
        VendorUnreachable: No account is stored, or no answer came.

    Examples:
        >>> open_vendor("abacus:one")
        Traceback (most recent call last):
        synqc.errors.UnknownName: Argument `name` must begin with a vendor ..., but is 'abacus:one'.
    """
    vendor, _, machine = name.partition(":")
    if vendor != "ibm":
        raise UnknownName(f"Argument `name` must begin with a vendor to which jobs are sent, ibm:, but is {name!r}.")
    from synqc.hardware.ibm_service import ibm_service

    return ibm_service(machine)
