"""Every shape of every service here can be read and written, and every pattern of AWS's understood."""

from __future__ import annotations

import pytest

from sagemaker_server.wire.constraints import rules_of
from sagemaker_server.wire.reading import readers_of
from sagemaker_server.wire.services import JSON_SERVICES, QUERY_SERVICES, REST_SERVICES, service_model
from sagemaker_server.wire.writing import writers_of

SERVICES = (*JSON_SERVICES, *REST_SERVICES, *QUERY_SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_every_shape_has_its_reader_and_its_writer(service: str) -> None:
    model = service_model(service)
    for name in model.operation_names:
        action = model.operation_model(name)
        if action.input_shape is not None:
            assert readers_of(service).of(action.input_shape)
        if action.output_shape is not None:
            assert writers_of(service).of(action.output_shape)


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        ("CustomerMetadataKey", "run_id", "tab\there"),
        ("CustomerMetadataValue", "manual__2024-11-14T00:00:00+00:00", "line\nbreak"),
        ("EntityName", "loan-approval", "loan-"),
        ("ModelPackageArn", "arn:aws:sagemaker:us-east-1:111122223333:model-package/g/1", "arn:aws:s3:::b"),
        ("EntityDescription", "Größe ≥ 5 €", "bell\x07"),
        ("AthenaCatalog", "catalog \U0001d518", "bell\x07"),
    ],
)
def test_pattern_tells_good_from_bad(shape: str, good: str, bad: str) -> None:
    rules = rules_of(service_model("sagemaker").shape_for(shape))
    assert all(holds(good) for holds, _ in rules)
    assert not all(holds(bad) for holds, _ in rules)


def test_text_made_to_keep_a_matcher_busy_ends_in_time() -> None:
    model = service_model("sagemaker")
    for name in model.shape_names:
        shape = model.shape_for(name)
        if shape.type_name != "string" or "pattern" not in shape.metadata:
            continue
        for text in ("a-" * 30 + "!", "a" * 60 + "!", "-" * 60, "/" * 60 + "\n"):
            for holds, _ in rules_of(shape):
                holds(text)
