"""What Airflow's own web server is given: marks that are decisions, routes to gates, a script for its pages.

A request goes ``marks`` (the middleware) → ``mark_requests`` (what does it ask to mark?) → ``waiting_gates`` (which
waiting gates would that end?) → ``rulings`` (let it through, refuse it, or decide by it) → ``desk``, which hands
decisions in. ``routes`` are the plugin's own, and go to the same desk; ``pages`` and ``page/`` are what Airflow's pages
load.
"""
