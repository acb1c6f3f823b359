"""Data capture: what endpoints were asked and answered, written to the store as SageMaker writes it.

``rules`` says what of an exchange is captured and how it is put into a line, ``spool`` keeps the lines on disk until
the store has taken them, ``sending`` takes them there, ``losses`` counts and tells what could not be kept.
``Captures`` is what the rest of the runtime sees.

A line is written to the spool before the request is answered, so a server that is killed loses none that were
answered; the disk is not flushed for each, so a power cut may. The place in the store is decided when a segment of the
spool is begun: one that is sent twice overwrites itself. A request never waits for the store.
"""

from __future__ import annotations

from sagemaker_server.runtime.capture.captures import Captures
from sagemaker_server.runtime.capture.rules import CaptureRule, Content, Exchange

__all__ = ["CaptureRule", "Captures", "Content", "Exchange"]
