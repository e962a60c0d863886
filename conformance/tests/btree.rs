//! The suite on the worked example: an engine whose snapshots and transactions come from the
//! layers.

use arbour_conformance::BTreeFactory;

arbour_conformance::suite!(BTreeFactory);
