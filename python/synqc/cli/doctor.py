"""`synqc doctor`: what was found on this machine."""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import os
import platform
import subprocess
import sys
from typing import Any

from synqc import _core
from synqc._version import __version__
from synqc.cli.server_check import check_server
from synqc.cli.tables import json_text, table
from synqc.errors import SynqcError
from synqc.measure.fingerprint import processor, usable_threads

__all__ = ["add_command", "findings"]

# Optional package, and what it is for.
_OPTIONAL = {
    "plotly": "pictures",
    "kaleido": "static pictures (.png)",
    "xarray": "to_xarray()",
    "ipykernel": "notebooks",
    "nbclient": "notebooks, executed",
    "scipy": "tests and benchmarks",
    "qutip": "tests and benchmarks",
    "dynamiqs": "benchmarks",
    "xllamacpp": "language models in this process",
}
_MISSING = "not installed"


def add_command(commands: Any) -> None:
    """Declare `synqc doctor`."""
    parser = commands.add_parser(
        "doctor",
        description="Show what was found: versions, processor, threads, optional packages, browser, and each "
        "setting of the service with its origin.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    parser.add_argument("--url", help="check a running server instead, for example http://127.0.0.1:8000")
    parser.add_argument("--api-key", help="for a server that wants one; default: the first of SYNQC_API_KEYS")
    parser.set_defaults(act=_act)


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _browser_version(browser: str | None) -> str | None:
    if browser is None:
        return None
    try:
        answer = subprocess.run(
            [browser, "--version", "--no-sandbox"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def findings() -> dict[str, Any]:
    """Everything `synqc doctor` shows, as plain values; None where nothing was found.

    Examples:
        >>> findings()["synqc"]["version"] == __version__
        True
    """
    from synqc.lab.plots.files import find_browser

    browser = find_browser()
    return {
        "synqc": {"version": __version__, "core": str(_core.__file__), **_core.build_info()},
        "python": {
            "version": platform.python_version(),
            "executable": sys.executable,
            "numpy": _version_of("numpy"),
        },
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "threads": usable_threads(),
        },
        "optional": {name: _version_of(name) for name in _OPTIONAL},
        "browser": {"path": browser, "version": _browser_version(browser)},
        "language_model": _language_model(),
        "components": _components(),
        "settings": _settings(),
    }


def _language_model() -> str | None:
    """Which would answer the agent of a service started here, in one sentence; None without the extra."""
    if _version_of("pydantic-settings") is None:
        return None
    from synqc.apps.tds.settings import TdsSettings
    from synqc.llm.choice import choose

    settings = TdsSettings.from_environment()
    try:
        return choose(settings, model=settings.agent_model, task="numbers").words
    except SynqcError as error:
        return str(error)


def _components() -> list[dict[str, Any]] | None:
    """Models and programs for texts, speech and pictures; None without the extra that says where models lie."""
    if _version_of("pydantic-settings") is None:
        return None
    from synqc.llm.components_here import components_here
    from synqc.llm.model_files import ModelDirectory
    from synqc.llm.providers.local import LocalModelSettings

    directory = ModelDirectory(LocalModelSettings.from_environment().models_dir)
    return [one.to_plain() for one in components_here(directory)]


def _settings() -> list[dict[str, str]] | None:
    """Of a service started here, with their origins; None without the extra."""
    if _version_of("pydantic-settings") is None:
        return None
    from synqc.environment import Environment
    from synqc.service.applications import settings_in_use

    return [dataclasses.asdict(setting) for setting in settings_in_use(Environment())]


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for section in ("synqc", "python", "machine"):
        lines.append(section)
        lines += [
            f"  {name.replace('_', ' '):<14}{value if value is not None else _MISSING}"
            for name, value in found[section].items()
        ]
    lines.append("optional packages")
    lines += [f"  {name:<14}{version or _MISSING:<15}{_OPTIONAL[name]}" for name, version in found["optional"].items()]
    lines.append("browser for static pictures")
    browser = found["browser"]
    if browser["path"] is None:
        lines.append("  none: install chromium, or set BROWSER_PATH; pages (.html) need none")
    else:
        lines.append(
            f"  {browser['path']}"
            + (f" ({browser['version']})" if browser["version"] else " (does not answer to --version)")
        )
    lines.append("language model that would answer the agent")
    lines.append(f"  {found['language_model'] or 'none: pip install ' + repr('synqc[service,local]')}")
    lines.append("models of this machine for texts, meanings, speech and pictures")
    if found["components"] is None:
        lines.append("  none: pip install 'synqc[local]'")
    else:
        lines += [f"  {one['role']:<11}{one['name']:<26}{_state(one)}" for one in found["components"]]
    lines.append("settings of a service started here")
    if found["settings"] is None:
        lines.append("  none: pip install 'synqc[service]'")
    else:
        lines += [f"  {one['variable']:<30}{one['value']:<22} {one['origin']}" for one in found["settings"]]
    return lines


def _state(component: dict[str, Any]) -> str:
    if component["missing"]:
        return f"missing: {component['missing']}"
    languages = component["languages"]
    if languages is None:
        return f"ready: {component['good_for']}"
    told = [*languages["able"], *(f"{one} roughly" for one in languages["rough"])]
    told += [f"not {one}" for one in languages["unable"]]
    return f"ready: {', '.join(told)}"


def _act(arguments: argparse.Namespace) -> bool:
    if arguments.url is not None:
        return _check(arguments)
    found = findings()
    sys.stdout.write((json_text(found) if arguments.json else "\n".join(_lines(found))) + "\n")
    return False


def _check(arguments: argparse.Namespace) -> bool:
    keys = [key.strip() for key in os.environ.get("SYNQC_API_KEYS", "").split(",") if key.strip()]
    checks = check_server(arguments.url, arguments.api_key or (keys[0] if keys else None))
    if arguments.json:
        sys.stdout.write(json_text([dataclasses.asdict(check) for check in checks]) + "\n")
    else:
        sys.stdout.write(table(["", "check", "found"], [
            ["ok" if check.passed else "FAILED", check.what, check.found] for check in checks
        ]) + "\n")  # fmt: skip
    failed = [check.what for check in checks if not check.passed]
    if failed:
        raise SynqcError(
            f"The server at {arguments.url} failed {len(failed)} of {len(checks)} checks: {', '.join(failed)}."
        )
    return False
