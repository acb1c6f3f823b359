"""A model script's functions (``model_fn``, ``input_fn``, ``predict_fn``, ``output_fn``, ``transform_fn``) and what
stands in for those it leaves out, apart from how requests reach them."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

JSON, CSV, NPY, LIBSVM = "application/json", "text/csv", "application/x-npy", "text/libsvm"
TEXTS = (JSON, CSV)
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, csv.Error)
"""What reading a body may raise when the body is at fault."""


class RequestRefused(Exception):
    """The caller's fault: the body cannot be read (400), or the content type is unknown (415)."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class ScriptFaulty(Exception):
    """The script's fault: a function is missing, or returned what cannot be sent."""


@dataclass(frozen=True)
class Answer:
    """What goes back to the caller.

    Attributes:
        body: The bytes.
        content_type: Their type.
    """

    body: bytes
    content_type: str


class Model:
    """A loaded model with the functions that stand between it and a request."""

    def __init__(self, folder: Path, program: Path | None) -> None:
        """Loads script and model.

        Args:
            folder: The unpacked ``model.tar.gz``.
            program: The script; None runs the defaults alone.

        Raises:
            ScriptFaulty: The script defines ``transform_fn`` beside the functions that it replaces.
        """
        script = None if program is None else load_script(program)
        model_fn = getattr(script, "model_fn", default_model_fn)
        self._transform_fn: Callable[..., Any] | None = getattr(script, "transform_fn", None)
        replaced = [name for name in ("input_fn", "predict_fn", "output_fn") if hasattr(script, name)]
        if self._transform_fn is not None and replaced:
            raise ScriptFaulty(f"transform_fn replaces input_fn, predict_fn and output_fn; also defined: {replaced}")
        self._input_fn: Callable[..., Any] = getattr(script, "input_fn", default_input_fn)
        self._predict_fn: Callable[..., Any] = getattr(script, "predict_fn", default_predict_fn)
        self._output_fn: Callable[..., Any] = getattr(script, "output_fn", default_output_fn)
        self._model = model_fn(str(folder))

    def transform(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Answers a request.

        Args:
            body: As sent.
            content_type: Of the body; JSON and CSV reach the script as text, everything else as bytes.
            accept: What the caller wants back.

        Raises:
            RequestRefused: The body cannot be read.
            ScriptFaulty: The script returned what cannot be sent.
        """
        content: bytes | str = body
        if media_type(content_type) in TEXTS:
            try:
                content = body.decode()
            except UnicodeDecodeError as fault:
                raise RequestRefused(f"the body is not UTF-8: {fault}") from None
        if self._transform_fn is not None:
            return to_answer(self._transform_fn(self._model, content, content_type, accept), accept)
        given = self._read(content, content_type)
        return to_answer(self._output_fn(self._predict_fn(given, self._model), accept), accept)

    def _read(self, content: bytes | str, content_type: str) -> Any:
        """The body as the model takes it; a value that does not fit is taken for the caller's fault."""
        try:
            return self._input_fn(content, content_type)
        except UNREADABLE as fault:
            raise RequestRefused(
                f"the body cannot be read as {content_type}: {type(fault).__name__}: {fault}"
            ) from fault


def load_script(program: Path) -> ModuleType:
    """The script as a module; its folder goes on the path, as in AWS's containers."""
    sys.path.insert(0, str(program.parent))
    specification = importlib.util.spec_from_file_location(program.stem, program)
    assert specification is not None and specification.loader is not None  # noqa: S101 - a .py file always has both
    script = importlib.util.module_from_spec(specification)
    sys.modules[program.stem] = script
    specification.loader.exec_module(script)
    return script


def default_model_fn(folder: str) -> Any:
    """An XGBoost booster, from the one model file that there is.

    Raises:
        ScriptFaulty: The image has no XGBoost, or there is not exactly one model file.
    """
    files = sorted(path for path in Path(folder).iterdir() if path.suffix in (".json", ".ubj"))
    if importlib.util.find_spec("xgboost") is None:
        raise ScriptFaulty("the script defines no model_fn, and this image knows no format to load by itself")
    if len(files) != 1:
        raise ScriptFaulty(f"without a model_fn there must be one .json or .ubj file, not {[f.name for f in files]}")
    xgboost = importlib.import_module("xgboost")
    booster = xgboost.Booster()
    booster.load_model(files[0])
    return booster


def default_input_fn(content: bytes | str, content_type: str) -> Any:
    """A two-dimensional array of the body; an XGBoost matrix in an image that has XGBoost, as in AWS's.

    Raises:
        RequestRefused: The content type is none of JSON, CSV, NPY (and LIBSVM with XGBoost).
    """
    kind = media_type(content_type)
    if importlib.util.find_spec("xgboost") is None:
        return _to_array(content, kind)
    xgboost = importlib.import_module("xgboost")
    if kind != LIBSVM:
        return xgboost.DMatrix(_to_array(content, kind))
    with tempfile.NamedTemporaryFile(suffix=".libsvm") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        return xgboost.DMatrix(f"{file.name}?format=libsvm")


def default_predict_fn(given: Any, model: Any) -> Any:
    """What the model's own ``predict`` says."""
    return model.predict(given)


def default_output_fn(prediction: Any, accept: str) -> Answer:
    """The prediction as JSON, CSV (a row a line) or NPY.

    Raises:
        RequestRefused: The caller accepts none of them (406).
    """
    numpy = importlib.import_module("numpy")
    kind = media_type(accept)
    array = numpy.asarray(prediction)
    if kind == JSON:
        return Answer(json.dumps(array.tolist()).encode(), JSON)
    if kind == CSV:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(numpy.atleast_2d(array.T).T.tolist())
        return Answer(text.getvalue().encode(), CSV)
    if kind == NPY:
        buffer = io.BytesIO()
        numpy.save(buffer, array, allow_pickle=False)
        return Answer(buffer.getvalue(), NPY)
    raise RequestRefused(f"Accept {accept!r} is none of {JSON}, {CSV}, {NPY}", status=406)


def to_answer(result: Any, accept: str) -> Answer:
    """What a script returned, as bytes: text, bytes, or a pair of those and a content type.

    Raises:
        ScriptFaulty: It is none of these.
    """
    if isinstance(result, Answer):
        return result
    content_type = media_type(accept)
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], str):
        result, content_type = result
    if isinstance(result, str):
        return Answer(result.encode(), content_type)
    if isinstance(result, bytes | bytearray):
        return Answer(bytes(result), content_type)
    raise ScriptFaulty(f"the script answered with {type(result).__name__}; text or bytes can be sent")


def media_type(header: str) -> str:
    """The type that a ``Content-Type`` or ``Accept`` header begins with, without parameters."""
    return header.split(",", maxsplit=1)[0].split(";", maxsplit=1)[0].strip().lower()


def _to_array(content: bytes | str, kind: str) -> Any:
    """Rows of numbers, float64, shape (n_rows, n_columns)."""
    numpy = importlib.import_module("numpy")
    if kind == JSON:
        array = numpy.array(json.loads(content), dtype=float)
    elif kind == CSV:
        text = content if isinstance(content, str) else content.decode()
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
        array = numpy.array([[float(value or "nan") for value in row] for row in rows], dtype=float)
    elif kind == NPY and isinstance(content, bytes):
        array = numpy.load(io.BytesIO(content), allow_pickle=False)
    else:
        raise RequestRefused(f"content type {kind!r} is none of {JSON}, {CSV}, {NPY}", status=415)
    if array.size == 0:
        raise RequestRefused("the body holds no row")
    return numpy.atleast_2d(array)
