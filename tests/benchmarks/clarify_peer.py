"""smclarify 0.5 over a Parquet file, run in an environment of its own: values and seconds as one JSON line.

``uv run --no-project --isolated --with smclarify==0.5 --with pyarrow python tests/benchmarks/clarify_peer.py FILE``; a
file that says otherwise has the facets white (d = 0), region (each value) and age (d = above 40), the label ``label``
(1), predictions in ``predicted`` and the group variable ``grp``. The fliptest is left out: it is not one of counts.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pandas as pd

FACETS: list[tuple[str, list[Any] | None]] = [("white", [0]), ("region", None), ("age", [40])]
NOT_OF_COUNTS = "FT"


def main(file: str) -> None:
    """Prints {"seconds": ..., "cpu": ..., "values": {"facet|value|metric": number}} of the file."""
    from smclarify.bias import metrics
    from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report

    frame = pd.read_parquet(file, columns=["white", "region", "age", "label", "predicted", "grp"])
    for column in ("white", "region", "label", "predicted"):
        frame[column] = frame[column].astype("category")
    frame["age"] = frame["age"].astype("float64")
    wanted = {
        StageType.PRE_TRAINING: [one.__name__ for one in metrics.PRETRAINING_METRICS],
        StageType.POST_TRAINING: [
            one.__name__ for one in metrics.POSTTRAINING_METRICS if one.__name__ != NOT_OF_COUNTS
        ],
    }
    values: dict[str, Any] = {}
    began, cpu = time.perf_counter(), time.process_time()
    for facet, sensitive in FACETS:
        for stage, names in wanted.items():
            entries = bias_report(
                frame,
                FacetColumn(facet, sensitive),
                LabelColumn("label", frame["label"], [1]),
                stage,
                LabelColumn("predicted", frame["predicted"], [1]),
                metrics=names,
                group_variable=frame["grp"],
            )
            for entry in entries:
                for one in entry["metrics"]:
                    values[f"{facet}|{entry['value_or_threshold']}|{one['name']}"] = one["value"]
    spent = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps({**spent, "rows": len(frame), "values": values}))


if __name__ == "__main__":
    main(sys.argv[1])
