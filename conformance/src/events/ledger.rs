//! The model that cases about events use: accounts, and anything that the payload of an event
//! requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arbour::documents::{Collection, Declaration, Field, Index};
use arbour::events::{Append, Event, EventType, Expected, Model, NewEvent, Outbox, Transact};
use arbour::{AnyResult, Result};
use arbour_core::{Error, ErrorKind, KvRead, KvWrite, Operation};
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

/// How long a handler waits at a gate before it counts as forgotten.
const GATE_MAX: Duration = Duration::from_secs(30);

/// What a case shares with the handlers it runs, outside of events.
#[derive(Default)]
pub(crate) struct Scene {
    /// Whether events that request a failure no longer fail.
    is_mended: AtomicBool,
    /// The handlers that were called, in order.
    calls: Mutex<Vec<String>>,
    gate: Gate,
    /// What a handler calls if its event requests an errand.
    errand: Mutex<Option<Errand>>,
}

type Errand = Box<dyn Fn() -> String + Send>;

/// A gate at which handlers wait while it is shut.
#[derive(Default)]
struct Gate {
    /// Whether it is shut, and how many handlers wait.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Scene {
    pub(crate) fn mend(&self, is_mended: bool) {
        self.is_mended.store(is_mended, Ordering::SeqCst);
    }

    fn is_mended(&self) -> bool {
        self.is_mended.load(Ordering::SeqCst)
    }

    fn call(&self, what: String) {
        self.calls.lock().push(what);
    }

    /// Returns the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock())
    }

    pub(crate) fn shut_gate(&self) {
        self.gate.state.lock().0 = true;
    }

    pub(crate) fn open_gate(&self) {
        self.gate.state.lock().0 = false;
        self.gate.changed.notify_all();
    }

    /// Waits until a handler has arrived at the gate.
    pub(crate) fn wait_for_visitor(&self) {
        let mut state = self.gate.state.lock();
        while state.1 == 0 {
            let waited = self.gate.changed.wait_for(&mut state, GATE_MAX);
            assert!(!waited.timed_out(), "no handler came to the gate");
        }
    }

    fn pass_gate(&self) {
        let mut state = self.gate.state.lock();
        state.1 += 1;
        self.gate.changed.notify_all();
        while state.0 {
            let waited = self.gate.changed.wait_for(&mut state, GATE_MAX);
            assert!(!waited.timed_out(), "nobody opened the gate");
        }
        state.1 -= 1;
    }

    pub(crate) fn set_errand(&self, errand: impl Fn() -> String + Send + 'static) {
        *self.errand.lock() = Some(Box::new(errand));
    }
}

/// Declares the accounts.
pub(crate) fn accounts(name: &str) -> Declaration<Value> {
    Declaration::new(name).field(Field::path("cents")).index(Index::on("cents"))
}

/// The one type of event of all cases.
pub(crate) fn moved() -> EventType<Value> {
    EventType::new("moved")
}

/// Makes an event that moves cents.
pub(crate) fn cents(stream: &str, cents: i64) -> Result<NewEvent> {
    event(stream, json!({"cents": cents}))
}

/// Makes an event with a payload; see [`Ledger`].
pub(crate) fn event(stream: &str, payload: Value) -> Result<NewEvent> {
    moved().event(stream, &payload)
}

/// Makes an append that expects a version of its one stream.
pub(crate) fn expecting(stream: &str, expected: Expected, amount: i64) -> Result<Append> {
    Ok(Append::from(cents(stream, amount)?).expect(stream, expected))
}

/// Keeps an account for each stream: its cents, its events, and the sum of all accounts before and
/// after each of its last events.
///
/// | member of the payload | what it does |
/// |---|---|
/// | `cents` | moves them |
/// | `fail` | fails in this phase, until it is mended; in `check`, which comes before the commit |
/// | `panic` | panics in this phase, until it is mended |
/// | `emit` | emits these sub-events, each `[stream, payload]`, in `derive`, or in `reduce` by `emit in reduce` |
/// | `turn` | runs these in `transact`, and keeps their results |
/// | `endless` | emits itself |
/// | `fresh` | makes an account with a new id |
/// | `gate` | waits at the gate |
/// | `errand` | runs the errand of the case, and keeps what it says |
/// | `instead` | `preprocess` puts this payload in the place of its own |
pub(crate) struct Ledger {
    accounts: Collection<Value>,
    scene: std::sync::Arc<Scene>,
}

impl Ledger {
    pub(crate) fn new(accounts: Collection<Value>, scene: std::sync::Arc<Scene>) -> Self {
        Self { accounts, scene }
    }

    fn payload(event: &Event<'_>) -> Result<Value> {
        Ok(moved().read(event)?.unwrap_or_default())
    }

    /// Does what a payload requests in a phase.
    fn enter(&self, phase: &str, payload: &Value, event: &Event<'_>) -> AnyResult {
        self.scene.call(format!("{phase} {}/{} {}", event.position, event.part, event.stream));
        if self.scene.is_mended() {
            return Ok(());
        }
        if payload.get("fail").is_some_and(|fail| fail == phase) {
            return Err(format!("asked to fail in {phase}").into());
        }
        let panics = payload.get("panic").is_some_and(|panic| panic == phase);
        assert!(!panics, "asked to panic in {phase}");
        Ok(())
    }

    fn sum<R: KvRead>(&self, reader: &R) -> Result<i64> {
        let sum = self.accounts.all().sum(reader, "cents")?;
        Ok(sum.as_i64().unwrap_or_default())
    }
}

/// Adds a sum to the last few that are kept.
fn keep(sums: &mut Vec<Value>, sum: i64) {
    sums.push(sum.into());
    if sums.len() > 3 {
        sums.remove(0);
    }
}

/// Reads the sub-events that a payload requests.
fn sub_events(payload: &Value, name: &str) -> AnyResult<Vec<NewEvent>> {
    let asked = payload.get(name).and_then(Value::as_array);
    let made = asked.into_iter().flatten().map(|asked| {
        let stream = asked.get(0).and_then(Value::as_str).unwrap_or("nobody");
        event(stream, asked.get(1).cloned().unwrap_or_default())
    });
    Ok(made.collect::<Result<_>>()?)
}

impl Model for Ledger {
    type Change = Value;

    fn name(&self) -> &str {
        "ledger"
    }

    fn preprocess<R: KvRead>(&self, event: &Event<'_>, _before: &R) -> AnyResult<Option<NewEvent>> {
        let payload = Self::payload(event)?;
        self.enter("preprocess", &payload, event)?;
        let instead = payload.get("instead");
        Ok(instead.map(|payload| moved().event(event.stream, payload)).transpose()?)
    }

    fn reduce<R: KvRead>(
        &self,
        event: &Event<'_>,
        before: &R,
        out: &mut Outbox,
    ) -> AnyResult<Option<Value>> {
        let payload = Self::payload(event)?;
        self.enter("reduce", &payload, event)?;
        if payload.get("gate").is_some() {
            self.scene.pass_gate();
        }
        sub_events(&payload, "emit in reduce")?.into_iter().for_each(|event| out.emit(event));
        let account = self.accounts.get(before, event.stream)?;
        let mut account = account.unwrap_or_else(
            || json!({"id": event.stream, "cents": 0, "events": 0, "before": [], "after": []}),
        );
        let amount = payload.get("cents").and_then(Value::as_i64).unwrap_or(0);
        let sum = self.sum(before)?;
        if let Some(members) = account.as_object_mut() {
            let number = |name: &str| members.get(name).and_then(Value::as_i64).unwrap_or(0);
            let (cents, events) = (number("cents") + amount, number("events") + 1);
            members.insert("cents".to_owned(), cents.into());
            members.insert("events".to_owned(), events.into());
            if let Some(sums) = members.get_mut("before").and_then(Value::as_array_mut) {
                keep(sums, sum);
            }
            members.insert("failing".to_owned(), payload.get("fail").cloned().unwrap_or_default());
        }
        if payload.get("fail").is_some_and(|fail| fail == "apply") {
            self.scene.call("apply is about to fail".to_owned());
        }
        out.returns(json!({"cents": account.get("cents"), "part": event.part}));
        Ok(Some(account))
    }

    fn apply<W: KvWrite>(&self, account: Value, view: &mut W, _out: &mut Outbox) -> AnyResult {
        let fails = account.get("failing").is_some_and(|failing| failing == "apply");
        self.accounts.put(view, account)?;
        if fails && !self.scene.is_mended() {
            return Err("asked to fail in apply".into());
        }
        Ok(())
    }

    fn derive<W: KvWrite>(&self, event: &Event<'_>, view: &mut W, out: &mut Outbox) -> AnyResult {
        let payload = Self::payload(event)?;
        let sum = self.sum(view)?;
        if let Some(mut account) = self.accounts.get(view, event.stream)? {
            if let Some(sums) = account.get_mut("after").and_then(Value::as_array_mut) {
                keep(sums, sum);
            }
            self.accounts.put(view, account)?;
        }
        if payload.get("fresh").is_some() {
            let id = event.fresh_id(0).to_string();
            self.accounts.insert(view, json!({"id": id, "cents": 0, "time": event.time}))?;
        }
        self.enter("derive", &payload, event)?;
        if payload.get("endless").is_some() {
            out.emit(moved().event(event.stream, &payload)?);
        }
        if payload.get("errand").is_some() {
            let said = self.scene.errand.lock().as_ref().map(|errand| errand());
            out.returns(said.unwrap_or_default());
        }
        sub_events(&payload, "emit")?.into_iter().for_each(|event| out.emit(event));
        Ok(())
    }

    fn transact<W: KvWrite>(&self, event: &Event<'_>, turn: &mut Transact<'_, W>) -> AnyResult {
        let payload = Self::payload(event)?;
        let mut seen = Vec::new();
        for sub_event in sub_events(&payload, "turn")? {
            let result = turn.dispatch(sub_event)?;
            let sum = self.sum(turn.view())?;
            seen.push(json!([result.get("ledger").and_then(|result| result.get("cents")), sum]));
        }
        if !seen.is_empty() {
            let seen = json!({"seen": seen});
            self.accounts.update_json(turn.view(), event.stream, &seen)?;
        }
        if payload.get("fail").is_some_and(|fail| fail == "check") && !self.scene.is_mended() {
            turn.view().before_commit(|_| {
                Err(Error::new(ErrorKind::Failed, Operation::Layer, "asked to fail in a check"))
            });
        }
        self.enter("transact", &payload, event)
    }
}

/// Returns the accounts in a view, in the order of their ids, each as JSON.
pub(crate) fn all_accounts<R: KvRead>(
    accounts: &Collection<Value>,
    reader: &R,
) -> Result<Vec<Value>> {
    accounts.all().ascending("id").list(reader)
}
