//! The arguments of the program.

use clap::Parser;

/// Measures the requests per second of the help desk.
#[derive(Debug, Parser)]
#[command(name = "helpdesk_load", version)]
pub(crate) struct Arguments {
    /// The numbers of connections, each of which sends a request after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 64, 512])]
    pub(crate) connections: Vec<usize>,

    /// How long each service is measured in each round.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) seconds: u64,

    /// How often the services are measured in turn.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) rounds: u32,
}

impl Arguments {
    pub(crate) fn read() -> Self {
        Self::parse()
    }
}
