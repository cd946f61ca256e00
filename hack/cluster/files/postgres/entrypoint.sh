#!/bin/bash
# What the official PostgreSQL image documents of its start: a fresh PGDATA is initialised from POSTGRES_USER,
# POSTGRES_PASSWORD and POSTGRES_DB, then the server runs as the process itself. Arguments go to the server.
set -euo pipefail

[ "${1:-postgres}" = "${1#-}" ] || set -- postgres "$@"
if [ "${1:-postgres}" != postgres ]; then exec "$@"; fi
[ $# -gt 0 ] || set -- postgres

read_secret() { # NAME: from the variable, or from the file NAME_FILE points at
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then printf -v "$1" '%s' "$(cat "${!file}")"; fi
}

initialise() {
  read_secret POSTGRES_USER
  read_secret POSTGRES_PASSWORD
  read_secret POSTGRES_DB
  local user="${POSTGRES_USER:-postgres}" method="${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}"
  local database="${POSTGRES_DB:-$user}"
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "$method" != trust ]; then
    echo "Error: the database is not initialised and POSTGRES_PASSWORD is not set: set it to a non-empty value." >&2
    exit 1
  fi
  # shellcheck disable=SC2086 # the documented variable holds several arguments
  initdb --username="$user" --auth-host="$method" --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 \
    --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") -D "$PGDATA" ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -c unix_socket_directories=/tmp"
  if [ "$database" != postgres ]; then
    psql -v ON_ERROR_STOP=1 -h /tmp -U "$user" -d postgres -v name="$database" <<< 'CREATE DATABASE :"name";'
  fi
  for script in /docker-entrypoint-initdb.d/*.sql; do
    [ -e "$script" ] && psql -v ON_ERROR_STOP=1 -h /tmp -U "$user" -d "$database" -f "$script"
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
}

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres:postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

mkdir -p "$PGDATA"
chmod 700 "$PGDATA" 2> /dev/null || true # a mounted folder may belong to another user; initdb says so if it matters
if [ ! -s "$PGDATA/PG_VERSION" ]; then initialise; fi
exec "$@"
