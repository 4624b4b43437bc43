vacuum table {{ table }} expire snapshots older_than '{{ cutoff }}' retain_last {{ keep_newest }}
