"""The size of a bucket by listing it, without boto3: that would cost the observer too much memory."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx

from lakehouse.platform.connections import Connection

MOST_PAGES: Final = 200
"""200,000 objects: some 20 s. A larger bucket is not listed to its end."""


class ListingTooLongError(Exception):
    """The bucket has more objects than are listed."""


def list_bucket(client: httpx.Client, endpoint: str, bucket: str, where: Connection) -> tuple[float, float]:
    """Bytes and objects of a bucket.

    Raises:
        ListingTooLongError: more than `MOST_PAGES` pages.
        httpx.HTTPError: no answer, or a refusal.
    """
    # Only where a store keeps no count: it is memory that the observer otherwise saves.
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    auth = S3SigV4Auth(
        Credentials(where.login, where.password), "s3", str(where.extra.get("region_name") or "us-east-1")
    )
    used = objects = 0.0
    following: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        query = urlencode({"list-type": "2", "max-keys": "1000", **following}, quote_via=quote)
        request = AWSRequest("GET", f"{endpoint}/{bucket}?{query}")
        auth.add_auth(request)
        answer = client.get(request.url, headers=dict(request.headers)).raise_for_status()
        page = ElementTree.fromstring(answer.content)  # noqa: S314  the store's own answer
        space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
        for content in page.iter(f"{space}Contents"):
            used += float(content.findtext(f"{space}Size") or 0)
            objects += 1
        token = page.findtext(f"{space}NextContinuationToken")
        if page.findtext(f"{space}IsTruncated") != "true" or not token:
            return used, objects
        following = {"continuation-token": token}
    raise ListingTooLongError(f"{bucket} has more than {MOST_PAGES * 1000:,} objects")
