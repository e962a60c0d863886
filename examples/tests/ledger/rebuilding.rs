//! Rebuilding documents.

use std::ops::ControlFlow;
use std::sync::Arc;

use arbour::events::{Append, Events, Log, NewEvent, Projection};
use arbour::{KeyRange, KvRead as _, KvStore as _};
use arbour_core::engine::TreeName;

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{LOG, columns, import, import_log, open_two, prints, run};

on_every_persistent_engine!(
    what_is_rebuilt_is_the_same,
    what_was_there_before_can_be_kept,
    what_was_changed_is_found_and_mended,
    what_was_broken_off_is_gone_on_with,
);

/// Rebuilds, and returns the columns without the hashes, which are the same before and after.
fn rebuild(bed: &Bed, arguments: &[&str]) -> Vec<Vec<String>> {
    let rebuilt = run(bed, &[&["rebuild"], arguments].concat());
    let hashes = columns(&rebuilt, &[3]).concat();
    for pair in hashes.chunks(2) {
        assert_eq!(pair[0], pair[1]);
        assert_eq!(pair[0].len(), 64);
    }
    columns(&rebuilt, &[0, 1, 2])
}

fn what_is_rebuilt_is_the_same(bed: &Bed) {
    open_two(bed);
    import_log(bed);
    let listed = || {
        let commands = ["accounts", "authors", "files", "days"];
        commands.map(|command| run(bed, &[command]).out)
    };
    let before = listed();
    let (one, two) = ([["accounts", "1"], ["commits", "1"]], [["accounts", "2"], ["commits", "2"]]);
    for [[old, new], [_, _]] in [[[one, two], [one, two]], [[two, one], [two, one]]] {
        let expected = [
            [old[0][0], old[0][1], "old"],
            [new[0][0], new[0][1], "new"],
            [old[1][0], old[1][1], "old"],
            [new[1][0], new[1][1], "new"],
        ];
        assert_eq!(rebuild(bed, &[]), expected);
        assert_eq!(listed(), before);
        let version = new[0][1];
        // The version that was read before is gone.
        let status = format!(
            "log\t\t\t8\t\t\naccounts\t{version}\tread\t8\t0\t0\ncommits\t{version}\tread\t8\t0\t0\n"
        );
        prints(bed, &["status"], &status);
    }
    // Later events are folded into the rebuilt version.
    prints(bed, &["withdraw", "ada", "500"], "ada\t0\n");
    let again = import(bed, LOG.as_bytes());
    assert!(again.out.ends_with(": 0 new, 5 there already\n"), "{}", again.out);
    assert_eq!(rebuild(bed, &["accounts"]).len(), 2);
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "0"], ["bob", "0"]]);
}

fn what_was_there_before_can_be_kept(bed: &Bed) {
    open_two(bed);
    assert_eq!(rebuild(bed, &["accounts", "--keep"]).len(), 2);
    prints(bed, &["deposit", "ada", "1"], "ada\t501\n");
    prints(
        bed,
        &["status"],
        "log\t\t\t4\t\t\naccounts\t1\tkept\t3\t1\t0\naccounts\t2\tread\t4\t0\t0\n\
         commits\t1\tread\t0\t4\t0\n",
    );
    // The next rebuild does not reuse the version that was kept.
    assert_eq!(rebuild(bed, &["accounts"]).len(), 2);
    assert_eq!(
        columns(&run(bed, &["accounts"]), &[0, 1, 2]),
        [["ada", "501", "3"], ["bob", "0", "1"]]
    );
}

/// A document was changed without the log, which would not be noticed otherwise.
fn what_was_changed_is_found_and_mended(bed: &Bed) {
    open_two(bed);
    let store = bed.open();
    let tree =
        store.open_tree(TreeName::stored("arbour/doc/accounts.1.accounts").unwrap()).unwrap();
    let (key, value) = {
        let snapshot = store.snapshot().unwrap();
        snapshot.first(&tree, KeyRange::all()).unwrap().unwrap()
    };
    let text = value.windows(3).position(|text| text == b"500").unwrap();
    let changed = [&value[..text], b"900", &value[text + 3..]].concat();
    store.put(&tree, &key, &changed).unwrap();
    store.close().unwrap();
    drop((tree, store));
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "900"], ["bob", "0"]]);

    let rebuilt = run(bed, &["rebuild", "accounts"]);
    assert_eq!(rebuilt.code, Some(1));
    assert_eq!(rebuilt.out.lines().count(), 2);
    assert!(rebuilt.err.starts_with("ledger: accounts came out otherwise"), "{}", rebuilt.err);
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "500"], ["bob", "0"]]);
    // The changed version is kept until the next time.
    let kept = run(bed, &["status"]).out;
    assert!(kept.contains("accounts\t1\tkept\t3\t0\t0\n"), "{kept}");
    assert_eq!(rebuild(bed, &["accounts"]).len(), 2);
}

/// A rebuild of accounts was ended before it was done.
fn break_off(bed: &Bed) {
    let store = Arc::new(bed.open());
    let log = bed.log_url().map(|_| Arc::new(bed.open_log()));
    // Its models ignore the existing events, so there are no documents.
    let builder = Events::builder(Arc::clone(&store), "main")
        .projection(Projection::new("accounts", 1))
        .projection(Projection::new("accounts", 2));
    let events = match &log {
        Some(log) => builder.log_in(Arc::clone(log)).build().unwrap(),
        None => builder.build().unwrap(),
    };
    assert!(!events.rebuild("accounts", 2, &mut |_| ControlFlow::Break(())).unwrap());
    drop(events);
    log.into_iter().chain([store]).for_each(|store| store.close().unwrap());
}

fn what_was_broken_off_is_gone_on_with(bed: &Bed) {
    prints(bed, &["open", "ada"], "ada\t0\n");
    let store = bed.open_log();
    let log = Log::open(&store, "main").unwrap();
    let other = |number| NewEvent::raw("other", "other", 1, format!("{number}").into_bytes());
    let others = (0..600).fold(Append::new(), |all, number| all.event(other(number)));
    store.write(|transaction| log.append(transaction, &others)).unwrap();
    store.close().unwrap();
    drop((log, store));
    prints(bed, &["deposit", "ada", "7"], "ada\t7\n");
    break_off(bed);
    let status = run(bed, &["status"]).out;
    assert!(status.contains("accounts\t1\tread\t602\t0\t0\n"), "{status}");
    assert!(status.contains("accounts\t2\tbroken off\t500\t102\t0\n"), "{status}");
    // The opening of ada was skipped: only a rebuild from the beginning can know it.
    let rebuilt = run(bed, &["rebuild", "accounts"]);
    assert_eq!(rebuilt.code, Some(1));
    let (going_on, came_out) = rebuilt.err.split_once('\n').unwrap();
    let says = "going on with a rebuild of accounts that was broken off at position 500";
    assert_eq!(going_on, says);
    assert!(came_out.starts_with("ledger: accounts came out otherwise"), "{came_out}");
    // The next one starts from the beginning.
    assert_eq!(run(bed, &["rebuild", "accounts"]).code, Some(1), "what is read is wrong by now");
    assert_eq!(columns(&run(bed, &["accounts"]), &[0, 1]), [["ada", "7"]]);
}
