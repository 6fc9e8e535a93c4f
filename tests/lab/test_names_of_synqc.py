"""What `import synqc` offers is there as an attribute, and loaded by nothing but its use."""

import subprocess
import sys


def test_every_module_is_an_attribute_once_it_is_asked_for():
    program = (
        "import sys, synqc\n"
        "assert not [name for name in synqc._MODULES if f'synqc.{name}' in sys.modules]\n"
        "assert {*synqc._MODULES, *synqc.__all__} <= set(dir(synqc))\n"
        "assert all(getattr(synqc, name).__name__ == f'synqc.{name}' for name in synqc._MODULES)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
