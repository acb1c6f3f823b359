"""The embedded server: SageMaker's registry, cards, lineage, jobs and endpoints over SageMaker's own wire protocol.

It answers boto3, the SageMaker SDK and Airflow's Amazon provider as AWS does, for some accounts in one region, so that
the same code runs here and there. Start it with ``python -m sagemaker_server``; ``settings`` says how it is set up.

The way of a request, and of an import: ``app`` takes it off HTTP, ``signature`` finds out who signed it and what he
may do, ``wire`` reads and checks it by botocore's model of the service, ``operations`` holds a function for each
action, ``runtime`` runs jobs and endpoints, ``storage`` keeps everything. ``errors`` has AWS's names for every refusal.

Where it differs from AWS
=========================

AWS's side is told from its documentation and its service models; nothing here has been compared with AWS itself.
Where they are silent the table says so, and the server does what is safer for a record. The wording of refusals is
AWS's as far as clients are known to match on it.

======================= =========================================== ==================================================
What                    AWS                                         here
======================= =========================================== ==================================================
Actions                 some hundreds                               those of ``operations``; any other answers
                                                                    ``UnsupportedOperation`` and names what is there
Region                  many                                        one
Accounts                many                                        that of the users, and each that a role is declared
                                                                    for; each has a database and a home of its own
Across accounts         by resource policies and shared resources   by policies of model package groups: describe, list
                                                                    and ``CreateModel``; nothing that changes a version
Consistency             Search and lists not promised at once       immediate: an answer has all committed before it
Throttling, quotas      yes                                         none but the limits within a request
Order of faults         undocumented                                the order of the request, then what is missing
Names in ARNs           not documented                              as they were given
Version numbers         not documented for a group made anew        never given out twice, even when the group is
                                                                    deleted and made anew
Package status          Pending, InProgress, Completed              Completed at once; ``ValidationSpecification`` is
                                                                    kept and not run
ClientToken             how long it counts is not documented        kept as long as what it made; the same token with
                                                                    other parameters is a ``ConflictException``
CreateArtifact          not documented for a source known already   ``ValidationException``, "already exists"
Automatic lineage       jobs and packages leave entities behind     only what is created is there
Model card content      checked by an internal schema               the published schema, with the limits it means
Card sent unchanged     not documented                              makes no version
``MetadataOnly``        what AWS keeps unencrypted                  risk rating and model id; nothing is encrypted here
Search                  all resources, shared ones too              those that exist here, of this account;
                                                                    ``NotEquals`` also finds what lacks the property
IAM                     roles, groups, boundaries, variables        users and roles with one identity policy each, from
                                                                    files; ``${aws:username}`` in ``StringEquals`` is
                                                                    the one variable; documents with anything else stop
                                                                    the start
Resource policies       of many kinds                               of model package groups, and roles' trust;
                                                                    principals by account and ARN, no ``NotPrincipal``.
                                                                    Buckets have none: a role's own policy decides
Condition keys          all of IAM's                                global keys of the request, ``aws:RequestTag``,
                                                                    ``aws:TagKeys``, the keys of model packages; no
                                                                    ``aws:ResourceTag``. ``sagemaker:ModelCardStatus``
                                                                    is an extension of ours
Temporary credentials   of many kinds                               AssumeRole, without session policies, session tags,
                                                                    source identity and MFA, which are refused. A token
                                                                    is verified by a key of the installation and not
                                                                    kept: it ends with its time, its role or that key
Repeated requests       accepted within 15 minutes                  the same
CloudTrail              90 days, minutes late, reads too            for ever, in the call's own transaction, only what
                                                                    changes something and what was denied; KMS's Sign
                                                                    is not on record
KMS                     keys of many kinds, key policies            one Ed25519 key, ``ED25519_SHA_512`` over messages
``SecurityConfig``      encrypts                                    is kept and shown; nothing is encrypted
Containers              images from a registry                      repository and tag stand for a locked Python
                                                                    environment; other images are refused
Isolation               a machine for each job and endpoint         none: child processes of the server's own user.
                                                                    They are given no key, are bounded in memory,
                                                                    files and time, and leave nothing behind; this is
                                                                    no sandbox
Instances               as many and as large as asked for           one process, whatever type, count and volume say;
                                                                    training on more than one is refused
``/opt/ml``             where a script finds its files              a folder of the job; a script reads the ``SM_...``
                                                                    variables
``requirements.txt``    is installed                                is not: an image's environment is locked
Training jobs           script mode, algorithms, all inputs         script mode, ``File`` input by ``S3Prefix``;
                                                                    metric definitions, debugger and profiler do
                                                                    nothing
Transform jobs          all splits, filters, joins                  split by line or not at all; no filters, no joins
What asks for more      is honoured                                 VPC, network isolation, encryption, checkpoints,
                                                                    shadow variants, canaries of UpdateEndpoint:
                                                                    refused, not passed over
After a restart         nothing restarts                            jobs in progress begin again from their start;
                                                                    endpoints come back with the model data they had,
                                                                    or not at all
``ModelDataETag``       is recorded                                 model data with another ETag is not served
Updated endpoint        waits for alarms, then rolls back           the new answers ``/ping`` before the old goes;
                                                                    otherwise the old stays in service, with a
                                                                    ``FailureReason``
Variants' weights       shifted over minutes                        shifted in milliseconds; weights that are all 0 are
                                                                    refused; instance counts are kept and shown
Dead serving process    an instance is replaced                     it is started again at once. Requests it was
                                                                    answering get ``ModelError``; later ones wait up to
                                                                    15 seconds for it, then ``ServiceUnavailable``. No
                                                                    request goes over to another variant
Scripts' faults         500 for whatever a script raises            400 for what ``input_fn`` raises on reading a
                                                                    body; a process that dies or hangs is replaced
Data capture            minutes late, by the endpoint's role        a second late, by principal ``runtime``. Lines wait
                                                                    on disk while the store is away, up to 128 MiB an
                                                                    endpoint (``SAGEMAKER_SERVER_CAPTURE_SPOOL_BYTES``)
                                                                    and through ``kill -9``, not through a power cut;
                                                                    what is lost is counted in the endpoint's log
                                                                    stream ``data-capture``. A line may be sent twice,
                                                                    under one event id. KMS keys are refused; a text
                                                                    that is not UTF-8 is kept in base64
Execution roles         are taken on                                must be of the account, and ones that the caller may
                                                                    pass; jobs reach the store as principal ``runtime``
Logs                    CloudWatch Logs                             DescribeLogStreams and GetLogEvents on the kept
                                                                    logs, 64 MiB a stream
Transport               TLS                                         HTTP on loopback; put TLS in front of anything wider
======================= =========================================== ==================================================
"""
