//! The static files the pages refer to, compiled in.

/// Where the stylesheet is served.
pub const STYLESHEET: &str = "/static/willcall.css";
/// Where the script is served that posts [`FormPostPage`](super::FormPostPage).
pub const SUBMIT_SCRIPT: &str = "/static/submit.js";
/// Where the script is served that adds the copy button to a new token.
pub const COPY_SCRIPT: &str = "/static/copy.js";
/// Where the icon is served.
pub const ICON: &str = "/static/icon.svg";

/// A static file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its path on every host, such as `/static/willcall.css`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// What is in it.
    pub body: &'static [u8],
}

/// All of them.
pub const ASSETS: &[Asset] = &[
    Asset {
        path: STYLESHEET,
        content_type: "text/css; charset=utf-8",
        body: include_str!("../../static/willcall.css").as_bytes(),
    },
    Asset {
        path: SUBMIT_SCRIPT,
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/submit.js").as_bytes(),
    },
    Asset {
        path: COPY_SCRIPT,
        content_type: "text/javascript; charset=utf-8",
        body: include_str!("../../static/copy.js").as_bytes(),
    },
    Asset {
        path: ICON,
        content_type: "image/svg+xml",
        body: include_str!("../../static/icon.svg").as_bytes(),
    },
];

/// The file served at this path, if there is one.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    ASSETS.iter().find(|asset| asset.path == path).copied()
}
