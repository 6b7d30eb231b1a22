//! What an event remembers of what happened: the audit log and usage.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Call, Stop, list, unexpected};
use crate::directory::audit::Entry;
use crate::directory::event_command::{Command, Reply as EventReply};
use crate::directory::usage::UsageLine;
use crate::protocol::client::ClientId;
use crate::protocol::time::is_day;
use crate::store::ports::Ports;
use crate::web::reply::Reply;

#[derive(Serialize)]
struct EntryView {
    at: String,
    #[serde(rename = "type")]
    kind: String,
    actor: String,
    #[serde(flatten)]
    detail: BTreeMap<String, String>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            at: entry.at.rfc3339(),
            kind: entry.kind,
            actor: entry.actor,
            detail: entry.detail,
        }
    }
}

/// `GET …/events/{host}/audit`, newest first.
pub async fn audit<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let command = Command::ListAudit(call.page(list::is_number)?);
    let EventReply::Audit(page) = call.event(&id, &command, "event").await? else {
        return Err(unexpected());
    };
    let items: Vec<EntryView> = page.items.into_iter().map(EntryView::from).collect();
    Ok(list::reply(items, page.next.as_deref()))
}

#[derive(Serialize)]
struct UsageView {
    day: String,
    client_id: ClientId,
    tokens: u64,
    tokens_by_grant_type: BTreeMap<String, u64>,
    calls: u64,
    refusals: u64,
}

impl From<UsageLine> for UsageView {
    fn from(line: UsageLine) -> Self {
        Self {
            day: line.day,
            client_id: line.client_id,
            tokens: line
                .counts
                .tokens
                .values()
                .fold(0, |sum, count| sum.saturating_add(*count)),
            tokens_by_grant_type: line.counts.tokens,
            calls: line.counts.calls,
            refusals: line.counts.refusals,
        }
    }
}

/// `GET …/events/{host}/usage?client_id=&from=&to=`, by day, then by application.
pub async fn usage<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let page = call.page(|key| {
        key.split_once('/')
            .is_some_and(|(day, client)| is_day(day) && ClientId::parse(client).is_some())
    })?;
    let query = call.query(&["client_id", "from", "to"])?;
    let day = |name: &str| match query.get(name) {
        Some(day) if !is_day(day) => Err(Stop::invalid_request(&format!(
            "{name} must be a day, such as 2026-03-01."
        ))),
        day => Ok(day.map(str::to_owned)),
    };
    let client_id = match query.get("client_id") {
        None => None,
        Some(text) => match ClientId::parse(text) {
            None => return Err(Stop::invalid_request("client_id must be a decimal number.")),
            some => some,
        },
    };
    let command = Command::ListUsage {
        client_id,
        from: day("from")?,
        to: day("to")?,
        page,
    };
    let EventReply::Usage(page) = call.event(&id, &command, "event").await? else {
        return Err(unexpected());
    };
    let items: Vec<UsageView> = page.items.into_iter().map(UsageView::from).collect();
    Ok(list::reply(items, page.next.as_deref()))
}
