//! Grants of an account, as its own object keeps them.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Call, Stop, accounts, events, integrations, list, missing, unexpected};
use crate::account::command::{Command, GrantLine, Reply as AccountReply};
use crate::account::object::AccountObject;
use crate::directory::event::EventLine;
use crate::directory::event_command as event;
use crate::directory::event_object::account_object;
use crate::ledger::outbox::ObjectKind;
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::store::ports::Ports;
use crate::token::id::{AccountId, EventId, GrantId};
use crate::web::reply::Reply;

#[derive(Serialize)]
struct GrantView {
    id: GrantId,
    client_id: ClientId,
    scope: Scope,
    created_at: String,
    last_used_at: String,
}

impl From<GrantLine> for GrantView {
    fn from(line: GrantLine) -> Self {
        Self {
            id: line.id,
            client_id: line.client_id,
            scope: line.scope,
            created_at: line.created_at.rfc3339(),
            last_used_at: line.last_used_at.rfc3339(),
        }
    }
}

/// Asks the object of an account that the event has.
async fn ask<P: Ports>(
    call: &Call<'_, P>,
    event: &EventLine,
    id: &AccountId,
    command: &Command,
) -> Result<AccountReply, Stop> {
    Ok(call
        .ports
        .ask::<AccountObject>(&account_object(&event.id, id), command)
        .await?)
}

/// Those of the grants that live: made under what their integration is now, and used lately enough.
async fn living<P: Ports>(
    call: &Call<'_, P>,
    event: &EventLine,
    lines: Vec<GrantLine>,
) -> Result<Vec<GrantLine>, Stop> {
    let client_ids: BTreeSet<ClientId> = lines.iter().map(|line| line.client_id.clone()).collect();
    let incarnations = integrations::incarnations(call, &event.id, client_ids).await?;
    let lives = |line: &GrantLine| {
        incarnations.get(&line.client_id) == Some(&line.incarnation)
            && !event
                .settings
                .idle_limit()
                .ends(line.last_used_at, call.now)
    };
    Ok(lines.into_iter().filter(lives).collect())
}

/// `GET …/events/{host}/accounts/{id}/grants`, in the order of applications.
pub async fn list<P: Ports>(call: &Call<'_, P>, host: &str, id: &str) -> Result<Reply, Stop> {
    let event = events::find(call, host).await?;
    let id = accounts::find(call, &event.id, id).await?.id;
    let request = call.page(|key| {
        key.split_once('/')
            .is_some_and(|(client_id, _)| ClientId::parse(client_id).is_some())
    })?;
    let command = Command::Grants {
        after: request.after,
        limit: request.limit,
    };
    let AccountReply::Grants { items, next } = ask(call, &event, &id, &command).await? else {
        return Err(unexpected());
    };
    let items = living(call, &event, items)
        .await?
        .into_iter()
        .map(GrantView::from)
        .collect();
    Ok(list::reply::<GrantView>(items, next.as_deref()))
}

/// `DELETE …/events/{host}/accounts/{id}/grants/{grant_id}`.
pub async fn end<P: Ports>(
    call: &Call<'_, P>,
    host: &str,
    id: &str,
    grant_id: &str,
) -> Result<Reply, Stop> {
    let event = events::find(call, host).await?;
    let id = accounts::find(call, &event.id, id).await?.id;
    let grant_id = GrantId::parse(grant_id).ok_or_else(|| missing("grant"))?;
    let command = Command::FindGrant {
        grant_id: grant_id.clone(),
    };
    let AccountReply::Grants { items, .. } = ask(call, &event, &id, &command).await? else {
        return Err(unexpected());
    };
    let Some(grant) = living(call, &event, items).await?.into_iter().next() else {
        return Err(missing("grant"));
    };
    let command = Command::EndGrant {
        grant_id: grant_id.clone(),
    };
    // It was there a moment ago: if it has ended by now, it was by this call's lost answer, or as well by another.
    ask(call, &event, &id, &command).await?;
    call.changed();
    note(call, &event.id, grant_id, id, grant.client_id);
    Ok(Reply::empty(204))
}

/// For the audit log, after the answer has gone out.
fn note<P: Ports>(
    call: &Call<'_, P>,
    event_id: &EventId,
    grant_id: GrantId,
    account: AccountId,
    client_id: ClientId,
) {
    let command = event::Command::Note {
        kind: String::from("grant.revoked_by_operator"),
        actor: String::from("operator"),
        subject: grant_id.into(),
        account: Some(account),
        client_id: Some(client_id),
    };
    if let Ok(command) = serde_json::to_string(&command) {
        call.ports
            .tell_later(ObjectKind::Event, event_id.to_string(), command);
    }
}
