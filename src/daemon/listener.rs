//! The status listener: `/healthz` and `/metrics` over HTTP/1.1, for reading only and for few at a time.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

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

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, engine: Arc<Engine>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let engine = Arc::clone(&engine);
        connections.spawn(async move {
            // What becomes of a visitor's connection is the visitor's affair.
            let _ = tokio::time::timeout(WHOLE_TIME, converse(stream, engine)).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, engine: Arc<Engine>) -> Result<(), hyper::Error> {
    let answering = service_fn(move |request| {
        let engine = Arc::clone(&engine);
        async move { Ok::<_, Infallible>(answer(&request, &engine).await) }
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

async fn answer(request: &Request<Incoming>, engine: &Engine) -> Response<Full<Bytes>> {
    if request.method() != Method::GET {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return refused;
    }
    match request.uri().path() {
        "/healthz" => {
            let health = health(engine).await;
            let status = if health.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            match serde_json::to_vec(&health) {
                Ok(json) => response(status, "application/json", json),
                Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "no answer could be made"),
            }
        }
        "/metrics" => match metrics(engine).await {
            Ok(numbers) => response(StatusCode::OK, metrics::MEDIA_TYPE, numbers),
            Err(error) => {
                tracing::debug!(%error, "no metrics");
                text(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read")
            }
        },
        _ => text(StatusCode::NOT_FOUND, "there is /healthz and /metrics"),
    }
}

fn text(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", format!("{words}\n").into_bytes())
}

fn response(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
