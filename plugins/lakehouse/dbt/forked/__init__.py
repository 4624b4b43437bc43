"""dbt without its start: a parent process that has imported dbt forks for each invocation.

`client` is the executable that stands in for dbt. It finds the parent (`place`, `fingerprint`), starts one
when there is none (`starting`), hands over what an invocation is made of (`protocol`) and ends as dbt ended.
`parent` imports dbt, uses it once (`warming`) and forks; `run` is the forked process, `dremio_adapter` what
it corrects in dbt-dremio.

Only the standard library, dbt and its adapter are imported here: nothing of Airflow, and nothing else of this
library. docs/decisions/0014 says why it is built so.
"""
