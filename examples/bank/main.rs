//! Events, the accounts they add up to, and documents beside them in one commit.
//!
//! ```text
//! bank
//! bank redb:bank.redb
//! ```
//!
//! Without an argument the bank is kept in memory.

use arbour::prelude::*;

#[derive(Serialize, Deserialize, Event)]
enum Banking {
    Opened { owner: String },
    Moved { cents: i64 },
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "accounts")]
struct Account {
    #[document(id)]
    name: String,
    owner: String,
    cents: i64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "letters")]
struct Letter {
    #[document(id, made)]
    number: u64,
    text: String,
}

fn main() -> arbour::Result<()> {
    let url = std::env::args().nth(1);
    let store = arbour::open(url.as_deref().unwrap_or("memory:"))?;
    let letters = store.collection::<Letter>()?;
    let bank = Projection::new("bank", 1);
    let accounts = bank.collection::<Account>(&store)?;
    let view = accounts.clone();
    let events = Events::builder(store.clone(), "main")
        .projection(bank.on(move |event: &Recorded<Banking>, tx| {
            let name = event.stream();
            let account = match &event.body {
                Banking::Opened { owner } => {
                    let (name, owner) = (name.to_owned(), owner.clone());
                    accounts.put(tx, Account { name, owner, cents: 0 })?
                }
                Banking::Moved { cents } => {
                    accounts.modify(tx, name, |account| account.cents += cents)?
                }
            };
            Ok(account.cents)
        }))
        .build()?;

    events.dispatch("ada", Banking::Opened { owner: "Ada".to_owned() })?;
    let done = events.dispatch("ada", Banking::Moved { cents: 400 })?;
    println!("ada has {:?} cents", done.returned::<i64>("bank")?);
    store.write(|tx| {
        letters.insert(tx, Letter { number: 0, text: "a fee of 5 cents".to_owned() })?;
        events.append_in(tx, "ada", Banking::Moved { cents: -5 })
    })?;
    let snapshot = store.snapshot()?;
    for Account { owner, cents, .. } in view.all().list(&snapshot)? {
        println!("{owner}: {cents} cents, letters: {}", letters.all().count(&snapshot)?);
    }
    Ok(())
}
