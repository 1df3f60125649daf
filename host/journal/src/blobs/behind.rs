//! Has the disk take what is written to a large file while more of it is written, so that the sync at its end finds little left to do.

use std::fs::File;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// After so many bytes it syncs again, unless it is still at it: what is shorter is as quickly synced at its end.
const EVERY: usize = 16 << 20;

/// What syncs a file that is being written, on a thread of its own.
///
/// # Guarantees
/// None about what is durable: that takes the file's own sync, after `finish`. The kernel tells an error of the disk only once, so that it must be asked for
/// here first.
pub struct Behind {
    file: File,
    unsynced: usize,
    syncing: Option<(SyncSender<()>, JoinHandle<io::Result<()>>)>,
}

impl Behind {
    /// Goes along with the writing of a file, of which this is another handle.
    pub fn new(file: File) -> Self {
        Self { file, unsynced: 0, syncing: None }
    }

    /// So many bytes more have been written.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn wrote(&mut self, bytes: usize) -> io::Result<()> {
        self.unsynced += bytes;
        if self.unsynced < EVERY {
            return Ok(());
        }
        let (sender, _) = match &self.syncing {
            Some(syncing) => syncing,
            None => self.syncing.insert(begin(self.file.try_clone()?)?),
        };
        // Who is still at it, or has failed, is not told: `finish` says why.
        if sender.try_send(()).is_ok() {
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Waits until it is not at it any more.
    ///
    /// # Errors
    /// What a sync failed with: the file's own would not say it again.
    pub fn finish(self) -> io::Result<()> {
        let Some((sender, thread)) = self.syncing else { return Ok(()) };
        drop(sender);
        thread.join().map_err(|_| io::Error::other("the thread that syncs a file has ended"))?
    }
}

fn begin(file: File) -> io::Result<(SyncSender<()>, JoinHandle<io::Result<()>>)> {
    let (sender, receiver) = sync_channel(1);
    let thread = Builder::new().name("sync-behind".to_owned()).spawn(move || receiver.iter().try_for_each(|()| file.sync_data()))?;
    Ok((sender, thread))
}
