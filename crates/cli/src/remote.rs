//! Dumps behind `http://` and `https://`, read by range requests: of 20 GB on a server, only the needed parts are
//! transferred.
//!
//! Without the feature `http`, there is only the error message.

use std::path::Path;

use dumplens_analyzer::symbols::bare_url;

/// Whether a path is an address on the network.
pub(crate) fn is_url(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
}

/// The path, or the URL without what may be secret in it.
pub(crate) fn without_secrets(path: &Path) -> String {
    let text = path.to_string_lossy();
    if is_url(path) { bare_url(&text) } else { text.into_owned() }
}

#[cfg(feature = "http")]
pub(crate) use ranges::HttpSource;

#[cfg(feature = "http")]
mod ranges {
    use std::io::{self, Read};
    use std::path::Path;
    use std::sync::OnceLock;
    use std::time::Duration;

    use dumplens_analyzer::symbols::bare_url;
    use dumplens_core::{Place, Source};
    use ureq::http::{Response, header};

    /// Bytes that the first request asks for: the header, and mostly all small lists.
    const FIRST: usize = 64 << 10;
    /// Bytes of one request; what asks for more asks again.
    const MOST: usize = 8 << 20;
    /// How long a server may take to be reached, and how long one answer may take.
    const CONNECT: Duration = Duration::from_secs(15);
    const ANSWER: Duration = Duration::from_mins(1);

    /// A dump on a server that serves ranges.
    #[derive(Debug)]
    pub(crate) struct HttpSource {
        url: String,
        agent: ureq::Agent,
        size: u64,
        /// What the server says that tells versions of the file apart.
        version: Option<String>,
        /// The first bytes, which came with the size.
        first: Vec<u8>,
        /// Why the server is not asked again: an answer did not come.
        down: OnceLock<(io::ErrorKind, String)>,
    }

    impl HttpSource {
        /// Asks for the first block. Fails if the server cannot be reached, has no such file, or serves no ranges.
        pub(crate) fn open(url: &Path) -> io::Result<HttpSource> {
            let url = url.to_str().unwrap_or_default().to_owned();
            let config = ureq::Agent::config_builder()
                .timeout_connect(Some(CONNECT))
                .timeout_global(Some(ANSWER))
                // A protected way never goes on as an open one.
                .https_only(url.starts_with("https://"))
                .http_status_as_error(false)
                .user_agent(concat!("dumplens/", env!("CARGO_PKG_VERSION")))
                // Connections that are kept for the next places that are asked for at once.
                .max_idle_connections(Place::AT_ONCE)
                .max_idle_connections_per_host(Place::AT_ONCE)
                .build();
            let (agent, down) = (config.new_agent(), OnceLock::new());
            let mut source =
                HttpSource { url, agent, size: u64::MAX, version: None, first: Vec::new(), down };
            (source.first, source.size, source.version) = source.request(0, FIRST as u64)?;
            Ok(source)
        }

        /// Up to `len` bytes at `from`, the size of the file, and its version. Once that has failed, it fails at once:
        /// a dump asks some hundred times, and a server that is silent would be waited for as often.
        fn request(&self, from: u64, len: u64) -> io::Result<(Vec<u8>, u64, Option<String>)> {
            if let Some((kind, why)) = self.down.get() {
                return Err(io::Error::new(*kind, why.clone()));
            }
            self.ask(from, len).inspect_err(|error| {
                let _ = self.down.set((error.kind(), error.to_string()));
            })
        }

        fn ask(&self, from: u64, len: u64) -> io::Result<(Vec<u8>, u64, Option<String>)> {
            let range = format!("bytes={from}-{}", from.saturating_add(len).min(self.size) - 1);
            // A compressed answer would have other offsets.
            let request =
                self.agent.get(&self.url).header("Range", range).header("Accept-Encoding", "identity");
            let mut response = request.call().map_err(|error| self.in_words(&error))?;
            refuse(response.status().as_u16())?;
            let (begin, size) = content_range(&response).ok_or_else(|| {
                io::Error::other("the server's answer does not say which part of the file it contains")
            })?;
            let version = version(&response);
            if begin != from || (self.size != u64::MAX && (size != self.size || version != self.version)) {
                let why = "the file changed on the server while it was read";
                return Err(io::Error::new(io::ErrorKind::StaleNetworkFileHandle, why));
            }
            let expected = len.min(size.saturating_sub(from));
            let mut bytes = Vec::new();
            response.body_mut().as_reader().take(expected).read_to_end(&mut bytes)?;
            if (bytes.len() as u64) < expected {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok((bytes, size, version))
        }

        /// What the client says may repeat the URL.
        fn in_words(&self, error: &ureq::Error) -> io::Error {
            let why = error.to_string().replace(&self.url, &bare_url(&self.url));
            let kind = match error {
                ureq::Error::Timeout(_) => io::ErrorKind::TimedOut,
                _ => io::ErrorKind::Other,
            };
            io::Error::new(kind, why)
        }
    }

    impl Source for HttpSource {
        fn size(&self) -> u64 {
            self.size
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            if offset >= self.size || buf.is_empty() {
                return Ok(0);
            }
            let held = usize::try_from(offset).ok().and_then(|at| self.first.get(at..)).unwrap_or_default();
            let bytes = if held.is_empty() {
                &self.request(offset, buf.len().min(MOST) as u64)?.0
            } else {
                &held[..held.len().min(buf.len())]
            };
            buf[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }

        fn read_places(&self, places: &[Place]) -> Vec<io::Result<Vec<u8>>> {
            Place::read_at_once(places, |offset, buf| self.read_at(offset, buf))
        }
    }

    fn refuse(status: u16) -> io::Result<()> {
        let (kind, why) = match status {
            206 => return Ok(()),
            200 => (
                io::ErrorKind::Unsupported,
                "the server does not support range requests, and dumplens does not download whole files"
                    .to_owned(),
            ),
            404 | 410 => (io::ErrorKind::NotFound, format!("status {status}: the file does not exist")),
            401 | 403 => (io::ErrorKind::PermissionDenied, format!("status {status}: access denied")),
            416 => (io::ErrorKind::UnexpectedEof, "status 416: the file is empty".to_owned()),
            _ => (io::ErrorKind::Other, format!("status {status}")),
        };
        Err(io::Error::new(kind, why))
    }

    /// `Content-Range: bytes BEGIN-END/SIZE`: begin and size.
    fn content_range<T>(response: &Response<T>) -> Option<(u64, u64)> {
        let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
        let (part, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        Some((part.split_once('-')?.0.trim().parse().ok()?, size.trim().parse().ok()?))
    }

    fn version<T>(response: &Response<T>) -> Option<String> {
        let text = |name| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        text(header::ETAG).or_else(|| text(header::LAST_MODIFIED))
    }
}
