//! What is sent: a recipe that makes the same bytes for each attempt.

use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use memchr::memmem::Finder;

use super::retry::Replay;
use super::space::Space;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods of HTTP that Kibana's routes have")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method as HTTP spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Bytes that can be read from the start as often as needed, the same each time.
pub trait Content: Send + Sync {
    /// The bytes, from the start.
    fn open(&self) -> io::Result<Box<dyn Read + Send>>;
}

impl Content for Arc<[u8]> {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(Arc::clone(self))))
    }
}

impl Content for Arc<Vec<u8>> {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(Cursor::new(Shared(Arc::clone(self)))))
    }
}

/// Bytes that are read in place, though others hold them too.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What a request carries.
#[derive(Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// JSON.
    Json(Arc<[u8]>),
    /// A file in a form, as the import routes take it.
    File(Upload),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            // It may hold secrets of connectors.
            Self::Json(json) => write!(f, "Json({} bytes)", json.len()),
            Self::File(upload) => f.debug_tuple("File").field(upload).finish(),
        }
    }
}

/// A file as the one part `file` of a multipart form.
#[derive(Clone)]
pub struct Upload {
    content: Arc<dyn Content>,
    head: Box<str>,
    tail: Box<str>,
    boundary: Box<str>,
    len: u64,
}

/// What a form adds to its file: the bytes before and behind it, with a file name of this many bytes.
///
/// Kibana's limit of an import is for the whole body, so this counts too (import-export.md §3.2).
pub const fn envelope(file_name: usize) -> usize {
    let (head, tail) = (
        "--\r\n".len() + HEAD.len() + KIND.len(),
        "\r\n----\r\n".len(),
    );
    head + tail + 2 * BOUNDARY + file_name
}

const HEAD: &str = "Content-Disposition: form-data; name=\"file\"; filename=\"";
const KIND: &str = "\"\r\nContent-Type: application/x-ndjson\r\n\r\n";
/// The length of a boundary: `ruleferry-` and 32 digits.
const BOUNDARY: usize = 42;

impl Upload {
    /// A file of this name; it should end in `.ndjson`, since the import routes refuse any other. Reads the content once.
    ///
    /// `boundary` makes up names; the first is taken that the content does not hold.
    pub fn new(
        file_name: &str,
        content: Arc<dyn Content>,
        mut boundary: impl FnMut() -> u128,
    ) -> io::Result<Self> {
        loop {
            let boundary = format!("ruleferry-{:032x}", boundary());
            let Some(len) = len_without(&*content, &boundary)? else {
                continue;
            };
            let plain: String = file_name
                .chars()
                .map(|c| {
                    if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '/' | ';') {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let head = format!("--{boundary}\r\n{HEAD}{plain}{KIND}");
            let tail = format!("\r\n--{boundary}--\r\n");
            return Ok(Self {
                len: len + (head.len() + tail.len()) as u64,
                content,
                head: head.into(),
                tail: tail.into(),
                boundary: boundary.into(),
            });
        }
    }

    /// The length of the whole body in bytes.
    pub fn body_len(&self) -> u64 {
        self.len
    }

    /// The value of the `Content-Type` header.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The body, from the start.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let head = Cursor::new(self.head.clone().into_string().into_bytes());
        let tail = Cursor::new(self.tail.clone().into_string().into_bytes());
        Ok(Box::new(head.chain(self.content.open()?).chain(tail)))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// The length of the content, unless it holds the text.
fn len_without(content: &dyn Content, text: &str) -> io::Result<Option<u64>> {
    let finder = Finder::new(text);
    let mut reader = content.open()?;
    let mut window = vec![0; 1 << 16];
    let (mut kept, mut len) = (0, 0);
    loop {
        let read = match reader.read(&mut window[kept..]) {
            Ok(0) => return Ok(Some(len)),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        len += read as u64;
        let end = kept + read;
        if finder.find(&window[..end]).is_some() {
            return Ok(None);
        }
        // The text may lie across two reads.
        kept = end.min(text.len() - 1);
        window.copy_within(end - kept..end, 0);
    }
}

/// One request: where to, what, and whether it may be sent again.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) path: Box<str>,
    pub(super) space: Option<Space>,
    pub(super) query: Vec<(Box<str>, Box<str>)>,
    pub(super) body: Body,
    pub(super) replay: Replay,
}

impl Request {
    /// A request to a path below the base URL, as in `/api/status`. A GET may be sent again, others may not.
    pub fn new(method: Method, path: impl Into<Box<str>>) -> Self {
        Self {
            method,
            path: path.into(),
            space: None,
            query: Vec::new(),
            body: Body::Empty,
            replay: if method == Method::Get {
                Replay::Safe
            } else {
                Replay::Unsafe
            },
        }
    }

    /// The same, in a space.
    #[must_use]
    pub fn in_space(mut self, space: &Space) -> Self {
        self.space = Some(space.clone());
        self
    }

    /// The same, with a parameter in the query; a key may be given again.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Box<str>>) -> Self {
        self.query.push((key.into(), value.into()));
        self
    }

    /// The same, with JSON to carry.
    #[must_use]
    pub fn json(mut self, json: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Json(json.into().into());
        self
    }

    /// The same, with a file to carry.
    #[must_use]
    pub fn file(mut self, upload: Upload) -> Self {
        self.body = Body::File(upload);
        self
    }

    /// The same, which may be sent again: a POST that only reads.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.replay = Replay::Safe;
        self
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path below the base URL, with the space.
    pub fn full_path(&self) -> String {
        let prefix = self.space.as_ref().map(Space::prefix).unwrap_or_default();
        format!("{prefix}{}", self.path)
    }
}

/// An id as a piece of a path.
pub(crate) fn piece(id: &str) -> String {
    let mut path = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            path.push(byte.into());
        } else {
            path += &format!("%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Arc<dyn Content> {
        Arc::new(Arc::<[u8]>::from(text.as_bytes()))
    }

    #[test]
    fn a_form_is_read_the_same_each_time() {
        let upload = Upload::new("a.ndjson", content("{}\n"), || 7).unwrap();
        let boundary = "ruleferry-00000000000000000000000000000007";
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.ndjson\"\r\nContent-Type: application/x-ndjson\r\n\r\n{{}}\n\r\n--{boundary}--\r\n"
        );
        for _ in 0..2 {
            let mut body = String::new();
            upload.open().unwrap().read_to_string(&mut body).unwrap();
            assert_eq!(body, expected);
        }
        assert_eq!(upload.body_len(), expected.len() as u64);
        assert_eq!(envelope("a.ndjson".len()) + 3, expected.len());
        assert_eq!(
            upload.content_type(),
            format!("multipart/form-data; boundary={boundary}")
        );
    }

    #[test]
    fn the_boundary_is_nowhere_in_the_content() {
        let taken = format!("ruleferry-{:032x}", 1);
        // Across the border of two reads as well.
        for before in [0, 65_500, 65_536] {
            let text = "x".repeat(before) + &taken;
            let mut names = 1..;
            let upload = Upload::new("a", content(&text), || names.next().unwrap()).unwrap();
            assert_eq!(*upload.boundary, format!("ruleferry-{:032x}", 2));
        }
    }

    #[test]
    fn a_file_name_breaks_out_of_nothing() {
        let upload = Upload::new("a\"; x=\"\r\nb\\c/ü.ndjson", content(""), || 0).unwrap();
        assert!(
            upload
                .head
                .contains("filename=\"a___x=___b_c__.ndjson\"\r\nContent-Type"),
            "{}",
            upload.head
        );
    }

    #[test]
    fn paths_carry_the_space() {
        let request = Request::new(Method::Get, "/api/status");
        assert_eq!(request.full_path(), "/api/status");
        let space = "soc".parse().unwrap();
        assert_eq!(request.in_space(&space).full_path(), "/s/soc/api/status");
    }

    #[test]
    fn an_id_stays_one_piece_of_a_path() {
        assert_eq!(piece("a-B_9.~"), "a-B_9.~");
        assert_eq!(piece("a/b ü"), "a%2Fb%20%C3%BC");
    }
}
