"""What serves in production, and how that changes: rolled out, rolled back, stopped, resumed, retired.

``version`` is a version as it is deployed: its models and configurations by name, found from the ledger alone.
``verification`` reads everything again before a version may serve, ``smoke`` asks it what it must answer.
``rollout`` takes a version to production, a step at a time, and ``roll_back`` undoes what did not hold; both can be
killed anywhere and called again; ``progress`` enters the steps, ``records`` notes a deployment where people look for
it, ``aftermath`` a roll-back. ``deviation`` finds what serves and is not on record. ``reversion`` has an earlier
version serve because a person says so, ``stop`` takes the endpoint out of service at once, ``resume`` ends that,
``retirement`` ends the use case; ``orders`` says who may do which, ``service`` brings a version back.
Whatever was done is in the ledger; ``domain.production`` reads it back.
"""
