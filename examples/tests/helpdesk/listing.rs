//! Lists are filtered, sorted and cut into pages.

use serde_json::{Value, json};

use crate::bed::{Bed, Desk};
use crate::engines::on_every_engine;

on_every_engine!(
    lists_are_filtered_and_sorted,
    pages_lead_forward_and_back,
    a_list_that_cannot_be_made_is_refused,
);

/// Stores five tickets, 1 to 5, and closes the third.
fn fill(desk: &mut Desk) {
    for (title, reporter, urgency, tag) in [
        ("printer on fire", "ada", 9, "printer"),
        ("no coffee", "bob", 5, "kitchen"),
        ("printer offline", "ada", 2, "printer"),
        ("no milk", "cyd", 7, "kitchen"),
        ("window stuck", "ada", 0, "house"),
    ] {
        let text = format!("{reporter} says: it hums");
        let ticket = json!({"title": title, "text": text, "reporter": reporter,
            "urgency": urgency, "tags": [tag, "all"]});
        assert_eq!(desk.post("/tickets", ticket).0, 201);
    }
    desk.request("PATCH", "/tickets/3", json!({"status": "closed", "assignee": "dan"}));
}

/// Returns the numbers of the tickets of a page.
fn numbers(page: &Value) -> Vec<u64> {
    let tickets = page["tickets"].as_array().unwrap().iter();
    tickets.map(|ticket| ticket["id"].as_u64().unwrap()).collect()
}

#[track_caller]
fn lists(desk: &mut Desk, parameters: &str, expected: &[u64]) {
    let (status, page) = desk.get(&format!("/tickets?{parameters}"));
    assert_eq!((status, numbers(&page).as_slice()), (200, expected), "{parameters}: {page}");
}

fn lists_are_filtered_and_sorted(bed: &Bed) {
    let mut desk = bed.serve();
    fill(&mut desk);
    lists(&mut desk, "", &[5, 4, 3, 2, 1]);
    lists(&mut desk, "sort=oldest", &[1, 2, 3, 4, 5]);
    lists(&mut desk, "sort=urgency", &[1, 4, 2, 3, 5]);
    lists(&mut desk, "status=open&sort=urgency", &[1, 4, 2, 5]);
    lists(&mut desk, "status=closed", &[3]);
    lists(&mut desk, "reporter=ada&status=open", &[5, 1]);
    lists(&mut desk, "assignee=dan", &[3]);
    lists(&mut desk, "tag=kitchen", &[4, 2]);
    // The title of one, the text of all; every word has to be there.
    lists(&mut desk, "words=Printer", &[3, 1]);
    lists(&mut desk, "words=cyd+hums", &[4]);
    lists(&mut desk, "words=printer+coffee", &[]);
}

fn pages_lead_forward_and_back(bed: &Bed) {
    let mut desk = bed.serve();
    fill(&mut desk);
    let first = desk.get("/tickets?limit=2").1;
    assert_eq!((numbers(&first), &first["previous"]), (vec![5, 4], &Value::Null));
    // A ticket that is stored meanwhile does not shift the pages.
    desk.post("/tickets", json!({"title": "no sugar", "reporter": "bob"}));
    let path = |page: &Value| format!("/tickets?limit=2&page={}", page.as_str().unwrap());
    let second = desk.get(&path(&first["next"])).1;
    assert_eq!(numbers(&second), [3, 2]);
    let third = desk.get(&path(&second["next"])).1;
    assert_eq!((numbers(&third), &third["next"]), (vec![1], &Value::Null));
    assert_eq!(numbers(&desk.get(&path(&third["previous"])).1), [3, 2]);
}

fn a_list_that_cannot_be_made_is_refused(bed: &Bed) {
    let mut desk = bed.serve();
    fill(&mut desk);
    let page = desk.get("/tickets?limit=2").1["next"].as_str().unwrap().to_owned();
    for (parameters, reason) in [
        ("limit=0", "limit is 0: use 1 to 100"),
        ("limit=101", "limit is 101: use 1 to 100"),
        ("staus=open", "unknown field `staus`"),
        ("page=abc", "the cursor was not returned by a page"),
        // A page of another list.
        (format!("limit=2&sort=oldest&page={page}").as_str(), "cursor"),
    ] {
        let (status, refused) = desk.get(&format!("/tickets?{parameters}"));
        let text = refused["error"].as_str().unwrap();
        assert!(status == 400 && text.contains(reason), "{parameters}: {status} {text}");
    }
}
