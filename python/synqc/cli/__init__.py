"""The command line: `synqc COMMAND`, one module for each (`synqc.cli.commands`)."""

from synqc.cli.main import main

__all__ = ["main"]
