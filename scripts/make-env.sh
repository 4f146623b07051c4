#!/bin/sh
# Makes .env of .env.example, with fresh random secrets. Never touches one that is there: its key opens what is stored.
set -eu
cd "${1:-$(dirname "$0")/..}"
if [ -e .env ]; then
  echo '.env is there already and stays as it is: its MALIPO_SECRET_KEY opens the stored credentials.' >&2
  exit 1
fi
umask 077
key=$(head -c 32 /dev/urandom | base64 | tr -d '\n')
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
# Written beside it and then moved: a run that is cut short leaves no .env with half its secrets.
draft=.env.$$
trap 'rm -f "$draft"' EXIT
sed -e "s|^MALIPO_SECRET_KEY=\$|MALIPO_SECRET_KEY=$key|" \
  -e "s|^MYSQL_ROOT_PASSWORD=\$|MYSQL_ROOT_PASSWORD=$(password)|" \
  -e "s|^MYSQL_PASSWORD=\$|MYSQL_PASSWORD=$(password)|" \
  -e "s|^REDIS_PASSWORD=\$|REDIS_PASSWORD=$(password)|" .env.example >"$draft"
mv "$draft" .env
echo '.env is ready. Its secrets stand nowhere else: keep a copy of MALIPO_SECRET_KEY.'
