//! The status listener: `/healthz` and `/metrics` over HTTP/1.1, for reading only and for few at a time.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Semaphore};

use super::Engine;
use super::health::health;
use super::metrics::{self, metrics};

/// Connections at once; whoever comes beside them is hung up on.
const MOST_CONNECTIONS: usize = 8;
/// The head of a request must have come by then.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The whole of a connection.
const WHOLE_TIME: Duration = Duration::from_secs(30);
/// Octets and lines of the head of a request.
const LONGEST_HEAD: usize = 8192;
const MOST_HEADERS: usize = 32;
/// After an accept that failed (no descriptors left) others are waited for.
const PAUSE: Duration = Duration::from_secs(1);

/// A page this old is made anew. Whoever asks more often is told the same again: each `/healthz` writes to the disk.
const KEPT: Duration = Duration::from_secs(1);

/// What is told on a path.
#[derive(Clone)]
struct Page {
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
}

/// Makes the pages, one at a time.
struct Teller {
    engine: Arc<Engine>,
    kept: Mutex<BTreeMap<Path, (Instant, Page)>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    Healthz,
    Metrics,
}

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, engine: Arc<Engine>) {
    let teller = Arc::new(Teller { engine, kept: Mutex::default() });
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let teller = Arc::clone(&teller);
        connections.spawn(async move {
            // What becomes of a visitor's connection is the visitor's affair.
            let _ = tokio::time::timeout(WHOLE_TIME, converse(stream, teller)).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, teller: Arc<Teller>) -> Result<(), hyper::Error> {
    let answering = service_fn(move |request| {
        let teller = Arc::clone(&teller);
        async move { Ok::<_, Infallible>(response(teller.answer(&request).await)) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(LONGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answering)
        .await
}

impl Teller {
    async fn answer(&self, request: &Request<Incoming>) -> Page {
        let path = match (request.method(), request.uri().path()) {
            (&Method::GET, "/healthz") => Path::Healthz,
            (&Method::GET, "/metrics") => Path::Metrics,
            (&Method::GET, _) => return words(StatusCode::NOT_FOUND, "there is /healthz and /metrics\n"),
            (_, _) => return words(StatusCode::METHOD_NOT_ALLOWED, "only GET\n"),
        };
        let mut kept = self.kept.lock().await;
        if let Some((_, page)) = kept.get(&path).filter(|(made, _)| made.elapsed() < KEPT) {
            return page.clone();
        }
        let page = match path {
            Path::Healthz => self.health().await,
            Path::Metrics => self.metrics().await,
        };
        kept.insert(path, (Instant::now(), page.clone()));
        page
    }

    async fn health(&self) -> Page {
        let health = health(&self.engine).await;
        let status = if health.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        match serde_json::to_vec(&health) {
            Ok(json) => Page { status, media_type: "application/json", body: json.into() },
            Err(_) => words(StatusCode::INTERNAL_SERVER_ERROR, "no answer could be made\n"),
        }
    }

    async fn metrics(&self) -> Page {
        match metrics(&self.engine).await {
            Ok(text) => Page { status: StatusCode::OK, media_type: metrics::MEDIA_TYPE, body: text.into() },
            Err(error) => {
                tracing::debug!(%error, "no metrics");
                words(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read\n")
            }
        }
    }
}

fn words(status: StatusCode, words: &'static str) -> Page {
    Page { status, media_type: "text/plain; charset=utf-8", body: Bytes::from_static(words.as_bytes()) }
}

fn response(page: Page) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(page.body));
    *response.status_mut() = page.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if page.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}
