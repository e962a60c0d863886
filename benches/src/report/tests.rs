//! The report, made of folders like those of criterion.

use std::fs;
use std::path::Path;

use super::engine::ENGINES;
use super::ranking::{Standing, places};
use super::work::{BULK_LOAD, COMMIT_POWER_LOSS, GET, MULTI_GET, TOPICS};
use super::{EngineFacts, Fact, Figures, Run, write};

/// Writes a benchmark as criterion does: this many nanoseconds for each of its runs.
fn benchmark(folder: &Path, group: &str, contender: &str, value: Option<&str>, nanoseconds: f64) {
    let mut place = folder.join(group).join(contender);
    if let Some(value) = value {
        place = place.join(value);
    }
    let place = place.join("new");
    fs::create_dir_all(&place).unwrap();
    let benchmark = serde_json::json!({
        "group_id": group, "function_id": contender, "value_str": value,
        "throughput": { "Elements": 10 }, "full_id": "", "directory_name": "", "title": "",
    });
    fs::write(place.join("benchmark.json"), benchmark.to_string()).unwrap();
    let estimate = |point: f64| {
        serde_json::json!({
            "confidence_interval": {
                "confidence_level": 0.95, "lower_bound": point * 0.9, "upper_bound": point * 1.1,
            },
            "point_estimate": point, "standard_error": 1.0,
        })
    };
    let estimates = serde_json::json!({
        "mean": estimate(7e9), "median": estimate(nanoseconds), "slope": null,
        "median_abs_dev": estimate(1.0), "std_dev": estimate(1.0),
    });
    fs::write(place.join("estimates.json"), estimates.to_string()).unwrap();
}

/// Makes the report of a folder; returns the page and the table.
fn report_of(folder: &Path) -> (String, String) {
    let written = write(folder, &folder.join("report")).unwrap();
    (fs::read_to_string(written.page).unwrap(), fs::read_to_string(written.table).unwrap())
}

/// Returns what is between two marks.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("there is {start}"));
    rest.split_once(end).unwrap_or_else(|| panic!("there is {end}")).0
}

#[test]
fn figures_appear_for_one_operation() {
    let folder = tempfile::tempdir().unwrap();
    benchmark(folder.path(), GET.group, "redb", Some("100000"), 5_432.0);
    benchmark(folder.path(), GET.group, "redb-raw", Some("100000"), 5_000.0);
    benchmark(folder.path(), GET.group, "sqlite", Some("100000"), 54_321.0);
    benchmark(folder.path(), MULTI_GET.group, "sqlite", None, 12_345.0);
    let (page, table) = report_of(folder.path());
    let get = between(&page, "id=\"get\"", "</article>");
    assert!(get.contains("<mark>543 ns</mark>"), "the time of one of its ten operations");
    assert!(get.contains("500 ns"), "the raw API's time");
    assert!(get.contains("±10 %"), "how sure it is");
    let multi_get = between(&page, "id=\"multi-get\"", "</article>");
    assert!(multi_get.contains("810 k/s"), "a bar's figure");
    assert!(
        table.contains("| Get, 100 k entries | **1.84 M/s** | 184 k/s | not measured |"),
        "{table}"
    );
}

#[test]
fn what_is_missing_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let (page, table) = report_of(folder.path());
    assert!(page.contains("Nothing was measured yet"));
    for work in TOPICS.iter().flat_map(|topic| topic.works) {
        let card = between(&page, &format!("id=\"{}\"", work.group), "</article>");
        assert!(card.contains("not measured"), "{} is called not measured", work.title);
    }
    assert!(!page.contains("NaN") && !page.contains("inf"), "no number is made of nothing");
    assert!(!page.contains("<mark>0"), "nobody wins");
    assert!(!table.contains("**"), "nobody wins");
}

#[test]
fn part_of_a_group_leaves_the_others_missing() {
    let folder = tempfile::tempdir().unwrap();
    benchmark(folder.path(), BULK_LOAD.group, "sled", None, 1_000.0);
    let (page, _) = report_of(folder.path());
    let card = between(&page, "id=\"bulk-load\"", "</article>");
    // Each engine that keeps its data, with Arbour and with its own API, but for sled with Arbour: in the
    // plot and below.
    let persistent = ENGINES.iter().filter(|engine| engine.is_persistent).count();
    assert_eq!(card.matches("not measured").count(), 2 * (2 * persistent - 1));
    assert!(card.contains("100 ns") && !card.contains("<mark>"), "who runs alone does not win");
}

#[test]
fn ten_percent_shares_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    for (contender, nanoseconds) in [
        ("redb", 1_000.0),
        ("sqlite", 1_099.0),
        ("sled", 1_101.0),
        ("fjall", 3_000.0),
        ("lmdb", 2_000.0),
        ("rocksdb", 2_500.0),
        ("memory", 10.0),
        ("rocksdb-raw", 1.0),
    ] {
        benchmark(folder.path(), MULTI_GET.group, contender, None, nanoseconds);
        benchmark(folder.path(), COMMIT_POWER_LOSS.group, contender, None, nanoseconds);
    }
    let figures = Figures::read(folder.path()).unwrap();
    let reads = places(&figures, &MULTI_GET, None);
    let best: Vec<_> = reads.iter().map(|place| place.standing.is_best()).collect();
    assert_eq!(
        best,
        [true, true, false, false, false, false, false],
        "of redb, SQLite, sled, fjall, LMDB, RocksDB, memory"
    );
    assert!(matches!(reads[6].standing, Standing::Unranked(_)), "memory keeps nothing");
    let Standing::Ranked { factor, .. } = reads[5].standing else { panic!("RocksDB is ranked") };
    assert!((factor - 2.5).abs() < 1e-9, "{factor} times the best, which no raw API is");
    let commits = places(&figures, &COMMIT_POWER_LOSS, None);
    assert_eq!(commits[6].standing, Standing::DoesNotSuit, "memory makes no durable commits");

    let (page, table) = report_of(folder.path());
    assert!(page.contains("<small>2.5×</small>"));
    let row = table.lines().find(|line| line.starts_with("| Multi-get")).unwrap();
    assert!(
        row.ends_with(
            "| **10.0 M/s** | **9.10 M/s** | 9.08 M/s | 3.33 M/s | 5.00 M/s | 4.00 M/s | 1.00 G/s |"
        ),
        "{row}"
    );
}

#[test]
fn text_from_outside_is_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "<script>alert(\"|\")</script>&";
    let run = Run {
        started: hostile.to_owned(),
        machine: vec![Fact::new(hostile, hostile)],
        engines: vec![EngineFacts {
            name: hostile.to_owned(),
            version: hostile.to_owned(),
            provision: hostile.to_owned(),
            durability: vec![Fact::new(hostile, hostile)],
        }],
        warnings: vec![hostile.to_owned()],
        ..Run::default()
    };
    run.write(folder.path()).unwrap();
    let (page, table) = report_of(folder.path());
    assert!(!page.contains("<script"), "no element comes from outside");
    assert!(page.contains("&lt;script&gt;alert(&quot;|&quot;)&lt;/script&gt;&amp;"));
    assert!(!table.replace("\\<", "").contains('<'), "nor in the table: {table}");
    assert!(table.contains("\\<script\\>alert(\"\\|\")"), "{table}");
}

#[test]
fn the_page_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    Run::default().write(folder.path()).unwrap();
    let (page, _) = report_of(folder.path());
    for way in ["http:", "https:", "src=", "<link", "<script", "@import", "url("] {
        assert!(!page.contains(way), "the page has {way}");
    }
}

#[test]
fn older_runs_and_other_benchmarks_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let group = folder.path().join(MULTI_GET.group).join("redb");
    benchmark(folder.path(), MULTI_GET.group, "redb", None, 5_000.0);
    // What criterion keeps of a run that was saved under a name, here one that sorts after "new".
    fs::rename(group.join("new"), group.join("older")).unwrap();
    benchmark(folder.path(), MULTI_GET.group, "redb", None, 1_000.0);
    benchmark(folder.path(), "anothers", "thing", Some("not a number"), 1_000.0);
    let figures = Figures::read(folder.path()).unwrap();
    assert_eq!(figures.len(), 1);
    let figure = figures.get(MULTI_GET.group, "redb", None).unwrap();
    assert!((figure.nanoseconds - 100.0).abs() < 1e-9, "the newest run's");
}

#[test]
fn a_file_half_written_is_named_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    benchmark(folder.path(), MULTI_GET.group, "redb", None, 1_000.0);
    benchmark(folder.path(), MULTI_GET.group, "sqlite", None, 1_000.0);
    let estimates = folder.path().join("multi-get/redb/new/estimates.json");
    fs::write(&estimates, "{\"mean\":{").unwrap();
    let (page, table) = report_of(folder.path());
    assert!(page.contains(&estimates.display().to_string()), "the file is named");
    let row = table.lines().find(|line| line.starts_with("| Multi-get")).unwrap();
    assert!(row.contains("| not measured | 10.0 M/s |"), "{row}");
}

#[test]
fn plots_follow_one_order() {
    let folder = tempfile::tempdir().unwrap();
    for engine in ENGINES {
        for parameter in ["10000", "100000"] {
            benchmark(folder.path(), GET.group, engine.name, Some(parameter), 1_000.0);
        }
        benchmark(folder.path(), MULTI_GET.group, engine.name, None, 1_000.0);
    }
    let (page, _) = report_of(folder.path());
    for group in ["get", "multi-get"] {
        let card = between(&page, &format!("id=\"{group}\""), "</article>");
        let rows = between(card, "<tbody>", "</tbody>");
        let places: Vec<_> = ENGINES.iter().map(|engine| rows.find(engine.title)).collect();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{group}: {places:?}");
    }
}
