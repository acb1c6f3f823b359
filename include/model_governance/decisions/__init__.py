"""What changes a gate: it is requested, decided and opened here, whatever the channel, and nowhere else.

``request`` puts the question, ``decide`` takes an answer, ``adjudicate`` looks at an answer given behind our back in
the registry, ``open`` lets through only what the ledger and the registry agree on, ``missing`` says what still lacks.
``oversight`` records exceptions and findings, ``breach`` the findings that monitoring opens, ``supersede`` ends the
waits of versions that a newer one has overtaken, ``expiry`` finds what serves although its authority has run out,
``waiting`` the requests to tell people of, ``in_force`` lets only those versions of policy and people count that their
owner has entered.
``subject`` is what a gate stands before in the registry (a use case's card, a model package), ``record`` what the
ledger says of it. All of them read and write through hooks and ask the domain.
"""
