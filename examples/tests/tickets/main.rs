//! The tests of an application, as `#[arbour::test]` makes them: of the types that the program `tickets` uses, on
//! each engine. The programs `tickets` and `bank` run as a whole below.

#[cfg(test)]
mod programs;
#[cfg(test)]
#[path = "../../tickets/ticket.rs"]
mod ticket;

#[cfg(test)]
mod tests {
    use arbour::prelude::*;

    use crate::ticket::{Status, Ticket};

    #[arbour::test(engines = "memory, redb")]
    fn a_closed_ticket_can_be_opened_again(store: DynStore) -> arbour::Result<()> {
        let tickets = store.collection::<Ticket>()?;
        let id = store.write(|tx| tickets.insert(tx, Ticket::new("printer on fire")))?.id;
        for status in [Status::Closed, Status::Open] {
            store.write(|tx| tickets.modify(tx, id, |ticket| ticket.status = status))?;
        }
        let open = tickets.find(Ticket::STATUS.eq(Status::Open)).list(&store.snapshot()?)?;
        assert_eq!(open.iter().map(|ticket| ticket.id).collect::<Vec<_>>(), [id]);
        Ok(())
    }
}
