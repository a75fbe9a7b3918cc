"""Disks that fill: a small one of the machine's memory, or a limit on what a process may write."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_MB = 160
_BALLAST = "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk at an empty folder until the block ends; False where one may not mount."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    try:
        is_mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", folder], check=True)


def is_small(folder: Path) -> bool:
    """Whether a small disk is mounted at a folder."""
    return folder.is_mount()


def fill(folder: Path) -> None:
    """Leave no room on the small disk at a folder."""
    with (folder / _BALLAST).open("ab") as file:
        while left := os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize:
            try:
                os.posix_fallocate(file.fileno(), file.tell(), left)
            except OSError:
                return
            file.seek(0, os.SEEK_END)


def free(folder: Path) -> None:
    """Make room again."""
    (folder / _BALLAST).unlink()


def limit_files(pid: int, size: int = resource.RLIM_INFINITY) -> None:
    """Let a process write no file beyond so many bytes from now on, as `ulimit -f` does."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
