"""What people read fits a terminal of 80 columns, without colour where NO_COLOR is set."""

import os
import pty
import re
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "command", [["presets"], ["targets"], ["presets", "ibm_fez"], ["targets", "ionq"], ["run", "--help"]]
)
def test_a_terminal_of_80_columns_is_enough_and_no_colour_is_kept_to(command, tmp_path):
    """On a real terminal: a pipe gets whole lines."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "LINES": "24", "NO_COLOR": "1", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "synqc", *command], stdout=slave, stderr=slave, env=environment, cwd=tmp_path
    ) as process:
        os.close(slave)
        written = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            written += part
    os.close(master)
    assert process.returncode == 0
    lines = written.decode().replace("\r\n", "\n").split("\n")
    assert len(lines) > 3
    assert not re.search("\x1b\\[", written.decode())
    assert [line for line in lines if len(line) > 80] == []
