//! The static files the pages refer to, compiled in.
//!
//! A page is never kept by a browser, a file is. So pages name a file with a hash of what is in it: after a deployment
//! no new page is shown with an old style sheet.

use core::fmt;

/// The style sheet.
pub const STYLESHEET: Asset = Asset::new(
    "/static/willcall.css",
    "text/css; charset=utf-8",
    include_bytes!("../../static/willcall.css"),
);
/// The script that posts [`FormPostPage`](super::FormPostPage).
pub const SUBMIT_SCRIPT: Asset = Asset::new(
    "/static/submit.js",
    "text/javascript; charset=utf-8",
    include_bytes!("../../static/submit.js"),
);
/// The script that adds the copy button to a new token.
pub const COPY_SCRIPT: Asset = Asset::new(
    "/static/copy.js",
    "text/javascript; charset=utf-8",
    include_bytes!("../../static/copy.js"),
);
/// The icon.
pub const ICON: Asset = Asset::new(
    "/static/icon.svg",
    "image/svg+xml",
    include_bytes!("../../static/icon.svg"),
);

/// All of them.
pub const ASSETS: &[Asset] = &[STYLESHEET, SUBMIT_SCRIPT, COPY_SCRIPT, ICON];

/// A static file. As text it is the address by which pages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its path on every host, such as `/static/willcall.css`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub body: &'static [u8],
    version: u64,
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, body: &'static [u8]) -> Self {
        Self {
            path,
            content_type,
            body,
            version: fnv_1a(body),
        }
    }

    /// Whether a request for its path means what is in it now: not while another version of the deployment still
    /// answers here and there, nor without a version.
    #[must_use]
    pub fn is_the_version_of(&self, query: &str) -> bool {
        self.to_string() == format!("{}?{query}", self.path)
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}?v={:016x}", self.path, self.version)
    }
}

/// The file served at this path, if there is one.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    ASSETS.iter().find(|asset| asset.path == path).copied()
}

/// FNV-1a: it tells one version from the next and keeps nobody out, and the compiler can work it out.
const fn fnv_1a(mut bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    while let Some((first, rest)) = bytes.split_first() {
        hash = (hash ^ *first as u64).wrapping_mul(0x0000_0100_0000_01b3);
        bytes = rest;
    }
    hash
}
