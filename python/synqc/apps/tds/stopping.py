"""What is told to whoever asks for work while the service is shutting down."""

from __future__ import annotations

from synqc.errors import SynqcError

__all__ = ["ServiceStopping"]


class ServiceStopping(SynqcError):
    """Nothing is begun any more; the service that comes next does it."""

    code = "service_stopping"

    def __init__(self) -> None:
        super().__init__("The service is shutting down: ask again when it is back.")
