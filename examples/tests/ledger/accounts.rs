//! Accounts: what is allowed, and what is refused.

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{columns, fails, head, open_two, prints, run};

on_every_persistent_engine!(
    money_is_put_in_taken_out_and_moved,
    what_cannot_be_is_refused_and_appends_nothing,
    a_transfer_with_a_key_happens_once,
    names_of_all_sorts_are_accounts,
);

fn money_is_put_in_taken_out_and_moved(bed: &Bed) {
    open_two(bed);
    prints(bed, &["withdraw", "ada", "100"], "ada\t400\n");
    prints(bed, &["transfer", "ada", "bob", "150"], "ada\t250\nbob\t150\n");
    prints(bed, &["transfer", "bob", "ada", "150"], "bob\t0\nada\t400\n");

    let accounts = columns(&run(bed, &["accounts"]), &[0, 1, 2]);
    assert_eq!(accounts, [["ada", "400", "5"], ["bob", "0", "3"]]);
    let history = columns(&run(bed, &["history", "ada"]), &[0, 2, 3, 4, 5]);
    let expected = [
        ["1", "opened", "", "0", ""],
        ["2", "deposited", "500", "500", ""],
        ["3", "withdrawn", "100", "400", ""],
        ["4", "sent", "150", "250", "bob"],
        ["5", "received", "150", "400", "bob"],
    ];
    assert_eq!(history, expected);
    assert_eq!(head(bed), 8);
    prints(
        bed,
        &["status"],
        "log\t\t\t8\t\t\naccounts\t1\tread\t8\t0\t0\ncommits\t1\tread\t0\t8\t0\n",
    );
}

fn what_cannot_be_is_refused_and_appends_nothing(bed: &Bed) {
    open_two(bed);
    let too_much = "the account \"ada\" has 500 cents, and not 501";
    fails(bed, &["withdraw", "ada", "501"], 1, too_much);
    fails(bed, &["transfer", "ada", "bob", "501"], 1, too_much);
    fails(bed, &["transfer", "bob", "ada", "1"], 1, "the account \"bob\" has 0 cents, and not 1");
    let unknown = "there is no account \"eve\"";
    fails(bed, &["deposit", "eve", "1"], 1, unknown);
    fails(bed, &["withdraw", "eve", "1"], 1, unknown);
    fails(bed, &["transfer", "eve", "ada", "1"], 1, unknown);
    fails(bed, &["transfer", "ada", "eve", "1"], 1, unknown);
    fails(bed, &["history", "eve"], 1, unknown);
    fails(bed, &["open", "ada"], 1, "the account \"ada\" is there already");
    fails(bed, &["transfer", "ada", "ada", "1"], 1, "is between two accounts");
    let most = u64::MAX.to_string();
    fails(bed, &["deposit", "ada", &most], 1, "the account \"ada\" cannot hold so much");
    assert_eq!(head(bed), 3);
    prints(bed, &["deposit", "bob", &most], &format!("bob\t{most}\n"));
    fails(bed, &["transfer", "ada", "bob", "1"], 1, "the account \"bob\" cannot hold so much");
    assert_eq!(head(bed), 4);
    prints(bed, &["withdraw", "ada", "500"], "ada\t0\n");
}

/// Repeated, it would be refused: the balance is too low because of the first call.
fn a_transfer_with_a_key_happens_once(bed: &Bed) {
    open_two(bed);
    let transfer = ["transfer", "ada", "bob", "400", "--key", "rent"];
    prints(bed, &transfer, "ada\t100\nbob\t400\n");
    prints(bed, &["deposit", "ada", "7"], "ada\t107\n");
    for _ in 0..2 {
        let again = run(bed, &transfer);
        assert_eq!((again.code, again.out.as_str()), (Some(0), "ada\t100\nbob\t400\n"));
        assert_eq!(again.err, "done before, at position 4: nothing more was done\n");
    }
    // The same holds if it would not be refused.
    prints(bed, &["deposit", "ada", "400"], "ada\t507\n");
    assert_eq!(run(bed, &transfer).out, "ada\t100\nbob\t400\n");

    let reused = "the key \"rent\" is that of something else, at position 4: choose another";
    fails(bed, &["transfer", "ada", "bob", "401", "--key", "rent"], 1, reused);
    fails(bed, &["transfer", "bob", "ada", "400", "--key", "rent"], 1, reused);
    fails(bed, &["withdraw", "ada", "99999", "--key", "rent"], 1, reused);
    // An unused key does not help a refused order, and is not used up by it.
    let refused = ["withdraw", "ada", "508", "--key", "fee"];
    fails(bed, &refused, 1, "the account \"ada\" has 507 cents");
    prints(bed, &["deposit", "ada", "1", "--key", "gift"], "ada\t508\n");
    prints(bed, &refused, "ada\t0\n");
    let accounts = columns(&run(bed, &["accounts"]), &[0, 1, 2]);
    assert_eq!(accounts, [["ada", "0", "7"], ["bob", "400", "2"]]);
}

fn names_of_all_sorts_are_accounts(bed: &Bed) {
    let long = "n".repeat(200);
    for name in [" ", "a/b", "a.b", "täst", "--", &long] {
        prints(bed, &["open", "--", name], &format!("{name}\t0\n"));
        prints(bed, &["deposit", "--", name, "3"], &format!("{name}\t3\n"));
        assert_eq!(columns(&run(bed, &["history", "--", name]), &[0]), [["1"], ["2"]]);
    }
    for name in ["", "a\tb", "a\nb", &format!("{long}n")] {
        fails(bed, &["open", "--", name], 2, "a name has 1 to 200 bytes");
    }
    assert_eq!(run(bed, &["accounts"]).out.lines().count(), 6);
}
