//! Integrations: what an event's organiser approved for an application.
//!
//! What is left of one whose application has been deleted is not there for anybody: not listed, 404.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::applications::{self, STATUSES};
use super::{Call, Stop, list, unexpected};
use crate::directory::application::Application;
use crate::directory::event_command::{Command, Reply as EventReply};
use crate::directory::event_object::EventObject;
use crate::directory::integration::{IntegrationPatch, IntegrationReport};
use crate::directory::{Status, row_of};
use crate::endpoint::paging::USUAL;
use crate::ledger::PageRequest;
use crate::protocol::client::ClientId;
use crate::store::ports::Ports;
use crate::token::id::EventId;
use crate::token::random_id;
use crate::web::reply::Reply;

#[derive(Serialize)]
struct IntegrationView<'a> {
    client_id: &'a ClientId,
    application_name: &'a str,
    application_status: Status,
    obo_scopes: &'a BTreeSet<String>,
    service_scopes: &'a BTreeSet<String>,
    service_refresh_tokens: bool,
    status: Status,
    last_used_on: Option<&'a str>,
}

fn view<'a>(report: &'a IntegrationReport, application: &'a Application) -> IntegrationView<'a> {
    let row = &report.integration;
    IntegrationView {
        client_id: &row.client_id,
        application_name: &application.name,
        application_status: application.status,
        obo_scopes: &row.obo_scopes,
        service_scopes: &row.service_scopes,
        service_refresh_tokens: row.service_refresh_tokens,
        status: row.status,
        last_used_on: report.last_used_on.as_deref(),
    }
}

/// Those of these applications that there are.
async fn known<P: Ports>(
    call: &Call<'_, P>,
    client_ids: Vec<ClientId>,
) -> Result<BTreeMap<ClientId, Application>, Stop> {
    let found = applications::find_all(call, client_ids).await?;
    Ok(found
        .into_iter()
        .map(|row| (row.client_id.clone(), row))
        .collect())
}

async fn page<P: Ports>(
    call: &Call<'_, P>,
    event_id: &EventId,
    request: PageRequest,
) -> Result<(Vec<IntegrationReport>, Option<String>), Stop> {
    match call
        .event(event_id, &Command::ListIntegrations(request), "event")
        .await?
    {
        EventReply::Integrations(page) => Ok((page.items, page.next)),
        _ => Err(unexpected()),
    }
}

fn applications_of(rows: &[IntegrationReport]) -> Vec<ClientId> {
    rows.iter()
        .map(|row| row.integration.client_id.clone())
        .collect()
}

/// `GET …/events/{host}/integrations`, in the order of applications.
pub async fn list<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let PageRequest { mut after, limit } = call.page(list::is_number)?;
    // On until the page is full and one more is known of: rows of deleted applications leave no gaps.
    let mut found: Vec<(IntegrationReport, Application)> = Vec::new();
    loop {
        // Not fewer than usual at a time: there may be many such rows.
        let wanted = limit
            .saturating_add(1)
            .saturating_sub(found.len())
            .max(USUAL);
        let request = PageRequest {
            after,
            limit: wanted,
        };
        let (rows, next) = page(call, &id, request).await?;
        let mut known = known(call, applications_of(&rows)).await?;
        found.extend(rows.into_iter().filter_map(|row| {
            let application = known.remove(&row.integration.client_id)?;
            Some((row, application))
        }));
        if next.is_none() || found.len() > limit {
            break;
        }
        after = next;
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more);
    let next = last.map(|(row, _)| row_of(&row.integration.client_id));
    let items: Vec<_> = found
        .iter()
        .map(|(row, application)| view(row, application))
        .collect();
    Ok(list::reply(items, next.as_deref()))
}

/// `GET …/events/{host}/integrations/{client_id}`.
pub async fn get<P: Ports>(call: &Call<'_, P>, host: &str, client_id: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let application = applications::find(call, client_id).await?;
    let command = Command::GetIntegration {
        client_id: application.client_id.clone(),
    };
    let EventReply::Integration { integration, .. } =
        call.event(&id, &command, "integration").await?
    else {
        return Err(unexpected());
    };
    Ok(Reply::json(200, &view(&integration, &application)))
}

/// `PUT …/events/{host}/integrations/{client_id}`: 201 if it is new.
pub async fn put<P: Ports>(call: &Call<'_, P>, host: &str, client_id: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let application = applications::find(call, client_id).await?;
    let mut fields = call.fields().await?;
    let patch = IntegrationPatch {
        obo_scopes: fields.texts("obo_scopes")?.map(BTreeSet::from_iter),
        service_scopes: fields.texts("service_scopes")?.map(BTreeSet::from_iter),
        service_refresh_tokens: fields.flag("service_refresh_tokens")?,
        status: fields.word("status", STATUSES)?,
    };
    fields.only_shown(&[
        "client_id",
        "application_name",
        "application_status",
        "last_used_on",
    ])?;
    fields.finish()?;
    let fresh_incarnation = random_id("", call.ports);
    let command = Command::PutIntegration {
        client_id: application.client_id.clone(),
        patch,
        fresh_incarnation: fresh_incarnation.clone(),
    };
    let EventReply::Integration { integration, .. } = call.event(&id, &command, "event").await?
    else {
        return Err(unexpected());
    };
    call.changed();
    // By its incarnation, since the object may have been asked twice.
    let status = if integration.integration.incarnation == fresh_incarnation {
        201
    } else {
        200
    };
    Ok(Reply::json(status, &view(&integration, &application)))
}

/// `DELETE …/events/{host}/integrations/{client_id}`.
pub async fn delete<P: Ports>(
    call: &Call<'_, P>,
    host: &str,
    client_id: &str,
) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let client_id = applications::find(call, client_id).await?.client_id;
    let known = Command::GetIntegration {
        client_id: client_id.clone(),
    };
    let known = call.ports.ask::<EventObject>(id.as_str(), &known).await?;
    let incarnation = match known {
        EventReply::Integration { integration, .. } => integration.integration.incarnation,
        _ => String::new(),
    };
    let there = !incarnation.is_empty();
    let command = Command::DeleteIntegration {
        client_id,
        incarnation: Some(incarnation),
    };
    if there {
        call.take_away_from(&id, &command, "integration").await?;
    } else {
        // Not there, or deleted by a call that was answered with 503: the object knows whether that is done by now.
        call.event(&id, &command, "integration").await?;
    }
    call.changed();
    Ok(Reply::empty(204))
}

/// The incarnations of those of these integrations that there are.
pub async fn incarnations<P: Ports>(
    call: &Call<'_, P>,
    event_id: &EventId,
    client_ids: BTreeSet<ClientId>,
) -> Result<BTreeMap<ClientId, String>, Stop> {
    if client_ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let client_ids: Vec<ClientId> = client_ids.into_iter().collect();
    let known = known(call, client_ids.clone()).await?;
    let command = Command::FindIntegrations { client_ids };
    let EventReply::Integrations(found) = call.event(event_id, &command, "event").await? else {
        return Err(unexpected());
    };
    Ok(found
        .items
        .into_iter()
        .map(|row| row.integration)
        .filter(|row| known.contains_key(&row.client_id))
        .map(|row| (row.client_id, row.incarnation))
        .collect())
}

/// Deletes what is left of integrations whose applications have been deleted. Whether there was any.
pub async fn delete_orphans<P: Ports>(
    call: &Call<'_, P>,
    event_id: &EventId,
) -> Result<bool, Stop> {
    let mut after = None;
    let mut any = false;
    loop {
        let (rows, next) = page(call, event_id, PageRequest { after, limit: 200 }).await?;
        let client_ids = applications_of(&rows);
        let known = known(call, client_ids.clone()).await?;
        for client_id in client_ids
            .into_iter()
            .filter(|client_id| !known.contains_key(client_id))
        {
            let command = Command::DeleteIntegration {
                client_id,
                incarnation: None,
            };
            call.event(event_id, &command, "integration").await?;
            any = true;
        }
        match next {
            None => return Ok(any),
            some => after = some,
        }
    }
}
