"""Who is calling and what he may do, apart from what is called: SigV4, principals and IAM policy documents.

``installed`` loads who there is: users (``principals``) and the roles that they may take on for a while (``roles``).
``sigv4`` finds out who signed a request, ``policy`` and ``resource_policy`` read policy documents and ``authorisation``
asks them. Only botocore and the standard library are imported, so that the S3 guard of the stack, in an environment of
its own, can use all of it.
"""

from __future__ import annotations

from sagemaker_server.signature.authorisation import authorise
from sagemaker_server.signature.installed import Principals
from sagemaker_server.signature.policy import Policy
from sagemaker_server.signature.principals import Principal
from sagemaker_server.signature.resource_policy import ResourcePolicy, account_of
from sagemaker_server.signature.sigv4 import SignedRequest, verify

__all__ = ["Policy", "Principal", "Principals", "ResourcePolicy", "SignedRequest", "account_of", "authorise", "verify"]
