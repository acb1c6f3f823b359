"""The folder of the serving processes' unix sockets: open to the server's own user alone, and short enough a path."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

LONGEST_PATH = 100  # the kernel's bound is 108 bytes, on some systems 104
LONGEST_NAME = 24


def socket_folder(home: Path) -> Path:
    """The folder, made if absent: in the server's home, or under the system's temporary folder if that is too deep.

    Args:
        home: The server's home.

    Raises:
        PermissionError: Somebody else made a folder of that name, or opened it to others.
    """
    folder = home.resolve() / "sockets"
    if len(str(folder)) + LONGEST_NAME > LONGEST_PATH:
        digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"sagemaker-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{folder} must be a folder of user {os.getuid()} that nobody else can open")
    return folder
