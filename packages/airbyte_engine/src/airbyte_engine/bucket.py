"""An S3 client for the servers a lake may have, not only Amazon's."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config


def s3_client(endpoint: str | None, region: str | None, access_key: str | None, secret: str | None) -> Any:
    """A client with time limits; endpoint None means Amazon S3."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region or "us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        config=Config(
            connect_timeout=10,
            read_timeout=120,
            retries={"max_attempts": 5, "mode": "standard"},
            s3={"addressing_style": "path"},
            # Swift and many S3 servers do not know the trailing checksums newer SDKs send by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def prepare_s3() -> None:
    """Let botocore read its description of S3, which the first client otherwise does."""
    s3_client(None, None, "none", "none")
