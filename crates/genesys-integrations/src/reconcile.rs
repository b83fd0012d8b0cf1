//! Creating something once, although an answer may be lost.

use genesys_core::Result;

use crate::limits::Deadline;

/// How often a creation is sent, its first time included.
const SENDS: u32 = 2;
/// How often the marker is looked for before its absence is believed. What was just created may not be listed yet.
const LOOKS: u32 = 4;

/// Creates something that carries a marker.
///
/// `send` creates it; nothing with the marker existed before. When the outcome of `send` is unknown, `find` looks for the
/// marker: what it finds is what was created, and when it finds nothing, the creation is sent once more.
///
/// # Errors
///
/// Those of `send`. An outcome that stays unknown is given back as it is.
pub(crate) async fn create_once<T, S, SFut, F, FFut>(
    deadline: &Deadline<'_>,
    mut send: S,
    mut find: F,
) -> Result<T>
where
    S: FnMut() -> SFut + Send,
    SFut: Future<Output = Result<T>> + Send,
    F: FnMut() -> FFut + Send,
    FFut: Future<Output = Result<Option<T>>> + Send,
{
    let mut sends = 1;
    loop {
        let error = match send().await {
            Err(error) if error.is_outcome_unknown() => error,
            decided => return decided,
        };
        for index in 0..LOOKS {
            match find().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                // Without an answer nobody can know; the error that matters is the creation's.
                Err(_) => return Err(error),
            }
            if index + 1 < LOOKS && !deadline.pause(index).await {
                return Err(error);
            }
        }
        if sends == SENDS {
            return Err(error);
        }
        sends += 1;
    }
}
