"""Whatever is sent to any action that is here, the answer is one that a client understands, and never a 500."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sagemaker_server.running_server import RunningServer
from tests.sagemaker_server.signed import Signer

from sagemaker_server.operations import actions_of
from sagemaker_server.wire.services import service_model

TARGETS = {"sagemaker": "SageMaker", "kms": "TrentService", "cloudtrail": None}
# What would start jobs and endpoints is tried where those are tested.
STARTS_THINGS = ("CreateTrainingJob", "CreateTransformJob", "CreateEndpoint", "UpdateEndpoint")
ACTIONS = [(s, a) for s in TARGETS for a in actions_of(s) if a not in STARTS_THINGS]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=60),
    st.sampled_from(
        [
            "arn:aws:sagemaker:us-east-1:111122223333:model-package/g/1",
            "arn:aws:sagemaker:us-east-1:111122223333:artifact/x",
            "arn:aws:sagemaker:us-east-1:111122223333:model-card/x",
            "alias/model-governance-ledger",
            "{}",
            "s3://bucket/key",
            "2024-01-01T00:00:00Z",
            "LastModifiedTime",
            "W10=",
        ]
    ),
)


def values_of(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that mostly have the shape's type, and sometimes not."""
    if isinstance(shape, StructureShape):
        if depth > 3:
            return st.just({})
        members = {name: values_of(member, depth + 1) for name, member in shape.members.items()}
        required = {name: members.pop(name) for name in shape.required_members}
        typed = st.fixed_dictionaries(required, optional=members)
    elif isinstance(shape, ListShape):
        typed = st.lists(values_of(shape.member, depth + 1), max_size=3)
    elif isinstance(shape, MapShape):
        typed = st.dictionaries(TEXTS, values_of(shape.value, depth + 1), max_size=3)
    else:
        enum = shape.metadata.get("enum")
        typed = {
            "string": st.sampled_from(enum) if enum else TEXTS,
            "integer": st.integers(-5, 2**33),
            "long": st.integers(-5, 2**65),
            "boolean": st.booleans(),
            "timestamp": st.floats(allow_nan=False) | st.integers(0, 2**33),
            "blob": st.sampled_from(["", "YWJj", "???"]),
        }.get(shape.type_name, st.floats(allow_nan=False))
    return st.integers(0, 19).flatmap(lambda dice: ANYTHING if dice == 0 else typed)


@pytest.mark.parametrize(("service", "action"), ACTIONS, ids=[action for _, action in ACTIONS])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_action_answers_nonsense_politely(
    server: RunningServer, service: str, action: str, data: st.DataObject
) -> None:
    model = service_model(service)
    body = data.draw(values_of(model.operation_model(action).input_shape))
    target = f"{model.metadata['targetPrefix']}.{action}"
    sent = Signer(server, service=model.signing_name).send(target, json.dumps(body).encode())
    assert sent.status in {200, 400}, sent.body
    if sent.status == 400:
        assert sent.code
        assert "Traceback" not in sent.message


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=300), target=st.text(string.printable, max_size=40))
def test_any_bytes_are_answered_politely(server: RunningServer, body: bytes, target: str) -> None:
    clean = "".join(char for char in target if char.isprintable()).strip()
    sent = Signer(server).send(clean or None, body)
    assert sent.status in {200, 400, 403}, sent.body


def test_log_holds_no_unexpected_failure(server: RunningServer) -> None:
    """Runs after the others of this file."""
    log = (server.home / "server.log").read_text()
    assert "not meant to be" not in log, log[-5000:]
