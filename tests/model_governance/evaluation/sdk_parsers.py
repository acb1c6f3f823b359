"""Reads reports with the SageMaker SDK's own parsers, in an environment of the SDK alone: one JSON line of groups.

``python sdk_parsers.py NAME=TYPE=FILE ...``: TYPE names a member of the SDK's ``EvaluationMetricTypeEnum``; printed is
{NAME: {group: {metric: type of its value}}}, as the SDK's model card would have them.
"""

from __future__ import annotations

import json
import sys

from sagemaker.model_card import EvaluationJob
from sagemaker.model_card.evaluation_metric_parsers import EvaluationMetricTypeEnum


def main(arguments: list[str]) -> None:
    """Prints what a model card of the SDK holds of each report."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for argument in arguments:
        name, kind, file = argument.split("=", 2)
        job = EvaluationJob(name=name)
        job.add_metric_group_from_json(file, EvaluationMetricTypeEnum[kind])
        found[name] = {
            group.name: {metric.name: metric.type.value for metric in group.metric_data} for group in job.metric_groups
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
