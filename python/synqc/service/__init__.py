"""The applications over HTTP. Needs the extra `service`."""

from synqc.service.application import create_app

__all__ = ["create_app"]
