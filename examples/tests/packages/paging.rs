//! Paging: forward and backward, each package once.

use crate::bed::{Bed, on_every_persistent_engine};
use crate::program::{Run, fails, import, import_index, run};

on_every_persistent_engine!(
    pages_have_each_package_once_both_ways,
    a_page_keeps_its_place_when_packages_come_and_go,
    a_cursor_is_of_its_query,
);

fn page(bed: &Bed, query: &[&str], limit: &str, cursor: Option<&str>) -> Run {
    let cursor: Vec<&str> = cursor.map_or(vec![], |cursor| vec!["--cursor", cursor]);
    let page = run(bed, &[&["search", "--limit", limit], query, &cursor].concat());
    assert_eq!(page.code, Some(0), "{}", page.err);
    page
}

/// Returns the pages from the first to the last, or from the last to the first, depending on `way`.
fn pages(bed: &Bed, query: &[&str], limit: &str, from: Run, way: &str) -> Vec<Run> {
    let mut pages = vec![from];
    while let Some(cursor) = pages.last().unwrap().said(way).map(str::to_owned) {
        pages.push(page(bed, query, limit, Some(&cursor)));
        assert!(pages.len() < 30, "it ends");
    }
    pages
}

fn names(pages: &[Run]) -> Vec<&str> {
    pages.iter().flat_map(Run::names).collect()
}

fn pages_have_each_package_once_both_ways(bed: &Bed) {
    import_index(bed);
    for query in [
        &[][..],
        &["--sort", "size"],
        &["--sort", "-size"],
        &["--section", "admin", "--sort", "-size"],
        &["--depends", "libc6"],
        &["--depends", "libc6", "--sort", "size"],
        &["--words", "library"],
        &["--maintainer", "D"],
        &["--min-size", "500"],
        &["--prefix", "a"],
    ] {
        let all = page(bed, query, "100", None);
        assert_eq!((all.said("next"), all.said("previous")), (None, None), "{query:?}");
        for limit in ["1", "2", "5"] {
            let mut forward = pages(bed, query, limit, page(bed, query, limit, None), "next");
            assert_eq!(forward[0].said("previous"), None, "nothing is before the first");
            assert_eq!(names(&forward), all.names(), "{query:?} by {limit}");
            let size: usize = limit.parse().unwrap();
            assert_eq!(forward.len(), all.names().len().div_ceil(size), "{query:?} by {limit}");

            let last = forward.pop().unwrap();
            let mut back = pages(bed, query, limit, last, "previous");
            back.reverse();
            assert_eq!(names(&back), all.names(), "{query:?} back by {limit}");
        }
    }
    let total = page(bed, &["--depends", "libc6", "--total"], "2", None);
    assert_eq!((total.said("total"), total.names().len()), (Some("9"), 2));
}

fn a_page_keeps_its_place_when_packages_come_and_go(bed: &Bed) {
    import_index(bed);
    let first = page(bed, &["--section", "admin"], "2", None);
    assert_eq!(first.names(), ["adduser", "apt"]);
    // One is new before the cursor, one after it, and the last of the page has left the section.
    let text =
        "Package: aaa\nSection: admin\n\nPackage: base-files\nSection: admin\n\nPackage: apt\n";
    assert_eq!(import(bed, text.as_bytes()).code, Some(0));
    let second = page(bed, &["--section", "admin"], "2", first.said("next"));
    assert_eq!(second.names(), ["base-files", "passwd"]);
    let back = page(bed, &["--section", "admin"], "2", second.said("previous"));
    assert_eq!(back.names(), ["aaa", "adduser"]);
}

fn a_cursor_is_of_its_query(bed: &Bed) {
    import_index(bed);
    let first = page(bed, &["--section", "admin"], "1", None);
    let cursor = first.said("next").unwrap();
    let mut changed = cursor.to_owned();
    let end = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(end);
    for arguments in [
        &["search", "--section", "libs", "--cursor", cursor][..],
        &["search", "--section", "admin", "--sort", "size", "--cursor", cursor],
        &["search", "--section", "admin", "--cursor", &changed],
        &["search", "--section", "admin", "--cursor", "nonsense"],
        &["search", "--section", "admin", "--cursor", "-"],
        &["search", "--section", "admin", "--cursor", ""],
    ] {
        fails(bed, arguments, 1, "cursor");
    }
    // The size of a page is not a part of the query.
    assert_eq!(page(bed, &["--section", "admin"], "9", Some(cursor)).names(), ["apt", "passwd"]);
}
