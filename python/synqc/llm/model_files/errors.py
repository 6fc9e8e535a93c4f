"""What may be wrong with files of models.

SynqcError
  NoSuchModel (also InputError)   no known model has that name
  ModelFileDamaged                a file is not the one that its name promises
  ModelSourceFailed               a place where it could be had did not give it
  NoRoomForModel                  the disk is too full for what is to be got
"""

from __future__ import annotations

from synqc.errors import InputError, SynqcError

__all__ = ["ModelFileDamaged", "ModelSourceFailed", "NoRoomForModel", "NoSuchModel"]


class NoSuchModel(InputError):
    """No known model has that name."""

    code = "no_such_model"


class ModelFileDamaged(SynqcError):
    """A file is not the one that its name promises, by size or hash."""

    code = "model_file_damaged"


class ModelSourceFailed(SynqcError):
    """A place where a model could be had did not give it."""

    code = "model_source_failed"


class NoRoomForModel(SynqcError):
    """The disk is too full for what is to be got."""

    code = "no_room_for_model"
