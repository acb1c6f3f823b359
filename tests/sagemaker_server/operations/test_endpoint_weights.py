"""Several variants through boto3: traffic by weight, shifted while it flows, and what becomes of one that fails."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sagemaker_server.workshop import Workshop, wait_until

SAYS = "import os\ndef model_fn(d): return 1\ndef transform_fn(*_): return '{word} ' + str(os.getpid())"


def says(word: str) -> str:
    return SAYS.replace("{word}", word)


def two_variants(workshop: Workshop, first: float, second: float) -> str:
    """A configuration of variants ``AllTraffic`` and ``Canary``, whose models say ``one`` and ``two``."""
    short = workshop.name[:50]
    models = workshop.model(says("one"), f"{short}-one"), workshop.model(says("two"), f"{short}-two")
    variants = {"AllTraffic": (models[0], first), "Canary": (models[1], second)}
    return workshop.config_of(variants, f"{short}-both")


def serve(workshop: Workshop, config: str) -> None:
    workshop.sagemaker.create_endpoint(EndpointName=workshop.name, EndpointConfigName=config)
    assert workshop.settled(workshop.name)["EndpointStatus"] == "InService"


def shift(workshop: Workshop, **weights: float) -> dict[str, Any]:
    """Asks for other weights; the endpoint's description once they hold."""
    desired = [{"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()]
    workshop.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=workshop.name, DesiredWeightsAndCapacities=desired
    )
    return workshop.settled(workshop.name)


def shares(workshop: Workshop, requests: int) -> Counter[str]:
    return Counter(ask(workshop)["InvokedProductionVariant"] for _ in range(requests))


def ask(workshop: Workshop, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = workshop.runtime.invoke_endpoint(EndpointName=workshop.name, Body=b"x", **more)
    return {**answer, "said": answer["Body"].read().decode()}


def weights_of(described: dict[str, Any]) -> dict[str, tuple[float, float]]:
    return {v["VariantName"]: (v["CurrentWeight"], v["DesiredWeight"]) for v in described["ProductionVariants"]}


def test_traffic_goes_by_weight_and_a_variant_without_one_gets_none(workshop: Workshop) -> None:
    serve(workshop, two_variants(workshop, 1, 0))
    assert shares(workshop, 50) == {"AllTraffic": 50}
    canary = ask(workshop, TargetVariant="Canary")
    assert (canary["InvokedProductionVariant"], canary["said"][:3]) == ("Canary", "two")

    described = shift(workshop, AllTraffic=0.5, Canary=0.5)
    assert weights_of(described) == {"AllTraffic": (0.5, 0.5), "Canary": (0.5, 0.5)}
    assert described["EndpointStatus"] == "InService"
    halves = shares(workshop, 100)
    assert 15 <= halves["Canary"] <= 85  # outside once in 10^12 runs

    shift(workshop, AllTraffic=0)
    assert shares(workshop, 50) == {"Canary": 50}


def test_weights_that_cannot_hold_are_refused_and_change_nothing(workshop: Workshop) -> None:
    config = two_variants(workshop, 1, 1)
    serve(workshop, config)
    for weights, said in (
        ({"AllTraffic": 0.0, "Canary": 0.0}, "at least one must be above 0"),
        ({"Shadow": 1.0}, "Could not find variants Shadow .* there are: AllTraffic, Canary"),
    ):
        with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
            shift(workshop, **weights)
    described = workshop.sagemaker.describe_endpoint(EndpointName=workshop.name)
    assert weights_of(described) == {"AllTraffic": (1, 1), "Canary": (1, 1)}
    with pytest.raises(ClientError, match=r"ValidationException.*at least one must be above 0"):
        two_models = {"AllTraffic": (f"{workshop.name[:50]}-one", 0.0), "Canary": (f"{workshop.name[:50]}-two", 0.0)}
        workshop.config_of(two_models, f"{workshop.name[:50]}-none")
    with pytest.raises(ClientError, match=r"ValidationException.*Could not find endpoint"):
        workshop.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="no-such-endpoint", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic"}]
        )


def test_weights_hold_in_the_server_that_comes_after_a_killed_one(workshop: Workshop) -> None:
    serve(workshop, two_variants(workshop, 1, 1))
    shift(workshop, AllTraffic=0)
    workshop.server.kill_server()
    workshop.server.start_server()
    wait_until(lambda: answers(workshop), "the endpoint answers")
    assert shares(workshop, 30) == {"Canary": 30}


def test_second_variant_comes_and_goes_without_a_failed_request(workshop: Workshop) -> None:
    config = two_variants(workshop, 0.5, 0.5)
    alone = workshop.config(f"{workshop.name[:50]}-one")
    serve(workshop, alone)
    said: list[str] = []
    done = threading.Event()

    def keep_asking() -> None:
        while not done.is_set():
            said.append(ask(workshop)["said"][:3])

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        for wanted in (config, alone):
            workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=wanted)
            assert workshop.settled(workshop.name)["EndpointConfigName"] == wanted
            shares(workshop, 20)
    finally:
        done.set()
        asking.join()
    assert set(said) == {"one", "two"}  # a request that fails ends the thread: then the last is missing
    assert shares(workshop, 5) == {"AllTraffic": 5}
    assert said[-1] == "one"


def test_new_variant_that_does_not_start_leaves_the_endpoint_as_it_was(workshop: Workshop) -> None:
    workshop.endpoint(says("one"))
    broken = workshop.model("def model_fn(d): raise OSError('disk')", f"{workshop.name[:50]}-broken")
    both = workshop.config_of({"AllTraffic": (workshop.name, 1), "Canary": (broken, 1)}, f"{workshop.name[:50]}-both")
    workshop.sagemaker.update_endpoint(EndpointName=workshop.name, EndpointConfigName=both)
    described = workshop.settled(workshop.name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", workshop.name)
    assert "Canary did not pass the ping health check" in described["FailureReason"]
    assert "OSError: disk" in described["FailureReason"]
    assert weights_of(described) == {"AllTraffic": (1, 1)}
    assert shares(workshop, 5) == {"AllTraffic": 5}


def test_variant_that_dies_is_started_again_and_the_other_serves_on(workshop: Workshop) -> None:
    serve(workshop, two_variants(workshop, 1, 1))
    first = ask(workshop, TargetVariant="Canary")["said"]
    os.kill(int(first.split()[1]), 9)
    assert ask(workshop, TargetVariant="AllTraffic")["said"].startswith("one")
    second = wait_until(lambda: answers(workshop, TargetVariant="Canary"), "the variant answers again")
    assert second.startswith("two") and second != first


def answers(workshop: Workshop, **more: Any) -> str | None:
    try:
        said: str = ask(workshop, **more)["said"]
    except ClientError:
        return None
    return said
