"""File systems of their own for tests, mounted where that is allowed.

A test that needs one skips where it cannot be had. In CI, as root with the right to mount (CAP_SYS_ADMIN, which is
tried out), it fails instead: a proof that ran yesterday must not stop running unseen.
"""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def memory_disk(folder, megabytes):
    """A tmpfs at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount_or_skip("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Ext4Disk:
    """An ext4 in a file, mounted at `folder` through a loop device; the kernel turns it read-only at its first error.

    Args:
        folder: Where it is mounted; the file lies beside it.
    """

    def __init__(self, folder):
        self.folder = folder
        self._image = folder.with_suffix(".img")

    @classmethod
    @contextmanager
    def made(cls, folder, megabytes):
        """A new one, until the block ends."""
        if not (Path("/dev/loop-control").exists() and "ext4" in Path("/proc/filesystems").read_text()):
            pytest.skip("the kernel offers no loop devices or no ext4")
        folder.mkdir(parents=True, exist_ok=True)
        disk = cls(folder)
        with disk._image.open("wb") as image:
            image.truncate(megabytes * 1_000_000)
        _run_or_skip("mkfs.ext4", "-q", "-F", str(disk._image))
        disk.mount()
        try:
            yield disk
        finally:
            if os.path.ismount(folder):
                subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def mount(self):
        _mount_or_skip("-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def unmount(self):
        """Nobody may have a file open on it."""
        subprocess.run(["umount", str(self.folder)], check=True)

    def repair(self):
        """As an operator does before mounting it again."""
        done = subprocess.run(["e2fsck", "-f", "-y", str(self._image)], capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stdout + done.stderr  # clean, or all errors corrected

    def report_an_error(self):
        """Have the kernel meet an error on it."""
        found = subprocess.run(
            ["findmnt", "--noheadings", "--output", "SOURCE", str(self.folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        Path(f"/sys/fs/ext4/{Path(found.stdout.strip()).name}/trigger_fs_error").write_text("test\n")


def _mount_or_skip(*arguments):
    _run_or_skip("mount", *arguments)


def _run_or_skip(*command):
    if shutil.which(command[0]) is None:
        words = "is not installed"
    else:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return
        words = done.stderr.strip()
    reason = f"no file system can be mounted here: {' '.join(command)}: {words}"
    if os.environ.get("CI") and _may_mount():
        pytest.fail(reason)
    pytest.skip(reason)


def _may_mount():
    """Whether this process has CAP_SYS_ADMIN: a mount namespace needs it too, and changes nothing."""
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return os.geteuid() == 0 and tried.returncode == 0
