"""``DataCaptureConfig`` of an endpoint configuration: checked when it is made, told when an endpoint is described."""

from __future__ import annotations

from typing import Any

from sagemaker_server.errors import ValidationException
from sagemaker_server.operations.offers import refuse_others, s3_uri

OFFERED = {
    "EnableCapture",
    "InitialSamplingPercentage",
    "DestinationS3Uri",
    "CaptureOptions",
    "CaptureContentTypeHeader",
}


def check_data_capture(config: dict[str, Any] | None) -> None:
    """Lets pass what can be captured as it is asked for; see AWS's API_DataCaptureConfig.

    Raises:
        ValidationException: The destination is no place in S3, a content type is claimed for CSV and for JSON, or
            encryption is asked for, which there is not here.
    """
    if config is None:
        return
    refuse_others(config, OFFERED, "DataCaptureConfig")
    s3_uri(config["DestinationS3Uri"], "DataCaptureConfig.DestinationS3Uri")
    types = config.get("CaptureContentTypeHeader") or {}
    csv, json = ({name.lower() for name in types.get(f"{kind}ContentTypes", ())} for kind in ("Csv", "Json"))
    if csv & json:
        raise ValidationException(
            f"DataCaptureConfig.CaptureContentTypeHeader: {', '.join(sorted(csv & json))} cannot be CSV and JSON."
        )


def captured(config: dict[str, Any] | None) -> dict[str, Any] | None:
    """A ``DataCaptureConfigSummary``; None for an endpoint that was configured without."""
    if config is None:
        return None
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
