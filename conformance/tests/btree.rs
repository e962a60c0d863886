//! The suite on the worked example: an engine that owes its snapshots and its transactions to
//! the layers.

use arbour_conformance::BTreeFactory;

arbour_conformance::suite!(BTreeFactory);
