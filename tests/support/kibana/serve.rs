//! One connection: requests one after another, and what goes wrong with them.

use std::io::{self, BufReader};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::faults::{At, Fault, Work};
use super::http::{Answer, Asked, Head, platform};
use super::table::Made;
use super::{Inner, Logged, lines, routes};

const ALL: usize = usize::MAX;

/// Answers requests until the connection ends.
pub(super) fn connection(stream: &TcpStream, inner: &Arc<Inner>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = Head::read(&mut reader)? {
        let fault = inner
            .schedule
            .lock()
            .unwrap()
            .take(&head.method, &head.path);
        let number = inner.open(&head, fault);
        let exchange = Exchange {
            stream,
            inner,
            number,
        };
        if !exchange.run(head, fault, &mut reader)? {
            break;
        }
    }
    Ok(())
}

/// One request and its answer.
struct Exchange<'s> {
    stream: &'s TcpStream,
    inner: &'s Arc<Inner>,
    number: u64,
}

impl Exchange<'_> {
    /// Does what is asked, or what goes wrong instead; whether the connection goes on.
    fn run(
        &self,
        head: Head,
        fault: Option<Fault>,
        reader: &mut BufReader<&TcpStream>,
    ) -> io::Result<bool> {
        match fault {
            Some(Fault::Reset(At::BeforeBody)) => return self.reset(),
            Some(Fault::Reset(At::MidBody(most))) => {
                let read = head.body(reader, Some(most))?.len();
                self.inner.note(self.number, |it| it.bytes = read);
                return self.reset();
            }
            Some(Fault::Status {
                work: Work::NotEvenRead,
                ..
            }) => {
                self.send(&failed(fault), ALL)?;
                self.stream.shutdown(Shutdown::Write)?;
                return Ok(false);
            }
            _ => {}
        }
        let body = head.body(reader, None)?;
        let asked = Asked { head, body };
        let names = if asked.head.path.ends_with("/_import") && !self.inner.settings.forgets {
            asked.file().map(lines::names).unwrap_or_default()
        } else {
            Vec::new()
        };
        self.inner.note(self.number, |it| {
            (it.bytes, it.names) = (asked.body.len(), names);
        });
        match fault {
            None => self.send(&self.inner.work(&asked, self.number, 0), ALL),
            Some(fault) => self.weather(asked, fault),
        }
    }

    fn weather(&self, asked: Asked, fault: Fault) -> io::Result<bool> {
        let work = || self.inner.work(&asked, self.number, 0);
        match fault {
            Fault::Delay { before, after } => {
                thread::sleep(before);
                let answer = work();
                thread::sleep(after);
                self.send(&answer, ALL)
            }
            Fault::Status { work: done, .. } => {
                if done == Work::Done {
                    work();
                }
                self.send(&failed(Some(fault)), ALL)
            }
            Fault::Reset(At::MidAnswer(most)) => {
                self.send(&work(), most)?;
                self.reset()
            }
            Fault::Reset(_) => {
                work();
                self.reset()
            }
            Fault::Truncated(most) => {
                let answer = work();
                // One byte at least has to be missing.
                self.send(&answer, most.min(answer.body.len().saturating_sub(1)))?;
                Ok(answer.body.is_empty())
            }
            Fault::Garbled(done) => {
                if done == Work::Done {
                    work();
                }
                let mut answer = Answer::html(200);
                answer.body = b"\x00\xff{\"succ".to_vec();
                self.send(&answer, ALL)
            }
            Fault::Twice {
                is_concurrent,
                is_second_answer,
            } => {
                let again = || self.inner.work(&asked, self.number, 1);
                let (first, second) = if is_concurrent {
                    thread::scope(|scope| {
                        let first = scope.spawn(work);
                        let second = again();
                        (first.join().unwrap(), second)
                    })
                } else {
                    (work(), again())
                };
                self.send(if is_second_answer { &second } else { &first }, ALL)
            }
            Fault::Late { after, hangs_up } => {
                let (inner, number) = (Arc::clone(self.inner), self.number);
                let busy = inner.begin();
                thread::spawn(move || {
                    thread::sleep(after);
                    inner.work(&asked, number, 0);
                    inner.end(busy);
                });
                if hangs_up {
                    self.inner
                        .note(self.number, |it| it.ended = Some(Instant::now()));
                    return Ok(false);
                }
                self.send(&Answer::html(504), ALL)
            }
        }
    }

    fn send(&self, answer: &Answer, most: usize) -> io::Result<bool> {
        self.inner.note(self.number, |it| {
            (it.status, it.ended) = (Some(answer.status), Some(Instant::now()));
        });
        answer.write(&mut &*self.stream, most)?;
        Ok(true)
    }

    /// Ends the connection at once, so that the client is told of a reset.
    fn reset(&self) -> io::Result<bool> {
        self.inner
            .note(self.number, |it| it.ended = Some(Instant::now()));
        SockRef::from(self.stream).set_linger(Some(Duration::ZERO))?;
        Ok(false)
    }
}

fn failed(fault: Option<Fault>) -> Answer {
    let Some(Fault::Status {
        status,
        retry_after,
        is_html,
        ..
    }) = fault
    else {
        return platform(500, "no such fault");
    };
    let mut answer = if is_html {
        Answer::html(status)
    } else {
        platform(status, "the weather is bad")
    };
    if let Some(seconds) = retry_after {
        answer.headers.push(("retry-after", seconds.to_string()));
    }
    answer
}

/// A request that is being worked on.
struct Busy;

impl Inner {
    fn open(&self, head: &Head, fault: Option<Fault>) -> u64 {
        let mut log = self.log.lock().unwrap();
        let number = log.len() as u64 + 1;
        log.push(Logged {
            number,
            method: head.method.clone(),
            path: head.path.clone(),
            space: head.space.clone(),
            query: head.query.clone(),
            bytes: 0,
            names: Vec::new(),
            status: None,
            fault,
            begun: Instant::now(),
            ended: None,
        });
        number
    }

    /// Takes down more of a request, unless the log begins anew.
    fn note(&self, number: u64, more: impl FnOnce(&mut Logged)) {
        let mut log = self.log.lock().unwrap();
        let at = usize::try_from(number).unwrap() - 1;
        if let Some(entry) = log.get_mut(at) {
            more(entry);
        }
    }

    fn begin(&self) -> Busy {
        *self.busy.lock().unwrap() += 1;
        Busy
    }

    fn end(&self, _: Busy) {
        *self.busy.lock().unwrap() -= 1;
        self.idle.notify_all();
    }

    /// Does what is asked.
    fn work(&self, asked: &Asked, request: u64, run: u8) -> Answer {
        let busy = self.begin();
        let answer = routes::answer(self, asked, Made { request, run });
        self.end(busy);
        answer
    }
}
