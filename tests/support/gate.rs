//! A way to a server that can be cut off, and opened again at the same address.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What is passed on, and whether.
#[derive(Default)]
struct Way {
    is_shut: AtomicBool,
    streams: Mutex<Vec<TcpStream>>,
}

/// A way to a server.
pub(crate) struct Gate {
    pub(crate) url: String,
    address: SocketAddr,
    to: String,
    way: Mutex<Arc<Way>>,
}

impl Gate {
    /// A way to the server at this URL.
    pub(crate) fn to(url: &str) -> Self {
        let to = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            url: format!("http://{address}"),
            address,
            way: Mutex::new(Way::open(listener, &to)),
            to,
        }
    }

    /// Ends all connections, and takes no more: the server is gone.
    pub(crate) fn shut(&self) {
        let way = self.way.lock().unwrap();
        way.is_shut.store(true, Ordering::SeqCst);
        // The listener waits for one more connection, and then sees.
        _ = TcpStream::connect(self.address);
        for stream in way.streams.lock().unwrap().drain(..) {
            _ = stream.shutdown(Shutdown::Both);
        }
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets everybody through again.
    pub(crate) fn open(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        *self.way.lock().unwrap() = Way::open(listener, &self.to);
    }
}

impl Way {
    fn open(listener: TcpListener, to: &str) -> Arc<Self> {
        let way = Arc::new(Self::default());
        let (ours, to) = (Arc::clone(&way), to.to_owned());
        thread::spawn(move || {
            for near in listener.incoming() {
                if ours.is_shut.load(Ordering::SeqCst) {
                    return;
                }
                let (near, far) = (near.unwrap(), TcpStream::connect(&to).unwrap());
                for stream in [&near, &far] {
                    stream.set_nodelay(true).unwrap();
                    let stream = stream.try_clone().unwrap();
                    ours.streams.lock().unwrap().push(stream);
                }
                let (back, forth) = (far.try_clone().unwrap(), near.try_clone().unwrap());
                thread::spawn(move || _ = pass(near, far));
                thread::spawn(move || _ = pass(back, forth));
            }
        });
        way
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut window = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut window)?;
        if read == 0 {
            return to.shutdown(Shutdown::Write);
        }
        to.write_all(&window[..read])?;
    }
}
