"""Script mode: what SageMaker's framework images do between ``docker run`` and a team's training script."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import IO, Any

from .archives import ArchiveRefused, unpack

REASON_LENGTH = 700
NOT_ARGUMENTS = "sagemaker_"

_end_is_near = threading.Event()


class ScriptRefused(Exception):
    """The script cannot be started; the message says why."""


def main() -> int:
    """Unpacks the source, runs the program with its hyperparameters, and leaves ``output/failure`` if it fails.

    Returns:
        The script's exit status; 1 if it could not be started.
    """
    signal.signal(signal.SIGTERM, _note_end)
    folder = Path(sys.argv[2])
    try:
        configuration = _configuration(folder)
        program = _program(folder, configuration["hyperparameters"])
        arguments = to_arguments(_arguments_of(configuration["hyperparameters"]))
        environment = os.environ | to_environment(folder, configuration, arguments)
    except (ScriptRefused, ArchiveRefused) as refusal:
        return _fail(folder, str(refusal), 1)
    command = [sys.executable, "-u", program, *arguments]
    print(f"Invoking script: {shlex.join(['python', program, *arguments])}", flush=True)
    status, last_words = _run(command, folder / "code", environment)
    if status == 0:
        return 0
    ending = f"ExitCode {status}" if status > 0 else f"Killed by {signal.Signals(-status).name}"
    reason = f'ExecuteUserScriptError:\n{ending}\nErrorMessage "{last_words}"\nCommand "{shlex.join(command[2:])}"'
    return _fail(folder, reason, status if status > 0 else 128 - status)


def decode(value: str) -> Any:
    """A hyperparameter as its author meant it: they travel as JSON in strings, and some clients send plain strings."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def to_arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """``--name value`` for each hyperparameter, sorted by name; a single letter gets a single dash."""
    arguments: list[str] = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        if isinstance(value, dict):
            value = ",".join(f"{key}={value[key]}" for key in sorted(value))
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", str(value)]
    return arguments


def to_environment(folder: Path, configuration: dict[str, Any], arguments: list[str]) -> dict[str, str]:
    """The ``SM_...`` variables of a training container.

    Args:
        folder: What ``/opt/ml`` is in AWS's containers.
        configuration: The files of ``input/config``, by name.
        arguments: The script's arguments.
    """
    hyperparameters = _arguments_of(configuration["hyperparameters"])
    resources, channels = configuration["resourceconfig"], configuration["inputdataconfig"]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    variables: dict[str, Any] = {
        "SM_MODEL_DIR": folder / "model",
        "SM_OUTPUT_DIR": folder / "output",
        "SM_OUTPUT_DATA_DIR": folder / "output" / "data",
        "SM_OUTPUT_INTERMEDIATE_DIR": folder / "output" / "intermediate",
        "SM_INPUT_DIR": folder / "input",
        "SM_INPUT_CONFIG_DIR": folder / "input" / "config",
        "SM_MODULE_DIR": folder / "code",
        "SM_MODULE_NAME": Path(decode(configuration["hyperparameters"]["sagemaker_program"])).stem,
        "SM_USER_ENTRY_POINT": decode(configuration["hyperparameters"]["sagemaker_program"]),
        "SM_CHANNELS": sorted(channels),
        "SM_HPS": hyperparameters,
        "SM_USER_ARGS": arguments,
        "SM_INPUT_DATA_CONFIG": channels,
        "SM_RESOURCE_CONFIG": resources,
        "SM_HOSTS": resources["hosts"],
        "SM_CURRENT_HOST": resources["current_host"],
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_NUM_CPUS": processors,
        "SM_NUM_GPUS": 0,
        "SM_LOG_LEVEL": 20,
    }
    variables |= {f"SM_CHANNEL_{name.upper()}": folder / "input" / "data" / name for name in channels}
    variables |= {f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()}
    return {name: json.dumps(v) if isinstance(v, dict | list) else str(v) for name, v in variables.items()}


def _note_end(*_: object) -> None:
    """On SIGTERM: the script gets it too, and decides what to do with the time that is left."""
    _end_is_near.set()


def _configuration(folder: Path) -> dict[str, Any]:
    files = ("hyperparameters", "inputdataconfig", "resourceconfig")
    return {name: json.loads((folder / "input" / "config" / f"{name}.json").read_text()) for name in files}


def _arguments_of(hyperparameters: dict[str, str]) -> dict[str, Any]:
    return {name: decode(value) for name, value in hyperparameters.items() if not name.startswith(NOT_ARGUMENTS)}


def _program(folder: Path, hyperparameters: dict[str, str]) -> str:
    """Unpacks the source and finds the program in it.

    Raises:
        ScriptRefused: It is not there, lies outside, or is no Python file.
    """
    code = folder / "code"
    unpack(folder / "input" / "sourcedir.tar.gz", code)
    program = str(decode(hyperparameters["sagemaker_program"]))
    if not program.endswith(".py"):
        raise ScriptRefused(f"sagemaker_program {program!r} is not a Python file")
    if not (code / program).resolve().is_relative_to(code.resolve()):
        raise ScriptRefused(f"sagemaker_program {program!r} lies outside the source")
    if not (code / program).is_file():
        there = ", ".join(sorted(path.name for path in code.iterdir())[:20])
        raise ScriptRefused(f"sagemaker_program {program!r} is not in sagemaker_submit_directory, which has: {there}")
    if (code / "requirements.txt").exists():
        print("requirements.txt is not installed: the image's environment is locked", file=sys.stderr, flush=True)
    return program


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Runs the script; its errors go on to the log, and their last lines are kept for the failure reason."""
    script = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE)
    if _end_is_near.is_set():  # the signal came before there was a script to get it
        script.terminate()
    last_lines: deque[bytes] = deque(maxlen=40)
    assert script.stderr is not None  # noqa: S101 - asked for above
    listener = threading.Thread(target=_listen, args=(script.stderr, last_lines), daemon=True)
    listener.start()
    status = script.wait()
    listener.join(timeout=0.5)  # a process that the script left behind may hold the pipe open
    return status, b"".join(last_lines).decode(errors="replace").strip()[-REASON_LENGTH:]


def _listen(stream: IO[bytes], last_lines: deque[bytes]) -> None:
    while line := stream.readline(8192):
        last_lines.append(line)
        os.write(2, line)


def _fail(folder: Path, reason: str, status: int) -> int:
    """Leaves the reason where SageMaker looks for it, with paths as they are in AWS's containers."""
    reason = reason.replace(str(folder), "/opt/ml")
    failure = folder / "output" / "failure"
    if not failure.exists():
        failure.write_text(reason)
    print(reason, file=sys.stderr, flush=True)
    return status
