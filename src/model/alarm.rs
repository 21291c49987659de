//! Every line of the log that asks somebody to act: its code, its words, its cause and its cure, in one place.

/// How urgent an alarm is; a priority of the journal as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Work goes on; somebody should look.
    Warning,
    /// Something stands still, or the program is at fault.
    Error,
}

/// Declares the alarms: each with its code, urgency, words, cause and cure.
macro_rules! alarms {
    ($($name:ident $urgency:ident $code:literal $line:literal $cause:literal $cure:literal)+) => {
        /// What may be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Alarm {
            $($name,)+
        }

        impl Alarm {
            /// In the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The field `alarm` of its line: it never changes, so that scripts may wait for it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            #[must_use]
            pub fn urgency(self) -> Urgency {
                match self { $(Self::$name => Urgency::$urgency,)+ }
            }

            /// The words of its line.
            #[must_use]
            pub fn line(self) -> &'static str {
                match self { $(Self::$name => $line,)+ }
            }

            /// What brings it about, as Markdown.
            #[must_use]
            pub fn cause(self) -> &'static str {
                match self { $(Self::$name => $cause,)+ }
            }

            /// What to do, as Markdown.
            #[must_use]
            pub fn cure(self) -> &'static str {
                match self { $(Self::$name => $cure,)+ }
            }
        }
    };
}

alarms! {
    ImapLoginRefused Warning
        "imap_login_refused"
        "the IMAP server refuses the login"
        "Wrong or expired authorisation code (授权码), or IMAP is switched off. The next try is in 15 minutes; after the third (`parked=true`) there is none, because providers lock accounts."
        "Make a new 授权码, restart, run `check --online`: a login that works ends the parking."
    MailboxNotReachable Warning
        "mailbox_not_reachable"
        "mailbox not reachable; trying again"
        "The network, the server, or its settings; `error` says which. Tried again after 5 s, then twice as long each time, up to 5 minutes. Told once for each different error; `mailbox reachable again` ends it."
        "Nothing for a few minutes. Then look up what `error` says in the guide; `check --online` tries it at once."
    MailboxUnreachableForAnHour Error
        "mailbox_unreachable_for_an_hour"
        "mailbox not reachable for an hour"
        "It could not be looked into for an hour, whatever the reason; the lines `mailbox_not_reachable` before say why. `alert_to` gets a letter, once a day for as long as it lasts. No mail is lost; it waits at the provider."
        "Name service, firewall and host of this machine; the provider's notices; `check --online`."
    FolderMissing Warning
        "folder_missing"
        "the mailbox has no such folder"
        "A name in `folders` is not on the server. Told once a connection."
        "`check --online` lists the names; mend `folders` and restart."
    MailTooLarge Warning
        "mail_too_large"
        "mail too large, left in the mailbox"
        "Larger than `limits.max_mail_bytes`. The digest lists it."
        "Read it in the web mail, or raise the limit and `ingest` the saved file."
    MailNotHandedOut Warning
        "mail_not_handed_out"
        "the server does not hand out this mail"
        "The server refuses this one mail; `said` is its answer. The digest lists it."
        "Open it in the web mail, save it as .eml and `ingest` it."
    MailNotRecorded Error
        "mail_not_recorded"
        "mail could not be recorded; trying again"
        "Disk or database; `error` says which. The mail stays in the mailbox and is tried again every few seconds."
        "Make room on the disk, run `check`; no restart is needed."
    MailSetAside Warning
        "mail_set_aside"
        "mail set aside"
        "Reading it ended its processes again and again, took too long, or ended the program several times; `reason` says which. It stands in the digest of every collection and in `review list`; `alert_to` gets a letter."
        "`review show ID --files DIR` writes it out; handle it by hand, `review dismiss` it, and report it."
    ReadingProcessEnded Warning
        "reading_process_ended"
        "a reading process was ended by a mail"
        "A file aborted its reader, took too long or wanted too much memory; `piece` is its number in the mail. That file is refused and the rest of the mail is read."
        "Nothing, unless it comes often: then report it with the mail."
    PanicCaught Warning
        "panic_caught"
        "a panic was caught or ends the program"
        "A reader met bytes that it could not bear; `place` says where in the source. The file counts as damaged, or `mail_set_aside` follows; from a mailbox, the connection is made again."
        "Report it with the mail, if there is one."
    ConservationFails Error
        "conservation_fails"
        "mail is not accounted for"
        "`unrecorded`: mails that were handed in more than an hour ago and are not recorded; `missing`: mails the database speaks of whose file is not in the archive; `withheld`: mails that a server has listed for an hour and not handed over. `alert_to` gets a letter, once a day."
        "`unrecorded`: look for `mail_not_recorded`; the mail is still in the mailbox. `missing`: run `backup`, which names them, and put them back from an earlier backup. `withheld`: compare the web mail with `history`, save what is missing as .eml and `ingest` it."
    FileNotRead Warning
        "file_not_read"
        "file not read"
        "`ingest` could not read a file, or it is larger than `limits.max_mail_bytes`."
        "Mend what `error` says and repeat; repeating is safe."
    ArchivedMailNotRead Warning
        "archived_mail_not_read"
        "the archived mail cannot be judged again"
        "Of `reread`: the file is missing, altered or cannot be opened; it stays as it is recorded."
        "Run `check`; put the file back from a backup."
    SmtpLoginRefused Warning
        "smtp_login_refused"
        "the SMTP server refuses the login"
        "Wrong or expired authorisation code (授权码), or SMTP is switched off. Sending pauses for 15 minutes, after the third time (`parked=true`) until a person acts. No letter can tell of it, since it could not leave: `/healthz`, `status` of the service, digest and `check` do."
        "Make a new 授权码, restart, run `check --online`: a login that works ends the parking."
    SendingParked Error
        "sending_parked"
        "the SMTP server refuses to take mail from us; sending is parked"
        "The provider rejects the account, the sender's address or this machine; `reply` says which."
        "Make `from` equal to `username`, or ask the provider; then `check --online`."
    DailyLimitReached Warning
        "daily_limit_reached"
        "the SMTP server takes no more mail today"
        "The provider's daily limit. Sending goes on at 08:30 tomorrow by itself."
        "Lower `per_day` if it happens often."
    SmtpNotReached Warning
        "smtp_not_reached"
        "the SMTP server was not reached"
        "Network or server. Tried again after 1, 2, 4 … 64 minutes."
        "Nothing for an hour; then `check --online` says more."
    LetterHeld Warning
        "letter_held"
        "letter held"
        "It could not be made: a faulty template, or its collection is no longer configured; `reason` says which."
        "Mend it, run `check`, then `letters release KEY` or `letters cancel KEY`."
    LetterNeedsPerson Warning
        "letter_needs_a_person"
        "letter needs a person"
        "`state=held`: the server dislikes this letter; `refused`: no such recipient; `unknown`: it may or may not have gone out."
        "`held`: `letters show KEY`, then `letters release` or `cancel`; `refused`: mend the address in `units.csv`; `unknown`: look into 已发送, then `letters release KEY --not-sent` or `letters cancel KEY`."
    LetterInterrupted Warning
        "letter_interrupted"
        "an attempt was interrupted; the letter may have gone out, so it waits for a person"
        "The program ended while it was sending."
        "It counts as sent once it is found among the sent mail; else it waits as one of unknown fate: look into 已发送, then `letters release KEY --not-sent` or `letters cancel KEY`."
    OutcomeNotWritten Error
        "outcome_not_written"
        "what came of a letter could not be written down; trying again"
        "Disk or database, after a letter was sent. Tried for a minute, then the letter counts as one of unknown fate."
        "Make room on the disk, run `check`."
    LettersNotWorkedOn Error
        "letters_not_worked_on"
        "letters could not be worked on; trying again"
        "Disk or database; `error` says which."
        "Make room on the disk, run `check`."
    ClerkFailed Error
        "clerk_failed"
        "working on letters failed; trying again"
        "A fault of the program."
        "Report it, with the `place` of the line `panic_caught` before."
    CopyNotMade Warning
        "copy_not_made"
        "a receipt goes without its table"
        "The annotated copy or the filled form could not be made; `error` says why. The receipt says everything in words."
        "Nothing, unless it comes often: then report it with the mail."
    LoopStuck Error
        "loop_stuck"
        "a loop has not moved for too long; the watchdog is not fed"
        "A fault of the program, or a disk that never answers; `which` names the mailbox, or `letters`. Under systemd with `WatchdogSec` the service is started anew."
        "Without systemd restart it. Report it with the hour of log before."
    CampaignFilesRefused Warning
        "campaign_files_refused"
        "the campaigns' files are wrong; what was read before stays in force"
        "A changed file of a collection was refused."
        "Mend what `mistake` says; the next look takes it over."
    LogSettingRefused Warning
        "log_setting_refused"
        "[log] is wrong; the level stays as it is"
        "The section was changed and read again at SIGHUP."
        "Mend what `mistake` says and reload again."
    DaysOffUnknown Warning
        "days_off_unknown"
        "days off not known; reminders take Monday to Friday for worked"
        "The calendar has no days off for `years`."
        "Add them to the file that `holidays` names, once the State Council has published them."
    DiskNearlyFull Error
        "disk_nearly_full"
        "the disk of the storage is nearly full"
        "Less than 1 GiB is free; `free_mb` says how much. `alert_to` gets a letter, once a day."
        "Make room, or move the storage to a larger disk."
    DnsSilent Warning
        "dns_silent"
        "DNS does not answer; DKIM is not verified for a while"
        "The resolver. Mail is taken in all the same; its signatures prove nothing."
        "`check --online`; `[authenticity] dkim = \"off\"` if there is no DNS here."
    DkimOff Warning
        "dkim_not_verified"
        "DKIM is not verified"
        "No resolver could be set up; `error` says why. Mail is taken in all the same."
        "Mend `[authenticity] dns`, or write `dkim = \"off\"`."
    StopHeldUp Warning
        "stop_held_up"
        "a server keeps a step waiting; it is taken up again at the next start"
        "At the end of `run` a server did not answer, or a mail was still being read; `run` ends all the same."
        "Nothing."
}

/// The table of the administrator's guide, as Markdown: every alarm with its cause and cure.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "# Alarms\n\nEvery line of the log at WARN or ERROR is one of these; its field `alarm` holds the code, which never\n\
         changes. Everything else is INFO or below and asks nobody to act. This file is written by\n\
         `UPDATE_ALARMS=1 cargo test --test alarms` from `src/model/alarm.rs`.\n\n\
         | alarm | level | line | cause | cure |\n| --- | --- | --- | --- | --- |\n",
    );
    for alarm in Alarm::ALL {
        let level = match alarm.urgency() {
            Urgency::Warning => "WARN",
            Urgency::Error => "ERROR",
        };
        let (code, line, cause, cure) = (alarm.code(), alarm.line(), alarm.cause(), alarm.cure());
        text.push_str(&format!("| `{code}` | {level} | {line} | {cause} | {cure} |\n"));
    }
    text
}

/// Logs an alarm with its code, at its urgency; fields as `tracing` takes them.
macro_rules! alarm {
    ($alarm:expr $(, $($fields:tt)+)?) => {{
        let alarm: $crate::model::alarm::Alarm = $alarm;
        match alarm.urgency() {
            $crate::model::alarm::Urgency::Error => {
                tracing::error!(alarm = %alarm.code(), $($($fields)+ ,)? "{}", alarm.line());
            }
            $crate::model::alarm::Urgency::Warning => {
                tracing::warn!(alarm = %alarm.code(), $($($fields)+ ,)? "{}", alarm.line());
            }
        }
    }};
}
pub(crate) use alarm;
