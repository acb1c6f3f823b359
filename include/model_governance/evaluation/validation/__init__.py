"""What a test endpoint showed, test by test, held to what the use case declares; knows neither AWS nor HTTP.

``questions`` says how rows become requests and answers become numbers; ``contract``, ``parity``, ``latency``,
``edge_cases`` and ``dependencies`` ask, each its own questions, through the functions they are handed, and give
``checks``; ``assess`` makes one assessment of all of them. No test stops another: what went wrong is a failed check.
"""
