"""What can keep the stack from doing what was asked: one class a cause, each shown to the user as one line."""

from __future__ import annotations


class StackError(Exception):
    """Root of what the command answers with one line instead of a traceback."""


class SettingRefused(StackError):
    """A setting has a value that the stack cannot or must not run with; the message names the variable."""


class PortTaken(StackError):
    """Something else listens on a port; the message names the port and the variable that changes it."""


class ToolMissing(StackError):
    """A program or an environment that the stack needs is not there; the message says how to get it."""


class NotRunning(StackError):
    """The command needs a running stack and there is none."""


class Stopping(StackError):
    """The stack is on its way down and takes no orders."""


class NotHealthy(StackError):
    """A part did not become healthy; the message names it and shows the end of its log."""
