"""The embedded object store: ministack's S3 behind a guard, in an environment of its own.

``guard`` is the ASGI application, ``request`` says what an S3 request asks for, ``ledger_rule`` keeps ledgers
append-only, ``__main__`` listens. ``pyproject.toml`` and ``uv.lock`` beside them lock the environment.
Only ministack, hypercorn, the standard library and ``sagemaker_server.signature`` are imported.
"""
