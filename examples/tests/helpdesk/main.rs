//! The help desk, as a client sees it: the program runs on a free port, and the tests talk to it over a
//! socket, on every engine.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod changes;
#[cfg(test)]
#[path = "../../helpdesk_load/client.rs"]
mod client;
#[cfg(test)]
mod comments;
#[cfg(test)]
#[path = "../dicebot/engines.rs"]
mod engines;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod program;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod tickets;
