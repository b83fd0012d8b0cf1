//! explore
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use genesys_core::ErrorKind;
use genesys_integrations::MemoryJournal;
use genesys_integrations::pipeline::Aftermath;
use genesys_sandbox::Fault;
use http::Method;
use serde_json::json;

use crate::deployment::{PROFILES, Stage, is_untouched};

fn kinds() -> Vec<(&'static str, Fault)> {
    vec![
        ("400", Fault::status(400)),
        ("401", Fault::status(401)),
        ("expired", Fault::expired_token()),
        ("403", Fault::status(403)),
        ("404", Fault::status(404)),
        ("409", Fault::status(409)),
        ("429", Fault::status(429).with_header("Retry-After", "1")),
        ("429 long", Fault::status(429).with_header("Retry-After", "3600")),
        ("500", Fault::status(500)),
        ("503", Fault::status(503)),
        ("latency", Fault::latency(Duration::from_millis(30))),
        ("reset", Fault::reset()),
        ("reset after", Fault::reset().after_effect()),
        ("cut", Fault::cut()),
        ("stall", Fault::stall()),
        ("html 200", Fault::html_page(200)),
        ("html 502", Fault::html_page(502)),
        ("malformed", Fault::malformed_json()),
        ("wrong type", Fault::wrong_content_type()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explore() {
    let mut cases = Vec::new();
    for profile in PROFILES {
        let stage = Stage::new(profile).await;
        stage.deploy(Arc::new(MemoryJournal::new())).await;
        println!("{profile} {:?}", stage.differences().await);
        let ledger = stage.sandbox.ledger();
        let mut seen: Vec<(String, String)> = Vec::new();
        for entry in ledger {
            let route = entry.route.clone().unwrap();
            println!("   {} {} {:?}", entry.method, route, entry.effects.iter().map(|e| (e.object, e.verb)).collect::<Vec<_>>());
            let pattern = route.split('/').map(|s| if s.starts_with('{') { "*" } else { s }).collect::<Vec<_>>().join("/");
            let key = (entry.method.clone(), pattern);
            let skip = seen.iter().filter(|k| **k == key).count() as u64;
            seen.push(key.clone());
            for (name, fault) in kinds() {
                for always in [false, true] {
                    if always && skip > 0 { continue; }
                    let mut fault = fault.clone().with_method(Method::try_from(key.0.as_str()).unwrap()).with_path(key.1.clone()).with_skip(skip);
                    if !always { fault = fault.with_count(1); }
                    cases.push((profile, name, key.clone(), skip, always, fault));
                }
            }
        }
    }
    println!("{} cases", cases.len());
    let mut out: Vec<String> = futures_util::stream::iter(cases)
        .map(|(profile, name, key, skip, always, fault)| tokio::spawn(async move {
            let stage = Stage::new(profile).await;
            stage.sandbox.faults().add(fault).unwrap();
            let started = std::time::Instant::now();
            let cloud = stage.cloud().with_attempt_timeout(Duration::from_secs(if name == "stall" { 1 } else { 20 })).build().unwrap();
            let journal = Arc::new(MemoryJournal::new());
            let result = stage.pipeline(&cloud).with_journal(journal.clone()).with_deadline(Duration::from_secs(40)).run().await;
            let took = started.elapsed();
            let fired = stage.sandbox.faults().list()[0].fired;
            stage.sandbox.faults().clear();
            let text = match &result {
                Ok(_) => format!("OK {:?} {:?}", stage.differences().await, stage.created()),
                Err(e) => {
                    let state = stage.sandbox.state();
                    let after = match e.aftermath() {
                        Aftermath::Untouched => format!("Untouched {}", is_untouched(&stage.sandbox.counts())),
                        Aftermath::RolledBack => format!("RolledBack {}", state.is_empty()),
                        other => format!("{other:?}"),
                    };
                    format!("ERR {}:{:?}/{:?} st={:?} corr={} {after} {:?}", e.step(), e.kind(), e.error().cause(), e.error().status().map(|s| s.as_u16()), e.error().correlation_id().is_some(), stage.created())
                }
            };
            format!("{profile} {} {} #{skip} {name} {} fired {fired} {:.1}s: {text}", key.0, key.1, if always {"ALWAYS"} else {"once"}, took.as_secs_f64())
        }))
        .buffer_unordered(64)
        .map(|r| match r { Ok(s) => s, Err(e) => format!("PANIC {e}") })
        .collect().await;
    out.sort();
    for line in out { println!("{line}"); }
    let _ = (ErrorKind::Io, json!(1));
}
