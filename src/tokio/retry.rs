//! Transactions that live across awaits.

use arbour_core::{DetachedTransaction, Error, KvWrite as _, Result, Retry};

use super::Store;
use super::blocking::{Pending, run_blocking};

impl Store {
    /// Runs an async closure in a [detached transaction](DetachedTransaction) and commits it, and runs
    /// it again if the commit fails with a conflict. The transaction holds no lock while the closure
    /// awaits something else, such as another service; other writes go on. If an entry or a range that
    /// it read has changed until the commit, that is a conflict. An error type of the program's own goes
    /// to [`try_retry`](Self::try_retry).
    ///
    /// The closure may run several times, so what it does besides its writes must be safe to repeat. It
    /// gets the transaction by value and need not give it back. It reads the store on its own thread, as
    /// quickly as the engine does; what reads much belongs into [`read`](Self::read).
    ///
    /// If the future is dropped, nothing is written, unless the commit has begun: then it is made
    /// whole.
    ///
    /// # Errors
    /// - The closure's own error, at once; nothing was written.
    /// - The last [`Conflict`](arbour_core::ErrorKind::Conflict) once the store's [busy
    ///   timeout](crate::StoreOptions::busy_timeout) has passed. It says how often the closure ran.
    /// - [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) if the closure put the
    ///   transaction somewhere where it is still alive.
    /// - [`Closed`](arbour_core::ErrorKind::Closed) after [`shutdown`](Self::shutdown), and errors of
    ///   the engine.
    ///
    /// # Panics
    /// If the closure panics; nothing was written. And outside of a tokio runtime.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    /// use arbour::tokio::Store;
    ///
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "bills")]
    /// struct Bill {
    ///     #[document(id)]
    ///     number: u64,
    ///     receipt: Option<String>,
    /// }
    ///
    /// async fn capture(number: u64) -> arbour::Result<String> {
    ///     tokio::task::yield_now().await; // another service answers
    ///     Ok(format!("receipt {number}"))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> arbour::Result<()> {
    /// let store = arbour::open("memory:")?;
    /// let bills = store.collection::<Bill>()?;
    /// store.write(|tx| bills.insert(tx, Bill { number: 7, receipt: None }))?;
    ///
    /// let store = Store::new(store);
    /// let bills = &bills;
    /// let bill = store
    ///     .retry(|mut tx| async move {
    ///         let receipt = match bills.get(&tx, 7_u64)? {
    ///             Some(Bill { receipt: None, number }) => capture(number).await?,
    ///             _ => return Ok(None),
    ///         };
    ///         bills.modify(&mut tx, 7_u64, |bill| bill.receipt = Some(receipt)).map(Some)
    ///     })
    ///     .await?;
    /// assert_eq!(bill.unwrap().receipt.unwrap(), "receipt 7");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn retry<R, F: Future<Output = Result<R>>>(
        &self,
        run: impl FnMut(DetachedTransaction) -> F,
    ) -> Result<R> {
        self.try_retry(run).await
    }

    /// Like [`retry`](Self::retry), but the closure returns the program's own error type.
    ///
    /// # Errors
    /// As [`retry`](Self::retry).
    ///
    /// # Panics
    /// As [`retry`](Self::retry).
    pub async fn try_retry<R, E: From<Error>, F: Future<Output = Result<R, E>>>(
        &self,
        mut run: impl FnMut(DetachedTransaction) -> F,
    ) -> Result<R, E> {
        let mut retry = Retry::new(self.blocking());
        loop {
            let transaction;
            (retry, transaction) = begin(retry).await?;
            let result = run(transaction).await?;
            let Some(transaction) = retry.take_back()? else { return Ok(result) };
            if self.commit(&mut retry, transaction).await? {
                return Ok(result);
            }
        }
    }

    /// Commits the transaction of a try. Returns false if the next try can begin, after a conflict.
    fn commit<'r>(
        &'r self,
        retry: &'r mut Retry,
        transaction: DetachedTransaction,
    ) -> Pending<'r, Result<bool>> {
        Box::pin(async move {
            // A commit is a write of this store: it waits its turn, and `shutdown` waits for it.
            let permit = self.accept_write().await?;
            let commit = move || {
                let _permit = permit;
                transaction.commit()
            };
            match run_blocking(commit).await? {
                Ok(()) => {
                    self.queue().wake_streams();
                    Ok(true)
                }
                Err(error) => {
                    tokio::time::sleep(retry.wait_after(error)?).await;
                    Ok(false)
                }
            }
        })
    }
}

/// Begins the transaction of the next try.
fn begin(mut retry: Retry) -> Pending<'static, Result<(Retry, DetachedTransaction)>> {
    Box::pin(async move {
        let begin = move || {
            let transaction = retry.begin()?;
            Ok((retry, transaction))
        };
        run_blocking(begin).await?
    })
}
