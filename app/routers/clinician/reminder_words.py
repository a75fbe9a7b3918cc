"""The words of messages at the desk: ways, stages, why one failed, and how an instant is said."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_time

from app.domain.reach import Channel
from app.rendering import translations
from app.routers.clinician.words import Words
from app.services.channels import Delivery, LastTest
from app.services.reachability import Known, Reachability, Way
from app.services.timeline import Step


def _(message: str) -> str:
    return message


CHANNELS = {
    "push": _("notification"),
    "email": _("e-mail"),
    "sms": _("text message"),
    "call": _("call"),
}
MESSAGE_KINDS = {
    "diary": _("Reminder"),
    "snooze": _("Asked for later"),
    "notice": _("Notice"),
    "test": _("Test message"),
}
STEPS = {
    "planned": _("planned"),
    "moved": _("moved"),
    "rerouted": _("goes another way"),
    "with_site": _("to be called"),
    "called": _("called"),
    "put_off": _("put off"),
    "next_try": _("next try"),
    "retried": _("sent again by the site"),
    "handed_over": _("handed over"),
    "delivered": _("delivered"),
    "tapped": _("tapped"),
    "snoozed": _("asked for later"),
    "opened": _("opened"),
    "saved": _("saved"),
    "stopped": _("not sent"),
    "expired": _("expired"),
    "failed": _("failed"),
}
DETAILS = {
    "saved": _("entry in"),
    "set_aside": _("entry set aside"),
    "declined": _("“not today”"),
    "paused": _("paused"),
    "not_due": _("no diary due"),
    "enough": _("three went already"),
    "called": _("called"),
    "step_dropped": _("time changed"),
    "withdrawn": _("withdrawn"),
    "deceased": _("deceased"),
    "completed": _("completed"),
    "diary_stopped": _("diary stopped"),
    "lost_to_follow_up": _("lost to follow-up"),
    "quiet": _("quiet hours"),
    "no_address": _("no address"),
    "address_unreadable": _("address cannot be read"),
    "address_malformed": _("address cannot be right"),
    "no_gateway": _("this way is not set up"),
    "bounced": _("came back"),
    "reached": _("reached"),
    "no_answer": _("no answer"),
    "push": _("notification"),
    "email": _("e-mail"),
    "sms": _("text message"),
    "call": _("call"),
    "30": _("in 30 minutes"),
    "60": _("in 1 hour"),
    "no_snooze": _("too late for this evening"),
}
_KNOWN: dict[str, str] = {
    Known.CONFIRMED: _("arrived %(when)s"),
    Known.UNCONFIRMED: _("sent %(when)s, never confirmed"),
    Known.REFUSED: _("refused %(when)s"),
    Known.UNTRIED: _("not tried yet"),
}
_LEADS: dict[str, str] = {
    Known.CONFIRMED: _("Reachable by %(way)s (%(when)s)."),
    Known.UNCONFIRMED: _("No message is confirmed yet."),
    Known.REFUSED: _("The latest messages were refused: call, and ask for another address."),
}
_TESTS: dict[str, str] = {
    Delivery.ON_ITS_WAY: _("Test message by %(way)s: on its way."),
    Delivery.HANDED_OVER: _("Test message by %(way)s: sent %(when)s."),
    Delivery.ARRIVED: _("Test message by %(way)s: arrived %(when)s."),
    Delivery.FAILED: _("Test message by %(way)s: did not go through."),
}
_NONE = {"none": _("No way to write: this participant is called.")}
_DAYS = {0: _("today %(time)s"), 1: _("yesterday %(time)s")}


class Moments:
    """Says instants by a participant's clock, near ones by name."""

    def __init__(self, words: Words, zone: ZoneInfo, now: datetime) -> None:
        self.words, self.zone = words, zone
        self._today: date = now.astimezone(zone).date()

    def clock(self, at: datetime) -> str:
        """The time of day alone."""
        return format_time(at.astimezone(self.zone), "HH:mm", locale=self.words.lang)

    def near(self, at: datetime) -> str:
        """Today and yesterday with the time, an earlier or later day by its date alone."""
        local = at.astimezone(self.zone)
        apart = (self._today - local.date()) // timedelta(days=1)
        if apart in _DAYS:
            said = translations(self.words.lang).gettext(_DAYS[apart])
            return said % {"time": self.clock(at)}
        return self.words.day(local.date())


def said_detail(code: str, words: Words) -> str:
    """Why, or how; a code of machines that has no words of its own is marked as one."""
    if not code or code in DETAILS:
        return words.say(DETAILS, code) if code else ""
    return words.say({"code": _("technical: %(code)s")}, "code") % {"code": code}


def said_step(step: Step, moments: Moments) -> dict[str, str]:
    """A stage in words: what, when by the clock, and what more is known."""
    words = moments.words
    return {
        "code": step.code,
        "what": words.say(STEPS, step.code),
        "at": moments.clock(step.at) if step.at else "",
        "detail": said_detail(step.detail, words),
    }


def said_reach(found: Reachability, moments: Moments) -> dict[str, object]:
    """What the card of a participant says: a sentence, each way, and the last test message."""
    words = moments.words
    return {
        "lead": _lead(found, moments),
        "has_way": bool(found.ways),
        "ways": [(words.say(CHANNELS, way.channel), _way(way, moments)) for way in found.ways],
        "lost": [(words.say(CHANNELS, way.channel), _way(way, moments)) for way in found.lost],
        "test": _test(found.last_test, moments),
    }


def _lead(found: Reachability, moments: Moments) -> str:
    words = moments.words
    if not found.ways:
        return words.say(_NONE, "none")
    good = next((way for way in found.ways if way.known is Known.CONFIRMED), None)
    if good is None or good.at is None:
        is_refused = all(way.known is Known.REFUSED for way in found.ways)
        return words.say(_LEADS, Known.REFUSED if is_refused else Known.UNCONFIRMED)
    return _filled(words.say(_LEADS, Known.CONFIRMED), good.channel, good.at, moments)


def _way(way: Way, moments: Moments) -> str:
    return _filled(moments.words.say(_KNOWN, way.known), way.channel, way.at, moments)


def _test(test: LastTest | None, moments: Moments) -> str | None:
    if test is None:
        return None
    said = moments.words.say(_TESTS, test.delivery)
    return _filled(said, test.channel, test.known_at or test.asked_at, moments)


def _filled(said: str, channel: Channel, at: datetime | None, moments: Moments) -> str:
    when = moments.near(at) if at else ""
    return said % {"way": moments.words.say(CHANNELS, channel), "when": when}
