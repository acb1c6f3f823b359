"""What is fast and what is not, measured against a bare lower bound in the same run; ``make bench`` runs all of it.

``server`` compares the embedded server with a bare one-route server, ``invoke`` a request to an endpoint with calling
its model in process, ``ledger`` appends with bare conditional PUTs,
``lifecycle`` a whole governed run with the same work done by one plain script and with a chain of empty tasks;
``decision`` times how soon a waiting gate ends, ``waiting`` what a thousand of them cost in one triggerer. ``bias``,
``data_quality``, ``drift``, ``window``, ``documents`` and ``explainability`` time the evidence, beside peers if any.
``measure`` holds what they share. Ratios are what counts: absolute times are the machine's.
"""
