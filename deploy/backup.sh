#!/usr/bin/env bash
# Back up NAOME_HOME and Dagster's database into a new folder under NAOME_BACKUPS (or the folder named as argument).
#
# Nothing has to stop. Files of the lake never change once they are there; releases and pointers are copied before the data
# they point to, so whatever a copied release names is copied after it. The database is dumped in one transaction.
# Backups hold patient-level data: the folder is its owner's only. The last NAOME_BACKUPS_KEPT (30) are kept.
set -euo pipefail
umask 077

: "${NAOME_HOME:?name the folder with the data in NAOME_HOME}"
: "${NAOME_DAGSTER_DATABASE:?name the database of Dagster in NAOME_DAGSTER_DATABASE}"
target=${1:-${NAOME_BACKUPS:?name the folder for backups as argument or in NAOME_BACKUPS}}
kept=${NAOME_BACKUPS_KEPT:-30}

mkdir -p "$target"
name=$(date -u +%Y%m%dT%H%M%SZ)
work=$(mktemp -d "$target/.unfinished.XXXXXX")
trap 'rm -rf "$work"' EXIT

pg_dump --format=custom --file="$work/dagster.dump" "${NAOME_DAGSTER_DATABASE/+psycopg2/}"

parts=()
for part in lake/releases lake/deliveries lake/ledger lake/forgotten landing lake/data reports confidential logs alerts.yaml; do
  [ ! -e "$NAOME_HOME/$part" ] || parts+=("$part")
done
# Half-written files have names such as .v001.<32 hexadecimal digits>. Exit status 1: a log grew while it was read, which is as it should be.
tar --create --file="$work/home.tar" --directory="$NAOME_HOME" --exclude=".*.$(printf '?%.0s' {1..32})" "${parts[@]}" || [ $? -eq 1 ]

(cd "$work" && sha256sum dagster.dump home.tar > SHA256SUMS)
sync "$work/dagster.dump" "$work/home.tar" "$work/SHA256SUMS"
chmod 0700 "$work"
mv --no-target-directory "$work" "$target/$name"
trap - EXIT

find "$target" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*Z' | sort | head --lines="-$kept" | xargs --no-run-if-empty rm -rf
echo "$target/$name"
