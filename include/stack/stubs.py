"""``python -m stack.stubs``: stands in for the systems around the examples' models, on loopback; for nothing else.

A use case's ``stubs.json`` is what its feature source would know: ``{"features": {"<entity>": {"<feature>": ...}}}``.
``GET /<use case>/features/<entity>`` answers one of them, ``POST /<use case>/predictions`` takes a prediction and
acknowledges it. Nothing is kept.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_USE_CASE = re.compile(r"[a-z0-9](-?[a-z0-9]){0,39}")
_LARGEST_BODY = 65_536


def application(use_cases: Path) -> Starlette:
    """The stand-ins of every use case in a folder.

    Args:
        use_cases: The folder of use cases; read at each request.
    """

    async def features(request: Request) -> JSONResponse:
        name, entity = request.path_params["use_case"], request.path_params["entity"]
        found = _stubs(use_cases, name).get("features", {}).get(entity)
        if not isinstance(found, dict):
            return JSONResponse({"error": f"no entity {entity!r} of {name!r} in its stubs.json"}, 404)
        return JSONResponse({"entity": entity, "features": found})

    async def predictions(request: Request) -> JSONResponse:
        try:
            told = json.loads((await request.body())[:_LARGEST_BODY])
            entity, prediction = told["entity"], told["prediction"]
        except (ValueError, KeyError, TypeError) as fault:
            return JSONResponse({"error": f"no prediction of an entity: {fault!r}"}, 422)
        if isinstance(prediction, bool) or not isinstance(prediction, int | float | list):
            return JSONResponse({"error": "the prediction is no number"}, 422)
        return JSONResponse({"accepted": True, "entity": entity}, 202)

    async def ping(_: Request) -> JSONResponse:
        return JSONResponse({})

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/{use_case}/features/{entity}", features),
            Route("/{use_case}/predictions", predictions, methods=["POST"]),
        ]
    )


def _stubs(use_cases: Path, name: str) -> dict[str, Any]:
    """What a use case has for its stand-ins; nothing where it has nothing."""
    if not _USE_CASE.fullmatch(name):
        return {}
    try:
        found = json.loads((use_cases / name / "stubs.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def main() -> None:
    """Serve until told to stop."""
    uvicorn.run(
        application(Path(os.environ["MODEL_GOVERNANCE_USE_CASES"])),
        host=os.environ["MODEL_GOVERNANCE_HOST"],
        port=int(os.environ["MODEL_GOVERNANCE_STUBS_PORT"]),
        access_log=False,
    )


if __name__ == "__main__":
    main()
