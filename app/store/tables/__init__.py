"""The mapped tables, by family: records (insert-only and projection), people and their ways in,
letters between participants and their site, reach, machinery.
"""

from app.store.tables.letters import Confirmation, Request, RequestAnswer, SiteMessage
from app.store.tables.machinery import DeploymentFact, Heartbeat, Throttle
from app.store.tables.mapping import Base, UtcDateTime
from app.store.tables.passkeys import PairingCode, Passkey, PasskeyChallenge
from app.store.tables.people import (
    ApiKey,
    Contact,
    Device,
    EnrolmentLink,
    MesotherapySession,
    Participant,
    ParticipantMedicine,
    ParticipantPause,
    ParticipantZone,
    SignIn,
    Site,
    Staff,
    StaffGrant,
)
from app.store.tables.reach import (
    Alert,
    Evening,
    PushSubscription,
    Reminder,
    ReminderEvent,
)
from app.store.tables.records import (
    INSERT_ONLY,
    ChangeText,
    Epoch,
    LedgerRow,
    Record,
    RecordVersion,
    SetAside,
    SetAsideDecision,
)

__all__ = [
    "INSERT_ONLY",
    "Alert",
    "ApiKey",
    "Base",
    "ChangeText",
    "Confirmation",
    "Contact",
    "DeploymentFact",
    "Device",
    "EnrolmentLink",
    "Epoch",
    "Evening",
    "Heartbeat",
    "LedgerRow",
    "MesotherapySession",
    "PairingCode",
    "Participant",
    "ParticipantMedicine",
    "ParticipantPause",
    "ParticipantZone",
    "Passkey",
    "PasskeyChallenge",
    "PushSubscription",
    "Record",
    "RecordVersion",
    "Reminder",
    "ReminderEvent",
    "Request",
    "RequestAnswer",
    "SetAside",
    "SetAsideDecision",
    "SignIn",
    "Site",
    "SiteMessage",
    "Staff",
    "StaffGrant",
    "Throttle",
    "UtcDateTime",
]
