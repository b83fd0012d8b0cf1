//! Instructions an operation, under callgrind: what time cannot say on a busy machine.
//!
//! Each workload runs twice in a process of its own, with a small and a large count; the difference over the difference of
//! the counts is free of start-up. The server is another process, so that only the client is counted.

use std::process::{Command, Stdio};

use crate::{breaker, client, guard, template, token};

const CHILD: &str = "--child";
const SERVE: &str = "--serve";

/// Name, small and large count, work. The work is given the server's base URL.
type Workload = (&'static str, u64, u64, fn(u64, &str));

const WORKLOADS: &[Workload] = &[
    ("breaker: resilience", 10_000, 110_000, |n, _| {
        breaker::owned(&breaker::breaker(), &mut breaker::Pace::new(1_000), n)
    }),
    (
        "breaker: resilience, borrowed permit",
        10_000,
        110_000,
        |n, _| {
            breaker::borrowed(&breaker::breaker(), &mut breaker::Pace::new(1_000), n);
        },
    ),
    (
        "breaker: resilience, 100,000 calls in the window",
        10_000,
        110_000,
        |n, _| {
            breaker::owned(&breaker::breaker(), &mut breaker::Pace::new(100_000), n);
        },
    ),
    ("breaker: recloser", 10_000, 110_000, |n, _| {
        breaker::recloser(&recloser::Recloser::custom().closed_len(100).build(), n);
    }),
    (
        "breaker: failsafe, consecutive failures",
        10_000,
        110_000,
        |n, _| breaker::failsafe(&breaker::consecutive(), n),
    ),
    ("breaker: failsafe, default", 10_000, 110_000, |n, _| {
        breaker::failsafe(&failsafe::Config::new().build(), n)
    }),
    ("token: TokenCache::token", 10_000, 110_000, |n, _| {
        token::cached(&token::cache(), n)
    }),
    (
        "token: tokio RwLock, the same job",
        10_000,
        110_000,
        |n, _| {
            token::dynamic(&token::Locked(tokio::sync::RwLock::new(token::entry())), n);
        },
    ),
    (
        "token: tokio RwLock, read and clone",
        10_000,
        110_000,
        |n, _| {
            token::tokio_lock(&tokio::sync::RwLock::new(token::entry()), n);
        },
    ),
    ("guard: Url::parse", 10_000, 110_000, |n, _| {
        guard::parse(guard::NAMED, n)
    }),
    (
        "guard: URL, name and one address",
        10_000,
        110_000,
        |n, _| guard::judge(guard::NAMED, &guard::addresses()[..1], n),
    ),
    (
        "guard: URL, name and eight addresses",
        10_000,
        110_000,
        |n, _| guard::judge(guard::NAMED, &guard::addresses(), n),
    ),
    ("guard: URL that is an address", 10_000, 110_000, |n, _| {
        guard::judge(guard::LITERAL, &[], n)
    }),
    ("guard: one address alone", 10_000, 110_000, |n, _| {
        guard::addresses_alone(&guard::addresses()[..1], n)
    }),
    (
        "template: RequestTemplate::render_into",
        1_000,
        11_000,
        |n, _| {
            template::Ours::new().render_into(n);
        },
    ),
    (
        "template: RequestTemplate::render",
        1_000,
        11_000,
        |n, _| {
            template::Ours::new().render(n);
        },
    ),
    (
        "template: regex replace, nothing escaped",
        1_000,
        11_000,
        |n, _| {
            template::Replaced::new().render(n);
        },
    ),
    ("template: minijinja, escaping", 1_000, 11_000, |n, _| {
        template::Jinja::new().render(n);
    }),
    ("GET: reqwest", 200, 1_200, |n, base| {
        let (http, url) = (client::bare(), client::url(base));
        client::runtime().block_on(async {
            for _ in 0..n {
                client::with_reqwest(&http, &url).await;
            }
        });
    }),
    (
        "GET: genesys-core client, everything on",
        200,
        1_200,
        |n, base| {
            let ours = client::client(base);
            client::runtime().block_on(async {
                for _ in 0..n {
                    client::with_client(&ours).await;
                }
            });
        },
    ),
    (
        "GET: reqwest-middleware + reqwest-retry",
        200,
        1_200,
        |n, base| {
            let (http, url) = (client::retrying(client::bare()), client::url(base));
            client::runtime().block_on(async {
                for _ in 0..n {
                    client::with_middleware(&http, &url).await;
                }
            });
        },
    ),
    (
        "GET: reqwest-middleware + reqwest-retry, with a time limit",
        200,
        1_200,
        |n, base| {
            let (http, url) = (client::retrying(client::limited()), client::url(base));
            client::runtime().block_on(async {
                for _ in 0..n {
                    client::with_middleware(&http, &url).await;
                }
            });
        },
    ),
];

/// True when this process was started by [`run`] for one workload, which is then done.
pub(crate) fn child(arguments: &[String]) -> bool {
    match arguments {
        [flag] if flag == SERVE => {
            println!("{}", client::server().url());
            // Until the parent closes our input.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            true
        }
        [flag, place, count, base] if flag == CHILD => {
            let place: usize = place.parse().expect("a place");
            let (_, _, _, work) = WORKLOADS[place];
            work(count.parse().expect("a count"), base);
            true
        }
        _ => false,
    }
}

pub(crate) fn run() {
    println!("\n### Instructions an operation (callgrind)\n");
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("valgrind is not installed: nothing was counted.");
        return;
    }
    let own = std::env::current_exe().expect("this program");
    let mut server = Command::new(&own)
        .arg(SERVE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut base = String::new();
    let output = server.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut base)
        .expect("its address");

    println!("| what | instructions | ratio to the group's first |");
    println!("| --- | --- | --- |");
    let mut first = ("", 0.0);
    for (place, (name, small, large, _)) in WORKLOADS.iter().enumerate() {
        let count = |operations: u64| instructions(&own, place, operations, base.trim());
        let each = (count(*large) - count(*small)) as f64 / (large - small) as f64;
        let group = name.split(':').next().unwrap_or(name);
        if first.0 != group {
            first = (group, each);
        }
        println!("| {name} | {each:.0} | {:.3} |", each / first.1);
    }
    drop(server.stdin.take());
    let _ = server.wait();
}

fn instructions(program: &std::path::Path, place: usize, operations: u64, base: &str) -> i64 {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([CHILD, &place.to_string(), &operations.to_string(), base])
        .output()
        .expect("valgrind");
    assert!(
        run.status.success(),
        "workload {place} failed: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8_lossy(&run.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .expect("a total");
    collected.1.trim().parse().expect("a number")
}
