"""A JupyterLab of its own for a test: its server, its settings, and pages of Chromium in it."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from waiting import wait_until

THEMES = ("JupyterLab Light", "JupyterLab Dark")
_SETTINGS = {
    # Every cell is drawn, not only those in sight.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


class JupyterLab:
    """A server in a folder of its own; it speaks to this machine alone and asks nobody for anything."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.root.mkdir()
        self._home = folder
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self._port = chosen.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        for name, values in _SETTINGS.items():
            self.set(name, values)
        self._log = (folder / "jupyterlab.log").open("wb")
        options = {
            "ServerApp.ip": "127.0.0.1", "ServerApp.port": self._port, "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.root, "IdentityProvider.token": "", "ServerApp.allow_root": True,
            "ServerApp.open_browser": False, "LabApp.expose_app_in_browser": True,
        }  # fmt: skip
        places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        home = {f"JUPYTER_{place}": str(folder / place.lower()) for place in places} | {
            "HOME": str(folder),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())],
            cwd=self.root, env={**os.environ, **home}, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        wait_until(self._answers)

    def set(self, name: str, values: dict[str, object]) -> None:
        """Settings of a plugin, `@package/plugin`, for pages that are opened from now on."""
        path = self._home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def open(self, context, notebook: str, theme: str):
        """A page of a notebook, whose outputs are all drawn."""
        self.set("@jupyterlab/apputils-extension/themes", {"theme": theme})
        page = context.new_page()
        page.goto(f"{self.address}/lab/workspaces/{notebook.split('.')[0]}/tree/{notebook}?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
        page.wait_for_selector(f"body[data-jp-theme-name='{theme}']", state="attached", timeout=30_000)
        return page

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._home / "jupyterlab.log").read_text()
        try:
            with urllib.request.urlopen(f"{self.address}/api", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False
