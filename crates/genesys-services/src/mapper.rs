//! The dependency mapper: a crawl is started or joined, and its last map is shown in every form.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use depgraph::{Page, Picture, View, Work};
use genesys_dependencies::{DependencyMap, MapError, Mapper, Run};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::form::Form;
use crate::{Problem, metrics};

/// The longest that a caller may wait for a crawl.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// What drawing, asking and comparing may cost: some seconds of one core.
const STEPS: u64 = 500_000_000;
/// How many objects and changes an answer lists.
const LISTED: usize = 1_000;
/// How many objects a picture holds.
const DRAWN: usize = 200;

/// `POST` and `GET /map-dependencies`, `GET /diff`, `GET /query`, `GET /` and `GET /metrics` around a [`Mapper`].
///
/// | request | answer |
/// | --- | --- |
/// | `POST /map-dependencies` | 202 with `Location` and progress: the crawl was started, or the one that runs was joined |
/// | `POST /map-dependencies?wait=30` | the map, if the crawl ends within so many seconds (300 at most) |
/// | `GET /map-dependencies` | the last map; 202 with progress while the first crawl runs; 404 before it |
/// | `GET /diff` | what changed from the map before the last; 404 without one |
/// | `GET /query?q=deps(Sales)` | the objects that a query of `depgraph` finds; 400 with the column of an error |
/// | `GET /` | the page |
/// | `GET /metrics` | JSON, or Prometheus text by `Accept` |
///
/// The map is the whole document of [`DependencyMap::write_json`] unless `Accept` or `?format=` asks for `html`, `dot`
/// (`text/vnd.graphviz`) or `mermaid` (`text/vnd.mermaid`); pictures take `focus` (an id or a name, with `depth` references around it)
/// and hold 200 objects at most, without references that others imply; each says what it leaves out. Findings are an answer like any other: 200, or with `?strict` 422 when one is forbidden.
///
/// A crawl that fails is 502, 503 with `Retry-After`, or 504: to those who waited for it, and to `GET` as long as there is no map.
/// When there is one it stays.
#[derive(Debug, Clone)]
pub struct MapperService {
    mapper: Mapper,
    failed: Arc<Mutex<Option<MapError>>>,
}

/// What a crawl is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    wait: Option<u64>,
    strict: Option<String>,
}

/// What a map is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    format: Option<String>,
    strict: Option<String>,
    focus: Option<String>,
    depth: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    q: String,
}

type Queried<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

impl MapperService {
    /// A service around `mapper`. Clones of the mapper share its runs, its maps and its metrics.
    pub fn new(mapper: Mapper) -> Self {
        Self {
            mapper,
            failed: Arc::default(),
        }
    }

    /// The routes, to be run by a [`Server`](crate::Server) or merged into a router of your own.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(page))
            .route("/map-dependencies", post(start).get(show))
            .route("/diff", get(diff))
            .route("/query", get(query))
            .route("/metrics", get(counts))
            .with_state(self)
    }

    /// Starts or joins a crawl, and remembers how it ends.
    fn start(&self) -> Result<Run, Problem> {
        let run = self.mapper.start().map_err(|error| failure(&error))?;
        if !run.is_joined() {
            let (ending, failed) = (run.clone(), Arc::clone(&self.failed));
            tokio::spawn(async move {
                let error = ending.wait().await.err();
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = error;
            });
        }
        Ok(run)
    }

    /// The last map; without one, why there is none.
    fn last(&self) -> Result<Arc<DependencyMap>, Box<Response>> {
        if let Some(map) = self.mapper.last() {
            return Ok(map);
        }
        if let Some(run) = self.mapper.running() {
            return Err(Box::new(running(&run)));
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let problem = match &*failed {
            Some(error) => failure(error),
            None => Problem::new(StatusCode::NOT_FOUND, "no-map")
                .with_detail("there is no map yet: POST /map-dependencies makes one"),
        };
        Err(Box::new(problem.into_response()))
    }
}

fn bad_request(code: &str, detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, code).with_detail(detail)
}

fn read<T>(query: Queried<T>) -> Result<T, Problem> {
    query
        .map(|Query(query)| query)
        .map_err(|error| bad_request("query", error.body_text()))
}

/// `?strict`, `?strict=true` and `?strict=1` are yes.
fn yes(flag: Option<&str>) -> Result<bool, Problem> {
    match flag {
        None | Some("false" | "0") => Ok(false),
        Some("" | "true" | "1") => Ok(true),
        Some(_) => Err(bad_request("query", "strict is true or false")),
    }
}

fn running(run: &Run) -> Response {
    let told = json!({"status": "running", "run": run.id(), "progress": run.progress().snapshot()});
    let mut response = (StatusCode::ACCEPTED, Json(told)).into_response();
    let headers = response.headers_mut();
    let here = HeaderValue::from_static("/map-dependencies");
    headers.insert(header::LOCATION, here);
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the caller can act on is told; the inside of a failure that only the operator can act on is logged.
fn failure(error: &MapError) -> Problem {
    log(error);
    let status = error.status();
    let retry_after = error
        .retry_after()
        .filter(|_| status == StatusCode::SERVICE_UNAVAILABLE);
    let mut problem = Problem::new(status, error.kind().as_str())
        .with_detail(format!("mapping failed in the phase {}", error.phase()))
        .with_retry_after(retry_after);
    if let Some(id) = error.error().correlation_id() {
        problem = problem.with_member("correlationId", &id);
    }
    problem
}

fn log(error: &MapError) {
    #[cfg(feature = "tracing")]
    tracing::error!(correlation_id = error.error().correlation_id(), %error, "a mapping failed");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}

/// Work on a whole graph, off the threads that serve.
async fn heavy<T: Send + 'static>(
    work: impl FnOnce(&mut Work) -> Result<T, depgraph::Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(move || work(&mut Work::steps(STEPS))).await;
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) if error.is_query() => {
            let problem = bad_request("query", error.to_string());
            Err(match error.column() {
                Some(column) => problem.with_member("column", &column),
                None => problem,
            })
        }
        Ok(Err(error)) if error.is_interrupted() || error.is_limit() => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Err(Problem::new(status, "too-large").with_detail(error.to_string()))
        }
        Ok(Err(_)) | Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")),
    }
}

async fn start(
    State(service): State<MapperService>,
    query: Queried<Start>,
) -> Result<Response, Problem> {
    let asked = read(query)?;
    let strict = yes(asked.strict.as_deref())?;
    let run = service.start()?;
    let Some(wait) = asked.wait else {
        return Ok(running(&run));
    };
    let wait = Duration::from_secs(wait).min(LONGEST_WAIT);
    match tokio::time::timeout(wait, run.wait()).await {
        Ok(Ok(outcome)) => document(Arc::clone(&outcome.map), strict).await,
        Ok(Err(error)) => Err(failure(&error)),
        Err(_elapsed) => Ok(running(&run)),
    }
}

async fn show(
    State(service): State<MapperService>,
    headers: HeaderMap,
    query: Queried<Show>,
) -> Result<Response, Problem> {
    let asked = read(query)?;
    let strict = yes(asked.strict.as_deref())?;
    let form = Form::of(asked.format.as_deref(), &headers)?;
    let map = match service.last() {
        Ok(map) => map,
        Err(response) => return Ok(*response),
    };
    if form == Form::Json {
        return document(map, strict).await;
    }
    let status = status(&map, strict);
    let text = heavy(move |work| {
        let picture = draw(&map, &asked, work)?;
        Ok(match form {
            Form::Dot => picture.to_dot(),
            Form::Mermaid => picture.to_mermaid(),
            Form::Json | Form::Html => html(&map, &picture),
        })
    })
    .await?;
    Ok((status, form.headers(), text).into_response())
}

fn status(map: &DependencyMap, strict: bool) -> StatusCode {
    if strict && !map.is_valid() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    }
}

async fn document(map: Arc<DependencyMap>, strict: bool) -> Result<Response, Problem> {
    let status = status(&map, strict);
    let text = heavy(move |work| map.to_json(work)).await?;
    Ok((status, Form::Json.headers(), text).into_response())
}

fn draw(map: &DependencyMap, asked: &Show, work: &mut Work) -> Result<Picture, depgraph::Error> {
    let mut view = View::new(&map.graph)
        .with_max_nodes(DRAWN)
        .with_reduction(true);
    if let Some(focus) = &asked.focus {
        let focus = match map.graph.find(focus) {
            Some(node) => vec![node],
            None => map
                .graph
                .nodes()
                .filter(|node| map.graph.name(*node) == Some(focus))
                .collect(),
        };
        view = view.with_focus(focus).with_depth(asked.depth.unwrap_or(2));
    }
    view.draw(work)
}

fn html(map: &DependencyMap, picture: &Picture) -> String {
    let name = map.organization.name.as_deref();
    let title = format!("Dependencies of {}", name.unwrap_or(&map.organization.id));
    Page::new(&title, picture, &map.report)
        .with_objects(&map.graph)
        .to_html()
}

async fn page(State(service): State<MapperService>) -> Result<Response, Problem> {
    let map = match service.last() {
        Ok(map) => map,
        Err(response) => return Ok(*response),
    };
    let text = heavy(move |work| {
        let picture = draw(&map, &Show::default(), work)?;
        Ok(html(&map, &picture))
    })
    .await?;
    Ok((Form::Html.headers(), text).into_response())
}

async fn diff(State(service): State<MapperService>) -> Result<Response, Problem> {
    let map = match service.last() {
        Ok(map) => map,
        Err(response) => return Ok(*response),
    };
    let Some(old) = service.mapper.previous() else {
        let problem = Problem::new(StatusCode::NOT_FOUND, "no-map");
        return Err(problem.with_detail("there is no earlier map to compare with"));
    };
    let drift = heavy(move |work| map.drift_from(&old, LISTED, work)).await?;
    Ok((Form::Json.headers(), Json(drift)).into_response())
}

async fn query(
    State(service): State<MapperService>,
    query: Queried<Asked>,
) -> Result<Response, Problem> {
    let asked = read(query)?;
    let map = match service.last() {
        Ok(map) => map,
        Err(response) => return Ok(*response),
    };
    let found = heavy(move |work| {
        let answer = map.graph.query(&asked.q, work)?;
        let objects: Vec<_> = answer
            .nodes
            .iter()
            .take(LISTED)
            .map(|node| map.graph.node_ref(node))
            .collect();
        let path: Option<Vec<_>> = answer.path.map(|edges| {
            let edges = edges.into_iter().map(|edge| map.graph.edge(edge));
            edges.map(|edge| map.graph.edge_ref(edge)).collect()
        });
        Ok(json!({
            "query": asked.q,
            "total": answer.nodes.len(),
            "objects": objects,
            "path": path,
        }))
    })
    .await?;
    Ok((Form::Json.headers(), Json(found)).into_response())
}

async fn counts(State(service): State<MapperService>, headers: HeaderMap) -> Response {
    let snapshot = service.mapper.metrics().snapshot();
    metrics::answer(&headers, &snapshot, || snapshot.to_prometheus())
}
