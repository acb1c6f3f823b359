"""Endpoints as they run: deployed, replaced without a gap (the new answers before the old goes), removed, revived."""

from __future__ import annotations

import copy
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sagemaker_server.runtime.deployments import Deployment, DeploymentFailed, Variant
from sagemaker_server.runtime.jobs import reason_of
from sagemaker_server.runtime.objects import Objects
from sagemaker_server.runtime.serving import NotServing
from sagemaker_server.settings import Settings
from sagemaker_server.storage.database import Database, present
from sagemaker_server.storage.endpoints import Endpoint, EndpointStatus, all_endpoints
from sagemaker_server.storage.patience import patient

REVIVAL_PAUSE = 5.0

_log = logging.getLogger(__name__)


class Endpoints:
    """The deployments that serve, by endpoint; each endpoint changes one step at a time, on a thread of its own."""

    def __init__(self, settings: Settings, database: Database, objects: Objects) -> None:
        self._settings, self._database, self._objects = settings, database, objects
        self._serving: dict[str, Deployment] = {}
        self._leaving: set[str] = set()
        self._starting: dict[str, Deployment] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._changing = threading.Lock()
        self._server_stops = threading.Event()

    def start(self) -> None:
        """Takes up every endpoint where it was when the server ended."""
        with self._database.reading() as session:
            found = [
                (row.name, EndpointStatus(row.status), row.deployment is not None) for row in all_endpoints(session)
            ]
        for name, status, has_served in found:
            if status is EndpointStatus.DELETING:
                self.remove(name)
            elif has_served and status is not EndpointStatus.FAILED:
                self._in_turn(name, self._revive)
            if status in (EndpointStatus.CREATING, EndpointStatus.UPDATING):
                self.deploy(name)
                self.reweigh(name)

    def stop(self) -> None:
        """Ends all processes; the record stays as it is."""
        self._server_stops.set()
        with self._changing:
            starting, serving = list(self._starting.values()), list(self._serving.values())
        for deployment in starting:
            deployment.cancel()
        for deployment in serving:
            deployment.kill()

    def deploy(self, name: str) -> None:
        """Brings up an endpoint's pending deployment; returns at once."""
        self._in_turn(name, self._deploy)

    def reweigh(self, name: str) -> None:
        """Sends requests by the weights that are desired of an endpoint's variants; returns at once."""
        self._in_turn(name, self._reweigh)

    def remove(self, name: str) -> None:
        """Ends an endpoint that is being deleted and takes it off the record; from now on it answers nothing."""
        with self._changing:
            self._leaving.add(name)
            starting = self._starting.get(name)
        if starting is not None:
            starting.cancel()
        self._in_turn(name, self._remove)

    @contextmanager
    def chosen(self, name: str, variant: str | None) -> Iterator[Variant]:
        """The variant of an endpoint to send a request to; it goes on serving until the block is left.

        Raises:
            NotServing: The endpoint is not up, or is there no more.
            VariantUnknown: It has no such variant.
        """
        with self._changing:
            deployment = None if name in self._leaving else self._serving.get(name)
            if deployment is None:
                raise NotServing(f"endpoint {name} is being started")
            found = deployment.choose(variant)
            found.replica.enter()
        try:
            yield found
        finally:
            found.replica.leave()

    def _in_turn(self, name: str, step: Callable[[str], None]) -> None:
        """Does a step on a thread of its own, after the endpoint's earlier steps."""
        with self._changing:
            turn = self._turns.setdefault(name, threading.Lock())

        def run() -> None:
            try:
                with turn:
                    if not self._server_stops.is_set():
                        step(name)
            except Exception:  # the thread ends here; what it could not do is done again with the next start
                _log.exception("endpoint %s", name)

        threading.Thread(target=run, name=f"endpoint {name}", daemon=True).start()

    def _deploy(self, name: str) -> None:
        with self._database.reading() as session:
            row = session.get(Endpoint, name)
            if row is None or row.pending is None or row.status == EndpointStatus.DELETING:
                return
            deployment = Deployment(name, copy.deepcopy(row.pending), self._settings, self._objects)
        try:
            self._start(name, deployment)
        except DeploymentFailed as failure:
            deployment.remove_files()
            if not self._server_stops.is_set():
                reason = str(failure)
                self._change(name, lambda row: _fall_back(row, deployment.described["id"], reason))
                self._revive(name)
            return
        self._switch(name, deployment)

    def _reweigh(self, name: str) -> None:
        """Lets the desired weights hold; a deployment that comes after them, or instead of them, has its own."""

        def apply(row: Endpoint) -> bool:
            if row.deployment is None or row.pending is not None or row.status != EndpointStatus.UPDATING:
                return False
            row.deployment = _as_desired(row.deployment)
            row.status, row.modified = EndpointStatus.IN_SERVICE, present()
            weights = {variant["name"]: float(variant["weight"]) for variant in row.deployment["variants"]}
            with self._changing:
                if name in self._serving:
                    self._serving[name].reweigh(weights)
            return True

        self._change(name, apply)

    def _switch(self, name: str, deployment: Deployment) -> None:
        """Sends requests to a deployment that has answered, and retires the one before it."""
        with self._changing:
            former = self._serving.get(name)
            self._serving[name] = deployment
        if not self._change(name, lambda row: _go_over(row, deployment)):
            self._put_back(name, former)
            deployment.retire()
        elif former is not None:
            former.retire()

    def _put_back(self, name: str, former: Deployment | None) -> None:
        with self._changing:
            if former is None:
                self._serving.pop(name, None)
            else:
                self._serving[name] = former

    def _revive(self, name: str) -> None:
        """Starts again what an endpoint served; an outage of the store is waited out, a changed model is not served.

        A pending deployment gets its turn after one attempt: it may be what puts the endpoint right.
        """
        while name not in self._serving and not self._server_stops.is_set():
            with self._database.reading() as session:
                row = session.get(Endpoint, name)
                if row is None or row.deployment is None or row.status == EndpointStatus.DELETING:
                    return
                deployment = Deployment(name, copy.deepcopy(row.deployment), self._settings, self._objects)
                another_waits = row.pending is not None
            try:
                self._start(name, deployment)
                with self._changing:
                    self._serving[name] = deployment
            except DeploymentFailed as failure:
                _log.warning("endpoint %s could not be started again: %s", name, failure)
                if another_waits:
                    return
                self._server_stops.wait(REVIVAL_PAUSE)

    def _remove(self, name: str) -> None:
        with self._changing:
            deployment = self._serving.pop(name, None)
        if deployment is not None:
            deployment.retire()
        shutil.rmtree(self._settings.home / "endpoints" / name, ignore_errors=True)
        with self._database.writing() as session:
            row = session.get(Endpoint, name)
            if row is not None and row.status == EndpointStatus.DELETING:
                session.delete(row)
        with self._changing:
            self._leaving.discard(name)

    def _start(self, name: str, deployment: Deployment) -> None:
        """Starts a deployment so that ``remove`` and ``stop`` can call it off."""
        with self._changing:
            self._starting[name] = deployment
        try:
            if self._server_stops.is_set():
                raise DeploymentFailed("The server ends")
            deployment.start()
            if self._server_stops.is_set():
                deployment.kill()
                raise DeploymentFailed("The server ends")
        finally:
            with self._changing:
                self._starting.pop(name, None)

    @patient
    def _change(self, name: str, apply: Callable[[Endpoint], bool]) -> bool:
        """Applies a change to the record; whether it was still wanted."""
        with self._database.writing() as session:
            row = session.get(Endpoint, name)
            return row is not None and row.status != EndpointStatus.DELETING and apply(row)


def _as_desired(deployment: dict[str, Any]) -> dict[str, Any]:
    """The deployment with what is desired of its variants in the place of what was."""
    changed = copy.deepcopy(deployment)
    for variant in changed["variants"]:
        variant["weight"] = variant.pop("desired_weight", variant["weight"])
        variant["instances"] = variant.pop("desired_instances", variant["instances"])
    return changed


def _go_over(row: Endpoint, deployment: Deployment) -> bool:
    """The pending deployment is the one that serves; not if another is wanted by now."""
    if row.pending is None or row.pending["id"] != deployment.described["id"]:
        return False
    row.deployment, row.pending = deployment.described, None
    row.config = deployment.described["config"]
    row.status, row.failure_reason, row.modified = EndpointStatus.IN_SERVICE, None, present()
    return True


def _fall_back(row: Endpoint, failed: str, reason: str) -> bool:
    """The pending deployment is given up: what served before goes on; without such, the endpoint has failed."""
    if row.pending is None or row.pending["id"] != failed:
        return False
    row.status = EndpointStatus.FAILED if row.deployment is None else EndpointStatus.IN_SERVICE
    row.pending, row.failure_reason, row.modified = None, reason_of(reason), present()
    return True
