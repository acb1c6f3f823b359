"""What the server can do: a file per API resource, a function per API action, each registered under the action's name.

``call`` holds the table and what every function is given. Importing this package registers all of them.
"""

from __future__ import annotations

import importlib
import pkgutil

from sagemaker_server.operations.call import (
    Call,
    Operation,
    Scope,
    actions_of,
    operation,
    registered,
    registered_at_once,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["Call", "Operation", "Scope", "actions_of", "operation", "registered", "registered_at_once"]
