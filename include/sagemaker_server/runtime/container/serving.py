"""A model over HTTP as SageMaker's containers answer it: ``GET /ping`` and ``POST /invocations``, on a unix socket."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .archives import unpack
from .handlers import JSON, Answer, Model, RequestRefused, ScriptFaulty

THREADS = 4
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 406: "Not Acceptable", 415: "Unsupported Media Type"}
IN_CONTAINER = "/opt/ml/model"

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Application:
    """The WSGI application of one model; the script runs one request at a time, as it may in a worker of AWS's."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._one_at_a_time = threading.Lock()

    def __call__(self, environment: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answers ``/ping`` and ``/invocations``."""
        route = (environment["REQUEST_METHOD"], environment["PATH_INFO"])
        if route == ("GET", "/ping"):
            status, answer = 200, Answer(b"", JSON)
        elif route == ("POST", "/invocations"):
            status, answer = self._invoke(environment)
        else:
            status, answer = 404, Answer(b"only GET /ping and POST /invocations", "text/plain")
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        start_response(f"{status} {REASONS.get(status, 'Internal Server Error')}", headers)
        return [answer.body]

    def _invoke(self, environment: dict[str, Any]) -> tuple[int, Answer]:
        body = environment["wsgi.input"].read()
        content_type = environment.get("CONTENT_TYPE") or JSON
        accept = environment.get("HTTP_ACCEPT") or "*/*"
        if accept == "*/*":
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        try:
            with self._one_at_a_time:
                answer = self._model.transform(body, content_type, accept)
            _check_header(answer.content_type)
        except RequestRefused as refusal:
            return refusal.status, Answer(str(refusal).encode(), "text/plain")
        except Exception as fault:  # whatever a script raises is answered, logged, and survived
            traceback.print_exc()
            return 500, Answer(f"{type(fault).__name__}: {fault}".encode(), "text/plain")
        return 200, answer


def main() -> int:
    """Unpacks and loads the model, then serves it until it is ended.

    The arguments: the container's folder with ``model.tar.gz`` (and ``sourcedir.tar.gz``, if the model names one),
    and the socket to listen on.

    Returns:
        Never, in the good case; 1 if there is nothing to serve.
    """
    folder, socket = Path(sys.argv[2]), sys.argv[3]
    try:
        model_folder = folder / "model"
        model_folder.mkdir()
        if (folder / "model.tar.gz").exists():
            unpack(folder / "model.tar.gz", model_folder)
        model = Model(model_folder, find_program(folder))
    except Exception:  # the log is where a script's author looks
        traceback.print_exc()
        return 1
    waitress = importlib.import_module("waitress")
    waitress.serve(
        Application(model),
        unix_socket=socket,
        unix_socket_perms="600",
        threads=THREADS,
        ident=None,
        max_request_body_size=128 << 20,
        clear_untrusted_proxy_headers=True,
    )
    return 0


def find_program(folder: Path) -> Path | None:
    """The script that ``SAGEMAKER_PROGRAM`` names, in the source or in the model's ``code/``; None: there is none.

    Raises:
        ScriptFaulty: A script is named and is not there.
    """
    code = folder / "model" / "code"
    directory = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if (folder / "sourcedir.tar.gz").exists():
        code = folder / "code"
        unpack(folder / "sourcedir.tar.gz", code)
    elif directory.startswith(IN_CONTAINER):
        code = folder / "model" / directory.removeprefix(IN_CONTAINER).strip("/")
    named = os.environ.get("SAGEMAKER_PROGRAM")
    program = (code / (named or "inference.py")).resolve()
    if not program.is_relative_to(folder.resolve()):
        raise ScriptFaulty(f"SAGEMAKER_PROGRAM {named!r} lies outside the model")
    if not program.is_file():
        if named is not None:
            raise ScriptFaulty(f"SAGEMAKER_PROGRAM {named!r} is neither in the source nor in the model's code/")
        return None
    return program


def _check_header(value: str) -> None:
    if not value.isprintable() or not value.isascii():
        raise ScriptFaulty(f"the script answered with content type {value!r}, which no header can carry")
