//! Searching: by each criterion, by several, in each order.

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{finds_nothing, import_index, prints, run};

on_every_persistent_engine!(
    each_criterion_finds_what_meets_it,
    criteria_are_met_together,
    orders_are_as_asked_for,
    a_package_is_shown_in_json,
    sections_and_sizes_are_summed,
    the_way_is_explained,
);

/// Searches, and returns the names of the results.
#[track_caller]
fn finds(bed: &Bed, criteria: &[&str], names: &[&str]) {
    let found = run(bed, &[&["search"], criteria].concat());
    assert_eq!((found.code, found.names()), (Some(0), names.to_vec()), "{criteria:?}");
    assert_eq!(found.err, "", "{criteria:?}");
    // An index answers each of them.
    let by_index = run(bed, &[&["search", "--no-scan"], criteria].concat());
    assert_eq!((by_index.code, by_index.names()), (Some(0), names.to_vec()), "{criteria:?}");
}

fn each_criterion_finds_what_meets_it(bed: &Bed) {
    import_index(bed);
    prints(
        bed,
        &["search", "--section", "admin"],
        "adduser\t3.134\tadmin\t686\tadd and remove users and groups\n\
         apt\t2.6.2\tadmin\t4232\tcommandline package manager\n\
         passwd\t1:4.13+dfsg1-1+deb12u2\tadmin\t2827\tchange and administer password and group data\n",
    );
    prints(
        bed,
        &["search", "--prefix", "libc6-"],
        "libc6-arm64-cross\t2.36-8cross1\tlibs\t\tGNU C Library: Shared libraries (for cross-compiling)\n",
    );
    finds_nothing(bed, &["--section", "adm"]);
    finds(bed, &["--maintainer", "Debian G"], &["bsdgames", "gnome-mines", "libc6-arm64-cross"]);
    finds_nothing(bed, &["--maintainer", "debian G"]);
    finds(bed, &["--depends", "zlib1g"], &["curl", "mutt"]);
    finds(bed, &["--depends", "python3"], &["python3-apt"]);
    finds(bed, &["--depends", "gpgv2"], &["apt"]);
    finds_nothing(bed, &["--depends", "zlib"]);
    finds(bed, &["--prefix", "li"], &["libc6", "libc6-arm64-cross"]);
    finds_nothing(bed, &["--prefix", "zz"]);
    finds(bed, &["--words", "library"], &["libc6", "libc6-arm64-cross", "zlib1g"]);
    // The long text has words too, and an apostrophe does not split them.
    finds(bed, &["--words", "DELUSER commands"], &["adduser"]);
    finds(bed, &["--words", "editor text"], &["nano"]);
    finds_nothing(bed, &["--words", "librar"]);
    finds(bed, &["--min-size", "4232"], &["apt", "libc6", "mutt"]);
    finds(bed, &["--max-size", "489"], &["curl", "zlib1g"]);
    finds(
        bed,
        &["--min-size", "686", "--max-size", "2678"],
        &["adduser", "bsdgames", "gnome-mines"],
    );
    finds_nothing(bed, &["--min-size", "2", "--max-size", "1"]);
}

fn criteria_are_met_together(bed: &Bed) {
    import_index(bed);
    finds(bed, &["--depends", "libc6", "--depends", "libtinfo6", "--depends", "zlib1g"], &["mutt"]);
    finds(bed, &["--section", "games", "--maintainer", "Debian Games"], &["bsdgames"]);
    finds(
        bed,
        &["--section", "libs", "--words", "gnu", "--prefix", "libc6-"],
        &["libc6-arm64-cross"],
    );
    finds(bed, &["--section", "libs", "--min-size", "1"], &["libc6", "zlib1g"]);
    finds(bed, &["--depends", "libc6", "--max-size", "700"], &["curl", "python3-apt", "zlib1g"]);
    finds_nothing(bed, &["--section", "games", "--depends", "zlib1g"]);
}

fn orders_are_as_asked_for(bed: &Bed) {
    import_index(bed);
    finds(bed, &["--section", "admin", "--sort", "name"], &["adduser", "apt", "passwd"]);
    finds(bed, &["--section", "admin", "--sort", "size"], &["adduser", "passwd", "apt"]);
    finds(bed, &["--section", "admin", "--sort", "-size"], &["apt", "passwd", "adduser"]);
    // The size of libc6-arm64-cross is unknown.
    finds(bed, &["--section", "libs", "--sort", "size"], &["zlib1g", "libc6"]);
    finds(bed, &["--section", "libs", "--sort", "-size"], &["libc6", "zlib1g"]);
    finds(
        bed,
        &["--depends", "libc6", "--max-size", "700", "--sort", "-size"],
        &["python3-apt", "curl", "zlib1g"],
    );
    let all = run(bed, &["search", "--sort", "size", "--no-scan"]);
    assert_eq!(all.code, Some(0), "{}", all.err);
    assert_eq!(all.names().len(), 11);
    assert!(all.names().starts_with(&["zlib1g", "curl", "python3-apt", "adduser"]));
    let all = run(bed, &["search"]);
    assert_eq!(all.names().len(), 12);
    assert!(all.names().is_sorted());
}

fn a_package_is_shown_in_json(bed: &Bed) {
    import_index(bed);
    prints(
        bed,
        &["show", "libc6-arm64-cross"],
        r#"{
  "name": "libc6-arm64-cross",
  "version": "2.36-8cross1",
  "architecture": "all",
  "section": "libs",
  "maintainer": "Debian GCC Maintainers <debian-gcc@lists.debian.org>",
  "homepage": null,
  "installed_size": null,
  "size": 1040628,
  "depends": [
    "gcc-12-base"
  ],
  "description": "GNU C Library: Shared libraries (for cross-compiling)"
}
"#,
    );
}

fn sections_and_sizes_are_summed(bed: &Bed) {
    import_index(bed);
    prints(
        bed,
        &["sections"],
        "admin\t3\t7745\neditors\t1\t2804\ngames\t2\t4463\nlibs\t3\t13169\nmail\t1\t7121\n\
         python\t1\t685\nweb\t1\t489\n",
    );
    prints(
        bed,
        &["stats"],
        "packages\t12\nof unknown size\t1\nsmallest, KiB\t168\naverage, KiB\t3316\n\
         largest, KiB\t13001\nall, KiB\t36476\n",
    );
}

fn the_way_is_explained(bed: &Bed) {
    import_index(bed);
    for (criteria, index) in [
        (["--section", "libs"], "the index \"section,-installed_size\""),
        (["--maintainer", "Jordi"], "the index \"maintainer\""),
        (["--max-size", "200"], "the index \"installed_size\""),
        (["--depends", "python3"], "the index \"depends\""),
        (["--words", "pico"], "the index \"description:words\""),
    ] {
        let explained = run(bed, &[&["search", "--explain"], &criteria[..]].concat());
        assert_eq!(explained.code, Some(0), "{}", explained.err);
        let way = explained.said("explain").unwrap();
        assert!(way.contains(index), "{criteria:?}: {way}");
        assert!(!explained.out.is_empty());
    }
}
