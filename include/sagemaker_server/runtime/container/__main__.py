"""The toolkit's entry: runs ``training`` or ``serving`` under the package name that it has without its parents."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> int:
    """Runs the part that the first argument names.

    Returns:
        The part's exit status.
    """
    here = Path(__file__).resolve().parent
    sys.path[0] = str(here.parent)
    part = importlib.import_module(f"{here.name}.{sys.argv[1]}")
    sys.path.pop(0)
    status: int = part.main()
    return status


if __name__ == "__main__":
    sys.exit(main())
