"""The command line: `synqc run | sweep | presets | targets | doctor | bench`."""

from synqc.cli.main import main

__all__ = ["main"]
