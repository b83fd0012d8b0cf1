//! A deployment killed around each write of its journal and around each of its requests: the next run finishes it, or
//! undoing it leaves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use genesys_cloud::Profile;
use genesys_core::{Result, Transport, TransportError};
use genesys_integrations::pipeline::{Journal, JournalPhase, JournalRecord};
use genesys_integrations::{Change, Deployment, FileJournal, PipelineError};
use genesys_sandbox::{LedgerEntry, Object, Sandbox, Verb};
use tokio::sync::Notify;

use crate::deployment::{PROFILES, Stage};
use crate::support::transport;

/// When a program is killed: at which step of what is watched, and on which side of it.
#[derive(Debug, Clone, Copy)]
struct Kill {
    step: usize,
    after: bool,
}

/// Counts steps, and stops everything at one of them.
#[derive(Debug)]
struct Fuse {
    kill: Option<Kill>,
    steps: AtomicUsize,
    blown: Notify,
}

impl Fuse {
    fn new(kill: Option<Kill>) -> Arc<Self> {
        Arc::new(Self {
            kill,
            steps: AtomicUsize::new(0),
            blown: Notify::new(),
        })
    }

    async fn step<T>(&self, work: impl Future<Output = T>) -> T {
        let number = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        let here = self.kill.filter(|kill| kill.step == number);
        if here.is_some_and(|kill| !kill.after) {
            self.blow().await;
        }
        let done = work.await;
        if here.is_some() {
            self.blow().await;
        }
        done
    }

    /// Nothing of the program goes on: whoever waits for this drops it.
    async fn blow(&self) {
        self.blown.notify_one();
        std::future::pending().await
    }

    /// The program, or none once the fuse has blown.
    async fn run<T>(&self, program: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.blown.notified() => None,
            result = program => Some(result),
        }
    }
}

/// A journal on disk whose writes are steps.
#[derive(Debug)]
struct FusedJournal(FileJournal, Arc<Fuse>);

#[async_trait]
impl Journal for FusedJournal {
    async fn load(&self) -> Result<Option<JournalRecord>> {
        self.0.load().await
    }

    async fn save(&self, record: &JournalRecord) -> Result<()> {
        self.1.step(self.0.save(record)).await
    }

    async fn clear(&self) -> Result<()> {
        self.1.step(self.0.clear()).await
    }
}

/// A transport whose requests are steps.
#[derive(Debug)]
struct FusedTransport(Arc<dyn Transport>, Arc<Fuse>);

#[async_trait]
impl Transport for FusedTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, TransportError> {
        self.1.step(self.0.send(request)).await
    }
}

/// A stage, and a folder for the journal.
struct Scene {
    stage: Stage,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new(profile: Profile, transport: &Arc<dyn Transport>) -> Self {
        Self {
            stage: Stage::over(profile, Arc::clone(transport)).await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.json")
    }

    fn journal(&self) -> Arc<FileJournal> {
        Arc::new(FileJournal::new(self.path()))
    }

    fn fused_journal(&self, fuse: &Arc<Fuse>) -> Arc<FusedJournal> {
        Arc::new(FusedJournal(
            FileJournal::new(self.path()),
            Arc::clone(fuse),
        ))
    }

    /// A program that deploys until a write of its journal kills it; none when it was killed.
    async fn deploy_until_write(&self, fuse: &Arc<Fuse>) -> Option<Deployed> {
        fuse.run(self.stage.deploy(self.fused_journal(fuse))).await
    }

    /// A program that deploys until a request kills it.
    async fn deploy_until_request(&self, fuse: &Arc<Fuse>) -> Option<Deployed> {
        let transport = FusedTransport(Arc::clone(self.stage.transport()), Arc::clone(fuse));
        let cloud = self
            .stage
            .program()
            .with_transport(Arc::new(transport))
            .build()
            .unwrap();
        let pipeline = self.stage.pipeline(&cloud, self.journal());
        fuse.run(pipeline.run()).await
    }

    /// A program that rolls back until a write of its journal kills it.
    async fn roll_back_until_write(&self, fuse: &Arc<Fuse>) -> Option<RolledBack> {
        fuse.run(self.stage.roll_back(self.fused_journal(fuse)))
            .await
    }

    /// The next program finishes what this one began.
    async fn check_resumed(&self, what: &str) -> Deployment {
        let deployment = self.stage.deploy(self.journal()).await.unwrap();
        let problems = self.stage.differences().await;
        assert!(problems.is_empty(), "{what}: {problems:?}");
        let record = self.journal().load().await.unwrap().unwrap();
        assert_eq!(record.phase, JournalPhase::Finished, "{what}");
        deployment
    }

    /// The next program undoes what this one began. Returns whether there was something.
    async fn check_undone(&self, what: &str) -> bool {
        let any = self.stage.roll_back(self.journal()).await.unwrap();
        let state = self.stage.sandbox.state();
        assert!(state.is_empty(), "{what}: {state:?}");
        assert!(!self.path().exists(), "{what}");
        assert!(
            !self.stage.roll_back(self.journal()).await.unwrap(),
            "{what}"
        );
        any
    }
}

type Deployed = std::result::Result<Deployment, PipelineError>;
type RolledBack = std::result::Result<bool, PipelineError>;

/// Before and after each of so many steps.
fn kills(steps: usize) -> impl Iterator<Item = Kill> {
    (1..=steps).flat_map(|step| [false, true].map(|after| Kill { step, after }))
}

/// A deployment writes its journal before and after each of its four steps, and at the end.
const WRITES: usize = 9;

/// How many requests a clean run sends.
async fn requests(profile: Profile, transport: &Arc<dyn Transport>) -> usize {
    let scene = Scene::new(profile, transport).await;
    scene.stage.deploy(scene.journal()).await.unwrap();
    scene.stage.sandbox.ledger().len()
}

/// Requests that changed something but for tokens and tests.
fn changes(sandbox: &Sandbox) -> usize {
    let counts = |entry: &LedgerEntry| {
        let mut effects = entry.effects.iter();
        effects.any(|effect| effect.object != Object::Token && effect.verb != Verb::Tested)
    };
    sandbox
        .ledger()
        .iter()
        .filter(|entry| counts(entry))
        .count()
}

/// The changes of a clean run: the objects of the profile, the configuration, and the state.
fn clean_changes(profile: Profile) -> usize {
    match profile {
        Profile::Guide => 3,
        Profile::Platform => 5,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_killed_around_any_step_is_finished_by_the_next_run() {
    // errata ALL-18, ALL-19, INT-29
    let transport = transport();
    for profile in PROFILES {
        for kill in kills(WRITES) {
            let what = format!("{profile} {kill:?}");
            let scene = Scene::new(profile, &transport).await;
            let end = scene.deploy_until_write(&Fuse::new(Some(kill))).await;
            assert!(end.is_none(), "{what}: {end:?}");
            let deployment = scene.check_resumed(&what).await;
            // What was done before the kill was not done again.
            let changes = changes(&scene.stage.sandbox);
            assert_eq!(changes, clean_changes(profile), "{what}");
            // Killed before the first write it has not begun, and after the last one it is done.
            let under_way = !matches!((kill.step, kill.after), (1, false) | (WRITES, true));
            assert_eq!(deployment.resumed, under_way, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_killed_around_any_step_can_be_undone_to_nothing() {
    // errata ALL-19
    let transport = transport();
    for profile in PROFILES {
        for kill in kills(WRITES) {
            let what = format!("{profile} {kill:?}");
            let scene = Scene::new(profile, &transport).await;
            let end = scene.deploy_until_write(&Fuse::new(Some(kill))).await;
            assert!(end.is_none(), "{what}: {end:?}");
            let any = scene.check_undone(&what).await;
            assert_eq!(any, kill.step > 1 || kill.after, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_killed_around_any_request_is_finished_or_undone() {
    // errata ALL-18, ALL-19
    let transport = transport();
    for profile in PROFILES {
        for kill in kills(requests(profile, &transport).await) {
            let what = format!("{profile} {kill:?}");
            for undo in [false, true] {
                let scene = Scene::new(profile, &transport).await;
                let end = scene.deploy_until_request(&Fuse::new(Some(kill))).await;
                assert!(end.is_none(), "{what}: {end:?}");
                if undo {
                    scene.check_undone(&what).await;
                } else {
                    scene.check_resumed(&what).await;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_rollback_is_finished_by_the_next_one() {
    // errata ALL-19
    let transport = transport();
    for profile in PROFILES {
        // Noted once, then step by step, then removed.
        for kill in kills(6) {
            let what = format!("{profile} {kill:?}");
            let scene = Scene::new(profile, &transport).await;
            scene.stage.deploy(scene.journal()).await.unwrap();
            let end = scene.roll_back_until_write(&Fuse::new(Some(kill))).await;
            assert!(end.is_none(), "{what}: {end:?}");
            scene.check_undone(&what).await;
        }
        let scene = Scene::new(profile, &transport).await;
        scene.stage.deploy(scene.journal()).await.unwrap();
        let fuse = Fuse::new(None);
        scene.roll_back_until_write(&fuse).await.unwrap().unwrap();
        assert_eq!(fuse.steps.load(Ordering::Relaxed), 6, "{profile}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_after_a_killed_rollback_begins_anew() {
    // errata ALL-18, ALL-19
    let transport = transport();
    for profile in PROFILES {
        // Killed before its first write, the rollback has not begun: the deployment is still there.
        for kill in kills(6).skip(1) {
            let what = format!("{profile} {kill:?}");
            let scene = Scene::new(profile, &transport).await;
            scene.stage.deploy(scene.journal()).await.unwrap();
            let end = scene.roll_back_until_write(&Fuse::new(Some(kill))).await;
            assert!(end.is_none(), "{what}: {end:?}");
            scene.stage.sandbox.clear_ledger();
            scene.check_resumed(&what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_deployment_is_left_alone_by_the_next_run() {
    // errata ALL-18
    let transport = transport();
    for profile in PROFILES {
        let scene = Scene::new(profile, &transport).await;
        let first = scene.stage.deploy(scene.journal()).await.unwrap();
        assert_eq!(first.change, Change::Created);
        let journal = std::fs::read(scene.path()).unwrap();
        scene.stage.sandbox.clear_ledger();

        // With the journal of the first run, and with none: the name is the marker.
        for journal in [
            scene.journal(),
            Arc::new(FileJournal::new(scene.folder.path().join("other"))),
        ] {
            let again = scene.stage.deploy(journal).await.unwrap();
            assert_eq!(again.change, Change::Unchanged, "{profile}");
            assert_eq!(again.integration.id, first.integration.id);
            assert!(again.test.is_none() && again.enabled.is_none());
        }
        let ledger = scene.stage.sandbox.ledger();
        let reads = ledger.iter().filter(|entry| !entry.is_token_request());
        assert!(reads.clone().count() > 0);
        assert!(
            reads.clone().all(|entry| entry.method == "GET"),
            "{profile}: {ledger:?}"
        );
        assert_eq!(changes(&scene.stage.sandbox), 0);
        assert_eq!(std::fs::read(scene.path()).unwrap(), journal);
    }
}
