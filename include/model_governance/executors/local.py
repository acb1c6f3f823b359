"""LocalExecutor whose queue outlives a worker that is killed: no other waits for ever for a lock that died with it.

Airflow's workers wait for tasks in turn, the one in front holding a semaphore. Whoever kills that one (the kernel for
want of memory, say) leaves the semaphore taken: every task is ``queued`` from then on, with nothing in a log. Here the
one in front holds a record lock instead, which the kernel takes back from whatever ends.
"""

from __future__ import annotations

import fcntl
import tempfile
from types import TracebackType
from typing import Any

from airflow.executors.local_executor import LocalExecutor


class LockOfTheLiving:
    """A lock between processes that were forked from one; the kernel gives it up for a process that ends.

    Stands in for ``multiprocessing.Lock`` where each process takes it from one thread only: it does not tell threads
    of a process apart. Source: POSIX, ``fcntl``, "advisory record locking".
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as any process has the lock

    def acquire(self) -> bool:
        """Waits until no other process has it."""
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Lets the next process have it."""
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class LastingLocalExecutor(LocalExecutor):
    """Airflow's, but a killed worker takes none of the others along. Where workers are not forked, just Airflow's."""

    def _spawn_workers_with_gc_freeze(self, spawn_number: int) -> None:
        if not self.workers:
            activity, results = self.activity_queue, self.result_queue
            _set(activity, "_rlock", LockOfTheLiving())
            _set(results, "_wlock", LockOfTheLiving())
        super()._spawn_workers_with_gc_freeze(spawn_number)  # type: ignore[no-untyped-call]


def _set(queue: Any, lock: str, instead: LockOfTheLiving) -> None:
    """Replaces a lock of a ``multiprocessing.SimpleQueue`` before any worker knows it.

    Raises:
        AttributeError: This Python's queues have no such lock.
    """
    getattr(queue, lock)
    setattr(queue, lock, instead)
