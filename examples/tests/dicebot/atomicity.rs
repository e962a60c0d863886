//! D7, within a process: two trees change together or not at all.

use arbour::KvStore as _;

use crate::bed::{ADA, Bed, COUNTS, VALUES, dump};
use crate::database::{self, Error};
use crate::engines::on_every_engine;

on_every_engine!(
    an_abort_takes_everything_back,
    an_error_of_the_database_arrives_as_it_is,
    a_refusal_leaves_the_transaction_usable,
    a_panic_takes_everything_back,
);

/// The error of a caller with its own reason.
#[derive(Debug)]
enum Refusal {
    NotToday { variables_seen: u32 },
    Database(Error),
}

impl From<arbour::Error> for Refusal {
    fn from(error: arbour::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<database::Error> for Refusal {
    fn from(error: database::Error) -> Self {
        Self::Database(error)
    }
}

fn an_abort_takes_everything_back(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    variables.set(ADA, "str", 5).unwrap();
    let before = [VALUES, COUNTS].map(|tree| dump(&database, tree));
    let refused: Result<(), Refusal> = database.store().try_write(|transaction| {
        variables.set_in(transaction, ADA, "dex", 6)?;
        variables.delete_in(transaction, ADA, "str")?;
        variables.set_in(transaction, ADA, "int", 7)?;
        Err(Refusal::NotToday { variables_seen: 2 })
    });
    match refused {
        Err(Refusal::NotToday { variables_seen }) => assert_eq!(variables_seen, 2),
        other => panic!("not the caller's own error: {other:?}"),
    }
    assert_eq!([VALUES, COUNTS].map(|tree| dump(&database, tree)), before);
}

fn an_error_of_the_database_arrives_as_it_is(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    let refused: Result<(), Refusal> = database.store().try_write(|transaction| {
        variables.set_in(transaction, ADA, "dex", 6)?;
        Ok(variables.delete_in(transaction, ADA, "str")?)
    });
    match refused {
        Err(Refusal::Database(Error::NotFound { name, .. })) => assert_eq!(name, "str"),
        other => panic!("not that of the database: {other:?}"),
    }
    assert!(dump(&database, VALUES).is_empty());
    assert!(dump(&database, COUNTS).is_empty());
}

fn a_refusal_leaves_the_transaction_usable(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    let done: Result<(), Refusal> = database.store().try_write(|transaction| {
        let missing = variables.delete_in(transaction, ADA, "str");
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        let too_long = "n".repeat(70_000);
        assert!(variables.set_in(transaction, ADA, &too_long, 1).is_err());
        variables.set_in(transaction, ADA, "dex", 6)?;
        Ok(())
    });
    done.unwrap();
    assert_eq!(variables.list(ADA).unwrap(), [("dex".to_owned(), 6)]);
    assert_eq!(variables.count(ADA).unwrap(), 1);
}

fn a_panic_takes_everything_back(bed: &Bed) {
    let database = bed.open();
    let variables = &database.variables;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        database.store().try_write(|transaction| {
            variables.set_in(transaction, ADA, "str", 5)?;
            // The hook of the test harness would print an ordinary panic.
            std::panic::resume_unwind(Box::new("on purpose"));
            #[expect(unreachable_code, reason = "it gives the closure its type")]
            Ok::<(), Error>(())
        })
    }));
    assert!(panicked.is_err());
    assert!(dump(&database, VALUES).is_empty());
    assert!(dump(&database, COUNTS).is_empty());
    variables.set(ADA, "str", 5).unwrap();
}
