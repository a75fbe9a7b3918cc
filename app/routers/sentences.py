"""What a person reads for each error code: one sentence that says what to do.

The sentences are gettext messages; `_` here only marks them for collection.
"""

from app.domain.errors import DomainError
from app.rendering import translations


def _(message: str) -> str:
    return message


SENTENCES = {
    "account_disabled": _("This account is closed. Open it again first."),
    "account_enabled": _("This account is open already."),
    "admin_everywhere": _("An administrator looks after all sites: choose all of them."),
    "assessor_unblinded": _(
        "An assessor may not see trends: end the other role at this site first, or make another "
        "account."
    ),
    "code_differs": _(
        "These six digits are not the right ones. Wait for the next ones, and check the clock of "
        "the phone."
    ),
    "granted_already": _("This account has this role there already. End it first to change it."),
    "grant_over": _("This role is over already: somebody was sooner."),
    "invitation_over": _(
        "This invitation was used or replaced, or has expired. Ask an administrator for a new one."
    ),
    "last_admin": _(
        "Nobody would be left to look after the accounts. Invite another administrator first."
    ),
    "own_account": _("Nobody changes the rights of their own account. Ask another administrator."),
    "password_differs": _("The two passwords are not the same. Type the same one twice."),
    "until_missing": _("An inspector's access ends on a day: give it."),
    "alert_closed": _("This alert is closed already: somebody was sooner, or the entry came in."),
    "measures_reason": _("Say why the trends are opened before the measures."),
    "alert_note": _("Write what you found or did."),
    "alert_reason": _("Say in a few words what was done."),
    "alert_taken": _("Somebody else has taken this alert on."),
    "amount_missing": _("Say how much you took."),
    "answered_already": _(
        "This was answered already. If the answer was wrong, call the study team."
    ),
    "body_unread": _("Nobody reads a body here: say it with parameters."),
    "parameter_repeated": _("Give this parameter once."),
    "format_missing": _("There is no such format here. Look at what the description offers."),
    "bad_request": _("This request could not be understood. Go back and try again."),
    "busy": _("The service is busy. Nothing is lost: try again in a few seconds."),
    "called_already": _(
        "This call is no longer open: it was noted already, or the evening is over."
    ),
    "changed_meanwhile": _("Somebody changed this meanwhile. Look at it again before you go on."),
    "contradiction": _("Two answers contradict each other. Change one, or keep both."),
    "correction_after_window": _("This day is over. Ask the study team to correct it."),
    "cross_site": _(
        "This came from another site and was refused. Open the page here and try again."
    ),
    "cursor_ahead": _(
        "There is no change with this number yet: this cursor is of another database. Drop your "
        "copy and pull from 0."
    ),
    "cursor_differs": _(
        "The change at this cursor is another one here, or is not yours to read. Drop your copy "
        "and pull from 0."
    ),
    "cursor_in_gap": _(
        "The service was restored from a backup. Drop the changes above %(resync_after)s and pull "
        "from there."
    ),
    "cursor_malformed": _("A cursor looks like epoch:number:hash, or is a number."),
    "cursor_of_other_epoch": _(
        "The service was restored from a backup since this cursor was given. Drop the changes "
        "above %(resync_after)s and pull from there."
    ),
    "desk_passkey_not_made": _(
        "The passkey could not be set up. Try again, or go on with the authenticator app."
    ),
    "desk_passkey_refused": _(
        "This passkey did not open the desk. Try again, or use the password and the six digits."
    ),
    "date_in_future": _("This date is in the future. Enter the day on which it took place."),
    "date_over": _("This day is over. Choose today or a later day."),
    "parameter_of_other_type": _(
        "after and limit are for type=transactional; site, study_code, from and to for "
        "type=snapshot."
    ),
    "dates_reversed": _("The last day comes before the first. Check both dates."),
    "device_in_hand": _("This is the phone in your hand. To close your diary here, sign out."),
    "device_unknown": _("This phone is not enrolled. Ask the study team for a new link."),
    "gate_unanswered": _("You answered questions that follow from this one. Answer it too."),
    "other_enrolment": _("This was saved in another diary. It is sent when that diary is opened."),
    "key_needed": _("Send your key: Authorization: Bearer diary_…"),
    "key_refused": _("This key is not valid here: it is unknown, expired or revoked."),
    "link_not_valid": _(
        "This link has been used or has expired. Ask the study team for a new one."
    ),
    "login_taken": _("There is an account with this login already. Choose another one."),
    "no_passkeys_here": _("Fingerprint and face cannot be used here. Use your code."),
    "no_address": _("There is no address to write to. Call the team to give one."),
    "evening_declined": _("You said that tonight is left out. You can still fill in the diary."),
    "messages_enough": _(
        "%(number)s messages in one evening are enough: no more can come tonight."
    ),
    "nothing_to_put_off": _("There is nothing to put off now."),
    "snooze_too_late": _("That would be too late: the diary closes at midnight. Choose sooner."),
    "no_diary_day": _("Choose a day of your diary, up to today."),
    "not_a_choice": _("Choose one of the answers that are offered."),
    "not_allowed": _("Your role does not include this."),
    "not_a_number_abroad": _(
        "Write the number with its country, as in +33 6 12 34 56 78, or leave it empty."
    ),
    "not_an_address": _("This does not look like an e-mail address. Check it, or leave it empty."),
    "not_found": _("There is nothing here for you."),
    "not_in_this_state": _("This is not possible in the participant's present state."),
    "pairing_refused": _(
        "This code is not valid: it was mistyped, used before, or is older than 10 minutes. "
        "Check it, or get a new one."
    ),
    "passkey_not_made": _(
        "Your fingerprint or face could not be set up. Try again, or go on with your code."
    ),
    "passkey_refused": _("This did not open your diary. Try again, or use your code."),
    "password_refused": _("This is not your present password."),
    "password_short": _("A password needs at least %(characters)s characters."),
    "paused_already": _("The diary is paused on these days already. Check the dates."),
    "pin_differs": _("The two codes are not the same. Type the same one twice."),
    "pin_digits": _("A code has at least %(digits)s digits, and digits only."),
    "pin_too_easy": _("This code is too easy to guess. Choose other digits."),
    "push_host": _(
        "This browser's messages come from a place that is not known here. Choose e-mail, or "
        "another browser."
    ),
    "push_keys": _("This browser did not say how to write to it. Try again, or choose e-mail."),
    "meaning_missing": _("Choose what your signature says."),
    "period_backwards": _("The last day comes before the first: change one of them."),
    "period_outside": _("The first day lies before the diary began: choose a later one."),
    "period_not_over": _("Only days that are over can be signed: choose an earlier last day."),
    "heads_off": _("No folder for signed heads is set: name one in DIARY_HEADS_FOLDER."),
    "heads_key_missing": _(
        "The key of the signed heads is not at %(file)s. Put it back: another key would be refused "
        "by whoever pulls."
    ),
    "heads_key_differs": _("%(file)s is not the key that signed the heads so far."),
    "heads_key_unreadable": _("%(file)s cannot be read as a key."),
    "heads_unknown_epoch": _("There was no restore of epoch %(epoch)s."),
    "heads_restore_unaccepted": _(
        "The last signed heads lie beyond the restore of %(at)s. If it was yours, accept it: "
        "python -m app sign-heads --accept-restore %(epoch)s"
    ),
    "backup_exists": _("%(file)s is there already: choose another name."),
    "backup_altered": _("%(file)s is not the file that its proof was written for."),
    "backup_of_another": _("%(file)s is not a copy of this database."),
    "move_not_empty": _("The target is not empty: name a database that holds nothing yet."),
    "move_other_revision": _(
        "Both databases have to be at this release’s schema (%(revision)s): run migrate on them."
    ),
    "move_does_not_hold": _("What arrived does not hold: %(fault)s. Nothing was kept."),
    "moved_meanwhile": _(
        "The source was written meanwhile: stop the service, then start again. Nothing was kept."
    ),
    "archive_not_empty": _("This folder holds something already: name an empty one."),
    "archive_altered": _(
        "%(file)s is not what the manifest says. This archive was altered or is not whole."
    ),
    "study_goes_on": _(
        "%(participants)s participants are not at their last diary day yet: nothing was erased."
    ),
    "clock_behind": _(
        "This machine’s clock lies %(minutes)s minutes before the last change of the ledger. Set "
        "it, or start with DIARY_TRUST_CLOCK=true when it is the ledger that was ahead."
    ),
    "scratch_refused": _(
        "The database's role may not create databases, so no copy can be tried out: give it the "
        "right (ALTER ROLE … CREATEDB)."
    ),
    "backup_does_not_hold": _("The copy does not hold: %(fault)s. Take an earlier one."),
    "proof_missing": _("%(file)s is missing: without its proof a copy is not restored."),
    "proof_unreadable": _("%(file)s cannot be read as a proof."),
    "restore_not_empty": _("The database is not empty: name an empty one in DIARY_DATABASE_URL."),
    "restore_other_engine": _("The copy is of %(engine)s: name a database of that engine."),
    "too_many_copies": _("This key feeds %(most)s copies already: use one of their names."),
    "tool_missing": _("%(tool)s is not on this machine: install PostgreSQL's client programs."),
    "tool_failed": _("%(tool)s refused: %(told)s"),
    "key_sites": _("Choose which sites the key reads."),
    "key_scopes": _("Choose what the key may read."),
    "key_over": _("This key holds no more. Make a new one."),
    "key_overlap": _("Two keys hold side by side for at most %(most)s days."),
    "key_days": _("Give a number of days from 1 to %(most)s."),
    "reason_missing": _("Say in a few words why you are changing this."),
    "source_missing": _("Say what this rests on: a call, a paper page, the patient file."),
    "number_beside": _("There is a number and an answer without one. Keep one of the two."),
    "entry_there": _("There is an entry for this day. Correct it instead of entering another."),
    "window_over": _(
        "The window of this day is over. Only a dated paper page can still be entered."
    ),
    "window_ahead": _("The window of this day has not opened yet."),
    "page_of_another_day": _(
        "The page bears another date. Scores are entered from a page of that same evening only."
    ),
    "outside_that_evening": _("This time lies outside that evening's window."),
    "collector_missing": _("Say who collected the answers."),
    "decided_already": _("Somebody has decided this meanwhile. Look at what was decided."),
    "cannot_be_accepted": _("This cannot become a version as it is. Enter the answers yourself."),
    "query_moved": _("Somebody has moved this query on meanwhile. Look at it again."),
    "query_not_yours": _("Only who asked, or a monitor, closes or reopens this query."),
    "redcap_token": _("This is no token of the trial database, or it holds no more."),
    "redcap_writes": _("The trial database can be read here, and never written."),
    "reminder_not_failed": _("This message did not fail, or was sent again meanwhile."),
    "reminder_too_old": _("It is too late to send this message: nobody would need it any more."),
    "requests_waiting": _(
        "%(number)s of your requests are waiting already. If it is urgent, call the study team."
    ),
    "report_not_asked": _("No report is asked for now. Call the study team if you need to."),
    "session_number": _("Sessions are numbered from 1."),
    "scope_missing": _("This key does not include %(scope)s."),
    "sessions_out_of_order": _(
        "Sessions follow one another: check against session %(session_no)s."
    ),
    "sign_in_elsewhere": _("This sign-in was made on another phone. Open the diary here."),
    "sign_in_needed": _("Sign in first."),
    "confirmation_needed": _("Confirm that it is you first."),
    "confirmation_refused": _("These do not match. Check the password and the six digits."),
    "sign_in_refused": _("These do not match. Check the login, the password and the six digits."),
    "site_name": _("A site's short name has small letters, digits and dashes: lyon, lille-2."),
    "site_taken": _("There is a site %(site)s already."),
    "submission_id_reused": _("This was sent before with other content. Reload the page."),
    "tests_enough": _("%(number)s test messages a day are enough. Try again tomorrow."),
    "time_in_future": _("This time is still to come. Check the day and the time."),
    "time_missing": _("Say at what time, or in which part of the day."),
    "too_large": _("This is too large to be a diary entry."),
    "too_slow": _("The connection was too slow, and this did not arrive. Try again."),
    "wrong_host": _("There is no diary under this name. Open the address that you were given."),
    "too_many_attempts": _("Too many attempts. Wait %(minutes)s min and try again."),
    "too_many_requests": _("Too many requests. Wait %(retry_after_s)s s and go on."),
    "reviewed_already": _("You reviewed the trail up to here already."),
    "too_many_days": _("Choose at most %(days)s days at a time."),
    "too_much_set_aside": _("Too many entries wait for the study team. Call them."),
    "unconfirmed": _(
        "It is not certain yet that this is saved. Wait a moment, look whether it is there, and "
        "do it again if not. What a phone holds stays on it."
    ),
    "unknown_form_version": _("This form is not known here. Reload the page."),
    "unknown_language": _("This language is not available."),
    "unknown_participant": _(
        "There is no participant %(study_code)s at your sites. Check the code."
    ),
    "unknown_site": _("There is no site %(site)s. Check its short name, or add it first."),
    "unknown_zone": _("This time zone is not known. Choose one from the list."),
    "value_refused": _("This answer is not possible. Check it and try again."),
    "words_missing": _("Write in a few words what the study team should know."),
    "words_too_many": _("This is too long: %(characters)s characters at most."),
    "wrong_pin": _("This is not the right code. Try again."),
    "before_consent": _("This lies before the consent. Check both dates."),
    "box_known": _("This box is in the formulary already."),
    "box_out": _("This box was taken out already."),
    "consent_missing": _("Note the consent first, under “Enrolment”; then invite."),
    "diary_outside": _("A diary of %(day)s is in: this date would leave it outside."),
    "doubled": _("Same address or record as %(codes)s. Is it the same person?"),
    "doubled_elsewhere": _(
        "A participant of another site has the same address or record. Is it the same person?"
    ),
    "fixed_by_diary": _("The first diary is in: this stays as it is for the whole study."),
    "listed_already": _("This medicine is on the list already. Change it there."),
    "medicine_ended": _("Somebody ended or changed this medicine meanwhile. Look at the list."),
    "not_after_start": _("This must be later than the day from which it is prescribed now."),
    "not_an_area": _("An area lies above 0 and up to 10,000 cm², with one decimal at most."),
    "not_understood": _("There is no way back from this: tick that you understand."),
    "note_missing": _("Say in a few words what it was about."),
    "opioid_amount": _("An opioid needs its mg per unit, or the rate of its patch."),
    "rescue_prescribed": _("A medicine as needed has no units per part of day."),
    "zone_out_of_order": _("This must be later than the last change of zone."),
    "field_missing": _("Fill in this field."),
    "not_a_date": _("This is not a date. Choose one in the calendar."),
    "not_a_time": _("This is not a time. Write it like 19:30."),
    "not_a_number": _("This is not a number."),
    "units_in_halves": _("Units go by halves, from 0 to 200."),
    "unknown_medicine": _("This medicine is not in the formulary. Choose one from the list."),
    "internal": _("Something went wrong on our side. Nothing you saved is lost. Try again soon."),
}


def sentence(error: DomainError, lang: str) -> str:
    """The sentence for an error, in the reader's language."""
    message = SENTENCES.get(error.code, SENTENCES["bad_request"])
    told = translations(lang).gettext(message)
    return told % error.params if "%(" in told else told
