//! The path and the options in the URL of a store.

use arbour_core::engine::OptimisticStore;
use arbour_core::{DynStore, Error, ErrorKind, Operation, Result, StoreOptions, Writers};

/// The options that can follow the path of a URL.
const OPTIONS: [&str; 2] = ["verify", "writers"];

/// The part of a URL after the scheme.
pub(crate) struct Url<'u> {
    pub(crate) path: &'u str,
    pub(crate) options: StoreOptions,
    writers: Writers,
}

impl<'u> Url<'u> {
    /// Splits a place into the path and the options of its URL.
    pub(crate) fn parse(scheme: &str, place: &'u str, options: &StoreOptions) -> Result<Self> {
        let (place, pairs) = split(place);
        let mut url = Self { path: place, options: options.clone(), writers: Writers::One };
        for pair in pairs {
            match pair {
                ("verify", "true") => url.options = url.options.verify(true),
                ("verify", "false") => url.options = url.options.verify(false),
                ("verify", value) => {
                    let message = format!("\"verify={value}\": `verify` is `true` or `false`");
                    return Err(refuse(message));
                }
                ("writers", "many") if scheme != "fjall" => {
                    let message = format!(
                        "{scheme} has one writer; `writers=many` is for fjall and postgres"
                    );
                    return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
                }
                (_, value) => url.writers = writers(value)?,
            }
        }
        url.path = path(scheme, place)?;
        Ok(url)
    }

    /// Gives an open store the writers that the URL asks for.
    pub(crate) fn with_writers(&self, store: DynStore) -> DynStore {
        give_writers(store, self.writers, &self.options)
    }
}

/// Gives a store of one writer those that its URL asks for.
pub(crate) fn give_writers(store: DynStore, writers: Writers, options: &StoreOptions) -> DynStore {
    match writers {
        Writers::One => store,
        Writers::Many => DynStore::new(OptimisticStore::new(store, options)),
    }
}

/// Takes the writers out of the options of a URL whose other options are the server's.
#[cfg(feature = "postgres")]
pub(crate) fn take_writers(place: &str) -> Result<(String, Writers)> {
    let Some((server, text)) = place.split_once('?') else {
        return Ok((place.to_owned(), Writers::One));
    };
    let (asked, rest): (Vec<_>, Vec<_>) =
        text.split('&').partition(|pair| pair.starts_with("writers="));
    let asked = asked.last().and_then(|pair| pair.split_once('='));
    let found = asked.map_or(Ok(Writers::One), |(_, value)| writers(value))?;
    Ok((format!("{server}?{}", rest.join("&")), found))
}

fn writers(value: &str) -> Result<Writers> {
    match value {
        "one" => Ok(Writers::One),
        "many" => Ok(Writers::Many),
        _ => Err(refuse(format!("\"writers={value}\": `writers` is `one` or `many`"))),
    }
}

/// Splits a place into the path and its options. A text after a `?` that does not consist of options
/// belongs to the path.
fn split(place: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((path, text)) = place.rsplit_once('?') else { return (place, Vec::new()) };
    let pairs = text.split('&').map(|pair| pair.split_once('='));
    let pairs = pairs.map(|pair| pair.filter(|(name, _)| OPTIONS.contains(name)));
    match pairs.collect::<Option<Vec<_>>>() {
        Some(pairs) => (path, pairs),
        None => (place, Vec::new()),
    }
}

/// Returns the path that a place stands for. Only the `//` that some programs put before a path is
/// removed.
fn path<'p>(scheme: &str, place: &'p str) -> Result<&'p str> {
    if matches!(place, "" | "//") {
        return Err(refuse(format!(
            "{scheme}: needs a path, as in {scheme}:app.{scheme}; for a store in memory write \
             \"memory:\""
        )));
    }
    let path = match place.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(path) => {
            return Err(refuse(format!(
                "\"{scheme}://{path}\" may mean a path from here or from the root: write \
                 \"{scheme}:{path}\" or \"{scheme}:/{path}\""
            )));
        }
        None => place,
    };
    if path.contains('\0') {
        return Err(refuse(format!("a path must not contain NUL: {path:?}")));
    }
    Ok(path)
}

/// Refuses a URL.
pub(crate) fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}
