//! One organisation: its writers, the judgement after each write, and the ledger at the end.

use std::time::Duration;

use futures_util::future::try_join_all;
use genesys_core::Error;
use genesys_sandbox::{Object, Sandbox, Verb};
use resilience::{Clock as _, SystemClock};

use crate::subject::{Adapters, Form, Held, How, Kind, Subject};
use crate::tally::Tally;
use crate::{Failed, cloud};

/// Writers of an organisation. They share the adapters, and with them the reads of the lists.
const WRITERS: u64 = 6;
/// How often an unknown outcome may be ensured again until it is settled, faults as before.
const SETTLES: u32 = 200;

/// `writes` writes by several writers under faults, judged one by one.
pub(crate) async fn run(form: Form, mut rng: fastrand::Rng, writes: u64) -> Result<Tally, Failed> {
    let sandbox = cloud::start(rng.u64(..)).await?;
    if form == Form::Platform {
        sandbox.set_profile(genesys_sandbox::Profile::Platform);
    }
    let client = cloud::client(&sandbox, cloud::sockets()?)?;
    let adapters = Adapters::new(form, &client);
    cloud::break_it(&sandbox)?;
    let writers = (0..WRITERS).map(|index| {
        let share = writes / WRITERS + u64::from(index < writes % WRITERS);
        let writer = Writer {
            form,
            index,
            rng: rng.fork(),
            adapters: adapters.clone(),
            sandbox: &sandbox,
            subjects: Vec::new(),
            tally: Tally::default(),
        };
        writer.run(share)
    });
    let mut tally = Tally::default();
    let mut held = 0;
    for (part, subjects) in try_join_all(writers).await? {
        tally.add(part);
        held += subjects;
    }
    audit(form, &sandbox, held, &mut tally);
    sandbox.faults().clear();
    sandbox.shutdown().await;
    Ok(tally)
}

/// What the ledger says of the whole run.
fn audit(form: Form, sandbox: &Sandbox, held: u64, tally: &mut Tally) {
    let counts = sandbox.counts();
    let made = |verb| {
        let objects = [
            Object::Integration,
            Object::Webhook,
            Object::Credential,
            Object::Action,
        ];
        objects.map(|object| counts.effect(object, verb))
    };
    let (created, deleted) = (made(Verb::Created), made(Verb::Deleted));
    let expected = match form {
        Form::Guide => held,
        Form::Platform => 3 * held,
    };
    let left = created.iter().sum::<u64>() - deleted.iter().sum::<u64>();
    // Nothing is ever deleted in the guide form, so each creation is an object that was asked for.
    if left != expected || (form == Form::Guide && deleted != [0; 4]) {
        tally.violations.push(format!(
            "the ledger has {created:?} creations and {deleted:?} deletions where {expected} objects were made"
        ));
    }
    tally.requests += counts.requests;
    for (kind, struck) in counts.faults {
        tally.add_fault(kind, struck);
    }
}

struct Writer<'a> {
    form: Form,
    index: u64,
    rng: fastrand::Rng,
    adapters: Adapters,
    sandbox: &'a Sandbox,
    subjects: Vec<Subject>,
    tally: Tally,
}

impl Writer<'_> {
    /// Writes, and says how many of its subjects exist in the end.
    async fn run(mut self, writes: u64) -> Result<(Tally, u64), Failed> {
        for step in 0..writes {
            let index = self.choose(step);
            self.write(index, step + 1).await?;
        }
        let exist = self.subjects.iter().filter(|one| one.version.is_some());
        Ok((self.tally, exist.count() as u64))
    }

    /// Three in five are creations of new names; the others write over something that was tried before.
    fn choose(&mut self, step: u64) -> usize {
        if self.subjects.is_empty() || self.rng.u8(..5) < 3 {
            let kind = match self.form {
                Form::Platform => Kind::Parts,
                Form::Guide if self.rng.bool() => Kind::Definition,
                Form::Guide => Kind::Webhook,
            };
            self.subjects.push(Subject {
                kind,
                name: format!("writer-{}-{step}", self.index),
                version: None,
                id: None,
            });
            return self.subjects.len() - 1;
        }
        self.rng.usize(..self.subjects.len())
    }

    async fn write(&mut self, index: usize, version: u64) -> Result<(), Failed> {
        let mut subject = self.subjects[index].clone();
        let before = subject.version;
        // `register` makes another webhook of the name, so it is for new ones.
        let once = self.rng.u8(..3) == 0 && (subject.kind != Kind::Webhook || before.is_none());
        let (how, row) = named(subject.kind, before.is_some(), once);
        let result = self.adapters.write(&mut subject, version, how).await?;
        let held = Held::of(self.sandbox, &subject);
        let several = subject.kind == Kind::Parts;
        match result {
            Ok(()) => {
                self.tally.row(row).ok += 1;
                if !held.is_once(version) {
                    self.broken(&subject, version, "Ok", &held, None);
                }
                subject.version = Some(version);
            }
            Err(error) if error.is_outcome_unknown() => {
                self.tally.row(row).unknown += 1;
                self.tally.row(row).unknown_applied += u64::from(held.is_once(version));
                if !several && !held.is_as(before) && !held.is_once(version) {
                    self.broken(&subject, version, "OutcomeUnknown", &held, Some(&error));
                }
                if self.settle(&mut subject, version).await? {
                    self.tally.row(row).settled += 1;
                }
            }
            Err(error) => {
                self.tally.row(row).definite += 1;
                if !several && !held.is_as(before) {
                    self.broken(&subject, version, "a definite failure", &held, Some(&error));
                }
                if several && !held.is_as(before) {
                    // What could not be taken back carries the name, and the next call finishes it.
                    self.tally.row(row).left_parts += 1;
                    self.settle(&mut subject, version).await?;
                }
            }
        }
        self.subjects[index] = subject;
        Ok(())
    }

    /// Ensures the same again until it is there.
    async fn settle(&mut self, subject: &mut Subject, version: u64) -> Result<bool, Failed> {
        let mut last = None;
        for _ in 0..SETTLES {
            match self.adapters.write(subject, version, How::Ensure).await? {
                Ok(()) => {
                    subject.version = Some(version);
                    let held = Held::of(self.sandbox, subject);
                    if !held.is_once(version) {
                        self.broken(subject, version, "settled", &held, None);
                    }
                    return Ok(true);
                }
                Err(error) => {
                    last = Some(error);
                    let pause = SystemClock.now() + Duration::from_millis(5);
                    SystemClock.sleep_until(pause).await;
                }
            }
        }
        let held = Held::of(self.sandbox, subject);
        self.broken(subject, version, "never settled", &held, last.as_ref());
        Ok(false)
    }

    fn broken(
        &mut self,
        subject: &Subject,
        version: u64,
        said: &str,
        held: &Held,
        error: Option<&Error>,
    ) {
        let before = subject.version;
        let error = error.map(ToString::to_string).unwrap_or_default();
        self.tally.violations.push(format!(
            "{} {:?} before {before:?}, written {version}, {said}: {held:?} {error}",
            subject.name, subject.kind
        ));
    }
}

/// How a write is made, and its row.
fn named(kind: Kind, exists: bool, once: bool) -> (How, &'static str) {
    match (kind, exists, once) {
        (Kind::Definition, false, true) => (How::Once, "integrations.create"),
        (Kind::Definition, true, true) => (How::Once, "integrations.update"),
        (Kind::Definition, false, false) => (How::Ensure, "integrations.ensure, new"),
        (Kind::Definition, true, false) => (How::Ensure, "integrations.ensure, changed"),
        (Kind::Webhook, _, true) => (How::Once, "webhooks.register"),
        (Kind::Webhook, false, false) => (How::Ensure, "webhooks.ensure, new"),
        (Kind::Webhook, true, false) => (How::Ensure, "webhooks.ensure, changed"),
        (Kind::Parts, false, true) => (How::Once, "platform integrations.create"),
        (Kind::Parts, true, true) => (How::Once, "platform integrations.update"),
        (Kind::Parts, false, false) => (How::Ensure, "platform integrations.ensure, new"),
        (Kind::Parts, true, false) => (How::Ensure, "platform integrations.ensure, changed"),
    }
}
