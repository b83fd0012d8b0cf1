//! The reading itself: pages side by side, taken in their order, judged one by one.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use genesys_core::{Client, Error, ErrorKind, Result};
use resilience::timeout_at;

use super::collection::Paging;
use super::page::{Ask, Page, fetch};
use super::{
    Collection, Document, Doubt, Duplicate, FailedRange, Range, ReadOptions, ReadProgress,
    Rejected, Snapshot,
};

/// Places of rejected entries that are kept.
const REJECTED: usize = 1_000;
/// Failed pages after which the rest is not tried: the client has repeated each of them already.
const FAILURES: u32 = 5;

type Flight = Pin<Box<dyn Future<Output = (Ask, Result<Page>)> + Send>>;

/// One reading of a list.
pub(super) struct Reading<'a> {
    list: &'a Collection,
    client: &'a Client,
    options: &'a ReadOptions,
    until: Option<Instant>,
}

/// Whether to go on after a page.
enum Verdict {
    Next,
    Stop,
}

impl<'a> Reading<'a> {
    pub(super) fn of(list: &'a Collection, client: &'a Client, options: &'a ReadOptions) -> Self {
        let until = options
            .deadline
            .and_then(|limit| client.clock().now().checked_add(limit));
        Self {
            list,
            client,
            options,
            until,
        }
    }

    /// Reads the list, and again when it changed meanwhile. Of several readings the one with the fewest gaps is the result,
    /// and of those the last.
    pub(super) async fn all(&self) -> Result<Snapshot<Document>> {
        let mut best = self.pass(1).await?;
        for pass in 2..=self.options.rereads.saturating_add(1) {
            if !best.doubts.iter().any(|doubt| doubt.may_pass()) || self.is_late() {
                break;
            }
            match self.pass(pass).await {
                Ok(next) if next.missing.len() <= best.missing.len() => best = next,
                _ => best.passes = pass,
            }
        }
        Ok(best)
    }

    async fn pass(&self, pass: u32) -> Result<Snapshot<Document>> {
        let size = self.list.page_size(self.options);
        let mut state = State::new(self, size, pass);
        let start = match self.list.paging {
            Paging::Numbered => Ask::Number(1),
            Paging::Cursor => Ask::After(None),
            Paging::Whole => Ask::Whole,
        };
        state.run(start, None).await;
        if state.snapshot.pages == 0
            && let Some(gap) = state.snapshot.missing.pop()
        {
            return Err(gap.error);
        }
        Ok(state.finish())
    }

    /// Reads the gaps of a snapshot.
    pub(super) async fn rest(&self, mut snapshot: Snapshot<Document>) -> Snapshot<Document> {
        let gaps = std::mem::take(&mut snapshot.missing);
        // What stopped the earlier reading is what is tried again now; the rest is found out anew.
        let earlier = std::mem::take(&mut snapshot.doubts);
        let first_total = earlier.iter().find_map(|doubt| match doubt {
            Doubt::TotalChanged { first, .. } => Some(*first),
            _ => None,
        });
        let size = snapshot.page_size;
        let pass = snapshot.passes;
        let mut state = State::from(self, snapshot, size, pass);
        state.first_total = first_total.or(state.first_total);
        for gap in gaps {
            let (start, last) = match gap.range {
                Range::Pages { first, last } => (Ask::Number(first), last),
                Range::After(cursor) => (Ask::After(Some(cursor)), None),
            };
            state.failures = 0;
            state.run(start, last).await;
        }
        state.finish()
    }

    fn is_late(&self) -> bool {
        self.until
            .is_some_and(|until| self.client.clock().now() >= until)
    }

    fn flight(&self, ask: Ask, size: u32) -> Flight {
        let request = self.list.request(self.client);
        let largest = self.options.largest_document;
        Box::pin(async move {
            let page = fetch(request, ask.clone(), size, largest).await;
            (ask, page)
        })
    }

    fn error(&self, kind: ErrorKind, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::new(kind, message).with_operation(self.list.name().into_owned())
    }
}

/// What is known so far.
struct State<'a> {
    reading: &'a Reading<'a>,
    snapshot: Snapshot<Document>,
    /// Where each id is among the items.
    places: HashMap<String, usize>,
    /// Which duplicate each id is.
    repeated: HashMap<String, usize>,
    digests: HashSet<u64>,
    cursors: HashSet<String>,
    size: u32,
    first_total: Option<u64>,
    /// What the list said last about its pages.
    said: Option<u64>,
    /// The last page that is known to be there to ask for.
    horizon: u32,
    /// The last page by what the list says, if it does.
    last: Option<u32>,
    /// The last page that is wanted.
    limit: Option<u32>,
    /// The last page with anything on it, once the list has ended.
    ended: Option<u32>,
    started: u32,
    failures: u32,
    items_full: bool,
}

impl<'a> State<'a> {
    fn new(reading: &'a Reading<'a>, size: u32, pass: u32) -> Self {
        let snapshot = Snapshot {
            items: Vec::new(),
            missing: Vec::new(),
            duplicates: Vec::new(),
            rejected: Vec::new(),
            rejected_total: 0,
            doubts: Vec::new(),
            total: None,
            pages: 0,
            passes: pass,
            page_size: size,
        };
        Self::from(reading, snapshot, size, pass)
    }

    fn from(
        reading: &'a Reading<'a>,
        mut snapshot: Snapshot<Document>,
        size: u32,
        pass: u32,
    ) -> Self {
        snapshot.passes = pass;
        let items = snapshot.items.iter().enumerate();
        let repeated = snapshot.duplicates.iter().enumerate();
        Self {
            places: items
                .map(|(place, item)| (item.id().to_owned(), place))
                .collect(),
            repeated: repeated
                .map(|(place, one)| (one.id.clone(), place))
                .collect(),
            digests: HashSet::new(),
            cursors: HashSet::new(),
            size,
            first_total: snapshot.total,
            said: None,
            horizon: 1,
            last: None,
            limit: None,
            ended: None,
            started: 0,
            failures: 0,
            items_full: false,
            reading,
            snapshot,
        }
    }

    /// Reads from `start` to `limit`, or to the end of the list.
    async fn run(&mut self, start: Ask, limit: Option<u32>) {
        let width = self.reading.options.concurrency;
        let mut flights: FuturesOrdered<Flight> = FuturesOrdered::new();
        let mut next = Some(start.clone());
        if let Ask::Number(first) = start {
            self.horizon = limit.unwrap_or(first);
        }
        self.last = limit;
        self.limit = limit;
        // What the flight in front asks for, which is where a gap begins when time runs out.
        let mut front = start;
        loop {
            while flights.len() < width
                && let Some(ask) = next.take()
            {
                if !self.goes_on(&ask) || self.started >= self.reading.options.max_pages {
                    next = Some(ask);
                    break;
                }
                self.started += 1;
                next = match &ask {
                    Ask::Number(number) => number.checked_add(1).map(Ask::Number),
                    // Only the page in flight knows the cursor of the next one.
                    Ask::After(_) | Ask::Whole => None,
                };
                flights.push_back(self.reading.flight(ask, self.size));
            }
            let answer = match self.reading.until {
                Some(until) => {
                    let clock = self.reading.client.clock();
                    match timeout_at(&**clock, until, flights.next()).await {
                        Ok(answer) => answer,
                        Err(_elapsed) => {
                            let why = self.reading.error(
                                ErrorKind::Deadline,
                                "the list was not read to its end in time",
                            );
                            self.gap_from(&front, why);
                            return;
                        }
                    }
                }
                None => flights.next().await,
            };
            let Some((ask, answer)) = answer else {
                if let Some(ask) = next.filter(|ask| self.goes_on(ask)) {
                    let pages = self.started;
                    self.snapshot.doubts.push(Doubt::PageLimit { pages });
                    let why = Doubt::PageLimit { pages }.to_string();
                    let why = self.reading.error(ErrorKind::Protocol, why);
                    self.gap_from(&ask, why);
                }
                return;
            };
            let verdict = match answer {
                Ok(page) => self.accept(&ask, page, &mut next),
                Err(error) => self.fail(&ask, error),
            };
            self.tell();
            if matches!(verdict, Verdict::Stop) {
                return;
            }
            front = match ask {
                Ask::Number(number) => Ask::Number(number.saturating_add(1)),
                other => next.clone().unwrap_or(other),
            };
        }
    }

    /// True when this page is known to be there and is wanted.
    fn goes_on(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Number(number) => {
                *number <= self.horizon && self.limit.is_none_or(|limit| *number <= limit)
            }
            Ask::After(_) | Ask::Whole => true,
        }
    }

    /// Takes over a page, or finds what is wrong with it.
    fn accept(&mut self, ask: &Ask, page: Page, next: &mut Option<Ask>) -> Verdict {
        if let (Ask::Number(asked), Some(answered)) = (ask, page.number)
            && u64::from(*asked) != answered
            && !page.entries.is_empty()
        {
            return self.contradiction(
                ask,
                Doubt::WrongPage {
                    asked: *asked,
                    answered,
                },
            );
        }
        let number = match ask {
            Ask::Number(number) => *number,
            Ask::After(_) | Ask::Whole => self.snapshot.pages.saturating_add(1),
        };
        if !page.entries.is_empty() && !self.digests.insert(page.digest) {
            return self.contradiction(ask, Doubt::RepeatedPage { page: number });
        }
        self.snapshot.pages = self.snapshot.pages.saturating_add(1);
        let length = page.entries.len();
        let size = page.size.unwrap_or_else(|| u64::from(self.size));
        self.count(&page);
        self.keep(number, page.entries);
        if self.items_full {
            let items = self.snapshot.items.len();
            let doubt = Doubt::ItemLimit { items };
            self.snapshot.doubts.push(doubt);
            let why = self.reading.error(ErrorKind::Protocol, doubt.to_string());
            self.gap_from(ask, why);
            return Verdict::Stop;
        }
        match ask {
            Ask::Number(number) => {
                if length == 0 {
                    // Whatever the list says, it ends here; in a gap of an earlier reading, so does the gap.
                    self.ended = Some(number.saturating_sub(1));
                    return Verdict::Stop;
                }
                let more = match self.last {
                    Some(last) if *number < last => {
                        self.horizon = last;
                        true
                    }
                    Some(_) => page.has_next,
                    // Without any count, another page may follow one that is as large as pages are.
                    None => page.has_next || length as u64 >= size,
                };
                if !more {
                    self.ended = Some(*number);
                }
                if !more || self.limit.is_some_and(|limit| *number >= limit) {
                    return Verdict::Stop;
                }
                self.horizon = self.horizon.max(number.saturating_add(1));
                Verdict::Next
            }
            Ask::After(_) => match page.cursor.filter(|_| length > 0) {
                Some(cursor) if !self.cursors.insert(cursor.clone()) => {
                    let page = number.saturating_add(1);
                    self.contradiction(&Ask::After(Some(cursor)), Doubt::RepeatedPage { page })
                }
                Some(cursor) => {
                    *next = Some(Ask::After(Some(cursor)));
                    Verdict::Next
                }
                None => Verdict::Stop,
            },
            Ask::Whole => Verdict::Stop,
        }
    }

    /// Notes what the list says about its length.
    fn count(&mut self, page: &Page) {
        if let Some(total) = page.total {
            self.first_total.get_or_insert(total);
            self.snapshot.total = Some(total);
        }
        let size = page.size.unwrap_or_else(|| u64::from(self.size)).max(1);
        let by_total = page.total.map(|total| total.div_ceil(size));
        if page.count.is_some() {
            self.said = page.count;
        }
        // When they disagree, the larger one: an empty page tells where the list really ends.
        if let Some(last) = page.count.max(by_total) {
            self.last = Some(u32::try_from(last).unwrap_or(u32::MAX));
        }
    }

    fn keep(
        &mut self,
        page: u32,
        entries: Vec<std::result::Result<Document, super::RejectReason>>,
    ) {
        let state = &mut self.snapshot;
        for (index, entry) in entries.into_iter().enumerate() {
            let document = match entry {
                Ok(document) => document,
                Err(reason) => {
                    state.rejected_total += 1;
                    if state.rejected.len() < REJECTED {
                        state.rejected.push(Rejected::new(page, index, reason));
                    }
                    continue;
                }
            };
            if let Some(place) = self.places.get(document.id()) {
                let differs = state.items[*place] != document;
                let known = *self
                    .repeated
                    .entry(document.id().to_owned())
                    .or_insert_with(|| {
                        state.duplicates.push(Duplicate::new(document.id()));
                        state.duplicates.len() - 1
                    });
                let duplicate = &mut state.duplicates[known];
                duplicate.times = duplicate.times.saturating_add(1);
                duplicate.conflicting |= differs;
                continue;
            }
            if state.items.len() >= self.reading.options.max_items {
                self.items_full = true;
                return;
            }
            self.places
                .insert(document.id().to_owned(), state.items.len());
            state.items.push(document);
        }
    }

    /// A page that did not come.
    fn fail(&mut self, ask: &Ask, error: Error) -> Verdict {
        self.failures += 1;
        let is_alone = match ask {
            // Of a page in the middle, only that page is missing.
            Ask::Number(number) => *number >= self.horizon && self.last.is_none(),
            Ask::After(_) | Ask::Whole => true,
        };
        if is_alone || self.failures >= FAILURES || is_final(error.kind()) {
            self.gap_from(ask, error);
            return Verdict::Stop;
        }
        if let Ask::Number(number) = ask {
            let range = Range::Pages {
                first: *number,
                last: Some(*number),
            };
            self.gap(range, error);
            let end = self.limit.or(self.last);
            if end.is_some_and(|end| *number >= end) {
                return Verdict::Stop;
            }
        }
        Verdict::Next
    }

    /// The list contradicts itself, so that nothing after this can be trusted.
    fn contradiction(&mut self, ask: &Ask, doubt: Doubt) -> Verdict {
        self.snapshot.doubts.push(doubt);
        let why = self.reading.error(ErrorKind::Protocol, doubt.to_string());
        self.gap_from(ask, why);
        Verdict::Stop
    }

    /// Everything from here on is missing.
    fn gap_from(&mut self, ask: &Ask, error: Error) {
        let range = match ask {
            Ask::Number(first) => Range::Pages {
                first: *first,
                last: self.limit.or(self.last).filter(|last| last >= first),
            },
            Ask::After(Some(cursor)) => Range::After(cursor.clone()),
            Ask::After(None) | Ask::Whole => Range::Pages {
                first: 1,
                last: None,
            },
        };
        self.gap(range, error);
    }

    /// Adds a gap, joined to the one before it where there is nothing between them.
    fn gap(&mut self, range: Range, error: Error) {
        if let (Some(before), Range::Pages { first, last }) =
            (self.snapshot.missing.last_mut(), &range)
            && let Range::Pages {
                last: before_last, ..
            } = &mut before.range
            && before_last.is_some_and(|end| end.checked_add(1) == Some(*first))
        {
            *before_last = *last;
            return;
        }
        self.snapshot.missing.push(FailedRange::new(range, error));
    }

    fn tell(&self) {
        let Some(watch) = &self.reading.options.progress else {
            return;
        };
        watch(&ReadProgress {
            operation: self.reading.list.name().into_owned(),
            pass: self.snapshot.passes,
            pages: self.snapshot.pages.saturating_add(self.failures),
            expected: self.last,
            items: self.snapshot.items.len(),
            total: self.snapshot.total,
        });
    }

    /// Compares what the list says with what it gave.
    fn finish(self) -> Snapshot<Document> {
        let mut snapshot = self.snapshot;
        let mut doubts = Vec::new();
        if let (Some(first), Some(last)) = (self.first_total, snapshot.total)
            && first != last
        {
            doubts.push(Doubt::TotalChanged { first, last });
        }
        if snapshot.missing.is_empty()
            && let Some(total) = snapshot.total
        {
            let found = snapshot.items.len() as u64 + snapshot.rejected_total;
            if found != total {
                doubts.push(Doubt::CountMismatch { total, found });
            }
        }
        if let (Some(said), Some(found)) = (self.said, self.ended)
            && said != u64::from(found)
            && !(found == 0 && said == 1)
        {
            doubts.push(Doubt::PageCount { said, found });
        }
        if !snapshot.duplicates.is_empty() {
            let ids = snapshot.duplicates.len();
            doubts.push(Doubt::Duplicates { ids });
        }
        doubts.append(&mut snapshot.doubts);
        snapshot.doubts = doubts;
        snapshot
    }
}

/// True when no other page can be expected to fare better.
fn is_final(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::NotFound
            | ErrorKind::BadRequest
            | ErrorKind::Login
            | ErrorKind::LoginThrottled
            | ErrorKind::BreakerOpen
            | ErrorKind::RateLimited
            | ErrorKind::Config
            | ErrorKind::InvalidRequest
    )
}
