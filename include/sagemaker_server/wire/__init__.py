"""AWS's wire protocols, driven by botocore's own service models; apart from what the actions mean.

``services`` says which action a request asks for, ``reading`` turns a body into checked Python values, ``constraints``
holds the rules of AWS's shapes and the words in which AWS reports them broken, ``writing`` turns results and errors
into bodies, ``rest`` and ``query`` add the two protocols that are not JSON 1.1. Whatever is sent, the answer is a
``WireError`` or a value: nothing here raises anything else.
"""

from __future__ import annotations

from sagemaker_server.wire.reading import read_request
from sagemaker_server.wire.services import Action, Protocol, find_action, target_of
from sagemaker_server.wire.writing import Answer, write_error, write_result

__all__ = ["Action", "Answer", "Protocol", "find_action", "read_request", "target_of", "write_error", "write_result"]
