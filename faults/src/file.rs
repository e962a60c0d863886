//! One file: its current contents, and what may be on the device.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::random::Random;

/// The unit that a device writes as a whole.
const SECTOR: usize = 512;

/// The sectors of a page, which the system writes together and marks as written together.
const PAGE_SECTORS: usize = 8;

/// The content of a file.
#[derive(Clone, Debug, Default)]
pub struct FileState {
    /// What is on the device for sure, since the last sync.
    device: Vec<u8>,
    /// What a read returns.
    cache: Vec<u8>,
    /// The changes since the last sync.
    pending: Vec<Change>,
    /// Sectors that had to be written when a sync failed, and what each may hold. The system treats
    /// them as written, so no later sync writes them; only writing to their page again does.
    doubtful: BTreeMap<usize, Vec<Vec<u8>>>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Resize { length: usize },
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                if let Some(place) = bytes.get_mut(*offset..end) {
                    place.copy_from_slice(data);
                }
            }
            Self::Resize { length } => bytes.resize(*length, 0),
        }
    }

    fn sectors(&self) -> Range<usize> {
        match self {
            Self::Write { offset, data } if !data.is_empty() => {
                offset / SECTOR..(offset + data.len()).div_ceil(SECTOR)
            }
            _ => 0..0,
        }
    }

    fn length_after(&self, length: usize) -> usize {
        match self {
            Self::Write { offset, data } => length.max(offset + data.len()),
            Self::Resize { length } => *length,
        }
    }
}

impl FileState {
    /// Makes the state of a file that is completely on the device.
    #[must_use]
    pub fn durable(content: Vec<u8>) -> Self {
        Self { cache: content.clone(), device: content, ..Self::default() }
    }

    /// Returns what a read returns now, which is also what a killed process leaves.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.cache
    }

    /// Records a write.
    pub fn write(&mut self, offset: u64, data: Vec<u8>) {
        let change = Change::Write { offset: offset as usize, data };
        self.settle_pages_of(&change);
        self.change(change);
    }

    /// Records a new length.
    pub fn resize(&mut self, length: u64) {
        let length = length as usize;
        self.doubtful.retain(|sector, _| sector * SECTOR < length);
        self.change(Change::Resize { length });
    }

    /// Records that the file has at least this length.
    pub fn allocate(&mut self, length: u64) {
        if length as usize > self.cache.len() {
            self.resize(length);
        }
    }

    /// Records that the file was synced.
    pub fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.device);
        }
    }

    /// Records that syncing failed.
    pub fn fail_sync(&mut self) {
        let mut content = self.device.clone();
        for change in self.pending.drain(..) {
            change.apply(&mut content);
            for sector in change.sectors() {
                self.doubtful.entry(sector).or_default().push(sector_of(&content, sector));
            }
        }
        // The length is in the journal, which writes it with its next transaction.
        if self.device.len() != self.cache.len() {
            self.pending.push(Change::Resize { length: self.cache.len() });
        }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.cache);
        self.pending.push(change);
    }

    /// Called before a page is written again: all of it will be written, including doubtful
    /// sectors.
    fn settle_pages_of(&mut self, change: &Change) {
        let pages: BTreeSet<usize> = change.sectors().map(|sector| sector / PAGE_SECTORS).collect();
        for page in pages {
            for sector in page * PAGE_SECTORS..(page + 1) * PAGE_SECTORS {
                if self.doubtful.remove(&sector).is_some() {
                    let data = sector_of(&self.cache, sector);
                    self.pending.push(Change::Write { offset: sector * SECTOR, data });
                }
            }
        }
    }

    /// Returns what may be on the device if power is lost now.
    ///
    /// The length is that of some moment since the last sync, because the file system's journal
    /// keeps lengths in order. Each sector is that of some moment within that time, independent of
    /// the others; a sector that was never written is zeros.
    #[must_use]
    pub fn after_power_loss(&self, random: &mut Random) -> Vec<u8> {
        let mut content = match random.below(4) {
            0 => self.device.clone(),
            1 => self.cache.clone(),
            _ => self.torn(random),
        };
        for (&sector, candidates) in &self.doubtful {
            let from = sector * SECTOR;
            // The device's own content is one of the candidates.
            let mut chosen = candidates.get(random.index(candidates.len() + 1)).cloned();
            let chosen = chosen.get_or_insert_with(|| sector_of(&self.device, sector));
            let end = content.len().min(from + SECTOR);
            if let Some(place) = content.get_mut(from..end) {
                place.fill(0);
                place.iter_mut().zip(chosen).for_each(|(to, byte)| *to = *byte);
            }
        }
        content
    }

    fn torn(&self, random: &mut Random) -> Vec<u8> {
        // The moments at which the length changed; lengths up to the chosen one are on the device.
        let mut moments = vec![0];
        let mut shrinks = Vec::new();
        let mut length = self.device.len();
        let mut written: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, change) in self.pending.iter().enumerate() {
            let after = change.length_after(length);
            if after != length {
                moments.push(number + 1);
            }
            if after < length {
                shrinks.push((number, after));
            }
            length = after;
            for sector in change.sectors() {
                written.entry(sector).or_default().push(number);
            }
        }
        let moment = random.one_of(&moments).copied().unwrap_or_default();
        let mut content = self.device.clone();
        for change in self.pending.iter().take(moment) {
            content.resize(change.length_after(content.len()), 0);
        }
        // A sector that was cut off and written again holds nothing from before the cut, and
        // nothing from after a cut that is not on the device.
        let chosen: BTreeMap<usize, usize> = written
            .into_iter()
            .filter_map(|(sector, writes)| {
                let cuts = || shrinks.iter().filter(|(_, end)| *end <= sector * SECTOR);
                let last = cuts().map(|(number, _)| *number).rfind(|number| *number < moment);
                let next = cuts().map(|(number, _)| *number).find(|number| *number >= moment);
                let allowed = |write: &usize| {
                    last.is_none_or(|cut| *write > cut) && next.is_none_or(|cut| *write < cut)
                };
                let writes: Vec<usize> = writes.into_iter().filter(allowed).collect();
                Some((sector, *writes.get(random.index(writes.len() + 1))?))
            })
            .collect();
        let mut now = self.device.clone();
        for (number, change) in self.pending.iter().enumerate() {
            change.apply(&mut now);
            for sector in change.sectors() {
                if chosen.get(&sector) == Some(&number) {
                    let from = sector * SECTOR;
                    let end = (from + SECTOR).min(content.len()).min(now.len());
                    if let (Some(to), Some(bytes)) =
                        (content.get_mut(from..end), now.get(from..end))
                    {
                        to.copy_from_slice(bytes);
                    }
                }
            }
        }
        content
    }
}

/// Returns a sector, which is shorter at the end of the file and empty after it.
fn sector_of(content: &[u8], sector: usize) -> Vec<u8> {
    let from = (sector * SECTOR).min(content.len());
    let end = (from + SECTOR).min(content.len());
    content.get(from..end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{FileState, SECTOR};
    use crate::random::Random;

    fn images(file: &FileState) -> Vec<Vec<u8>> {
        let mut random = Random::new(1, "file");
        let mut images: Vec<_> = (0..400).map(|_| file.after_power_loss(&mut random)).collect();
        images.sort();
        images.dedup();
        images
    }

    #[test]
    fn what_is_synced_is_there() {
        let mut file = FileState::default();
        file.write(0, vec![1; 3 * SECTOR]);
        file.sync();
        assert_eq!(images(&file), [vec![1; 3 * SECTOR]]);
    }

    #[test]
    fn sectors_are_kept_or_lost_one_by_one_and_lengths_grow_without_data() {
        let mut file = FileState::durable(vec![1; SECTOR]);
        file.write(0, vec![2; 2 * SECTOR]);
        let sectors = |first: u8, second: Option<u8>| {
            let mut content = vec![first; SECTOR];
            second.inspect(|byte| content.extend(vec![*byte; SECTOR]));
            content
        };
        let expected: Vec<Vec<u8>> = [1, 2]
            .into_iter()
            .flat_map(|first| [None, Some(0), Some(2)].map(|second| sectors(first, second)))
            .collect();
        assert_eq!(images(&file), expected);
    }

    #[test]
    fn nothing_of_before_a_cut_follows_it() {
        let mut file = FileState::durable(vec![1; 2 * SECTOR]);
        file.resize(0);
        file.write(SECTOR as u64, vec![2; SECTOR]);
        let cut_and_written = [vec![0; SECTOR], vec![2; SECTOR]].concat();
        let expected = [vec![], vec![0; 2 * SECTOR], cut_and_written, vec![1; 2 * SECTOR]];
        assert_eq!(images(&file), expected);
    }

    #[test]
    fn a_failed_sync_leaves_doubt_until_the_page_is_written_again() {
        let mut file = FileState::durable(vec![1; SECTOR]);
        file.write(0, vec![2; SECTOR]);
        file.fail_sync();
        file.sync();
        assert_eq!(images(&file), [vec![1; SECTOR], vec![2; SECTOR]]);
        assert_eq!(file.content(), vec![2; SECTOR]);
        file.write(0, vec![2; 1]);
        file.sync();
        assert_eq!(images(&file), [vec![2; SECTOR]]);
    }
}
