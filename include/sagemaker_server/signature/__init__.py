"""Who is calling and what he may do, apart from what is called: SigV4, principals and IAM policy documents.

``principals`` loads who there is, ``sigv4`` finds out who signed a request, ``policy`` reads a policy document and
``authorisation`` asks it. Only botocore and the standard library are imported, so that the S3 guard of the stack, in
an environment of its own, can use all of it.
"""

from __future__ import annotations

from sagemaker_server.signature.authorisation import authorise
from sagemaker_server.signature.policy import Policy
from sagemaker_server.signature.principals import Principal, Principals
from sagemaker_server.signature.sigv4 import SignedRequest, verify

__all__ = ["Policy", "Principal", "Principals", "SignedRequest", "authorise", "verify"]
