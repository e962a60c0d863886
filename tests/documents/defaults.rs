//! The provided methods of the reading traits, compared with the methods of Arbour's own reader.

use std::ops::ControlFlow;

use arbour::documents::{
    Declaration, DocCollection as _, DocError, DocId, DocRead, DocResult, DocStore as _,
    DocWrite as _, Documents, Explain, Field, Filter, Index, Page, Query, Stored,
};
use arbour::{KvStore as _, MemoryStore};
use serde_json::{Value, json};

/// A reader that implements only the required methods.
struct Plain<R>(R);

impl<R: DocRead<Value>> DocRead<Value> for Plain<R> {
    fn declaration(&self) -> &Declaration<Value> {
        self.0.declaration()
    }

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Stored<Value>>> {
        self.0.get(id)
    }

    fn search(&self, query: &Query<Value>) -> DocResult<Page<Value>> {
        self.0.search(query)
    }

    fn explain(&self, query: &Query<Value>) -> DocResult<Explain> {
        self.0.explain(query)
    }

    fn each<E: From<DocError>>(
        &self,
        query: &Query<Value>,
        visit: impl FnMut(Stored<Value>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        self.0.each(query, visit)
    }

    fn count(&self, filter: &Filter<Value>) -> DocResult<u64> {
        self.0.count(filter)
    }

    fn values(
        &self,
        filter: &Filter<Value>,
        field: &str,
        visit: impl FnMut(&Value),
    ) -> DocResult<()> {
        self.0.values(filter, field, visit)
    }
}

#[test]
fn what_the_contract_provides_says_the_same() {
    let store = MemoryStore::new();
    let declaration = Declaration::<Value>::new("things")
        .field(Field::path("n"))
        .field(Field::path("mixed"))
        .field(Field::path("code"))
        .index(Index::on("n"))
        .index(Index::on("code").unique());
    let things = Documents::new(&store).collection(declaration).unwrap();
    let documents = [
        json!({"id": "a", "n": 7, "mixed": "text", "code": 1}),
        json!({"id": "b", "n": -3, "mixed": 4, "code": 2}),
        json!({"id": "c", "n": 2.5, "mixed": 1.5, "code": 3}),
        json!({"id": "d", "n": 7, "mixed": true, "code": 4}),
        json!({"id": "e", "mixed": null, "code": 5}),
    ];
    store
        .write(|transaction| -> DocResult<()> {
            let mut writer = things.writer(transaction)?;
            documents.iter().try_for_each(|document| writer.insert(document).map(drop))
        })
        .unwrap();
    let snapshot = store.snapshot().unwrap();
    let (own, plain) = (things.reader(&snapshot), Plain(things.reader(&snapshot)));
    for filter in [Filter::All, Filter::at_least("n", 2.5), Filter::eq("n", 99)] {
        for field in ["n", "mixed"] {
            assert_eq!(plain.min(&filter, field).unwrap(), own.min(&filter, field).unwrap());
            assert_eq!(plain.max(&filter, field).unwrap(), own.max(&filter, field).unwrap());
            let distinct = plain.distinct(&filter, field).unwrap();
            assert_eq!(distinct, own.distinct(&filter, field).unwrap());
        }
        assert_eq!(plain.sum(&filter, "n").unwrap(), own.sum(&filter, "n").unwrap());
        assert_eq!(plain.average(&filter, "n").unwrap(), own.average(&filter, "n").unwrap());
        assert_eq!(plain.exists(&filter).unwrap(), own.exists(&filter).unwrap());
        let query = Query::new(filter).ascending("n");
        assert_eq!(plain.all(&query).unwrap().len(), own.all(&query).unwrap().len());
        let (one, first) = (plain.one(&query).unwrap(), own.one(&query).unwrap());
        assert_eq!(one.map(|one| one.id), first.map(|first| first.id));
    }
    assert_eq!(plain.min(&Filter::All, "n").unwrap(), Some(json!(-3)));
    assert_eq!(plain.max(&Filter::All, "n").unwrap(), Some(json!(7)));
    assert_eq!(plain.distinct(&Filter::All, "n").unwrap(), [json!(-3), json!(2.5), json!(7)]);
    assert_eq!(plain.get_by("code", 3).unwrap().map(|found| found.id), Some("c".into()));
    let refused = plain.get_by("n", 7).unwrap_err().to_string();
    assert!(refused.contains("no unique index is over \"n\" alone"), "{refused}");
    let many = plain.get_many(["d", "nobody", "a"]).unwrap();
    let found: Vec<_> = many.into_iter().map(|one| one.map(|one| one.id.to_string())).collect();
    assert_eq!(found, [Some("d".to_owned()), None, Some("a".to_owned())]);
}

/// Not null is a range that an index has.
#[test]
fn an_index_finds_what_is_not_null() {
    let store = MemoryStore::new();
    let things = ["tags", "shelf"].map(|field| {
        let field = if field == "tags" { Field::path(field).many() } else { Field::path(field) };
        let index = Index::on(&field.name);
        let name = format!("by-{}", field.name);
        let declaration = Declaration::<Value>::new(&name).field(field).index(index);
        Documents::new(&store).collection(declaration).unwrap()
    });
    for (things, field) in things.iter().zip(["tags", "shelf"]) {
        store
            .write(|transaction| -> DocResult<()> {
                let mut writer = things.writer(transaction)?;
                writer.insert(&json!({"id": "some", "tags": [null, "x", "y"], "shelf": 7}))?;
                (0..50).try_for_each(|number| {
                    let thing = json!({"id": format!("none-{number}"), "tags": [], "shelf": null});
                    writer.insert(&thing).map(drop)
                })
            })
            .unwrap();
        let snapshot = store.snapshot().unwrap();
        let reader = things.reader(&snapshot);
        let filled = Query::new(Filter::is_null(field).not());
        let found = reader.all(&filled).unwrap();
        assert_eq!(found.iter().map(|found| found.id.to_string()).collect::<Vec<_>>(), ["some"]);
        assert_eq!(reader.count(&Filter::is_null(field)).unwrap(), 50);
        let explained = reader.explain(&filled).unwrap();
        // For a multi-valued field the ranges leave out documents with several values.
        assert_eq!(explained.scans_all(), field == "tags", "{explained}");
    }
}
