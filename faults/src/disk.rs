//! The files and folders under the root of a recording: their current state, and what may be left.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use crate::file::FileState;
use crate::random::Random;
use crate::recording::{Event, Inode};
use crate::{Error, Result};

/// When a name is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// After a sync of its folder, which is what POSIX promises.
    AfterTheirFolder,
    /// After a sync of anything, as in the single journal of ext4; names are kept or lost in order.
    AfterAnything,
}

/// A file system that replays events.
#[derive(Clone, Debug)]
pub struct Disk {
    names: Names,
    root: PathBuf,
    files: Vec<FileState>,
    folders: Vec<Folder>,
    /// The current numbers of the system; it reuses numbers.
    inodes: HashMap<Inode, Node>,
    /// Changes of names that are not yet durable for sure, in order.
    pending: Vec<Renaming>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder(usize),
}

#[derive(Clone, Debug, Default)]
struct Folder {
    now: Entries,
    durable: Entries,
}

type Entries = BTreeMap<OsString, Node>;

/// Changes of names that happen together: the folder, the name in it, and what it refers to
/// afterwards.
type Renaming = Vec<(usize, OsString, Option<Node>)>;

impl Disk {
    /// Makes a disk on which the current contents of the folder `root` are durable.
    ///
    /// # Errors
    /// [`Error::File`] if that cannot be read.
    pub fn of(root: &Path) -> Result<Self> {
        let mut disk = Self {
            names: Names::AfterTheirFolder,
            root: root.to_owned(),
            files: Vec::new(),
            folders: vec![Folder::default()],
            inodes: HashMap::from([(inode(root)?, Node::Folder(0))]),
            pending: Vec::new(),
        };
        disk.load(0, root)?;
        Ok(disk)
    }

    /// Sets when names are durable.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    fn load(&mut self, folder: usize, path: &Path) -> Result<()> {
        for entry in fs::read_dir(path).map_err(Error::at(path))? {
            let entry = entry.map_err(Error::at(path))?;
            let path = entry.path();
            let node = if path.is_dir() {
                let number = self.add_folder();
                self.load(number, &path)?;
                Node::Folder(number)
            } else {
                self.files.push(FileState::durable(fs::read(&path).map_err(Error::at(&path))?));
                Node::File(self.files.len() - 1)
            };
            self.inodes.insert(inode(&path)?, node);
            if let Some(folder) = self.folders.get_mut(folder) {
                folder.now.insert(entry.file_name(), node);
                folder.durable.insert(entry.file_name(), node);
            }
        }
        Ok(())
    }

    fn add_folder(&mut self) -> usize {
        self.folders.push(Folder::default());
        self.folders.len() - 1
    }

    /// Replays one event.
    ///
    /// # Errors
    /// [`Error::Recording`] if it refers to something that does not exist.
    pub fn replay(&mut self, event: &Event) -> Result<()> {
        match event {
            Event::Created(inode, path) => {
                self.files.push(FileState::default());
                let node = Node::File(self.files.len() - 1);
                self.inodes.insert(*inode, node);
                self.name(path, Some(node))?;
            }
            Event::FolderMade(inode, path) => {
                let node = Node::Folder(self.add_folder());
                self.inodes.insert(*inode, node);
                self.name(path, Some(node))?;
            }
            Event::Written(inode, offset, data) => self.file(*inode)?.write(*offset, data.clone()),
            Event::Resized(inode, length) => self.file(*inode)?.resize(*length),
            Event::Allocated(inode, length) => self.file(*inode)?.allocate(*length),
            Event::Synced(inode) => self.sync(*inode)?,
            Event::SyncFailed(inode) => {
                // Syncing a folder makes no name durable.
                if let Ok(file) = self.file(*inode) {
                    file.fail_sync();
                }
            }
            Event::Renamed(from, to) => {
                let node = self.find(from).ok_or_else(|| missing(from))?;
                let (folder, name) = self.place(from)?;
                let (to_folder, to_name) = self.place(to)?;
                self.change(vec![(folder, name, None), (to_folder, to_name, Some(node))]);
            }
            Event::Linked(from, to) => {
                let node = self.find(from).ok_or_else(|| missing(from))?;
                self.name(to, Some(node))?;
            }
            Event::Removed(path) => self.name(path, None)?,
            Event::Noted(_) | Event::Injected => {}
        }
        Ok(())
    }

    fn file(&mut self, inode: Inode) -> Result<&mut FileState> {
        let node = self.inodes.get(&inode).copied();
        let Some(Node::File(number)) = node else {
            return Err(Error::Recording(format!("inode {inode} is no known file: {node:?}")));
        };
        self.files.get_mut(number).ok_or_else(|| Error::Recording("a file is missing".to_owned()))
    }

    fn sync(&mut self, inode: Inode) -> Result<()> {
        let node = self.inodes.get(&inode).copied();
        if let Some(Node::File(_)) = node {
            self.file(inode)?.sync();
        }
        let all = self.names == Names::AfterAnything;
        let pending = std::mem::take(&mut self.pending);
        let (durable, pending) = pending.into_iter().partition(|renaming: &Renaming| {
            all || renaming.iter().any(|(folder, ..)| node == Some(Node::Folder(*folder)))
        });
        self.pending = pending;
        for renaming in durable {
            for (folder, name, node) in renaming {
                if let Some(folder) = self.folders.get_mut(folder) {
                    set(&mut folder.durable, name, node);
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, path: &Path, node: Option<Node>) -> Result<()> {
        let (folder, name) = self.place(path)?;
        self.change(vec![(folder, name, node)]);
        Ok(())
    }

    fn change(&mut self, renaming: Renaming) {
        for (folder, name, node) in &renaming {
            if let Some(folder) = self.folders.get_mut(*folder) {
                set(&mut folder.now, name.clone(), *node);
            }
        }
        self.pending.push(renaming);
    }

    /// Returns the folder that holds a path, and the name in it.
    fn place(&self, path: &Path) -> Result<(usize, OsString)> {
        let folder = path.parent().and_then(|folder| self.find(folder));
        match (folder, path.file_name()) {
            (Some(Node::Folder(folder)), Some(name)) => Ok((folder, name.to_owned())),
            _ => Err(missing(path)),
        }
    }

    fn find(&self, path: &Path) -> Option<Node> {
        let below = path.strip_prefix(&self.root).ok()?;
        below.iter().try_fold(Node::Folder(0), |node, name: &OsStr| match node {
            Node::Folder(folder) => self.folders.get(folder)?.now.get(name).copied(),
            Node::File(_) => None,
        })
    }

    /// Writes what would be there if the process were killed now to the new folder `to`.
    ///
    /// # Errors
    /// [`Error::File`] if that cannot be written.
    pub fn image_after_kill(&self, to: &Path) -> Result<()> {
        let folders: Vec<&Entries> = self.folders.iter().map(|folder| &folder.now).collect();
        self.write(0, &folders, to, &mut |file| file.content().to_vec())
    }

    /// Writes what may be there if power were lost now to the new folder `to`.
    ///
    /// # Errors
    /// As [`image_after_kill`](Self::image_after_kill).
    pub fn image_after_power_loss(&self, to: &Path, random: &mut Random) -> Result<()> {
        let mut folders: Vec<Entries> =
            self.folders.iter().map(|folder| folder.durable.clone()).collect();
        for renaming in self.surviving(random) {
            for (folder, name, node) in renaming {
                if let Some(entries) = folders.get_mut(*folder) {
                    set(entries, name.clone(), *node);
                }
            }
        }
        let folders: Vec<&Entries> = folders.iter().collect();
        self.write(0, &folders, to, &mut |file| file.after_power_loss(random))
    }

    /// Chooses which of the pending changes of names are durable: the earlier ones of each folder,
    /// or of all folders together.
    fn surviving<'d>(&'d self, random: &mut Random) -> Vec<&'d Renaming> {
        let count = random.index(self.pending.len() + 1);
        if self.names == Names::AfterAnything || random.one_in(2) {
            // In half of the images all of them, or none.
            let count = match random.below(4) {
                0 => 0,
                1 => self.pending.len(),
                _ => count,
            };
            return self.pending.iter().take(count).collect();
        }
        let mut ended: BTreeSet<usize> = BTreeSet::new();
        let mut surviving = Vec::new();
        for renaming in &self.pending {
            let is_cut = renaming.iter().any(|(folder, ..)| ended.contains(folder));
            if is_cut || random.one_in(3) {
                ended.extend(renaming.iter().map(|(folder, ..)| *folder));
            } else {
                surviving.push(renaming);
            }
        }
        surviving
    }

    fn write(
        &self,
        folder: usize,
        folders: &[&Entries],
        to: &Path,
        content: &mut impl FnMut(&FileState) -> Vec<u8>,
    ) -> Result<()> {
        fs::create_dir(to).map_err(Error::at(to))?;
        for (name, node) in folders.get(folder).copied().into_iter().flatten() {
            let path = to.join(name);
            match node {
                Node::Folder(folder) => self.write(*folder, folders, &path, content)?,
                Node::File(file) => {
                    let content = self.files.get(*file).map(&mut *content).unwrap_or_default();
                    fs::write(&path, content).map_err(Error::at(&path))?;
                }
            }
        }
        Ok(())
    }
}

fn set(entries: &mut Entries, name: OsString, node: Option<Node>) {
    match node {
        Some(node) => entries.insert(name, node),
        None => entries.remove(&name),
    };
}

fn missing(path: &Path) -> Error {
    Error::Recording(format!("{} is not there", path.display()))
}

#[cfg(unix)]
fn inode(path: &Path) -> Result<Inode> {
    use std::os::unix::fs::MetadataExt as _;

    Ok(fs::metadata(path).map_err(Error::at(path))?.ino())
}

#[cfg(not(unix))]
fn inode(path: &Path) -> Result<Inode> {
    Err(missing(path))
}
