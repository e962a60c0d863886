//! Tickets are stored, shown, changed and deleted, and what cannot be done is refused with a reason.

use serde_json::{Value, json};

use crate::bed::{Bed, Desk};
use crate::engines::{on_every_engine, on_every_persistent_engine};

on_every_engine!(
    a_ticket_is_stored_shown_changed_and_deleted,
    what_cannot_be_done_is_refused_with_a_reason,
    concurrent_tickets_have_different_numbers,
    a_ticket_is_paid_for_once,
);

on_every_persistent_engine!(tickets_are_there_after_a_restart);

fn printer() -> Value {
    json!({"title": "printer on fire", "reporter": "ada", "tags": ["printer"], "urgency": 9})
}

/// Sends a request that is refused, and returns the reason.
fn refused(desk: &mut Desk, request: (&str, &str, Value), status: u16) -> String {
    let (method, path, body) = request;
    let (found, response) = desk.request(method, path, body);
    assert_eq!(found, status, "{method} {path}: {response}");
    response["error"].as_str().unwrap().to_owned()
}

fn a_ticket_is_stored_shown_changed_and_deleted(bed: &Bed) {
    let mut desk = bed.serve();
    let (status, made) = desk.post("/tickets", printer());
    assert_eq!((status, &made["id"], &made["status"]), (201, &json!(1), &json!("open")));
    assert_eq!(made["created"], made["changed"]);
    assert_eq!(desk.get("/tickets/1"), (200, made.clone()));

    let changes = json!({"status": "waiting", "assignee": "bob"});
    let (status, changed) = desk.request("PATCH", "/tickets/1", changes);
    assert_eq!(status, 200);
    let mut expected = made;
    expected["status"] = "waiting".into();
    expected["assignee"] = "bob".into();
    expected["changed"] = changed["changed"].clone();
    assert_eq!(changed, expected);
    assert_eq!(desk.get("/tickets/1"), (200, expected));

    assert_eq!(desk.request("DELETE", "/tickets/1", Value::Null), (204, Value::Null));
    assert_eq!(refused(&mut desk, ("GET", "/tickets/1", Value::Null), 404), "there is no ticket 1");
    // Its number is not used again.
    assert_eq!(desk.post("/tickets", printer()).1["id"], 2);
}

fn a_ticket_is_paid_for_once(bed: &Bed) {
    let mut desk = bed.serve();
    let absent = refused(&mut desk, ("POST", "/tickets/1/payment", Value::Null), 404);
    assert_eq!(absent, "there is no ticket 1");
    let (_, mut expected) = desk.post("/tickets", printer());
    assert_eq!(expected["receipt"], Value::Null);
    expected["receipt"] = "receipt 1".into();
    for _ in 0..2 {
        assert_eq!(desk.post("/tickets/1/payment", Value::Null), (200, expected.clone()));
    }
    assert_eq!(desk.get("/tickets/1"), (200, expected));
}

fn what_cannot_be_done_is_refused_with_a_reason(bed: &Bed) {
    let mut desk = bed.serve();
    let absent = "there is no ticket 7";
    let changes = json!({"urgency": 1});
    for (method, body) in [("GET", Value::Null), ("PATCH", changes), ("DELETE", Value::Null)] {
        assert_eq!(refused(&mut desk, (method, "/tickets/7", body), 404), absent);
    }
    let mut untitled = printer();
    untitled["title"] = " ".into();
    assert_eq!(refused(&mut desk, ("POST", "/tickets", untitled), 400), "a ticket needs a title");
    let mut misspelt = printer();
    misspelt["titel"] = "x".into();
    let reason = refused(&mut desk, ("POST", "/tickets", misspelt), 422);
    assert!(reason.contains("unknown field `titel`"), "{reason}");
    let reason = refused(&mut desk, ("PATCH", "/tickets/7", json!({"status": "shut"})), 422);
    assert!(reason.contains("expected one of `open`, `waiting`, `closed`"), "{reason}");
    let reason = refused(&mut desk, ("GET", "/tickets/x", Value::Null), 400);
    assert!(reason.contains('x'), "{reason}");
    let reason = refused(&mut desk, ("GET", "/ticket", Value::Null), 404);
    assert!(reason.contains("/tickets"), "{reason}");
    assert_eq!(desk.get("/tickets").1["tickets"], json!([]));
}

fn concurrent_tickets_have_different_numbers(bed: &Bed) {
    const CLIENTS: usize = 16;
    let mut desk = bed.serve();
    let clients: Vec<_> = (0..CLIENTS).map(|_| desk.connect()).collect();
    let sent: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            desk.runtime.spawn(async move {
                client.json("POST", "/tickets", &printer().to_string()).await.unwrap()
            })
        })
        .collect();
    let mut numbers: Vec<u64> = sent
        .into_iter()
        .map(|sent| {
            let (status, body) = desk.runtime.block_on(sent).unwrap();
            assert_eq!(status.as_u16(), 201);
            serde_json::from_slice::<Value>(&body).unwrap()["id"].as_u64().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=CLIENTS as u64).collect::<Vec<_>>());
    assert_eq!(desk.get("/tickets?limit=100").1["tickets"].as_array().unwrap().len(), CLIENTS);
}

fn tickets_are_there_after_a_restart(bed: &Bed) {
    let made = {
        let mut desk = bed.serve();
        let made = desk.post("/tickets", printer()).1;
        desk.terminate();
        assert!(desk.end().0.success());
        made
    };
    let mut desk = bed.serve();
    assert_eq!(desk.get("/tickets/1"), (200, made));
}
