"""Errors of storage, as those are told who asked for something."""

from __future__ import annotations

from synqc.errors import SynqcError

__all__ = ["NotOwner", "StorageUnavailable", "UnusableDatabase"]


class StorageUnavailable(SynqcError):
    """What was asked for could not be stored, and was not done; a later attempt may succeed."""

    code = "storage_unavailable"


class NotOwner(StorageUnavailable):
    """Another service owns the database, or this one cannot know whether it still does."""

    code = "not_owner"


class UnusableDatabase(StorageUnavailable):
    """The database is there, but it is no database of this SynQc."""

    code = "unusable_database"
