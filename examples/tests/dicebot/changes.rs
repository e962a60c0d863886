//! D2, D6: setting twice, deleting existing and absent variables.

use crate::bed::{ADA, Bed, COUNTS, VALUES, dump};
use crate::database::{Change, Error};
use crate::engines::on_every_engine;

on_every_engine!(
    setting_twice_is_an_update,
    extremes_are_values,
    deleting_uncounts,
    deleting_the_missing_changes_nothing,
);

fn setting_twice_is_an_update(bed: &Bed) {
    let variables = bed.open().variables;
    assert_eq!(variables.set(ADA, "str", 5).unwrap(), Change::New);
    assert_eq!(variables.set(ADA, "str", 10).unwrap(), Change::Updated);
    assert_eq!(variables.get(ADA, "str").unwrap(), 10);
    assert_eq!(variables.count(ADA).unwrap(), 1);
}

fn extremes_are_values(bed: &Bed) {
    let variables = bed.open().variables;
    for value in [i32::MIN, -1, 0, i32::MAX] {
        variables.set(ADA, "str", value).unwrap();
        assert_eq!(variables.get(ADA, "str").unwrap(), value);
    }
}

fn deleting_uncounts(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    variables.set(ADA, "dex", 6).unwrap();
    variables.delete(ADA, "str").unwrap();
    assert_eq!(variables.list(ADA).unwrap(), [("dex".to_owned(), 6)]);
    assert_eq!(variables.count(ADA).unwrap(), 1);
    variables.delete(ADA, "dex").unwrap();
    assert_eq!(variables.count(ADA).unwrap(), 0);
    assert!(dump(&database, COUNTS).is_empty());
}

fn deleting_the_missing_changes_nothing(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    let before = [VALUES, COUNTS].map(|tree| dump(&database, tree));
    let missing = variables.delete(ADA, "st");
    assert!(matches!(&missing, Err(Error::NotFound { name, .. }) if name == "st"), "{missing:?}");
    assert!(matches!(variables.get(ADA, "st"), Err(Error::NotFound { .. })));
    assert_eq!([VALUES, COUNTS].map(|tree| dump(&database, tree)), before);
}
