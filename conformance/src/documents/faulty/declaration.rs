//! Faults of declarations.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arbour::Result;
use arbour::documents::layout::documents_tree;
use arbour::documents::{Body, Declaration, Field, FieldKind, FieldSource, Integer, to_json};
use arbour_core::KvStore;
use arbour_core::engine::TreeName;
use parking_lot::Mutex;
use serde_json::Value;

use super::DocFault;
use super::memory::Memory;
use super::trees::{key_of, keys};

/// Copies a declaration.
pub(super) fn copy<D: Body>(declaration: &Declaration<D>) -> Declaration<D> {
    let mut copy = Declaration::new(&declaration.name);
    copy.id_path.clone_from(&declaration.id_path);
    copy.ids = declaration.ids.clone();
    copy.fields.clone_from(&declaration.fields);
    copy.indexes.clone_from(&declaration.indexes);
    copy.format = declaration.format.clone();
    copy.feed = declaration.feed;
    copy
}

/// Declares something other than the caller did.
pub(super) fn bend<D: Body>(fault: DocFault, declaration: &mut Declaration<D>) {
    let id_path = declaration.id_path.clone();
    for field in &mut declaration.fields {
        match fault {
            DocFault::DefaultNotWritten => field.default = None,
            DocFault::RequiredTakesNull => field.required = false,
            DocFault::FalseIsIndexed => field.false_is_null = false,
            DocFault::AnyTypeTaken => field.kind = FieldKind::Any,
            DocFault::AbsentIsNull => *field = field.clone().absent_is_null(),
            DocFault::MomentsAreTexts
            | DocFault::DatesAreTexts
            | DocFault::DateTimesAreTexts
            | DocFault::DecimalsAreTexts
            | DocFault::AnyFormTaken => without_meaning(fault, field),
            DocFault::RevisionUnnoticed => field.revision = 0,
            DocFault::UnchangedIgnored => field.unchanged_since = 0,
            DocFault::OnlyFirstOfMany if field.many => {
                let whole = field.clone();
                field.source =
                    FieldSource::Computed(Arc::new(move |body| match value(&whole, body) {
                        Value::Array(values) => values.into_iter().next().unwrap_or_default(),
                        value => value,
                    }));
            }
            DocFault::WideIntegersAreFloats | DocFault::FloatsWidened | DocFault::KeysAreTexts => {
                let whole = field.clone();
                if fault == DocFault::WideIntegersAreFloats && field.kind == FieldKind::Integer {
                    field.kind = FieldKind::Number;
                }
                field.source =
                    FieldSource::Computed(Arc::new(move |body| inexact(fault, &whole, body)));
            }
            DocFault::PathsEndAtArrays if field.name.contains("[]") => {
                field.source = FieldSource::Computed(Arc::new(|_| Value::Null));
            }
            DocFault::ComputedOnce => {
                if let FieldSource::Computed(compute) = &field.source {
                    field.source = FieldSource::Computed(once(id_path.clone(), compute));
                }
            }
            _ => {}
        }
    }
    for index in &mut declaration.indexes {
        match fault {
            DocFault::UniqueNotEnforced => index.unique = false,
            DocFault::UniqueCheckedAtEachWrite => index.deferred = false,
            DocFault::DeferredNotChecked => index.unique &= !index.deferred,
            DocFault::DeferralRebuilds => index.sparse |= index.deferred,
            DocFault::SparseHoldsNull => index.sparse = false,
            _ => {}
        }
    }
    match fault {
        DocFault::NeverUpgraded => {
            for upgrade in declaration.format.upgrades.values_mut() {
                *upgrade = Arc::new(|body| Ok(body.to_vec()));
            }
        }
        DocFault::OneCodecForAll => declaration.format.also_read.clear(),
        _ => {}
    }
}

/// Takes from a field the kind that gives its form a meaning.
fn without_meaning<D>(fault: DocFault, field: &mut Field<D>) {
    let of = match fault {
        DocFault::MomentsAreTexts => Some(FieldKind::Timestamp),
        DocFault::DatesAreTexts => Some(FieldKind::Date),
        DocFault::DateTimesAreTexts => Some(FieldKind::DateTime),
        DocFault::DecimalsAreTexts => Some(FieldKind::Decimal),
        _ => None,
    };
    if of.is_none_or(|kind| kind == field.kind) {
        field.kind = FieldKind::Any;
    }
}

/// Returns the value of a field in a document, or that of the fault instead.
fn inexact<D: Body>(fault: DocFault, field: &Field<D>, body: &D) -> Value {
    let value = value(field, body);
    let digits = Integer::of(&value).map(|integer| integer.to_string());
    let narrow = value.as_f64().map(|float| float as f32);
    match (fault, &field.source) {
        (DocFault::WideIntegersAreFloats, _) if !value.is_number() => {
            digits.and_then(|digits| digits.parse::<f64>().ok()).map_or(value, Value::from)
        }
        (DocFault::FloatsWidened, _) => {
            let digits = value.to_string();
            let is_narrow = |narrow: &f32| narrow.to_string() == digits;
            narrow
                .filter(is_narrow)
                .map_or_else(|| value.clone(), |narrow| f64::from(narrow).into())
        }
        (DocFault::KeysAreTexts, FieldSource::Path(path))
            if path.iter().any(|name| name.parse::<i64>().is_ok()) =>
        {
            Value::Null
        }
        _ => value,
    }
}

/// A closure that computes the value of a field.
type Compute<D> = Arc<dyn Fn(&D) -> Value + Send + Sync>;

/// Computes a value once for each id.
fn once<D: Body>(id_path: Vec<String>, compute: &Compute<D>) -> Compute<D> {
    let computed = Mutex::new(HashMap::<String, Value>::new());
    let compute = Arc::clone(compute);
    Arc::new(move |body| {
        let id = json_at(body, &id_path).to_string();
        computed.lock().entry(id).or_insert_with(|| compute(body)).clone()
    })
}

/// Makes fields that were not in the first declaration null in the existing documents.
pub(super) fn forget_new_fields<S: KvStore, D: Body>(
    memory: &Memory,
    store: &S,
    declaration: &mut Declaration<D>,
) -> Result<()> {
    let mut first = memory.fields.lock();
    let names = || declaration.fields.iter().map(|field| field.name.clone()).collect();
    let first = first.entry(declaration.name.clone()).or_insert_with(names);
    let tree = store.open_tree(TreeName::stored(&documents_tree(&declaration.name))?)?;
    let old = Arc::new(keys(&store.snapshot()?, &tree)?);
    let (ids, id_path) = (declaration.ids.clone(), declaration.id_path.clone());
    for field in declaration.fields.iter_mut().filter(|field| !first.contains(&field.name)) {
        let (whole, old) = (field.clone(), Arc::<HashSet<_>>::clone(&old));
        let (ids, id_path) = (ids.clone(), id_path.clone());
        field.source =
            FieldSource::Computed(Arc::new(move |body| match ids.read(&json_at(body, &id_path)) {
                Ok(Some(id)) if old.contains(&key_of(&id)) => Value::Null,
                _ => value(&whole, body),
            }));
    }
    Ok(())
}

/// Returns the value of a field in a document.
pub(super) fn value<D: Body>(field: &Field<D>, body: &D) -> Value {
    match &field.source {
        FieldSource::Path(path) => json_at(body, path),
        FieldSource::Computed(compute) => compute(body),
    }
}

/// Returns the name of a field that is declared, or is the id.
pub(super) fn value_named<D: Body>(declaration: &Declaration<D>, name: &str, body: &D) -> Value {
    match declaration.fields.iter().find(|field| field.name == name) {
        Some(field) => value(field, body),
        None => json_at(body, &declaration.id_path),
    }
}

/// Returns the value at a path in a document; null if there is none.
fn json_at<D: Body>(body: &D, path: &[String]) -> Value {
    let json = to_json("", body).unwrap_or_default();
    at(&json, path).clone()
}

/// Returns the value at a path in JSON; null if there is none.
pub(super) fn at<'v>(json: &'v Value, path: &[String]) -> &'v Value {
    path.iter().try_fold(json, |value, name| value.get(name)).unwrap_or(&Value::Null)
}
