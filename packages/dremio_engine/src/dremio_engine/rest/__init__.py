"""The REST protocol on port 9047.

Its shapes and texts are those of Dremio's documentation and of dremio-oss 25.2. No Dremio could be asked
while this was written: what 26.x changed without documenting it is not known here.

Differences that remain:

- Unknown fields of a body are left out everywhere, as Dremio leaves out those of catalog objects, sources and
  reflections; those of a login, a statement, a wiki, tags and a user it refuses.
- Not served (404): reflection summaries and recommendations, lineage and grants of a catalog object, catalog
  searches and objects by lists of ids or paths, scripts, workload management, lists of jobs, source types.
- An S3 source whose root path is `/` shows the buckets it is kept to (`whitelistedBuckets`,
  `externalBucketList`). Without any it takes every bucket that its key opens, but lists none of them before
  something is known inside, and its key is not tried when the source is made.
- S3 sources sign with ACCESS_KEY or not at all (NONE); EC2_METADATA and AWS_PROFILE are refused.
- Only folders of Parquet files are promoted, by whichever API.
- A folder of a source whose name holds a dot, as a part of a table's path, is two folders: `"a.b".t` is
  `a.b.t`.
- A reflection on a view that asks for the time or a random number is refused; Dremio keeps the values of the
  refresh. Views that ask for the user are refused by both.
- TRUNCATE as a reflection's partition transform is kept and shown, but cuts no files.
- The Flight endpoint takes a login or a token in the call's headers. The older handshake
  (`FlightClient.authenticate`, in dremio-client) is refused; that client then asks over REST.
- Only /apiv2/login logs in, as documented. dremioframe's mode `v26` tries /api/v3/login and /apiv3/login with
  a password: give it a personal access token, or use the mode `v25`.
"""
