#!/usr/bin/env bash
# Bring a backup back: restore.sh FOLDER-OF-A-BACKUP, into an empty NAOME_HOME and the database NAOME_DAGSTER_DATABASE names.
#
# Stop the services first. The database has to exist; what is in it is replaced.
set -euo pipefail
umask 077

: "${NAOME_HOME:?name the folder for the data in NAOME_HOME}"
: "${NAOME_DAGSTER_DATABASE:?name the database of Dagster in NAOME_DAGSTER_DATABASE}"
backup=$(realpath "${1:?name the folder of the backup}")

if [ -n "$(find "$NAOME_HOME" -type f -not -path "$NAOME_HOME/dagster/*" -print -quit 2>/dev/null)" ]; then
  echo "restore: $NAOME_HOME is not empty. What to do: move it away, or name another folder in NAOME_HOME" >&2
  exit 1
fi
(cd "$backup" && sha256sum --check --strict --quiet SHA256SUMS) || {
  echo "restore: the backup was changed or is not whole. What to do: take another one" >&2
  exit 1
}

mkdir -p "$NAOME_HOME"
tar --extract --file="$backup/home.tar" --directory="$NAOME_HOME" --preserve-permissions
pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction \
  --dbname="${NAOME_DAGSTER_DATABASE/+psycopg2/}" "$backup/dagster.dump"

cd "$(dirname "$0")/.."
# Private folders and Dagster's instance file; then the analysts' file of views, and whatever else is wrong.
.venv/bin/naome dagster-home > /dev/null
.venv/bin/naome doctor --repair
