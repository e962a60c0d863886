//! The versions of the values, and the upgrade from each to the next. Released upgrades are never
//! changed.

use arbour::AnyResult;
use serde_json::{Value, json};

use crate::database::{Decision, Decisions, Nodes, Upgrade, key};

/// How many events there are.
const COUNT: &str = "generated:count:events";

/// Returns all upgrades, in order.
pub(crate) fn all() -> Vec<Upgrade> {
    vec![Upgrade::to(1, whole_events)]
}

/// Version 1: every event contains its id, no modifier lacks its event, there is a count of the
/// events, and all other generated values have to be generated again.
fn whole_events(nodes: &Nodes) -> AnyResult<Decisions> {
    let decide = |(node, value): (&String, &Value)| {
        let segments = key::split(node).unwrap_or_default();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let decision = match segments.as_slice() {
            ["event", id] => with_id(id, value),
            // A modifier with more segments may belong to an event whose id contains a colon.
            ["modifier", id, _] if !nodes.contains_key(&key::join(&["event", id])) => {
                Decision::Delete
            }
            ["generated", ..] => Decision::Invalidate,
            _ => Decision::Keep,
        };
        (node.clone(), decision)
    };
    let mut decisions: Decisions = nodes.iter().map(decide).collect();
    let events = nodes.keys().filter(|node| node.starts_with("event:")).count();
    let count = if nodes.contains_key(COUNT) { Decision::Override } else { Decision::Create };
    decisions.insert(COUNT.to_owned(), count(json!(events)));
    Ok(decisions)
}

fn with_id(id: &str, event: &Value) -> Decision {
    match event {
        Value::Object(fields) if !fields.contains_key("id") => {
            let mut fields = fields.clone();
            fields.insert("id".to_owned(), json!(id));
            Decision::Override(Value::Object(fields))
        }
        _ => Decision::Keep,
    }
}
