//! A help desk, as a newcomer writes it.

use arbour::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, IndexValue)]
enum Status {
    Open,
    Waiting,
    Closed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, IndexValue)]
struct TicketId(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(status, created desc))]
struct Ticket {
    #[document(id, made)]
    id: TicketId,
    #[document(index)]
    status: Status,
    #[document(index, many)]
    tags: Vec<String>,
    #[document(words)]
    title: String,
    #[document(unique)]
    reference: String,
    #[document(index)]
    created: u64,
}

impl Ticket {
    fn new(title: &str, created: u64) -> Self {
        Self {
            id: TicketId::default(),
            status: Status::Open,
            tags: vec!["printer".to_owned()],
            title: title.to_owned(),
            reference: format!("{title} {created}"),
            created,
        }
    }
}

#[test]
fn a_help_desk_needs_one_import() -> Result<(), Box<dyn std::error::Error>> {
    let store = arbour::open("memory:")?;
    let tickets = store.collection::<Ticket>()?;
    let stored = store.write(|tx| tickets.insert(tx, Ticket::new("printer on fire", 10)))?;
    assert_eq!(stored, Ticket { id: TicketId(1), ..Ticket::new("printer on fire", 10) });
    store.write(|tx| {
        tickets.insert(tx, Ticket::new("printer is cold", 20))?;
        tickets.insert(tx, Ticket::new("no paper", 30))
    })?;
    let waiting = store
        .write(|tx| tickets.modify(tx, stored.id, |ticket| ticket.status = Status::Waiting))?;

    let snapshot = store.snapshot()?;
    assert_eq!(waiting, Ticket { status: Status::Waiting, ..stored });
    assert_eq!(tickets.get(&snapshot, waiting.id)?.as_ref(), Some(&waiting));
    let page = tickets
        .find(Ticket::STATUS.eq(Status::Open).and(Ticket::TAGS.contains("printer")))
        .sort(Ticket::CREATED.descending())
        .limit(20)
        .require_index()
        .page(&snapshot)?;
    assert_eq!(page.items.iter().map(|ticket| ticket.created).collect::<Vec<_>>(), [30, 20]);
    let by_status = tickets.all().count_by(&snapshot, Ticket::STATUS)?;
    assert_eq!(by_status, [(Status::Open, 2), (Status::Waiting, 1)]);
    let all = tickets.all();
    assert_eq!(all.max(&snapshot, Ticket::CREATED)?, Some(30));
    assert_eq!(all.sum(&snapshot, Ticket::CREATED)?, 60);
    assert_eq!(all.distinct(&snapshot, Ticket::TAGS)?, ["printer"]);
    let newest = all.max_by(&snapshot, Ticket::TAGS, Ticket::CREATED)?;
    assert_eq!(newest, [("printer".to_owned(), 30)]);
    let latest = all.sum_by(&snapshot, Ticket::STATUS, Ticket::CREATED)?;
    assert_eq!(latest, [(Status::Open, 50), (Status::Waiting, 10)]);

    let counted = |filter: Filter<Ticket>| tickets.find(filter).count(&snapshot);
    assert_eq!(counted(Ticket::STATUS.is_in([Status::Closed, Status::Waiting]))?, 1);
    assert_eq!(counted(Ticket::STATUS.ne(Status::Open))?, 1);
    assert_eq!(counted(Ticket::CREATED.range(10..30))?, 2);
    assert_eq!(counted(Ticket::CREATED.range(..=10))?, 1);
    assert_eq!(counted(Ticket::TITLE.eq("no paper"))?, 1);
    assert_eq!(counted(Ticket::TITLE.words("PRINTER"))?, 2);
    assert_eq!(counted(Ticket::TITLE.substring("fire").or(Ticket::TITLE.prefix("no")))?, 2);
    assert_eq!(counted(Ticket::ID.above(TicketId(1)))?, 2);
    assert_eq!(counted(Ticket::TAGS.contains_all(["printer", "paper"]))?, 0);
    assert_eq!(counted(Ticket::TAGS.contains_any(["printer", "paper"]))?, 3);
    assert_eq!(counted(Ticket::TAGS.is_empty())?, 0);
    Ok(())
}
