//! Lists: `?cursor=&limit=` in, `{"items", "next_cursor"?}` out.

use serde::Serialize;

use super::{Call, Stop};
use crate::endpoint::paging::{BAD_CURSOR, USUAL, page_request};
use crate::ledger::PageRequest;
use crate::protocol::encoding::base64url;
use crate::protocol::params::{Fault, Params};
use crate::store::ports::Ports;
use crate::web::reply::Reply;

/// The answer to a `GET` of several things.
#[derive(Serialize)]
struct List<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `{"items", "next_cursor"?}`; `next` is the key of the last item, if there are more.
pub fn reply<T: Serialize>(items: Vec<T>, next: Option<&str>) -> Reply {
    let next_cursor = next.map(|key| base64url(key.as_bytes()));
    Reply::json(200, &List { items, next_cursor })
}

/// A key part that is a number ([`crate::ledger::sortable`]).
pub fn is_number(key: &str) -> bool {
    key.len() == 16
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

impl<P: Ports> Call<'_, P> {
    /// The parameters of the query, each of `names` sent once at most.
    pub fn query(&self, names: &[&str]) -> Result<Params, Stop> {
        let params = Params::from_form(self.head.query.as_bytes());
        for name in names {
            let what = match params.fault(name) {
                None => continue,
                Some(Fault::Repeated) => "is repeated.",
                Some(Fault::NotText) => "is not valid UTF-8.",
            };
            return Err(Stop::invalid_request(&format!("{name} {what}")));
        }
        Ok(params)
    }

    /// Which page is asked for; `is_key` knows the shape of the list's keys.
    pub fn page(&self, is_key: impl Fn(&str) -> bool) -> Result<PageRequest, Stop> {
        self.page_or(USUAL, is_key)
    }

    fn page_or(&self, usual: usize, is_key: impl Fn(&str) -> bool) -> Result<PageRequest, Stop> {
        page_request(&self.query(&["cursor", "limit"])?, usual, is_key)
            .map_err(Stop::invalid_request)
    }

    /// A list that is put as a whole and therefore answered as a whole, unless a `limit` is asked for.
    pub fn whole<T: Serialize>(
        &self,
        items: Vec<T>,
        name: impl Fn(&T) -> &str,
    ) -> Result<Reply, Stop> {
        let request = self.page_or(usize::MAX, |_| true)?;
        let begin = match &request.after {
            None => 0,
            Some(after) => match items.iter().position(|item| name(item) == after) {
                None => return Err(bad_cursor()),
                Some(at) => at.saturating_add(1),
            },
        };
        let more = items.len().saturating_sub(begin) > request.limit;
        let page: Vec<T> = items.into_iter().skip(begin).take(request.limit).collect();
        let next = page
            .last()
            .filter(|_| more)
            .map(|item| name(item).to_owned());
        Ok(reply(page, next.as_deref()))
    }
}

fn bad_cursor() -> Stop {
    Stop::invalid_request(BAD_CURSOR)
}
