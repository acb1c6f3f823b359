"""Makes the environments of all images ahead of time, so that the first job does not wait for it."""

from __future__ import annotations

import sys

from sagemaker_server.runtime.images import ImageNotPrepared, interpreter, known_images
from sagemaker_server.settings import Settings


def main() -> int:
    """Prepares every image; names each with its interpreter, or with what went wrong.

    Returns:
        0, or 1 if an image could not be prepared.
    """
    environments = Settings.from_environment().environments
    failed = False
    for image in known_images():
        try:
            print(f"{image.repository}:{image.tags[-1]}  {interpreter(image, environments)}")
        except ImageNotPrepared as fault:
            failed = True
            print(fault, file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
