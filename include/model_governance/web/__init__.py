"""What Airflow's own web server is given: so far the middleware that turns a mark into a decision.

A request goes ``marks`` (the middleware) → ``mark_requests`` (what does it ask to mark?) → ``waiting_gates`` (which
waiting gates would that end?) → ``rulings`` (let it through, refuse it, or decide by it).
"""
