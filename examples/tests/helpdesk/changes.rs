//! Clients follow changes, come back where they were, and are told what they missed.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::bed::{Bed, Desk};
use crate::engines::on_every_engine;

on_every_engine!(changes_are_followed, a_client_that_comes_back_goes_on, a_wrong_place_is_refused);

/// The events of a response, as they come.
struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    /// Follows the changes, from now on or after an event.
    fn follow(desk: &Desk, last: Option<&str>) -> Self {
        let mut client = desk.connect();
        let headers: Vec<_> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        let response = desk.runtime.block_on(client.send("GET", "/changes", &headers, "")).unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// Returns the next event: its kind, its data and its id; `None` at the end.
    fn next(&mut self, desk: &Desk) -> Option<(String, Value, String)> {
        while !self.text.contains("\n\n") {
            let frame = desk.runtime.block_on(self.body.frame())?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().to_owned()
        };
        let data = serde_json::from_str(&field("data: ")).unwrap();
        let event = (field("event: "), data, field("id: "));
        self.text = rest.to_owned();
        Some(event)
    }
}

fn event(kind: &str, ticket: u64, id: u64) -> Option<(String, Value, String)> {
    Some((kind.to_owned(), json!({ "ticket": ticket }), id.to_string()))
}

fn store(desk: &mut Desk) {
    let ticket = json!({"title": "printer on fire", "reporter": "ada"});
    assert_eq!(desk.post("/tickets", ticket).0, 201);
}

fn changes_are_followed(bed: &Bed) {
    let mut desk = bed.serve();
    store(&mut desk);
    let mut events = Events::follow(&desk, None);
    store(&mut desk);
    desk.post("/tickets/1/comments", json!({"author": "bob", "text": "water!"}));
    desk.request("DELETE", "/tickets/2", Value::Null);
    assert_eq!(events.next(&desk), event("stored", 2, 2));
    assert_eq!(events.next(&desk), event("stored", 1, 3));
    assert_eq!(events.next(&desk), event("deleted", 2, 4));
    // The stream ends with the program, which does not wait for it.
    desk.terminate();
    assert_eq!(events.next(&desk), None);
    let (ended, err) = desk.end();
    assert!(ended.success() && err.is_empty(), "{ended}: {err}");
}

fn a_client_that_comes_back_goes_on(bed: &Bed) {
    let mut desk = bed.serve();
    for _ in 0..3 {
        store(&mut desk);
    }
    let mut events = Events::follow(&desk, Some("1"));
    assert_eq!(events.next(&desk), event("stored", 2, 2));
    drop(events);
    store(&mut desk);
    let mut events = Events::follow(&desk, Some("2"));
    assert_eq!(events.next(&desk), event("stored", 3, 3));
    assert_eq!(events.next(&desk), event("stored", 4, 4));
}

fn a_wrong_place_is_refused(bed: &Bed) {
    let desk = bed.serve();
    let mut client = desk.connect();
    let headers = [("last-event-id", "yesterday")];
    let sent = client.send("GET", "/changes", &headers, "");
    assert_eq!(desk.runtime.block_on(sent).unwrap().status().as_u16(), 400);
}
