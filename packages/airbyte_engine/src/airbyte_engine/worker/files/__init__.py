"""Airbyte's source-s3: CSV, JSON lines and Parquet from a bucket, or from a folder of this machine.

configuration.py   what is understood of source-s3's configuration
globs.py           which names a pattern covers
places.py          where files are: listed, opened
text.py            bytes to lines: unpacked, decoded
parsers.py         lines to records, with the line of what cannot be read
parquet_files.py   Parquet to records
file_columns.py    what Airbyte adds to a record
schema.py          the types of columns
history.py         which files were read, in which version
source.py          which files are new, and their records to the landing
errors.py          what can be wrong with one file
"""
