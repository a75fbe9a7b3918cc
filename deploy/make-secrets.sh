#!/bin/sh
# Makes the secrets that compose.yaml hands out, once: what is already in ./secrets is kept.
# The folder is closed; the files in it are not, since each is read by the user of its container.
set -eu
cd "$(dirname "$0")/.."
umask 022
mkdir -p secrets
chmod 700 secrets

random() { head -c 48 /dev/urandom | base64 | tr -d '+/=\n'; }
keep() { [ -e "secrets/$1" ] || printf '%s' "$2" > "secrets/$1"; }

keep secret_key "$(random)"
keep owner_password "$(random)"
keep app_password "$(random)"
keep owner_url "postgresql://diary_owner:$(cat secrets/owner_password)@postgres/diary"
keep app_url "postgresql://diary_app:$(cat secrets/app_password)@postgres/diary"
keep smtp_password ''
keep sms_token ''
keep sms_report_token "$(random)"
