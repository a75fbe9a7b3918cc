#!/bin/sh
# Runs once, when PostgreSQL makes its cluster: the application's role, which owns nothing.
# `migrate --grant-to diary_app` gives it its rights; it can never change an insert-only table.
# It may create databases: every night a backup is restored into a scratch one, and dropped again.
set -eu
psql --quiet --set=ON_ERROR_STOP=1 --set=password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE diary_app LOGIN CREATEDB PASSWORD :'password';
SQL
