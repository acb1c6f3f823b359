"""Everything the process can refuse, apart so that a caller can act on a cause without importing what raised it."""

from __future__ import annotations


class GovernanceError(Exception):
    """Root of every refusal of this package; its message says what was refused, by which rule, and what to do next."""


class UseCaseInvalid(GovernanceError):
    """A use-case folder does not validate; the message names file, field and reason."""


class PolicyInvalid(GovernanceError):
    """A policy or people file does not validate, or asks for something that does not exist."""


class PolicyNotEntered(GovernanceError):
    """A policy or people file is not the version that its owner has entered in the ledger; nothing is decided by it."""


class EvidenceMissing(GovernanceError):
    """A gate cannot be requested: required evidence is absent or misses its limit; every item is named."""


class DecisionRefused(GovernanceError):
    """A decision may not be made: by this person, in this role, now, or on this evidence."""


class GateClosed(GovernanceError):
    """What was asked for needs a gate that is not open; the message says which and why."""


class LedgerBroken(GovernanceError):
    """A ledger does not hold; the message names the first entry that does not, and how."""


class ArtifactChanged(GovernanceError):
    """Bytes in the object store are not the ones that were recorded; both digests are named."""


class DataRefused(GovernanceError):
    """A data set cannot be used: it is absent, empty, or fails an expectation that stops the run."""


class EvaluationRefused(GovernanceError):
    """A metric cannot be computed from what was given; the message says what and where."""


class RecordMissing(GovernanceError):
    """The registry, the ledger or the store has no record of what was asked for."""


class TriggerRefused(GovernanceError):
    """A trigger is not run: its class is not one that may act as the decision service."""


class ServiceUnavailable(GovernanceError):
    """A service could not be reached; worth trying again, unlike every other error here."""


class AccessRefused(GovernanceError):
    """A service knows the caller and will not let him do this, or does not know him; the message says who and what."""


class RecordConflict(GovernanceError):
    """Something stands there already, or was changed meanwhile: read again before trying again.

    Attributes:
        was_retried: Whether the request was sent more than once, so that what stands there may be the caller's own.
    """

    def __init__(self, message: str, *, was_retried: bool = False) -> None:
        super().__init__(message)
        self.was_retried = was_retried


class RequestRefused(GovernanceError):
    """A service found a request invalid; the message is the service's own."""


class NoticeNotSent(GovernanceError):
    """A notice could not leave by a channel; the message says why. Another tick tries again."""


class RecordNotMade(GovernanceError):
    """What was done could not be put on record; the message says what stands all the same, and how it is entered."""
