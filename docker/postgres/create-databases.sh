#!/bin/sh
# Creates a role and a database for each service that uses this server. The image runs it on an empty volume.
set -eu

create() {
    psql --set=ON_ERROR_STOP=1 --set=name="$1" --set=password="$2" --username="$POSTGRES_USER" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
}

create airflow "$AIRFLOW_PG_PASSWORD"
create superset "$SUPERSET_PG_PASSWORD"
create platform "$PLATFORM_PG_PASSWORD"

# The observer counts everybody's connections by state.
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --command='grant pg_read_all_stats to platform'
