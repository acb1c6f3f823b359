"""Bias metrics against a bare scan, against smclarify, and the fliptest by itself.

10,000,000 rows of 20 columns in Parquet, three facets: every count-based metric with its interval against a bare
group-by of the same columns by the same engine, in alternation; peak memory of each. The same at 1,000,000 rows against
smclarify 0.5 in an environment of its own, values compared. ``BENCH_BIAS_ROWS`` and ``BENCH_BIAS_PEER_ROWS`` make both
smaller; a ratio to smclarify at fewer than 1,000,000 rows says what it was extrapolated from.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from tests.benchmarks.measure import Figure, at_least, at_most, median_ratio, say

ROWS = int(os.environ.get("BENCH_BIAS_ROWS", "10000000"))
PEER_ROWS = int(os.environ.get("BENCH_BIAS_PEER_ROWS", "1000000"))
FULL_PEER_ROWS = 1_000_000
ROUNDS = 5
PEER = Path(__file__).parent / "clarify_peer.py"
WITHOUT_COUNTERPART = "FT"


def run() -> list[Figure]:
    """Measures all of it."""
    with tempfile.TemporaryDirectory(prefix="bench-bias-") as folder:
        file = Path(folder) / "rows.parquet"
        say(f"writing {ROWS} rows of 20 columns")
        write(file, ROWS)
        figures = against_a_bare_scan(file)
        file.unlink()
        figures += against_smclarify(Path(folder) / "peer.parquet")
    flipped = child("fliptest", Path("none"))
    say(flipped["detail"])
    return [
        *figures,
        Figure("fliptest, 100,000 rows of 18 features", flipped["seconds"], "s"),
        at_most("fliptest, peak memory", flipped["mebibytes"], "MiB", 500),
    ]


def against_a_bare_scan(file: Path) -> list[Figure]:
    """Time and memory of every metric, and the time of a bare group-by beside it."""
    child("bare", file)
    rounds = [(child("ours", file), child("bare", file)) for _ in range(ROUNDS)]
    ours, bare = zip(*rounds, strict=True)
    seconds = [[one["seconds"] for one in side] for side in (ours, bare)]
    say(f"ours {', '.join(f'{s:.3f}' for s in seconds[0])} s; bare {', '.join(f'{s:.3f}' for s in seconds[1])} s")
    rows = f"{ROWS:,} rows"
    return [
        Figure(f"bias, three facets, {rows}: fastest", min(seconds[0]), "s"),
        Figure(f"bare group-by, {rows}: fastest", min(seconds[1]), "s"),
        at_most("bias / bare group-by, median of pairs", median_ratio(*seconds), "x", 2),
        at_most("bias, peak memory", max(one["mebibytes"] for one in ours), "MiB", 200),
        Figure("bare group-by, peak memory", max(one["mebibytes"] for one in bare), "MiB"),
    ]


def against_smclarify(file: Path) -> list[Figure]:
    """How many times faster than smclarify, and how far the values are apart."""
    write(file, PEER_ROWS)
    say(f"smclarify over {PEER_ROWS} rows (BENCH_BIAS_PEER_ROWS)")
    theirs = peer(file)
    if theirs is None:
        say("smclarify could not be run: uv or the package is not to be had; left out")
        return []
    ours = sorted((child("ours", file) for _ in range(ROUNDS)), key=lambda one: one["seconds"])[ROUNDS // 2]
    scale = FULL_PEER_ROWS / PEER_ROWS
    if scale != 1:
        write(file, FULL_PEER_ROWS)
        at_full_size = sorted((child("ours", file) for _ in range(ROUNDS)), key=lambda one: one["seconds"])[ROUNDS // 2]
    else:
        at_full_size = ours
    source = "" if scale == 1 else f", extrapolated from {PEER_ROWS:,} rows as linear"
    compared, apart = difference(ours["values"], theirs["values"])
    say(f"{compared} values compared")
    return [
        Figure(f"smclarify 0.5, 1,000,000 rows{source}", theirs["seconds"] * scale, "s"),
        Figure("bias, 1,000,000 rows", at_full_size["seconds"], "s"),
        at_least("smclarify / bias", theirs["seconds"] * scale / at_full_size["seconds"], "x", 1000),
        Figure("smclarify / bias, processor time", theirs["cpu"] * scale / at_full_size["cpu"], "x"),
        at_most("largest difference of a value", apart, "", 1e-12),
    ]


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[int, float]:
    """How many values smclarify has, and the largest difference to ours; infinite where ours has none."""
    named = {
        "|".join((facet, ours_says(facet, selected), metric)): value
        for (facet, selected, metric), value in ((key.split("|"), value) for key, value in theirs.items())
    }
    apart = [
        abs(ours[key] - value) if ours.get(key) is not None else math.inf
        for key, value in named.items()
        if isinstance(value, float)
    ]
    return len(apart), max(apart)


def ours_says(facet: str, selected: str) -> str:
    """How we spell what selects d: smclarify closes an interval at the greatest value that there is."""
    return "(40, inf)" if facet == "age" else selected


def child(what: str, file: Path) -> dict[str, Any]:
    """Does it in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bias_child", what, str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def peer(file: Path) -> dict[str, Any] | None:
    """Runs smclarify in an environment that uv makes for the occasion; None where that cannot be done."""
    uv = shutil.which("uv")
    if uv is None:
        return None
    command = [uv, "run", "--quiet", "--no-project", "--isolated", "--python", "3.11"]
    command += ["--with", "smclarify==0.5", "--with", "pyarrow", "python", str(PEER), str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        say(answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else "no answer")
        return None
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def write(file: Path, rows: int) -> None:
    """Rows of 20 columns in Parquet: three facets, label, prediction, group variable and fourteen others."""
    others = ", ".join(f"(hash(i * 31 + {place}) % 1000000) / 1e4 AS feature_{place}" for place in range(14))
    with duckdb.connect() as engine:
        engine.execute(
            f"""COPY (
                SELECT
                    CAST(hash(i) % 10 >= 3 AS INTEGER) AS white,
                    ['north', 'east', 'south', 'west'][CAST(1 + hash(i + 1000000007) % 4 AS INTEGER)] AS region,
                    CAST(18 + hash(i + 2000000011) % 60 AS INTEGER) AS age,
                    CAST(hash(i + 3000000019) % 10 < 4 AS INTEGER) AS label,
                    CAST(hash(i + 4000000007) % 10 < 4 + hash(i) % 3 AS INTEGER) AS predicted,
                    CAST(hash(i + 5000000029) % 8 AS INTEGER) AS grp,
                    {others}
                FROM range({rows}) AS source(i)
            ) TO '{file}' (FORMAT parquet)"""  # noqa: S608 - our own numbers
        )
