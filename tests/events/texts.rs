//! The texts of errors: what failed, with its values; why; what to do next.

use arbour::events::{EventError, Expected};

fn log() -> String {
    "main".to_owned()
}

fn bank() -> String {
    "bank".to_owned()
}

fn say<const N: usize>(texts: [(EventError, &str); N]) {
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn errors_of_a_call_say_what_failed_and_what_to_do() {
    say([
        (
            EventError::Expected {
                log: log(),
                stream: "a".into(),
                expected: Expected::NoStream,
                actual: 4,
            },
            "main: stream \"a\" is at version 4, and no stream was expected: read what happened \
             since, and decide again",
        ),
        (
            EventError::KeyReused { log: log(), key: "7".into(), position: 3 },
            "main: the idempotency key \"7\" was used at position 3 for something else: choose \
             another key",
        ),
        (
            EventError::TooNew { position: 3, event_type: "noted".into(), stored: 2, known: 1 },
            "the event \"noted\" at position 3 has schema version 2, and this program knows versions \
             up to 1: upgrade the program",
        ),
        (
            EventError::Archived { log: log(), asked: 2, first: 5 },
            "main: position 2 was trimmed, and the first event left is 5: read the archive, or \
             continue there (`skip_trimmed`)",
        ),
        (
            EventError::Beyond { log: log(), subscription: "m".into(), asked: 9, newest: 5 },
            "main: the subscription \"m\" cannot acknowledge position 9, because the newest event is \
             5: acknowledge only what was read from this log",
        ),
        (
            EventError::Fenced { log: log(), subscription: "m".into() },
            "main: another runner of the subscription \"m\" has taken over, or it was forgotten: \
             stop this one, or subscribe again to take over",
        ),
    ]);
}

#[test]
fn errors_of_a_log_or_a_projection_say_what_failed_and_what_to_do() {
    say([
        (
            EventError::Truncated { log: log(), reader: bank(), applied: 9, newest: 5 },
            "main: its newest event is 5, and bank has had 9: it has lost its end: restore it from \
             a backup, or start bank over",
        ),
        (
            EventError::Foreign { log: log(), reader: bank(), position: 9 },
            "main: it is another log than bank was made from, as position 9 shows: open the right \
             one, or rebuild bank",
        ),
        (
            EventError::Broken { log: log(), position: 9 },
            "main: the event at position 9 is missing, or was changed: restore the log from a \
             backup or a copy",
        ),
        (
            EventError::Halted { projection: bank(), position: 9, reason: "no money".into() },
            "the projection \"bank\" is halted before position 9: no money: correct the cause, then \
             call `resume`, or `skip` to continue without the event",
        ),
        (
            EventError::TimedOut { what: "the projection \"bank\" is at position 3".into() },
            "timed out: the projection \"bank\" is at position 3: try again, or wait longer",
        ),
        (
            EventError::ShutDown { log: log() },
            "main: these events were shut down: build them again to continue",
        ),
    ]);
}
