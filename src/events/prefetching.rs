//! What is about to be read, so that an engine on a server reads it in one round trip.

use std::collections::BTreeSet;

use arbour_core::engine::Prefetch;

use super::append::Append;
use super::layout::{LOG_HEAD_KEY, stream_head_key};
use super::log::{Log, Trees};
use super::running_projection::RunningProjection;

impl Log {
    /// Returns what an append reads.
    pub(super) fn reads_of(&self, append: &Append) -> Vec<Prefetch> {
        let Trees { events, streams, keys, .. } = &*self.trees;
        let expected = append.expected.iter().map(|(stream, _)| stream);
        let appended = append.events.iter().map(|event| &event.stream);
        let versions = expected.chain(appended).collect::<BTreeSet<_>>();
        let versions = versions.into_iter().map(|stream| (streams, stream_head_key(stream)));
        let key = append.key.iter().map(|key| (keys, key.as_bytes().to_vec()));
        let all = [(events, LOG_HEAD_KEY.to_vec())].into_iter().chain(versions).chain(key);
        all.map(|(tree, key)| Prefetch::Value(tree.clone(), key)).collect()
    }
}

impl RunningProjection {
    /// Returns what is read to learn which version is active, and how far this one is.
    pub(super) fn reads(&self) -> [Prefetch; 2] {
        let active = (&self.trees.projections, self.name().as_bytes());
        [active, (&self.trees.states, self.state_key.as_slice())]
            .map(|(tree, key)| Prefetch::Value(tree.clone(), key.to_vec()))
    }
}
