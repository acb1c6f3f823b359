"""The toolkit that runs inside an image's environment, in the place of what AWS's framework images contain.

It is started by another interpreter than the server's, as ``python -I container training`` or ``... serving``, and so
uses the standard library alone (``serving`` adds the image's waitress) and relative imports: there it is a package
without parents. ``guard`` starts it, watches it, and leaves nothing of it behind. Parts: ``guard`` (the process that
stands between server and workload), ``archives`` (unpacking within bounds, packing to the same bytes), ``training``
(script mode), ``handlers`` (a model script's functions and their defaults), ``serving`` (those over HTTP).
"""
