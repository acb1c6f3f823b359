"""Where data comes from, and what is refused before it is frozen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from model_governance.errors import DataRefused, ServiceUnavailable
from model_governance.hooks.installation import Installation
from model_governance.hooks.sources import read_source


def test_the_bytes_of_an_object_are_read_as_they_are(installation_of: Callable[[str], Installation]) -> None:
    landed = b"a,b\r\n1,2\n"
    installation_of("admin").clients.client("s3").put_object(Bucket="landing", Key="sources/rows.csv", Body=landed)
    assert read_source(installation_of("pipeline").artifacts, "s3://landing/sources/rows.csv") == landed


def test_a_missing_object_is_refused_with_what_to_do(installation_of: Callable[[str], Installation]) -> None:
    with pytest.raises(DataRefused, match="publish the data set there"):
        read_source(installation_of("pipeline").artifacts, "s3://landing/sources/nothing.csv")


def test_an_empty_object_is_refused(installation_of: Callable[[str], Installation]) -> None:
    installation_of("admin").clients.client("s3").put_object(Bucket="landing", Key="sources/empty.csv", Body=b" \n")
    with pytest.raises(DataRefused, match="is empty"):
        read_source(installation_of("pipeline").artifacts, "s3://landing/sources/empty.csv")


def test_an_address_out_of_reach_is_an_outage(installation_of: Callable[[str], Installation]) -> None:
    with pytest.raises(ServiceUnavailable):
        read_source(installation_of("pipeline").artifacts, "https://127.0.0.1:1/rows.csv")
