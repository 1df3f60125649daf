//! The way through a proxy: only one that the grant names for the URL, whatever the environment says.
//!
//! To an encrypted server it is a tunnel, in which the server's certificate is verified as without it. What is not encrypted the proxy reads and passes on. Its
//! own address is checked like any other; where a name leads behind it, it alone knows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use lockstep_grant::{Granted, HttpProxy};
use lockstep_model::Failure;
use lockstep_model::request::HttpRequest;
use url::Host;

use crate::connect::{Spoken, reached};
use crate::course::Course;
use crate::exchange::{HEAD_LIMIT, Reach};
use crate::hop::Hop;
use crate::tls;
use crate::wire::Stream;

/// A secret that the grant places for this URL. It is there unless a redirect has led to what needs another than the request's own.
pub(crate) fn placed<'c>(call: &'c Granted<HttpRequest>, id: &str, hop: &Hop) -> Result<&'c [u8], Failure> {
    call.secret(id).map(|value| value.expose().as_slice()).ok_or_else(|| {
        let message =
            format!("`{}` is reached with another identity or proxy of the grant than the first request was: ask for it by a request of its own", hop.origin());
        Failure::problem("http.redirects", message)
    })
}

/// A connection to the request's host through `proxy`: a tunnel when it is to be encrypted, else one to the proxy itself.
pub(crate) async fn connect(proxy: &HttpProxy, hop: &Hop, reach: &Reach<'_>, course: &Course) -> Result<(Box<dyn Stream>, Spoken), Failure> {
    let (login, at) = (login(proxy, reach, hop)?, proxy.origin());
    let host = match &proxy.host {
        Host::Domain(name) => Host::Domain(name.as_str()),
        Host::Ipv4(address) => Host::Ipv4(*address),
        Host::Ipv6(address) => Host::Ipv6(*address),
    };
    let mut stream = reached((host, proxy.port), &at, reach, course).await?;
    if proxy.secure {
        course.enters(format!("waiting for the TLS handshake with the proxy `{at}`"));
        stream = tls::to_proxy(&proxy.host.to_string(), &at, reach, stream).await?;
    }
    if !hop.is_secure() {
        return Ok((stream, Spoken::ByProxy { id: proxy.id.clone(), login }));
    }
    course.enters(format!("waiting for the proxy `{at}` to connect to `{}`", hop.origin()));
    Ok((tunnel(proxy, hop, login, stream).await?, Spoken::One))
}

fn login(proxy: &HttpProxy, reach: &Reach<'_>, hop: &Hop) -> Result<Option<HeaderValue>, Failure> {
    let (Some(user), Some(password)) = (&proxy.user, &proxy.password) else { return Ok(None) };
    let pair = [user.as_bytes(), b":", placed(reach.call, password, hop)?].concat();
    let unusable = |_| Failure::problem("http.proxy", format!("the login for the proxy `{}` cannot be sent", proxy.id));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).map_err(unusable)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Makes a request one to a proxy, which reads the whole URL and passes it on without the login.
pub(crate) fn address(request: &mut Request<()>, hop: &Hop, login: Option<HeaderValue>) -> Result<(), Failure> {
    *request.uri_mut() = hop.whole().parse().map_err(|_| Failure::problem("http.url", "the URL has a path or a query that cannot be sent"))?;
    if let Some(login) = login {
        request.headers_mut().insert(header::PROXY_AUTHORIZATION, login);
    }
    Ok(())
}

async fn tunnel(proxy: &HttpProxy, hop: &Hop, login: Option<HeaderValue>, stream: Box<dyn Stream>) -> Result<Box<dyn Stream>, Failure> {
    let broken = |error: hyper::Error| Failure::retryable("http.proxy", format!("the exchange with the proxy `{}` failed: {error}", proxy.id));
    let (mut sender, connection) = http1::Builder::new().max_header_size(HEAD_LIMIT).handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the tunnel, which ends with the exchange.
    tokio::spawn(async move { connection.with_upgrades().await });
    let target = format!("{}:{}", hop.url.host_str().unwrap_or_default(), hop.port());
    let mut request = Request::builder().method(Method::CONNECT).uri(&target).header(header::HOST, &target);
    if let Some(login) = login {
        request = request.header(header::PROXY_AUTHORIZATION, login);
    }
    let unsendable = |_| Failure::problem("http.url", "the URL has a host that cannot be sent to a proxy");
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).map_err(unsendable)?).await.map_err(broken)?;
    if !answer.status().is_success() {
        return Err(refused(&proxy.id, &hop.origin(), answer.status().as_u16()));
    }
    Ok(Box::new(TokioIo::new(hyper::upgrade::on(answer).await.map_err(broken)?)))
}

/// That the proxy does not let a request through.
pub(crate) fn refused(id: &str, origin: &str, status: u16) -> Failure {
    let message = format!("the proxy `{id}` does not let this host through to `{origin}`: it answered with {status}");
    // Its login and its rules do not change by themselves.
    if matches!(status, 429 | 500..) { Failure::retryable("http.proxy", message) } else { Failure::problem("http.proxy", message) }
}
