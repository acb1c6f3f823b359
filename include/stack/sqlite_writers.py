"""How Airflow's processes share one SQLite file; read by Airflow itself, by the name of ``CONNECT_ARGS``.

SQLite admits one writer at a time and by default gives up on the second after five seconds, or at once where it has
read before it writes; Airflow answers that with a 500. Here a writer says so from its first statement on, and waits.
"""

from __future__ import annotations

from typing import Any

CONNECT_ARGS: dict[str, Any] = {"timeout": 60.0, "isolation_level": "IMMEDIATE"}
"""Arguments of ``sqlite3.connect``: seconds that a writer waits for another, and how its transactions begin."""
