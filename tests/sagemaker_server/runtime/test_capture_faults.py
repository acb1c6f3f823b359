"""Data capture while things go wrong, with real processes: the endpoint serves on, and what is lost is told.

A full disk is stood in for by a limit on the size of the files that the server's process may write (RLIMIT_FSIZE): its
writes then fail, or are cut short, in the kernel, as on a disk without room; the error's number is another.
"""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sagemaker_server.capturing import captured_endpoint, captured_keys, captured_lines, wait_for_lines
from tests.sagemaker_server.workshop import ServerAndStore, Workshop, server_and_store_in, wait_until


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[ServerAndStore]:
    server = server_and_store_in(tmp_path)
    try:
        yield server
    finally:
        server.end("sagemaker")
        server.end("s3")


@pytest.fixture
def workshop(own_server: ServerAndStore) -> Workshop:
    made = Workshop(own_server, "faults")
    captured_endpoint(made)
    return made


def ask(workshop: Workshop, *bodies: str) -> None:
    for body in bodies:
        assert workshop.invoke(body, InferenceId=body) == body.upper()


def said(workshop: Workshop) -> str:
    """The endpoint's stream ``data-capture``, as CloudWatch Logs gives it."""
    logs = workshop.server.client("logs", "admin")
    group = f"/aws/sagemaker/Endpoints/{workshop.name}"
    if "data-capture" not in [s["logStreamName"] for s in logs.describe_log_streams(logGroupName=group)["logStreams"]]:
        return ""
    events = logs.get_log_events(logGroupName=group, logStreamName="data-capture", startFromHead=True)["events"]
    return "\n".join(event["message"] for event in events)


def ids_of(workshop: Workshop) -> list[str]:
    return sorted(line["eventMetadata"]["inferenceId"] for line in captured_lines(workshop))


def spooled(server: ServerAndStore) -> list[Path]:
    return list((server.home / "capture").glob("*"))


def limit_files(server: ServerAndStore, size: int) -> None:
    """Sets how large a file the server may write; -1: as large as it likes."""
    pid = server.processes["sagemaker"].pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))


def test_store_that_is_away_for_a_while_gets_everything_once_it_is_back(workshop: Workshop) -> None:
    workshop.server.end("s3")
    began = time.monotonic()
    ask(workshop, "a", "b")
    wait_until(lambda: "they wait on disk" in said(workshop), "the outage is told")
    ask(workshop, "c")
    assert workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)["EndpointStatus"] == "InService"
    outage = time.monotonic() - began
    workshop.server.start_store()
    wait_for_lines(workshop, 3)
    assert ids_of(workshop) == ["a", "b", "c"], outage
    wait_until(lambda: "takes the records again" in said(workshop), "the end of the outage is told")
    assert "lost" not in said(workshop)
    wait_until(lambda: not spooled(workshop.server), "the spool is empty")


@pytest.mark.parametrize("store_is_away", [True, False], ids=["store away", "store there"])
def test_killed_server_s_spool_is_sent_by_the_next(workshop: Workshop, store_is_away: bool) -> None:
    if store_is_away:
        workshop.server.end("s3")
    ask(workshop, *"abcde")
    workshop.server.kill_server()
    for cut_off in spooled(workshop.server):  # as a process does that is killed while it writes
        with cut_off.open("ab") as segment:
            segment.write(b'{"captureData":{"endpo')
    if store_is_away:
        workshop.server.start_store()
    workshop.server.start_server()
    wait_for_lines(workshop, 5)
    wait_until(lambda: not spooled(workshop.server), "the spool is empty")
    assert ids_of(workshop) == list("abcde")


def test_orderly_end_sends_everything(workshop: Workshop) -> None:
    ask(workshop, *"abc")
    workshop.server.end("sagemaker")
    assert ids_of(workshop) == list("abc")
    assert spooled(workshop.server) == []


def test_orderly_end_without_the_store_is_soon_and_keeps_everything(workshop: Workshop) -> None:
    workshop.server.end("s3")
    ask(workshop, *"abc")
    workshop.server.end("sagemaker")
    assert spooled(workshop.server)
    workshop.server.start_store()
    workshop.server.start_server()
    wait_for_lines(workshop, 3)
    assert ids_of(workshop) == list("abc")


def test_full_disk_costs_records_that_are_counted_and_no_answer(workshop: Workshop) -> None:
    ask(workshop, "before")
    wait_for_lines(workshop, 1)
    limit_files(workshop.server, 0)
    ask(workshop, "lost-1", "lost-2")
    limit_files(workshop.server, 700)  # room for the segment's first line and one record, not for two
    ask(workshop, "kept", "lost-3")
    wait_until(lambda: "lost" in workshop.server.log() or said(workshop), "the loss is noticed")
    limit_files(workshop.server, -1)
    ask(workshop, "after")
    wait_for_lines(workshop, 3)
    wait_until(lambda: lost_of(workshop) == 3, "the losses are told", 20)
    assert "the disk does not take them" in said(workshop)
    assert ids_of(workshop) == ["after", "before", "kept"]


def lost_of(workshop: Workshop) -> int:
    """How many records the endpoint's log calls lost."""
    return sum(int(number) for number in re.findall(r"^(\d+) records lost", said(workshop), re.MULTILINE))


def test_spool_is_bounded_and_what_it_cannot_hold_is_counted(own_server: ServerAndStore) -> None:
    own_server.end("sagemaker")
    own_server.start(
        "sagemaker",
        "sagemaker_server",
        own_server.settings.sagemaker_url,
        SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES="3000",
    )
    workshop = Workshop(own_server, "bounded")
    captured_endpoint(workshop)
    own_server.end("s3")
    ask(workshop, *(f"request-{number}" for number in range(20)))
    wait_until(lambda: lost_of(workshop) > 0, "the losses are told")
    assert "of the 3000 bytes of its spool wait for the store" in said(workshop)
    assert sum(file.stat().st_size for file in spooled(own_server)) <= 3000
    own_server.start_store()
    wait_until(lambda: not spooled(own_server), "the spool is empty")
    assert len(ids_of(workshop)) + lost_of(workshop) == 20
    ask(workshop, "room-again")
    wait_until(lambda: "room-again" in ids_of(workshop), "there is room again")


def test_destination_that_refuses_holds_up_no_other_endpoint(workshop: Workshop) -> None:
    refused = Workshop(workshop.server, "refused")
    captured_endpoint(refused, DestinationS3Uri="s3://no-such-bucket/capture")
    ask(refused, "nowhere")
    ask(workshop, "somewhere")
    wait_for_lines(workshop, 1)
    wait_until(lambda: "NoSuchBucket" in said(refused) or "AccessDenied" in said(refused), "the refusal is told")
    assert captured_keys(refused) == []
    ask(refused, "still-served")
