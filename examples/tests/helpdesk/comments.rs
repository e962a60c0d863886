//! Comments are counted in their ticket, in the same commit.

use serde_json::{Value, json};

use crate::bed::Bed;
use crate::engines::on_every_engine;

on_every_engine!(
    a_comment_is_counted_in_its_ticket,
    a_closed_ticket_takes_no_comment,
    comments_go_with_their_ticket,
);

fn comment(text: &str) -> Value {
    json!({"author": "bob", "text": text})
}

fn a_comment_is_counted_in_its_ticket(bed: &Bed) {
    let mut desk = bed.serve();
    let ticket = json!({"title": "printer on fire", "reporter": "ada"});
    desk.post("/tickets", ticket.clone());
    desk.post("/tickets", ticket);
    let (status, first) = desk.post("/tickets/2/comments", comment("water!"));
    assert_eq!((status, &first["ticket"], &first["text"]), (201, &json!(2), &json!("water!")));
    let second = desk.post("/tickets/2/comments", comment("now it is wet")).1;
    assert_eq!(desk.get("/tickets/2/comments"), (200, json!([first, second])));
    assert_eq!(desk.get("/tickets/1/comments"), (200, json!([])));
    assert_eq!(desk.get("/tickets/2").1["comments"], 2);
    assert_eq!(desk.get("/tickets/1").1["comments"], 0);
}

fn a_closed_ticket_takes_no_comment(bed: &Bed) {
    let mut desk = bed.serve();
    desk.post("/tickets", json!({"title": "printer on fire", "reporter": "ada"}));
    desk.request("PATCH", "/tickets/1", json!({"status": "closed"}));
    let (status, refused) = desk.post("/tickets/1/comments", comment("water!"));
    assert_eq!(status, 409);
    assert_eq!(refused["error"], "ticket 1 is closed: open it again to comment on it");
    assert_eq!(desk.get("/tickets/1/comments"), (200, json!([])));
    assert_eq!(desk.get("/tickets/1").1["comments"], 0);
    assert_eq!(desk.post("/tickets/7/comments", comment("water!")).0, 404);
    assert_eq!(desk.get("/tickets/7/comments").0, 404);
}

fn comments_go_with_their_ticket(bed: &Bed) {
    let mut desk = bed.serve();
    let ticket = json!({"title": "printer on fire", "reporter": "ada"});
    desk.post("/tickets", ticket.clone());
    desk.post("/tickets", ticket);
    for path in ["/tickets/1/comments", "/tickets/2/comments"] {
        desk.post(path, comment("water!"));
    }
    assert_eq!(desk.request("DELETE", "/tickets/1", Value::Null).0, 204);
    assert_eq!(desk.get("/tickets/1/comments").0, 404);
    assert_eq!(desk.get("/tickets/2/comments").1.as_array().unwrap().len(), 1);
}
