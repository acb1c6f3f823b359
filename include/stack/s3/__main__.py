"""``python -m stack.s3``: the guarded object store listens; run by the Python of its own environment."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from sagemaker_server.signature import Principals
from stack.s3.guard import Guard


def main() -> None:
    """Listen on the address of the settings until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    bucket, landing = os.environ["MODEL_GOVERNANCE_BUCKET"], os.environ["MODEL_GOVERNANCE_LANDING_BUCKET"]
    principals = Principals.load(
        Path(os.environ["SAGEMAKER_SERVER_PRINCIPALS"]), Path(os.environ["SAGEMAKER_SERVER_POLICIES"])
    )
    guard = Guard(
        app,
        principals,
        region=os.environ["AWS_DEFAULT_REGION"],
        bucket=bucket,
        buckets=frozenset({bucket, landing}),
    )
    config = Config()
    config.bind = [f"{os.environ['MODEL_GOVERNANCE_HOST']}:{os.environ['MODEL_GOVERNANCE_S3_PORT']}"]
    config.include_server_header = False
    asyncio.run(serve(guard, config))


if __name__ == "__main__":
    main()
