"""Airbyte's PostgreSQL source: full refresh, incremental by a cursor column, and change data capture.

address.py    how the source is reached, and what its errors mean
columns.py    tables, columns, and the one mapping of types that all ways of reading share
cursor.py     which rows an incremental sync has not seen
text_values.py  what lands of PostgreSQL's text of a value: lists of arrays, times, numbers
encoding.py   texts that are not UTF-8
snapshot.py   tables to Parquet as one moment sees them, by DuckDB's postgres_scanner
source.py     full refresh and incremental
cdc.py        a sync by change data capture, from slot to checkpoint
prerequisites.py, publication.py  what must be granted and set, and the statement to run where it is not
table_identity.py  what changed a table's rows without a line in the log
slot.py       the replication slot: made, judged, advanced, its lag
pgoutput.py   the messages of PostgreSQL's own decoding plugin
changes.py    changes to Parquet
"""
