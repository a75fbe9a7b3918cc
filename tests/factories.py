"""What people hand in, made ready: a site's enrolment, a form's answers, a phone's submission."""

import secrets
import uuid
from base64 import urlsafe_b64encode
from datetime import date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain.study import Study
from app.services.listed_medicines import ListedMedicine
from app.services.participants import Enrolment

FIRST_DIARY_ON, LAST_DIARY_ON = date(2026, 1, 10), date(2026, 3, 31)


def enrolment(site_id: str, **changes: Any) -> Enrolment:
    """A participant of a site: right hand, French, in Paris, with two medicines on the list."""
    usual: dict[str, Any] = {
        "language": "fr",
        "tz": "Europe/Paris",
        "limb": "hand",
        "side": "right",
        "scale": "vas100",
        "first_diary_on": FIRST_DIARY_ON,
        "last_diary_on": LAST_DIARY_ON,
        "email": "quelqu.un@example.org",
        "medicines": (
            ListedMedicine(
                code="paracetamol-1000-mg-tablet", role="scheduled", prescribed={"morning": 1}
            ),
            ListedMedicine(code="tramadol-50-mg-capsule", role="rescue"),
        ),
        "is_sure": True,
    }
    return Enrolment(site_id=site_id, **usual | changes)


def score(value: int, scale: str = "vas100") -> dict[str, Any]:
    """An answered score as the phone writes it."""
    return {
        "status": "answered",
        "value": value,
        "scale": scale,
        "line_px": 296.0,
        "viewport": [360, 740],
    }


def diary(
    study: Study, *, average: int = 57, worst: int = 71, scale: str = "vas100"
) -> dict[str, Any]:
    """A usual day's answers: both scores, an open gate with one trigger felt, and no medicine."""
    return {
        "scores": {"pain_average": score(average, scale), "pain_worst": score(worst, scale)},
        "allodynia": {"status": "answered", "value": "yes"},
        "triggers": {
            "brush": score(min(worst, 10), scale),
            "pressure": {"status": "not_exposed", "scale": scale},
            "cold": {"status": "avoided", "scale": scale},
        },
        "zones": {"status": "answered", "set": study.zone_set.version, "codes": ["hand.palm"]},
        "medicines": {"status": "answered", "none": True},
    }


def submission(
    study: Study, payload: dict[str, Any] | None, *, saved_at: datetime, **changes: Any
) -> dict[str, Any]:
    """A first version of a diary, saved and sent at `saved_at` after a minute of answering.

    `changes` replace or add fields: `kind`, `op`, `record_id`, `base_version`, `texts`, …
    """
    instant = saved_at.isoformat()
    return {
        "submission_id": str(uuid.uuid4()),
        "record_id": str(uuid.uuid4()),
        "kind": "diary",
        "form_version": study.version,
        "observed_at": instant,
        "saved_at": instant,
        "sent_at": instant,
        "tz": "Europe/Paris",
        "elapsed_s": 60.0,
        "payload": payload,
        **changes,
    }


PUSH_HOST = "https://fcm.googleapis.com"


def subscription(
    name: str = "one", *, key: ec.EllipticCurvePrivateKey | None = None, auth: bytes = b""
) -> dict[str, str]:
    """What a browser gives that takes push messages; its secrets are made unless they are given."""
    public = (key or ec.generate_private_key(ec.SECP256R1())).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        "endpoint": f"{PUSH_HOST}/fcm/send/{name}",
        "p256dh": _base64url(point),
        "auth": _base64url(auth or secrets.token_bytes(16)),
    }


def _base64url(told: bytes) -> str:
    return urlsafe_b64encode(told).rstrip(b"=").decode()
