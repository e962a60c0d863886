use arbour::DynStore;
use arbour::testing::TestStore;

#[arbour::test(engines = "memory, rebd")]
fn misspelt(_store: DynStore) {}

#[arbour::test(engines = "memory, sqlite")]
fn not_built_in(_store: DynStore) {}

#[arbour::test(engines = "memory, memory")]
fn listed_twice(_store: DynStore) {}

#[arbour::test(engines = "")]
fn none_listed(_store: DynStore) {}

#[arbour::test("memory")]
fn no_name(_store: DynStore) {}

#[arbour::test]
fn no_argument() {}

#[arbour::test]
fn two_arguments(_store: DynStore, _other: DynStore) {}

#[arbour::test]
async fn asynchronous(_store: DynStore) {}

#[arbour::test]
fn generic<S>(_store: S) {}

#[arbour::test]
struct NoFunction(TestStore);

fn main() {}
