//! How a Kibana is reached: the settings of a client, and the connection they make.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{self, ClientBuilder};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, Proxy, Url};

use super::auth::Credentials;
use super::retry::Retry;
use crate::error::{Error, Result};

/// The version of Kibana's HTTP API that every request names; there is no other yet.
const API_VERSION: &str = "2023-10-31";
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Hears of each finished request.
pub(super) type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;
/// Waits, and says whether to go on.
type Pause = Arc<dyn Fn(Duration) -> bool + Send + Sync>;

/// How a Kibana is reached.
#[derive(Clone)]
pub struct Options {
    /// The address, perhaps with a base path, as in `https://kibana.example.com/kbn`.
    pub url: Box<str>,
    /// Who we say we are.
    pub credentials: Credentials,
    /// Certificates of authorities to trust beside the system's, in PEM.
    pub authorities: Vec<u8>,
    /// A certificate and its key to show, in PEM.
    pub identity: Option<Vec<u8>>,
    /// A proxy for all requests; without it the variables that proxies go by count.
    pub proxy: Option<Box<str>>,
    /// Takes whatever certificate the server shows.
    pub insecure: bool,
    /// How long one request may take, its answer included.
    pub timeout: Duration,
    /// How requests are sent again.
    pub retry: Retry,
    /// Hears of each finished request.
    pub observer: Option<Observer>,
    /// Waits before a request is sent again; says no where the run is to end.
    pub pause: Pause,
    /// A number from 0 to 1, another one each time, to spread what is sent again.
    pub chance: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Options {
    /// The usual ways to an address, without credentials.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            credentials: Credentials::None,
            authorities: Vec::new(),
            identity: None,
            proxy: None,
            insecure: false,
            // Kibana gives its own import and export routes an hour (import-export.md §3.1).
            timeout: Duration::from_secs(3600),
            retry: Retry::default(),
            observer: None,
            pause: Arc::new(|pause| {
                std::thread::sleep(pause);
                true
            }),
            chance: Arc::new(|| 0.5),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.url)
            .field("credentials", &self.credentials)
            .field("insecure", &self.insecure)
            .finish_non_exhaustive()
    }
}

/// A request that is over, as an observer hears of it.
#[derive(Debug)]
pub struct Exchange<'e> {
    /// The method.
    pub method: &'static str,
    /// The path with the space, without the query.
    pub path: &'e str,
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub problem: Option<&'e str>,
    /// The bytes of the body that were sent.
    pub sent: u64,
    /// The bytes of the answer's body that were read.
    pub received: u64,
    /// From the first byte sent to the last one read.
    pub elapsed: Duration,
}

impl fmt::Display for Exchange<'_> {
    /// As in `POST /s/soc/api/detection_engine/rules/_import: 200 in 1.203s, 81920 bytes sent, 312 received`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.method, self.path)?;
        match (self.status, self.problem) {
            (Some(status), _) => write!(f, "{status}")?,
            (None, problem) => f.write_str(problem.unwrap_or("no answer"))?,
        }
        let seconds = self.elapsed.as_secs_f64();
        write!(
            f,
            " in {seconds:.3}s, {} bytes sent, {} received",
            self.sent, self.received
        )
    }
}

pub(super) fn base(text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            Error::usage(format!(
                "the address must be as `https://kibana.example.com`, found `{}`",
                without_user(text)
            ))
        })?;
    no_user(&url, "the address")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Error::usage(
            "the address must end with a path, found `?` or `#` in it",
        ));
    }
    Ok(url)
}

fn no_user(url: &Url, what: &str) -> Result<()> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{what} must be without a user's name and password; give them as KIBANA_USERNAME and KIBANA_PASSWORD"
    )))
}

/// The text without what may be a password.
fn without_user(text: &str) -> &str {
    text.rsplit('@').next().unwrap_or_default()
}

pub(super) fn builder(options: &Options) -> Result<ClientBuilder> {
    // Another part of the program may have chosen one; any will do.
    _ = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert("kbn-xsrf", HeaderValue::from_static("ruleferry"));
    headers.insert("elastic-api-version", HeaderValue::from_static(API_VERSION));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, application/ndjson, */*"),
    );
    if let Some(text) = options.credentials.header() {
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            Error::usage("the credentials must be of characters that a header takes")
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let mut builder = blocking::Client::builder()
        .user_agent(concat!("ruleferry/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        // Credentials go to no other address, and a body that was sent is not sent elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        // Only `Retry` sends anything again.
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .timeout(options.timeout)
        .tls_danger_accept_invalid_certs(options.insecure);
    if !options.authorities.is_empty() {
        let trusted = Certificate::from_pem_bundle(&options.authorities)
            .ok()
            .filter(|trusted| !trusted.is_empty())
            .ok_or_else(|| Error::usage("`--ca-file` must hold certificates in PEM, found none"))?;
        builder = builder.tls_certs_merge(trusted);
    }
    if let Some(pem) = &options.identity {
        let identity = Identity::from_pem(pem).map_err(|_| {
            Error::usage("`--client-cert` must hold a certificate and its key in PEM")
        })?;
        builder = builder.identity(identity);
    }
    if let Some(text) = &options.proxy {
        let wrong = || {
            Error::usage(format!(
                "`--proxy` must be an address, found `{}`",
                without_user(text)
            ))
        };
        no_user(&Url::parse(text).map_err(|_| wrong())?, "`--proxy`")?;
        builder = builder.proxy(Proxy::all(&**text).map_err(|_| wrong())?);
    }
    Ok(builder)
}
