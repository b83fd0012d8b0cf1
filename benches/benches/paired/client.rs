//! One GET on a kept connection: what the whole client adds to the HTTP library below it.

use std::time::Duration;

use bytes::Bytes;
use genesys_benches::paired::{Limit, Table, Unit};
use genesys_benches::server::Server;
use genesys_benches::stopwatch::{self, Sample};
use genesys_core::{Client, Hosts, StaticToken};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use tokio::runtime::Runtime;

const OPERATIONS: u64 = 100;
const ROUNDS: usize = 151;
const PATH: &str = "/api/v2/organizations/me";
const BODY: &str = r#"{"id":"a2f1","name":"Acme","defaultLanguage":"en-us"}"#;

/// A client's own runtime, on the thread that measures.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The library with the settings that the client's own transport gives it.
pub(crate) fn bare() -> reqwest::Client {
    settings().build().expect("a client")
}

/// The same with a limit of 30 s for a request, as the client's attempts have. Without it a silent server holds a call for
/// ever.
pub(crate) fn limited() -> reqwest::Client {
    settings()
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a client")
}

fn settings() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
}

pub(crate) fn middleware() -> ClientWithMiddleware {
    ClientBuilder::new(bare()).build()
}

/// The peers' way to a client that retries: middleware and reqwest-retry.
pub(crate) fn retrying(http: reqwest::Client) -> ClientWithMiddleware {
    let policy = ExponentialBackoff::builder().build_with_max_retries(3);
    ClientBuilder::new(http)
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build()
}

/// Everything on: token, retry, budget, quota, breaker, deadlines, events.
pub(crate) fn client(server: &str) -> Client {
    Client::builder(Hosts::from_base(server).expect("loopback"))
        .with_token_source(StaticToken::new("token-1".into()).expect("a token"))
        .build()
        .expect("a client")
}

pub(crate) async fn with_reqwest(client: &reqwest::Client, url: &str) -> Bytes {
    let answer = client
        .get(url)
        .bearer_auth("token-1")
        .send()
        .await
        .expect("an answer");
    answer.bytes().await.expect("a body")
}

pub(crate) async fn with_middleware(client: &ClientWithMiddleware, url: &str) -> Bytes {
    let answer = client
        .get(url)
        .bearer_auth("token-1")
        .send()
        .await
        .expect("an answer");
    answer.bytes().await.expect("a body")
}

pub(crate) async fn with_client(client: &Client) -> usize {
    client
        .get(PATH)
        .send()
        .await
        .expect("an answer")
        .body()
        .len()
}

/// The server that the instruction counts use too.
pub(crate) fn server() -> Server {
    Server::start(vec![BODY.to_owned()], Duration::ZERO).expect("a server")
}

pub(crate) fn url(base: &str) -> String {
    format!("{base}{PATH}")
}

pub(crate) fn run() {
    measure(
        "GET on a kept loopback connection, one thread for the client: all of the time",
        |work| stopwatch::wall(work),
    );
    measure("The same: processor time of the client's thread", |work| {
        stopwatch::own(work)
    });
}

fn measure(title: &'static str, watch: fn(&dyn Fn()) -> Sample) {
    const OURS: &str = "genesys-core client, everything on";
    const PEER: &str = "reqwest-middleware + reqwest-retry";
    const LIMITED: &str = "reqwest-middleware + reqwest-retry, with a time limit";
    let base = server().url();
    let url = url(&base);
    let runtime = runtime();
    let (raw, twin, limit) = (bare(), bare(), limited());
    let (empty, retry, retry_limit) = (middleware(), retrying(bare()), retrying(limited()));
    let ours = client(&base);

    let plain = |http: &reqwest::Client| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                assert_eq!(with_reqwest(http, &url).await.len(), BODY.len());
            }
        });
    };
    let layered = |http: &ClientWithMiddleware| {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                assert_eq!(with_middleware(http, &url).await.len(), BODY.len());
            }
        });
    };
    let whole = || {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                assert_eq!(with_client(&ours).await, BODY.len());
            }
        });
    };
    let contenders: [(&str, &dyn Fn()); 7] = [
        ("reqwest", &|| plain(&raw)),
        ("reqwest again (A/A)", &|| plain(&twin)),
        (OURS, &whole),
        ("reqwest, with a time limit", &|| plain(&limit)),
        ("reqwest-middleware, empty", &|| layered(&empty)),
        (PEER, &|| layered(&retry)),
        (LIMITED, &|| layered(&retry_limit)),
    ];
    let mut table = Table::new(title, Unit::Micros).with_rounds(ROUNDS);
    for (name, work) in contenders {
        table.timed(name, OPERATIONS, move || watch(work));
    }
    let report = table.run();
    print!("{report}");
    report.target(
        "the client over reqwest",
        report.ratio(OURS, "reqwest"),
        Limit::AtMost(1.08),
    );
    for peer in [PEER, LIMITED] {
        report.target(
            &format!("the client over {peer}"),
            report.ratio(OURS, peer),
            Limit::AtMost(1.0),
        );
    }
}
