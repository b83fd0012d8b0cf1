//! Lists in pages, as a stream of items or of whole pages.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::FuturesOrdered;
use serde::de::DeserializeOwned;

use crate::client::RequestBuilder;
use crate::error::{Error, ErrorKind, Result};

mod fetch;
mod shared;
mod token;

use fetch::{Fetched, fetch};
pub use shared::SharedRead;
pub use token::PageToken;

/// Pages read ahead at most, whatever is asked for.
const MAX_PREFETCH: usize = 32;

/// One page of a list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its items, in the server's order.
    pub items: Vec<T>,
    /// How many items the server says the list has, if it says so.
    pub total: Option<u64>,
    /// Where the next page starts; none after the last one.
    pub next: Option<PageToken>,
}

/// A list as a stream of items.
///
/// The first error ends the stream. It keeps its own count of pages and never trusts the server's: a page without items,
/// the last page by count, or a missing next link ends it; a page or cursor that comes again is
/// [`ErrorKind::Protocol`], and so is a list that does not end within the page limit. A page that is cut off is an error,
/// never a shorter list.
///
/// ```no_run
/// # async fn run(client: genesys_core::Client) -> genesys_core::Result<()> {
/// use futures_util::TryStreamExt;
///
/// #[derive(serde::Deserialize)]
/// struct Queue { id: String }
///
/// let queues: Vec<Queue> = client
///     .get("/api/v2/routing/queues")
///     .numbered_pages()
///     .with_page_size(100)
///     .with_prefetch(4)
///     .try_collect()
///     .await?;
/// # let _ = queues.first().map(|queue| &queue.id);
/// # Ok(())
/// # }
/// ```
#[must_use = "streams do nothing until they are polled"]
pub struct Pager<T> {
    pages: Pages<T>,
    items: VecDeque<T>,
}

/// A list as a stream of whole pages; [`Page::next`] tells where to resume.
#[must_use = "streams do nothing until they are polled"]
pub struct Pages<T> {
    request: RequestBuilder,
    page_size: u32,
    prefetch: usize,
    max_pages: u32,
    started: u32,
    plan: Plan,
    flights: FuturesOrdered<Flight<T>>,
    last_digest: Option<u64>,
    cursors: Vec<String>,
    done: bool,
}

type Flight<T> = Pin<Box<dyn Future<Output = Result<Fetched<T>>> + Send>>;

/// Which page to ask for next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plan {
    /// Numbered: the next number and the last one, once it is known.
    Number { next: u32, last: Option<u32> },
    /// By cursor: the next cursor, none for the first page.
    Cursor(Option<String>),
    /// Wait for the page in flight: only it knows the next one.
    Wait,
}

impl RequestBuilder {
    /// Reads this list by page numbers from 1 (`pageNumber`, `pageSize`; `entities`, `pageCount`).
    pub fn numbered_pages<T: DeserializeOwned + Send + 'static>(self) -> Pager<T> {
        Pager::new(
            self,
            Plan::Number {
                next: 1,
                last: None,
            },
        )
    }

    /// Reads this list by cursor (`after`, `pageSize`; `entities`, `nextUri`).
    pub fn cursor_pages<T: DeserializeOwned + Send + 'static>(self) -> Pager<T> {
        Pager::new(self, Plan::Cursor(None))
    }
}

impl<T: Send + 'static> Pager<T> {
    fn new(request: RequestBuilder, plan: Plan) -> Self {
        Self {
            pages: Pages {
                request,
                page_size: 100,
                prefetch: 1,
                max_pages: 10_000,
                started: 0,
                plan,
                flights: FuturesOrdered::new(),
                last_digest: None,
                cursors: Vec::new(),
                done: false,
            },
            items: VecDeque::new(),
        }
    }

    /// Sets how many items to ask for a page, at least 1. Default 100; the platform caps it by endpoint.
    pub fn with_page_size(mut self, items: u32) -> Self {
        self.pages.page_size = items.max(1);
        self
    }

    /// Sets how many pages may be in flight, 1 to 32. Default 1. Lists by cursor are read one page at a time, and numbered
    /// ones too until the server has said how many pages there are.
    pub fn with_prefetch(mut self, pages: usize) -> Self {
        self.pages.prefetch = pages.clamp(1, MAX_PREFETCH);
        self
    }

    /// Sets how many pages are read before the list counts as endless, at least 1. Default 10,000.
    pub fn with_max_pages(mut self, pages: u32) -> Self {
        self.pages.max_pages = pages.max(1);
        self
    }

    /// Starts at a place that an earlier [`Page::next`] gave. A token of the other kind of list is an error of the first
    /// page.
    pub fn resume(mut self, token: PageToken) -> Self {
        self.pages.plan = match (token, &self.pages.plan) {
            (PageToken::Number(next), Plan::Number { .. }) => Plan::Number {
                next: next.max(1),
                last: None,
            },
            (PageToken::Cursor(after), Plan::Cursor(_)) => Plan::Cursor(Some(after)),
            _ => {
                self.pages.done = true;
                let error = Error::new(
                    ErrorKind::InvalidRequest,
                    "the page token belongs to another kind of list",
                );
                self.pages
                    .flights
                    .push_back(Box::pin(std::future::ready(Err(error))));
                Plan::Wait
            }
        };
        self
    }

    /// Whole pages instead of items.
    pub fn pages(self) -> Pages<T> {
        self.pages
    }
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    /// Starts as many pages as may be in flight.
    fn fill(&mut self) {
        while !self.done && self.flights.len() < self.prefetch {
            if self.started >= self.max_pages && self.plan != Plan::Wait {
                self.done = true;
                let error = Error::new(
                    ErrorKind::Protocol,
                    format!("the list does not end within {} pages", self.max_pages),
                );
                self.flights
                    .push_back(Box::pin(std::future::ready(Err(error))));
                return;
            }
            let token = match &mut self.plan {
                Plan::Wait => return,
                Plan::Number { next, last } => {
                    match *last {
                        Some(last) if *next > last => return,
                        // Only the page in flight knows how many there are.
                        None if !self.flights.is_empty() => return,
                        _ => {}
                    }
                    let token = PageToken::Number(*next);
                    *next = next.saturating_add(1);
                    Some(token)
                }
                Plan::Cursor(after) => {
                    let token = after.take().map(PageToken::Cursor);
                    self.plan = Plan::Wait;
                    token
                }
            };
            self.started += 1;
            self.flights
                .push_back(Box::pin(fetch(self.request.clone(), token, self.page_size)));
        }
    }

    /// Judges a page that arrived: where the list goes on, or that it contradicts itself.
    fn accept(&mut self, page: Fetched<T>) -> Result<Option<Page<T>>> {
        if page.items.is_empty() {
            self.end();
            // An empty list is one empty page; an empty page later on is its end.
            return Ok((page.first && self.last_digest.is_none()).then_some(Page {
                items: Vec::new(),
                total: page.total,
                next: None,
            }));
        }
        if self.last_digest.replace(page.digest) == Some(page.digest) {
            return Err(Error::new(ErrorKind::Protocol, "the server repeats a page"));
        }
        let next = match (&page.token, page.next_cursor) {
            (Some(PageToken::Number(number)), _) => {
                if page
                    .number
                    .is_some_and(|answered| answered != u64::from(*number))
                {
                    return Err(Error::new(
                        ErrorKind::Protocol,
                        "the server answers with another page than asked for",
                    ));
                }
                let last = page.page_count.filter(|count| *count > 0);
                let more = match last {
                    Some(last) => u64::from(*number) < last,
                    None => page.has_next,
                };
                if let Plan::Number { last: known, .. } = &mut self.plan {
                    *known = last.map(|last| u32::try_from(last).unwrap_or(u32::MAX));
                }
                if !more {
                    self.end();
                }
                more.then(|| PageToken::Number(number.saturating_add(1)))
            }
            (_, Some(cursor)) => {
                if self.cursors.contains(&cursor) {
                    return Err(Error::new(
                        ErrorKind::Protocol,
                        "the server repeats a cursor",
                    ));
                }
                self.cursors.push(cursor.clone());
                self.plan = Plan::Cursor(Some(cursor.clone()));
                Some(PageToken::Cursor(cursor))
            }
            (_, None) => {
                self.end();
                None
            }
        };
        Ok(Some(Page {
            items: page.items,
            total: page.total,
            next,
        }))
    }

    /// Ends the stream; pages read ahead in vain are dropped, which cancels them.
    fn end(&mut self) {
        self.done = true;
        self.flights = FuturesOrdered::new();
    }
}

impl<T: DeserializeOwned + Send + Unpin + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            self.fill();
            match Pin::new(&mut self.flights).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(fetched)) => match fetched.and_then(|page| self.accept(page)) {
                    Ok(Some(page)) => return Poll::Ready(Some(Ok(page))),
                    Ok(None) => {}
                    Err(error) => {
                        self.end();
                        return Poll::Ready(Some(Err(error)));
                    }
                },
            }
        }
    }
}

impl<T: DeserializeOwned + Send + Unpin + 'static> Stream for Pager<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            match Pin::new(&mut self.pages).poll_next(cx) {
                Poll::Ready(Some(Ok(page))) => self.items = page.items.into(),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<T> std::fmt::Debug for Pager<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pager")
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("page_size", &self.page_size)
            .field("started", &self.started)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
