"""Which adapter and which vendor's service a backend's name belongs to, and whether its account is there."""

from __future__ import annotations

import os
from pathlib import Path

from synqc.errors import InputError, UnknownName
from synqc.hardware.backend import Backend, Price
from synqc.hardware.emulated_vendor import EmulatedVendor
from synqc.hardware.play import backend_named
from synqc.hardware.vendor import Vendor
from synqc.lab._near_words import near_words

__all__ = ["VENDORS", "is_local", "missing_credentials", "open_backend", "open_vendor"]

VENDORS = ("ibm", "braket", "ionq")


def open_vendor(name: str) -> Vendor:
    """Service of a backend, such as "ibm:ibm_fez", by the account that its own client finds.

    Raises:
        UnknownName: Jobs are sent to no such vendor.
        MissingExtra: Its client is not installed.
        InputError: No account is there.
        VendorUnreachable: No answer came.

    Examples:
        >>> type(open_vendor("ibm:fake_manila")).__name__
        'EmulatedVendor'
        >>> open_vendor("abacus:one")
        Traceback (most recent call last):
        synqc.errors.UnknownName: Argument `name` must be ibm:<backend>, ..., but is 'abacus:one'.
    """
    vendor, backend = _parts(name)
    if is_local(name):
        return EmulatedVendor(backend_named(name))
    if vendor == "ibm":
        from synqc.hardware.ibm_service import ibm_service

        return ibm_service(backend)
    if vendor == "braket":
        from synqc.hardware.braket_service import braket_service

        return braket_service(backend)
    from synqc.hardware.ionq_service import ionq_service

    return ionq_service(backend)


def open_backend(name: str, *, price: Price | None = None) -> Backend:
    """Adapter of a backend, to plan with; for machines it asks the vendor what it has.

    Args:
        name: "<vendor>:<backend>".
        price: Price that the account is charged; None: not known.

    Raises:
        UnknownName, MissingExtra, InputError, VendorUnreachable: As `open_vendor`.
    """
    vendor, backend = _parts(name)
    if is_local(name):
        return backend_named(name)
    if vendor == "ibm":
        from synqc.hardware.ibm import IbmBackend, ibm_backend

        return IbmBackend(ibm_backend(backend).backend, price=price)
    if vendor == "braket":
        from synqc.hardware.braket_service import braket_backend

        return braket_backend(backend, price=price)
    from synqc.hardware.ionq_service import ionq_backend

    return ionq_backend(backend, price=price)


def is_local(name: str) -> bool:
    """Whether a backend is played in this process, and so needs no account.

    Examples:
        >>> [is_local(name) for name in ("ibm:fake_manila", "ibm:ibm_fez", "braket:braket_dm", "ionq:simulator")]
        [True, False, True, False]
    """
    vendor, backend = _parts(name)
    if vendor == "ibm":
        return backend == "aer" or backend.startswith("fake_")
    return vendor == "braket" and not backend.startswith("arn:")


def missing_credentials(name: str) -> str | None:
    """What a backend's account lacks on this machine, in words; None if nothing. Nobody is asked.

    Examples:
        >>> missing_credentials("ibm:fake_manila") is None
        True
    """
    vendor, _ = _parts(name)
    if is_local(name):
        return None
    if vendor == "ibm":
        stored = Path.home() / ".qiskit" / "qiskit-ibm.json"
        has = os.environ.get("QISKIT_IBM_TOKEN", "").strip() or stored.is_file()
        return None if has else "set QISKIT_IBM_TOKEN, or store an account of qiskit-ibm-runtime"
    if vendor == "ionq":
        return None if os.environ.get("IONQ_API_KEY", "").strip() else "set IONQ_API_KEY"
    lacks = []
    shared = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials")
    if not (os.environ.get("AWS_ACCESS_KEY_ID", "").strip() or os.environ.get("AWS_PROFILE") or shared.is_file()):
        lacks.append("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    if not os.environ.get("AMZN_BRAKET_OUT_S3_BUCKET", "").strip():
        lacks.append("AMZN_BRAKET_OUT_S3_BUCKET")
    return f"set {', '.join(lacks)}" if lacks else None


def _parts(name: str) -> tuple[str, str]:
    if not isinstance(name, str):
        raise InputError(f"Argument `name` must be a text, but is {type(name).__name__}.")
    vendor, _, backend = name.partition(":")
    if vendor not in VENDORS or not backend:
        near = [] if vendor in VENDORS else near_words(vendor, VENDORS)
        told = f"; near it: {', '.join(near)}" if near else ""
        forms = ", ".join(f"{one}:<backend>" for one in VENDORS[:-1])
        raise UnknownName(f"Argument `name` must be {forms} or {VENDORS[-1]}:<backend>, but is {name[:200]!r}{told}.")
    return vendor, backend
