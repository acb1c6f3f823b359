"""From data to evidence: pure functions over bytes, frames and arrays; no network, no store, no clock.

A tour, in the order of a lifecycle:

- ``data_set`` reads the published bytes or refuses them; ``split`` divides them by row-hash group and proves it.
- ``data_quality`` holds the data to the use case's expectations, through ``expectations``, the only door to Great
  Expectations.
- ``expectation_engine`` makes that door quick, ``data_docs`` keeps its page, ``suggested_expectations`` drafts a suite.
- ``feature_importance`` says what each feature alone tells of the label, ``model_gain`` what the trained model's splits
  gained by it.
- ``statistics`` and ``constraints`` are the baselines of drift; ``drift`` holds a window of data to them by its
  ``distances``, and ``attribution_drift`` the order of its features.
- ``window`` holds a window of production traffic to its version's ``baselines``: ``capture`` reads the traffic (a line
  by ``capture_line``, into ``cell_columns``) and ``ground_truth`` what came of it (labels by ``truth_labels``).
  ``window_rows`` has both; ``window_features``, ``window_outcomes``, ``window_bias`` and ``window_kpis`` monitor them,
  with ``chance`` and ``worse`` telling what chance explains; ``window_report`` is what is found. ``feature_drift``
  measures one feature, ``cumulative_change`` adds up retrainings.
- ``predictions`` reads what the batch transform answered, and the labels it is compared with.
- ``bias`` and ``model_quality`` measure; ``limits`` judges; ``assess`` joins the two into one ``report.Assessment`` a
  kind.
- ``report`` gives an assessment its bytes and its evidence; ``metric_groups`` gives it the form of a model card.
"""
