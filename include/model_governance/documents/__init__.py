"""What a person reads: a model card, or the evidence on a version, as HTML and as PDF; pure, and bytes come out.

A tour, from the data to the bytes:

- ``page`` is a document as a tree: sections of facts, tables, notices and charts, and nothing of how they look.
- ``model_card`` makes a page of a card's content, ``metric_groups`` of the numbers in it.
- ``evidence`` makes a page of a version's evidence and its reports; ``bias``, ``model_quality``, ``data_quality`` and
  ``explainability`` know a report's form each, and leave to ``values`` what they do not know: any JSON value is shown,
  so that nothing is dropped because it is new.
- ``wording`` is how names, numbers and verdicts are put, and how characters that one cannot see are made visible.
- ``html`` and ``pdf`` write a page, by the files in ``templates``; ``charts`` draws for both.

Charts are own small SVG macros, since a full card must be written in 5 ms: leather takes 2.3 ms for one curve, pygal
17, reportlab 9, and none of them gives a title, a description or colours for dark mode. PDF is typst's: its wheel
brings the fonts, the output is tagged (PDF/UA-1), the same SVG serves, and data reaches it as JSON, never as markup.
"""
