"""Airbyte's source-s3: CSV and JSON lines from a bucket, or from a folder of this machine.

configuration.py   what is understood of source-s3's configuration
places.py          where files are: listed, opened
parsers.py         files to records, with the line of what cannot be read
source.py          which files are new, and their records to the landing
"""
