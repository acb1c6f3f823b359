"""One deployment of an endpoint: the serving processes of its variants, which come up together or not at all."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sagemaker_server.runtime.capture import CaptureRule
from sagemaker_server.runtime.containers import Container, ContainerRefused, stage
from sagemaker_server.runtime.images import ImageNotPrepared, interpreter, resolve
from sagemaker_server.runtime.logs import ENDPOINTS, log_file
from sagemaker_server.runtime.objects import Objects, ObjectsUnavailable
from sagemaker_server.runtime.serving import STARTUP_TIMEOUT, NotHealthy, Place, Replica
from sagemaker_server.runtime.sockets import socket_folder
from sagemaker_server.settings import Settings


class DeploymentFailed(Exception):
    """The deployment could not be brought up; the message is the endpoint's ``FailureReason``."""


class VariantUnknown(Exception):
    """``TargetVariant`` names none of the endpoint's variants."""


@dataclass(frozen=True)
class Variant:
    """A production variant that serves.

    Attributes:
        name: Its name.
        weight: Its share of the requests that name no variant, relative to the others'.
        replica: Its serving process; one stands for all its instances.
        log_stream: Where its output goes.
        capture: What of its exchanges is captured; None: nothing.
    """

    name: str
    weight: float
    replica: Replica
    log_stream: str
    capture: CaptureRule | None = None


class Deployment:
    """The serving processes of one endpoint configuration."""

    def __init__(self, endpoint: str, described: dict[str, Any], settings: Settings, objects: Objects) -> None:
        """Describes it; ``start`` starts it.

        Args:
            endpoint: The endpoint's name.
            described: As in ``storage.endpoints.Endpoint.deployment``; the digests of model data are added to it.
            settings: The installation.
            objects: The store.
        """
        self.endpoint, self.described = endpoint, described
        self._settings, self._objects = settings, objects
        self._folder = settings.home / "endpoints" / endpoint / described["id"]
        self._capture = CaptureRule.of(described.get("capture"))
        self._variants: list[Variant] = []
        self._is_cancelled = False

    def start(self) -> None:
        """Brings all variants up; returns when each has answered ``/ping``.

        Raises:
            DeploymentFailed: One did not, or its model cannot be had; nothing is left running.
        """
        try:
            for variant in self.described["variants"]:
                self._start_variant(variant)
            for started in self._variants:
                self._wait_for(started)
        except DeploymentFailed:
            self.kill()
            raise

    def choose(self, name: str | None) -> Variant:
        """The variant to send a request to.

        Args:
            name: ``TargetVariant``; None draws one by weight.

        Raises:
            VariantUnknown: There is none of that name.
        """
        if name is None:
            weights = [variant.weight for variant in self._variants]
            # None: a configuration of before weights were checked may have them all 0
            return random.choices(self._variants, weights if any(weights) else None)[0]  # noqa: S311 - no secret
        for variant in self._variants:
            if variant.name == name:
                return variant
        raise VariantUnknown(name)

    def reweigh(self, weights: dict[str, float]) -> None:
        """Draws by other weights from now on.

        Args:
            weights: By variant; not all 0.
        """
        self._variants = [replace(variant, weight=weights[variant.name]) for variant in self._variants]

    def cancel(self) -> None:
        """Makes a start that is under way fail soon."""
        self._is_cancelled = True
        for variant in list(self._variants):
            variant.replica.kill()

    def kill(self) -> None:
        """Ends all processes at once."""
        for variant in list(self._variants):
            variant.replica.kill()

    def retire(self) -> None:
        """Lets requests be finished, ends all processes, and removes what they were started from."""
        for variant in self._variants:
            variant.replica.drain()
        self.remove_files()

    def remove_files(self) -> None:
        """Removes the model's archives; only a deployment that will not be started again may do without."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start_variant(self, variant: dict[str, Any]) -> None:
        container, staged = Container.of(variant["container"]), self._folder / variant["name"]
        try:
            python = interpreter(resolve(container.image), self._settings.environments)
            digest = stage(container, staged, self._objects, variant.get("sha256"))
        except ImageNotPrepared as fault:
            raise DeploymentFailed(f"InternalServerError: {fault}") from fault
        except (ObjectsUnavailable, ContainerRefused, ValueError) as fault:
            raise DeploymentFailed(f"Failed to download model data for variant {variant['name']}: {fault}") from fault
        if digest is not None:
            variant["sha256"] = digest
        stream = f"{variant['name']}/i-{self.described['id']}"
        place = Place(python, staged, socket_folder(self._settings.home), self._log(stream), self._settings.home)
        replica = Replica(container, place)
        self._variants.append(Variant(variant["name"], float(variant["weight"]), replica, stream, self._capture))
        if self._is_cancelled:
            raise DeploymentFailed("The deployment was cancelled")
        replica.start()

    def _wait_for(self, variant: Variant) -> None:
        try:
            variant.replica.wait_until_ready(STARTUP_TIMEOUT)
        except NotHealthy as fault:
            reason = f"The primary container for production variant {variant.name} did not pass the ping health check"
            raise DeploymentFailed(f"{reason}: {fault}") from fault

    def _log(self, stream: str) -> Path:
        return log_file(self._settings.home, f"{ENDPOINTS}/{self.endpoint}", stream)
