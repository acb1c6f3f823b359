"""The server put together: HTTP outside, the table of operations inside.

``http`` takes requests off the wire and bounds their size, ``answering`` carries each through signature, validation,
authorisation, transaction and answer, ``recording`` notes in the same transaction what was changed and by whom.
"""

from __future__ import annotations

from sagemaker_server.app.http import create_app

__all__ = ["create_app"]
