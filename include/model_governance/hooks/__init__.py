"""The only doors out of the process: each module carries to and from one service and decides nothing.

``aws`` gives clients and turns their failures into this package's errors; ``kept_connection`` is the short way to the
embedded server for a signature. On it stand the registry (``model_registry``,
``model_cards``, ``changes``, ``lineage``, ``approvals``), what serves (``endpoints``, ``endpoint_configs``), the
object store (``artifacts``, ``ledger`` with its ``signer``, ``sent_notices``) and the organisation's files
(``configuration``, ``source_code``).
``installation`` ties them together: it is what stages, triggers, pages and commands are handed.
"""
