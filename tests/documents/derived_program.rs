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
    let first = store.write(|tx| tickets.insert(tx, &Ticket::new("printer on fire", 10)))?;
    store.write(|tx| tickets.insert(tx, &Ticket::new("printer is cold", 20)))?;
    store.write(|tx| tickets.insert(tx, &Ticket::new("no paper", 30)))?;
    assert_eq!(first.id, TicketId(1).into());

    let snapshot = store.snapshot()?;
    let mut ticket = tickets.get(&snapshot, TicketId(1))?.ok_or("it was inserted")?.body;
    assert_eq!(ticket, Ticket { id: TicketId(1), ..Ticket::new("printer on fire", 10) });
    ticket.status = Status::Waiting;
    let written = store.write(|tx| tickets.set(tx, &ticket))?;
    assert!(!written.is_new);

    let snapshot = store.snapshot()?;
    assert_eq!(tickets.get(&snapshot, ticket.id)?.ok_or("it was set")?.body, ticket);
    let open = Ticket::STATUS.eq(Status::Open).and(Ticket::TAGS.contains("printer"));
    let query = Query::new(open).sort(Ticket::CREATED.descending()).limit(20).require_index();
    let page: Page<Ticket> = tickets.search(&snapshot, &query)?;
    let found: Vec<u64> = page.items.iter().map(|found| found.body.created).collect();
    assert_eq!(found, [30, 20]);

    let counted = |filter: Filter<Ticket>| tickets.count(&snapshot, &filter);
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
