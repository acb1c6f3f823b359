"""What runs in a worker and needs a class: the Amazon provider's operators, made to find what they have started before.

``run`` is what every task starts from: the use case, the run and the installation, found again and never handed over.
``refusals`` says which failures end a task at once. ``training``, ``transform`` and ``endpoint`` are the operators.
"""
