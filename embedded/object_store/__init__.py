"""The S3 server: OpenStack Swift with its s3api, one copy of every object on the local disk."""
