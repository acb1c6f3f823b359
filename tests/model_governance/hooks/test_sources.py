"""Where data comes from, and what is refused before it is frozen."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from model_governance.errors import DataRefused, UseCaseInvalid
from model_governance.hooks.installation import Installation
from model_governance.hooks.sources import read_override, read_overrides, read_source


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


def test_without_a_way_to_an_address_the_error_says_what_to_do(installation_of: Callable[[str], Installation]) -> None:
    with pytest.raises(
        DataRefused, match=r"could not be reached in 4 tries .*MODEL_GOVERNANCE_DATA_SOURCES=<use case>="
    ):
        read_source(installation_of("pipeline").artifacts, "https://127.0.0.1:1/rows.csv")


def test_a_file_is_taken_out_of_an_archive(installation_of: Callable[[str], Installation]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("rows/full.csv", "a\n1\n")
    s3 = installation_of("admin").clients.client("s3")
    s3.put_object(Bucket="landing", Key="sources/rows.zip", Body=archive.getvalue())
    s3.put_object(Bucket="landing", Key="sources/rows.csv", Body=b"a\n1\n")
    artifacts = installation_of("pipeline").artifacts
    assert read_source(artifacts, "s3://landing/sources/rows.zip#rows/full.csv") == b"a\n1\n"
    with pytest.raises(DataRefused, match=r"holds no rows/other\.csv"):
        read_source(artifacts, "s3://landing/sources/rows.zip#rows/other.csv")
    with pytest.raises(DataRefused, match="not a zip file"):
        read_source(artifacts, "s3://landing/sources/rows.csv#rows/full.csv")


def test_an_installation_may_name_a_file_in_the_place_of_the_declared_data(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(b"a\n1\n")
    overrides = read_overrides(f"abalone={tmp_path / 'rows.csv'}; other = {tmp_path / 'none.csv'} ;")
    assert read_override("abalone", overrides) == ("file:rows.csv", b"a\n1\n")
    assert read_override("loan-approval", overrides) is None
    with pytest.raises(DataRefused, match=r"none\.csv for other, which cannot be read: No such file"):
        read_override("other", overrides)
    with pytest.raises(UseCaseInvalid, match="'abalone': it must be <use case>=<path>"):
        read_overrides("abalone")
