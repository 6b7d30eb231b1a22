//! `?cursor=&limit=`: which page of a list is asked for.
//!
//! A cursor is the key of the page's last item, base64url; to callers it means nothing. It is read back only if it
//! has the shape of that list's keys: a made-up one would look like the end of the list.

use crate::ledger::PageRequest;
use crate::protocol::encoding::from_base64url;
use crate::protocol::params::{Fault, Params};

/// How many items a page has if the caller does not say.
pub const USUAL: usize = 50;
/// The most items of a page.
const MOST: usize = 200;
/// What is wrong with a cursor that is none.
pub const BAD_CURSOR: &str = "cursor must be the next_cursor of the previous page.";

/// Reads `cursor` and `limit`; `usual` is the limit that is left out, `is_key` knows the shape of the list's keys.
///
/// # Errors
/// What is wrong with them, in words.
pub fn page_request(
    params: &Params,
    usual: usize,
    is_key: impl Fn(&str) -> bool,
) -> Result<PageRequest, &'static str> {
    match params.fault("cursor").or(params.fault("limit")) {
        None => {}
        Some(Fault::Repeated) => return Err("cursor or limit is repeated."),
        Some(Fault::NotText) => return Err("cursor or limit is not valid UTF-8."),
    }
    let limit = match params.get("limit") {
        None => usual,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if (1..=MOST).contains(&limit) && !text.starts_with('+') => limit,
            _ => return Err("limit must be a number from 1 to 200."),
        },
    };
    let after = match params.get("cursor") {
        None => None,
        Some(text) => {
            let key = from_base64url(text).and_then(|bytes| String::from_utf8(bytes).ok());
            Some(key.filter(|key| is_key(key)).ok_or(BAD_CURSOR)?)
        }
    };
    Ok(PageRequest { after, limit })
}
