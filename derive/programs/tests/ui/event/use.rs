use arbour::prelude::*;

#[derive(Serialize, Deserialize)]
enum NoEvent {
    Opened,
}

#[derive(Event)]
enum NoSerde {
    Opened,
}

#[derive(Serialize, Deserialize, Event)]
enum Banking {
    Moved { cents: i64 },
}

fn main() {
    let store = arbour::open("memory:").unwrap();
    let misspelt = Projection::new("bank", 1).on(|event: &Recorded<Banking>, _view| {
        let Banking::Moved { cent } = &event.body;
        Ok(())
    });
    let not_an_event = Projection::new("bank", 1).on(|_: &Recorded<NoEvent>, _view| Ok(()));
    let events = Events::builder(store.clone(), "main").build().unwrap();
    events.dispatch("ada", NoEvent::Opened).unwrap();
    let _ = store.write(|tx| {
        let first = tx.put(&store.tree("notes")?, b"a", b"")?;
        events.append_in(&store, "ada", Banking::Moved { cents: 1 })
    });
}
