"""The stages of the lifecycle, a task group each, in the order of the process.

``use_case_approval`` → ``data_quality`` → ``training`` → ``bias_evaluation`` → ``governance_approval`` →
``test_deployment`` → ``production_approval`` → ``production_deployment``. The three approvals share the tasks of
``gate``, the two deployments the questions of ``served_model``.
``task`` turns a function of a run into a task, ``evidence`` records what a stage found out, ``failure`` what failed.
``monitoring`` watches what serves, window by window (``monitoring_window``, ``monitoring_record``); ``retraining`` asks
for a new candidate where a breach stands, ``cumulative_change`` for a full review where candidates have added up.
``watch`` looks at all of it by the clock: who is to be reminded, what serves although its approval has run out.
``declared`` is what the DAG file is made from: the use cases, their schedules and the form of a run.
"""
