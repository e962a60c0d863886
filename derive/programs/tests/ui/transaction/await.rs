// What is held across an await, in a future that a runtime moves between threads.

use std::future::Future;

use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "notes")]
pub struct Note {
    #[document(id, made)]
    id: u64,
}

/// As `tokio::spawn` does.
fn spawn(_: impl Future<Output = arbour::Result<()>> + Send + 'static) {}

async fn send_mail() {}

fn main() -> arbour::Result<()> {
    let store = arbour::open("memory:")?;
    let notes = store.collection::<Note>()?;
    let (own, of_task) = (store.clone(), notes.clone());
    spawn(async move {
        let snapshot = own.snapshot()?;
        send_mail().await;
        of_task.all().count(&snapshot).map(drop)
    });
    let (own, of_task) = (store.clone(), notes.clone());
    spawn(async move {
        let mut transaction = own.begin()?;
        of_task.insert(&mut transaction, Note { id: 0 })?;
        send_mail().await;
        transaction.commit()
    });
    Ok(())
}
