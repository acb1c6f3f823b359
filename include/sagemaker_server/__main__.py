"""``python -m sagemaker_server``: the server started from the environment's settings, ended by SIGTERM or SIGINT."""

from __future__ import annotations

import logging
import signal
import socket
import sys

import uvicorn

from sagemaker_server.app import create_app
from sagemaker_server.errors import ServerMisconfigured
from sagemaker_server.settings import Settings

_SECONDS_TO_FINISH_CALLS = 10
_log = logging.getLogger("sagemaker_server")


def main() -> int:
    """Serve until told to end.

    Returns:
        The exit status: 0 after an orderly end, 1 when the server cannot start.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environment()
        listening = _listen(settings)
        app = create_app(settings)
    except ServerMisconfigured as fault:
        sys.stderr.write(f"sagemaker_server cannot start: {fault}\n")
        return 1
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH_CALLS,
    )
    # uvicorn repeats the signal that ended it once it is done: by then there is nothing left to end.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _log.info("listening on http://%s:%s", *listening.getsockname()[:2])
    uvicorn.Server(config).run(sockets=[listening])
    return 0


def _listen(settings: Settings) -> socket.socket:
    if not settings.listens_on_loopback_only and not settings.allow_wider_than_loopback:
        raise ServerMisconfigured(
            f"SAGEMAKER_SERVER_HOST is {settings.host!r}, which other machines can reach; set "
            "SAGEMAKER_SERVER_ALLOW_WIDER_THAN_LOOPBACK=true if that is meant, and put TLS in front of it"
        )
    try:
        return socket.create_server((settings.host, settings.port), backlog=512)
    except OSError as fault:
        raise ServerMisconfigured(
            f"{settings.host}:{settings.port} cannot be listened on ({fault.strerror}); set SAGEMAKER_SERVER_PORT"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
