"""Bias of data and of predictions, in SageMaker Clarify's metrics: rows are counted once a facet, and counts are all.

A tour, in the order in which a number comes about:

- ``axes`` says which values of a facet, a label and a group variable belong together: listed values, each value against
  the rest, intervals between thresholds, and what is missing.
- ``rows`` counts rows in memory, ``parquet`` a file that need not fit there; both fill the same ``cube``, which gives a
  ``Comparison`` for each group d against the rest. Group a is every other row that says; rows that do not say are
  counted and named, and stand in neither.
- ``pre_training`` and ``post_training`` hold the metrics, ``conditional`` the disparity within subgroups that both
  have, ``metric`` what they share, ``intervals`` how far a value may be off. ``fliptest`` alone looks at features.
- ``report`` gives them the form of Clarify's ``analysis.json`` and of measurements.

Where this differs from smclarify 0.5, by decision: KL, JS, LP, TVD and KS count each label value by itself, where
smclarify first reduces the labels to favourable or not, and they keep a value that one group never has, where smclarify
drops it; 0/0 and n/0 are no measurements, where smclarify says 0 and Infinity; rows without a facet are in neither
group, where smclarify has them in a; a subgroup with one outcome is left out of conditional disparity and named, where
smclarify takes its share for 0; the fliptest standardizes the features, and its sign is the Developer Guide's, which
smclarify turns round. Where none of this comes up, values agree.
"""
