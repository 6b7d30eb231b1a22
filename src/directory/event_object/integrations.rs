//! The event's integrations.

use std::collections::BTreeSet;

use super::{Core, INTEGRATION, OPERATOR, ServiceRow, gone, integration_row, record, touch};
use crate::directory::event_command::Reply;
use crate::directory::integration::{Integration, IntegrationPatch, IntegrationReport};
use crate::directory::{Problem, Status, audit, usage};
use crate::ledger::outbox::{self, Now};
use crate::ledger::{Corrupt, Ledger, Page, PageRequest, load, page_of, store};
use crate::protocol::client::ClientId;
use crate::token::id::OwnerId;

pub(super) fn find_integration(
    ledger: &impl Ledger,
    client_id: &ClientId,
) -> Result<Option<Integration>, Corrupt> {
    Ok(load::<Integration>(ledger, &integration_row(client_id))?.filter(|row| !row.deleted))
}

fn report(ledger: &impl Ledger, integration: Integration) -> IntegrationReport {
    IntegrationReport {
        last_used_on: usage::last_used_on(ledger, &integration.client_id),
        integration,
    }
}

pub(super) fn list_integrations(
    ledger: &impl Ledger,
    request: &PageRequest,
) -> Result<Reply, Corrupt> {
    let found: Page<(String, Integration)> =
        page_of(ledger, INTEGRATION, request, false, |row: &Integration| {
            !row.deleted
        })?;
    let items = found.items.into_iter();
    Ok(Reply::Integrations(Page {
        items: items.map(|(_, row)| report(ledger, row)).collect(),
        next: found.next,
    }))
}

pub(super) fn find_integrations(
    ledger: &impl Ledger,
    client_ids: &[ClientId],
) -> Result<Reply, Corrupt> {
    let mut items = Vec::new();
    for client_id in client_ids {
        items.extend(find_integration(ledger, client_id)?.map(|row| report(ledger, row)));
    }
    Ok(Reply::Integrations(Page { items, next: None }))
}

pub(super) fn get_integration(
    ledger: &impl Ledger,
    client_id: &ClientId,
) -> Result<Reply, Corrupt> {
    Ok(match find_integration(ledger, client_id)? {
        None => Reply::Problem(Problem::Missing),
        Some(integration) => Reply::Integration {
            created: false,
            integration: Box::new(report(ledger, integration)),
        },
    })
}

fn service_row(integration: &Integration) -> String {
    format!("service/{}", integration.service_owner())
}

pub(super) fn put_integration(
    ledger: &mut impl Ledger,
    core: Core,
    client_id: ClientId,
    patch: IntegrationPatch,
    fresh_incarnation: String,
    now: Now,
) -> Result<Reply, Corrupt> {
    let catalogue = record(ledger, core.clone())?.scopes;
    let last: Option<Integration> = load(ledger, &integration_row(&client_id))?;
    if last
        .as_ref()
        .is_some_and(|last| last.deleted && last.incarnation == fresh_incarnation)
    {
        return Ok(Reply::Problem(Problem::Conflict(
            "The integration was deleted while it was being created. Approve it again.".into(),
        )));
    }
    let before = last.filter(|last| !last.deleted);
    let created = before.is_none();
    let was = before.clone();
    let had_refresh_tokens = before
        .as_ref()
        .is_some_and(|row| row.service_refresh_tokens);
    let mut integration = before.unwrap_or(Integration {
        version: 0,
        client_id: client_id.clone(),
        incarnation: fresh_incarnation,
        obo_scopes: BTreeSet::new(),
        service_scopes: BTreeSet::new(),
        service_refresh_tokens: false,
        status: Status::Active,
        deleted: false,
    });
    if let Err(problem) = patch.apply(&mut integration, &catalogue) {
        return Ok(Reply::Problem(problem));
    }
    let same = was.as_ref() == Some(&integration);
    if created {
        // What was counted under an earlier one, or after it was deleted, is no use of this one.
        usage::forget_last_use(ledger, &client_id);
    }
    integration.version = touch(ledger, core)?;
    let key = integration_row(&client_id);
    store(ledger, &key, &integration)?;
    outbox::note(ledger, &key);
    // The service's own object: it keeps refresh tokens, and revocations of single access tokens.
    let service = service_row(&integration);
    let row: Option<ServiceRow> = load(ledger, &service)?;
    // On, too: a location that had not heard yet of the off may have begun a grant since.
    let switched = had_refresh_tokens != integration.service_refresh_tokens;
    let next = ServiceRow {
        version: row
            .as_ref()
            .map_or(1, |row| row.version + u64::from(switched)),
        epoch: row
            .as_ref()
            .map_or(0, |row| row.epoch + u64::from(switched)),
    };
    // Also if this is the front's own second try, and the first could not tell it.
    if row.as_ref() != Some(&next) || outbox::find(ledger, &service).is_some() {
        store(ledger, &service, &next)?;
        outbox::note(ledger, &service);
    }
    let reply = Reply::Integration {
        created,
        integration: Box::new(report(ledger, integration.clone())),
    };
    // The front's own second try, or what somebody makes sure of, is no change.
    if same {
        return Ok(reply);
    }
    let kind = if created {
        "integration.created"
    } else {
        "integration.changed"
    };
    let join = |scopes: &BTreeSet<String>| {
        scopes
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    };
    let status = if integration.status == Status::Active {
        "active"
    } else {
        "suspended"
    };
    let refresh_tokens = if integration.service_refresh_tokens {
        "on"
    } else {
        "off"
    };
    audit::write(
        ledger,
        kind,
        OPERATOR,
        &[
            ("client_id", client_id.as_str()),
            ("obo_scopes", &join(&integration.obo_scopes)),
            ("service_scopes", &join(&integration.service_scopes)),
            ("service_refresh_tokens", refresh_tokens),
            ("status", status),
        ],
        now,
    )?;
    Ok(reply)
}

pub(super) fn delete_integration(
    ledger: &mut impl Ledger,
    core: Core,
    client_id: &ClientId,
    incarnation: Option<String>,
    now: Now,
) -> Result<Reply, Corrupt> {
    let key = integration_row(client_id);
    let Some(mut integration) = load::<Integration>(ledger, &key)? else {
        return Ok(Reply::Problem(Problem::Missing));
    };
    let service = service_row(&integration);
    if integration.deleted {
        return Ok(gone(ledger, &service));
    }
    // The one that is meant went before this one was created.
    if let Some(before) = incarnation.filter(|one| *one != integration.incarnation) {
        let owner = OwnerId::service(client_id, &before);
        return Ok(gone(ledger, &format!("service/{owner}")));
    }
    integration.deleted = true;
    integration.version = touch(ledger, core)?;
    store(ledger, &key, &integration)?;
    outbox::note(ledger, &key);
    ledger.delete(&service);
    outbox::note(ledger, &service);
    audit::write(
        ledger,
        "integration.deleted",
        OPERATOR,
        &[("client_id", client_id.as_str())],
        now,
    )?;
    Ok(Reply::Done)
}
