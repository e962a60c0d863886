//! Following the log.

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{columns, fails, finish, import_log, open_two, prints, run, start};

on_every_persistent_engine!(
    what_is_there_is_printed,
    a_follower_with_a_name_goes_on_where_it_was,
    a_reader_may_stop_reading,
);

const NOW: [&str; 3] = ["follow", "--for", "0"];

fn follow(bed: &Bed, arguments: &[&str]) -> Vec<Vec<String>> {
    columns(&run(bed, &[&NOW, arguments].concat()), &[0, 2, 3])
}

fn what_is_there_is_printed(bed: &Bed) {
    open_two(bed);
    prints(bed, &["transfer", "ada", "bob", "1"], "ada\t499\nbob\t1\n");
    import_log(bed);
    let expected = [
        ["3", "account/ada", "deposited 500 cents"],
        ["4", "account/ada", "sent 1 cent bob"],
        ["5", "account/bob", "received 1 cent ada"],
        ["6", "commits", "Ada: Begin (2 files, +110 -0)"],
        ["7", "commits", "Grace: Draw a logo (2 files, +5 -2)"],
        ["8", "commits", "Ada: Rename: a tab is no mistake (2 files, +1 -1)"],
        ["9", "commits", "Grace: Merge (0 files, +0 -0)"],
        ["10", "commits", "Ada: Test (1 file, +3 -0)"],
    ];
    assert_eq!(follow(bed, &["--after", "2"]), expected);
    // The time of a commit is its author's, in UTC.
    let times = columns(&run(bed, &["follow", "--for", "0", "--after", "9"]), &[0, 1]);
    assert_eq!(times, [["10", "2026-01-05 11:00:00"]]);
    prints(bed, &NOW, "");
}

fn a_follower_with_a_name_goes_on_where_it_was(bed: &Bed) {
    open_two(bed);
    let mail = ["--name", "mail"];
    assert_eq!(follow(bed, &mail).len(), 3);
    assert!(follow(bed, &mail).is_empty());
    prints(bed, &["deposit", "bob", "7"], "bob\t7\n");
    assert_eq!(follow(bed, &mail), [["4", "account/bob", "deposited 7 cents"]]);
    // Another name has seen nothing yet; a follower without a name is never remembered.
    assert_eq!(follow(bed, &["--name", "other", "--after", "1"]).len(), 3);
    assert!(follow(bed, &["--name", "other"]).is_empty());
    for _ in 0..2 {
        assert_eq!(follow(bed, &["--after", "0"]).len(), 4);
    }
}

fn a_reader_may_stop_reading(bed: &Bed) {
    open_two(bed);
    let mut child = start(bed, &["follow", "--for", "0", "--after", "0"]);
    drop(child.stdout.take());
    let run = finish(child, b"");
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
}

#[test]
fn a_name_that_is_none_is_refused() {
    let bed = Bed::redb();
    open_two(&bed);
    fails(&bed, &["follow", "--for", "0", "--name", "a/b"], 1, "the name of a subscription");
    assert_eq!(follow(&bed, &["--name=-"]).len(), 3);
    assert!(follow(&bed, &["--name=-"]).is_empty(), "it is a name like any other");
}

#[test]
fn it_ends_when_it_is_told_to() {
    let bed = Bed::redb();
    open_two(&bed);
    let started = std::time::Instant::now();
    prints(&bed, &["follow", "--for", "2"], "");
    assert!((2..20).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}

#[cfg(feature = "sqlite")]
#[test]
fn what_another_process_appends_is_printed_at_once() {
    use std::io::{BufRead as _, BufReader};

    for bed in [Bed::of("sqlite"), Bed::apart("sqlite", "sqlite")] {
        open_two(&bed);
        let mut child = start(&bed, &["follow", "--name", "live", "--for", "60"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        for position in 1..=3 {
            assert!(next().starts_with(&format!("{position}\t")));
        }
        for cents in 4..=6 {
            prints(&bed, &["deposit", "bob", "1"], &format!("bob\t{}\n", cents - 3));
            let line = next();
            let ends = "\taccount/bob\tdeposited 1 cent";
            assert!(line.starts_with(&format!("{cents}\t")) && line.ends_with(ends), "{line}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Killed, it may not have stored the last position.
        let again = follow(&bed, &["--name", "live"]);
        assert!(again.len() <= 1, "{again:?}");
    }
}
