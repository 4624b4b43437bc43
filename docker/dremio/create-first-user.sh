#!/bin/sh
# Dremio has no user until the first one is created; afterwards it refuses this call, which is fine.
set -eu

created=$(date +%s)000
answer=$(curl --silent --show-error --output /dev/stderr --write-out '%{http_code}' \
    --request PUT "$DREMIO_URL/apiv2/bootstrap/firstuser" \
    --header 'Authorization: _dremionull' --header 'Content-Type: application/json' \
    --data @- <<JSON
{"userName": "$DREMIO_USER", "firstName": "Lake", "lastName": "House", "email": "$DREMIO_USER@localhost.local",
 "createdAt": $created, "password": "$DREMIO_PASSWORD"}
JSON
)
case "$answer" in
    200) echo "created $DREMIO_USER" ;;
    *) ;; # the user already exists: the login below checks it
esac

curl --silent --show-error --fail --output /dev/null --request POST "$DREMIO_URL/apiv2/login" \
    --header 'Content-Type: application/json' \
    --data "{\"userName\": \"$DREMIO_USER\", \"password\": \"$DREMIO_PASSWORD\"}"
echo "$DREMIO_USER can log in"
