//! Requests as they come over a socket, and answers as they go.

use std::io::{self, BufRead, Read, Write};

use memchr::memmem;
use serde_json::{Value, json};

/// A request without its body.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) method: String,
    /// The path without the space.
    pub(super) path: String,
    /// The space; `default` if the path has none.
    pub(super) space: String,
    pub(super) query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Head {
    /// A header's value, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter of the query.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter: repeated, as a list with commas, or both.
    pub(super) fn params(&self, name: &str) -> Vec<&str> {
        let of_name = self.query.iter().filter(|(key, _)| key == name);
        of_name.flat_map(|(_, value)| value.split(',')).collect()
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.param(name) == Some("true")
    }

    fn length(&self) -> usize {
        let length = self.header("content-length");
        length.and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    /// Reads the next request's head; none where the client ended the connection.
    pub(super) fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (space, path) = match path.strip_prefix("/s/").and_then(|it| it.split_once('/')) {
            Some((space, path)) => (decoded(space), format!("/{path}")),
            None => ("default".into(), path.to_owned()),
        };
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decoded(key), decoded(value))
            })
            .collect();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((key, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((key.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(Self {
            method,
            path,
            space,
            query,
            headers,
        }))
    }

    /// Reads the body, or as much of it as asked for.
    pub(super) fn body(
        &self,
        reader: &mut impl BufRead,
        most: Option<usize>,
    ) -> io::Result<Vec<u8>> {
        let most = most.unwrap_or(usize::MAX);
        if self.header("transfer-encoding") != Some("chunked") {
            let mut body = vec![0; self.length().min(most)];
            reader.read_exact(&mut body)?;
            return Ok(body);
        }
        let mut body = Vec::new();
        while body.len() < most {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; size];
            reader.read_exact(&mut chunk)?;
            body.append(&mut chunk);
            reader.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
        body.truncate(most);
        Ok(body)
    }
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = std::str::from_utf8(&digits).unwrap_or("00");
                u8::from_str_radix(digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

impl Asked {
    /// The body as JSON; nothing where there is none.
    pub(super) fn json(&self) -> Result<Value, Answer> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).map_err(|error| platform(400, &error.to_string()))
    }

    /// The content of the part `file`, if its name ends as it must.
    pub(super) fn file(&self) -> Result<&[u8], Answer> {
        let kind = self.head.header("content-type").unwrap_or_default();
        let Some((_, boundary)) = kind.split_once("boundary=") else {
            return Err(siem(
                500,
                "Cannot read properties of undefined (reading 'hapi')",
            ));
        };
        let end = format!("\r\n--{}", boundary.trim_matches('"'));
        // The first boundary has no line end before it.
        let begin = &end.as_bytes()[2..];
        let mut rest = &self.body
            [memmem::find(&self.body, begin).map_or(self.body.len(), |at| at + begin.len())..];
        while let Some(at) = memmem::find(rest, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&rest[..at]).into_owned();
            let content = &rest[at + 4..];
            let Some(len) = memmem::find(content, end.as_bytes()) else {
                break;
            };
            if head.contains("name=\"file\"") {
                let name = head
                    .split_once("filename=\"")
                    .and_then(|(_, rest)| rest.split_once('"'));
                let name = name.map_or("", |(name, _)| name);
                let extension = name.rfind('.').map_or("", |at| &name[at..]);
                let extension = extension.to_lowercase();
                let is_text = self.head.path.starts_with("/api/lists/");
                let taken: &[&str] = if is_text {
                    &[".txt", ".csv"]
                } else {
                    &[".ndjson"]
                };
                if !taken.contains(&&*extension) {
                    return Err(siem(400, &format!("Invalid file extension {extension}")));
                }
                return Ok(&content[..len]);
            }
            rest = &content[len + end.len()..];
        }
        Err(siem(
            500,
            "Cannot read properties of undefined (reading 'hapi')",
        ))
    }
}

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".into())],
            body: body.to_string().into_bytes(),
        }
    }

    /// Lines to be kept as a file.
    pub(super) fn file(body: Vec<u8>, name: &str) -> Self {
        let headers = vec![
            ("content-type", "application/ndjson".into()),
            (
                "content-disposition",
                format!("attachment; filename=\"{name}\""),
            ),
        ];
        Self {
            status: 200,
            headers,
            body,
        }
    }

    /// What a proxy says.
    pub(super) fn html(status: u16) -> Self {
        let body = format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            headers: vec![("content-type", "text/html".into())],
            body: body.into_bytes(),
        }
    }

    /// Writes it; at most so many bytes of the body, though all are announced.
    pub(super) fn write(&self, out: &mut impl Write, most: usize) -> io::Result<()> {
        let mut head = format!(
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body[..self.body.len().min(most)]);
        out.write_all(&bytes)
    }
}

/// An error of a security route.
pub(super) fn siem(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message, "status_code": status}))
}

/// An error of the platform.
pub(super) fn platform(status: u16, message: &str) -> Answer {
    let error = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Internal Server Error",
    };
    Answer::json(
        status,
        &json!({"statusCode": status, "error": error, "message": message}),
    )
}

/// Any reader may be dropped with bytes unread; this reads what is left.
pub(super) fn drain(reader: &mut impl Read) {
    _ = io::copy(reader, &mut io::sink());
}
