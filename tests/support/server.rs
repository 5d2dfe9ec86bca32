//! A server on 127.0.0.1 that answers as a script says, and keeps what it was asked.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// The path with the query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status, more headers, and a body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// The connection ends without a word.
    Nothing,
    /// The body is announced with this many bytes more than come.
    Cut(String, usize),
}

/// JSON with status 200.
pub(crate) fn json(body: &str) -> Answer {
    status(200, body)
}

/// JSON with any status.
pub(crate) fn status(status: u16, body: &str) -> Answer {
    Answer::Status(
        status,
        vec![("content-type", "application/json".into())],
        body.into(),
    )
}

/// A running server; it ends with the process.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that answers each request by `script`, which gets it and how many came before.
    pub(crate) fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, script) = (Arc::clone(&asked), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                // A client that goes away in the middle is its own affair.
                thread::spawn(move || _ = serve(&stream.unwrap(), &log, &*script));
            }
        });
        Self { url, asked }
    }

    /// What was asked so far, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    stream: &TcpStream,
    log: &Mutex<Vec<Asked>>,
    script: &dyn Fn(&Asked, usize) -> Answer,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(asked) = read(&mut reader)? {
        let before = {
            let mut log = log.lock().unwrap();
            log.push(asked.clone());
            log.len() - 1
        };
        let (status, headers, body, announced) = match script(&asked, before) {
            Answer::Status(status, headers, body) => {
                let len = body.len();
                (status, headers, body, len)
            }
            Answer::Cut(body, more) => {
                let len = body.len() + more;
                (200, vec![], body, len)
            }
            Answer::Nothing => return Ok(()),
        };
        let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {announced}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut stream = stream;
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        if announced != body.len() {
            return Ok(());
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((key, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut asked = Asked {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let len = asked
        .header("content-length")
        .and_then(|len| len.parse().ok())
        .unwrap_or(0);
    asked.body.resize(len, 0);
    reader.read_exact(&mut asked.body)?;
    Ok(Some(asked))
}
