//! Searching: selects what the arguments ask for, and prints a page of it.

use std::io::Write;
use std::ops::Bound;
use std::process::ExitCode;

use arbour::KvRead;
use arbour::documents::{Collection, Filter, Selection};
use indicatif::HumanCount;

use crate::arguments::{SearchArguments, Sort};
use crate::collection::{DEPENDS, DESCRIPTION, INSTALLED_SIZE, MAINTAINER, NAME, SECTION};
use crate::failure::Failure;
use crate::notice;
use crate::package::Package;
use crate::table::{Cell, Table};

/// Prints a page of packages, and messages about it on the standard error.
pub(crate) fn search(
    reader: &impl KvRead,
    packages: &Collection<Package>,
    arguments: &SearchArguments,
    out: &mut impl Write,
) -> Result<ExitCode, Failure> {
    let found = arguments.select(packages);
    let page = found.page(reader)?;
    table(&page.items).print(out)?;
    out.flush()?;
    if page.items.is_empty() && arguments.cursor.is_none() {
        notice::print(format_args!("no package meets all conditions"));
    }
    for error in &page.unreadable {
        notice::print(format_args!("packages: {error}"));
    }
    if arguments.explain {
        notice::print(format_args!("explain: {}", found.explain(reader)?));
    }
    if let Some(total) = page.total {
        notice::print(format_args!("total: {}", HumanCount(total)));
    }
    for (name, cursor) in [("next", &page.next), ("previous", &page.previous)] {
        if let Some(cursor) = cursor {
            notice::print(format_args!("{name}: {cursor}"));
        }
    }
    Ok(if page.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(packages: &[Package]) -> Table {
    let mut table = Table::new(&["package", "version", "section", "KiB", "description"]);
    for package in packages {
        table.row(vec![
            Cell::text(&package.name),
            Cell::text(package.version.as_deref().unwrap_or_default()),
            Cell::text(package.section.as_deref().unwrap_or_default()),
            Cell::number(package.installed_size),
            Cell::text(package.summary()),
        ]);
    }
    table
}

impl SearchArguments {
    /// An unreadable package does not keep the others from being printed.
    fn select(&self, packages: &Collection<Package>) -> Selection<Package> {
        let sort = match self.sort {
            Sort::Name => NAME.ascending(),
            Sort::Size => INSTALLED_SIZE.ascending(),
            Sort::SizeDescending => INSTALLED_SIZE.descending(),
        };
        let mut selection =
            packages.find(self.filter()).sort(sort).limit(self.limit as usize).lenient();
        if let Some(cursor) = &self.cursor {
            selection = selection.at(cursor);
        }
        if self.total {
            selection = selection.with_total();
        }
        if self.no_scan {
            selection = selection.require_index();
        }
        selection
    }

    fn filter(&self) -> Filter<Package> {
        let mut filter = Filter::All;
        if let Some(section) = &self.section {
            filter = filter.and(SECTION.eq(section));
        }
        if let Some(maintainer) = &self.maintainer {
            filter = filter.and(MAINTAINER.prefix(maintainer));
        }
        if !self.depends.is_empty() {
            filter = filter.and(DEPENDS.contains_all(self.depends.iter().map(String::as_str)));
        }
        if let Some(prefix) = &self.prefix {
            filter = filter.and(NAME.prefix(prefix));
        }
        if let Some(words) = &self.words {
            filter = filter.and(DESCRIPTION.words(words));
        }
        if let Some(part) = &self.containing {
            filter = filter.and(DESCRIPTION.substring(part));
        }
        if let Some(sizes) = self.sizes() {
            filter = filter.and(INSTALLED_SIZE.range(sizes));
        }
        filter
    }

    /// Returns the range of installed sizes; `None` for all sizes, including unknown ones.
    ///
    /// A search sorted by size leaves out unknown sizes, so the sparse index over sizes has all
    /// results.
    fn sizes(&self) -> Option<(Bound<u64>, Bound<u64>)> {
        let least = match self.sort {
            Sort::Name => self.min_size,
            Sort::Size | Sort::SizeDescending => Some(self.min_size.unwrap_or(0)),
        };
        let bound = |size: Option<u64>| size.map_or(Bound::Unbounded, Bound::Included);
        (least.is_some() || self.max_size.is_some()).then(|| (bound(least), bound(self.max_size)))
    }
}
