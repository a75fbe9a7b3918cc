"""What the demo prints when it is ready: the ways in, as lines of a terminal."""

import io

import segno

from app.simulation.demo import Ready


def welcome(ready: Ready) -> str:
    """Say who is simulated and how each person gets in, with the participant's link as QR."""
    clinician = ready.clinician
    return f"""
The study is ready on {ready.base_url}. {_who(ready)}

PARTICIPANT  {ready.study_code}, a phone to be set up with a PIN of your own
  {ready.participant_link}
  {_place(ready)}

{_qr(ready.participant_link)}
CLINICIAN  {ready.base_url}/desk/sign-in
  login        {clinician.login}
  password     {clinician.password}
  TOTP secret  {clinician.totp_secret}

TRIAL DATABASE
  key  {ready.api_key}
  curl -H 'Authorization: Bearer {ready.api_key}' '{ready.base_url}/api/v1/changes?limit=3'
  token for scripts that speak to REDCap, at {ready.base_url}/redcap/api/  {ready.redcap_token}

OTHERS AT THE DESK  {_colleagues(ready)}
  passwords and TOTP secrets are in var/demo.json, beside all of this

Stop with Ctrl-C; running it again continues.
"""


def _colleagues(ready: Ready) -> str:
    return ", ".join(account.login for account in ready.colleagues.values())


def _who(ready: Ready) -> str:
    if ready.proof is None:
        return "Everybody in it is simulated."
    proof = ready.proof
    return (
        "Its scores are real people's; dates, allodynia and doses are simulated.\n"
        f"{proof.read:,} scores in, {proof.found:,} out of /entries; "
        f"{proof.shown_missing:,} missing days shown as missing."
    )


def _place(ready: Ready) -> str:
    if ready.has_travelled:
        return f"They have just travelled to {ready.tz}, where this evening's diary is open."
    return f"They live in {ready.tz}, where this evening's diary is open."


def _qr(link: str) -> str:
    out = io.StringIO()
    segno.make(link, error="l").terminal(out=out, compact=True, border=2)
    return out.getvalue()
