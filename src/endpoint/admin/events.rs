//! Events, their scope catalogues and their roles.

use serde::Serialize;

use super::body::Fields;
use super::{Call, PLATFORM, Stop, conflict, integrations, list, refusal, unexpected};
use crate::directory::Problem;
use crate::directory::catalogue::{self, Mode, Role, ScopeDefinition};
use crate::directory::event::{EventLine, EventRecord, is_host};
use crate::directory::event_command as event;
use crate::directory::event_object::EventObject;
use crate::directory::event_settings::EventPatch;
use crate::directory::platform_command::{Command, Reply as PlatformReply};
use crate::directory::platform_object::PlatformObject;
use crate::store::ports::Ports;
use crate::token::id::EventId;
use crate::web::reply::Reply;

#[derive(Serialize)]
struct EventView {
    host: String,
    name: String,
    retry_window: u64,
    refresh_idle_days: Option<u64>,
    pat_max_days: Option<u64>,
    accent: Option<String>,
    created_at: String,
    id: EventId,
}

impl From<EventLine> for EventView {
    fn from(line: EventLine) -> Self {
        Self {
            host: line.host,
            name: line.settings.name,
            retry_window: line.settings.retry_window,
            refresh_idle_days: line.settings.refresh_idle_days,
            pat_max_days: line.settings.pat_max_days,
            accent: line.settings.accent,
            created_at: line.created_at.rfc3339(),
            id: line.id,
        }
    }
}

/// `GET /api/admin/events`, in the order of hosts.
pub async fn list<P: Ports>(call: &Call<'_, P>) -> Result<Reply, Stop> {
    let command = Command::ListEvents(call.page(is_host)?);
    let PlatformReply::Events(page) = call.platform(&command, "event").await? else {
        return Err(unexpected());
    };
    let items: Vec<EventView> = page.items.into_iter().map(EventView::from).collect();
    Ok(list::reply(items, page.next.as_deref()))
}

/// The event of a host, or 404.
pub async fn find<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<EventLine, Stop> {
    let command = Command::GetEvent {
        host: host.to_owned(),
    };
    match call.platform(&command, "event").await? {
        PlatformReply::Event { event, .. } => Ok(event),
        _ => Err(unexpected()),
    }
}

/// `GET …/events/{host}`.
pub async fn get<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    Ok(Reply::json(200, &EventView::from(find(call, host).await?)))
}

/// `PUT …/events/{host}`: 201 if it is new, and then it needs a name.
pub async fn put<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    if !is_host(host) {
        return Err(Stop::invalid_request(
            "The host must be a lower-case host name without a port or trailing dot.",
        ));
    }
    let mut fields = call.fields().await?;
    let patch = EventPatch {
        name: fields.text("name")?,
        retry_window: fields.number("retry_window")?,
        refresh_idle_days: fields.nullable_number("refresh_idle_days")?,
        pat_max_days: fields.nullable_number("pat_max_days")?,
        accent: fields.nullable_text("accent")?,
    };
    fields.only_shown(&["host", "created_at", "id"])?;
    fields.finish()?;
    let fresh_id = EventId::mint(call.ports);
    let command = Command::PutEvent {
        host: host.to_owned(),
        patch,
        fresh_id: fresh_id.clone(),
    };
    let PlatformReply::Event { event, .. } = call.platform(&command, "event").await? else {
        return Err(unexpected());
    };
    call.changed();
    // By its id, since the object may have been asked twice.
    let status = if event.id == fresh_id { 201 } else { 200 };
    Ok(Reply::json(status, &EventView::from(event)))
}

/// `DELETE …/events/{host}`.
pub async fn delete<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let host = host.to_owned();
    let known = Command::GetEvent { host: host.clone() };
    let known = call.ports.ask::<PlatformObject>(PLATFORM, &known).await?;
    let id = match known {
        PlatformReply::Event { event, .. } => event.id.into(),
        _ => String::new(),
    };
    let there = !id.is_empty();
    let command = Command::DeleteEvent { host, id: Some(id) };
    if there {
        call.take_away(&command, "event").await?;
    } else {
        // Not there, or deleted by a call that was answered with 503: this is no 404 before its object knows.
        call.platform(&command, "event").await?;
    }
    call.changed();
    Ok(Reply::empty(204))
}

async fn record<P: Ports>(call: &Call<'_, P>, id: &EventId) -> Result<EventRecord, Stop> {
    let command = event::Command::Directory { client_id: None };
    match call.event(id, &command, "event").await? {
        event::Reply::Directory {
            event: Some(event), ..
        } => Ok(*event),
        event::Reply::Directory { event: None, .. } => Err(super::missing("event")),
        _ => Err(unexpected()),
    }
}

/// `GET …/events/{host}/scopes`, the built-in ones among them, in the order of names.
pub async fn scopes<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    call.whole(record(call, &id).await?.scopes, |scope| &scope.name)
}

/// `PUT …/events/{host}/scopes`: replaces the catalogue; the built-in scopes stay.
pub async fn put_scopes<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let scopes: Result<Vec<_>, _> = call.array("scopes").await?.into_iter().map(scope).collect();
    let command = event::Command::PutScopes(scopes?);
    let mut reply = call.ports.ask::<EventObject>(id.as_str(), &command).await?;
    // What a deleted application was once approved for holds no scope back.
    if matches!(reply, event::Reply::Problem(Problem::Conflict(_)))
        && integrations::delete_orphans(call, &id).await?
    {
        reply = call.ports.ask::<EventObject>(id.as_str(), &command).await?;
    }
    match reply {
        event::Reply::Problem(Problem::Conflict(text)) => return Err(conflict(&text)),
        event::Reply::Problem(problem) => return Err(refusal(problem, "event")),
        _ => call.changed(),
    }
    Ok(list::reply(record(call, &id).await?.scopes, None))
}

fn scope(mut fields: Fields) -> Result<ScopeDefinition, Stop> {
    let name = fields.text("name")?;
    let name = fields.required("name", name)?;
    let title = fields.text("title")?;
    // A built-in scope that is only put in other words stays as sensitive as it is.
    let (description, sensitive) = catalogue::built_in()
        .into_iter()
        .find(|known| known.name == name)
        .map(|known| (known.description, known.sensitive))
        .unwrap_or_default();
    let scope = ScopeDefinition {
        name,
        title: fields.required("title", title)?,
        description: fields.text("description")?.unwrap_or(description),
        sensitive: fields.flag("sensitive")?.unwrap_or(sensitive),
        modes: fields
            .words("modes", &[("obo", Mode::Obo), ("service", Mode::Service)])?
            .unwrap_or_default()
            .into_iter()
            .collect(),
        permission: fields.nullable_text("permission")?.flatten(),
    };
    fields.finish()?;
    Ok(scope)
}

/// `GET …/events/{host}/roles`, in the order they were put.
pub async fn roles<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    call.whole(record(call, &id).await?.roles, |role| &role.name)
}

/// `PUT …/events/{host}/roles`: replaces them all.
pub async fn put_roles<P: Ports>(call: &Call<'_, P>, host: &str) -> Result<Reply, Stop> {
    let id = call.event_id(host).await?;
    let roles: Result<Vec<_>, _> = call.array("roles").await?.into_iter().map(role).collect();
    let command = event::Command::PutRoles(roles?);
    call.event(&id, &command, "event").await?;
    call.changed();
    Ok(list::reply(record(call, &id).await?.roles, None))
}

fn role(mut fields: Fields) -> Result<Role, Stop> {
    let name = fields.text("name")?;
    let role = Role {
        name: fields.required("name", name)?,
        title: fields.text("title")?.unwrap_or_default(),
        permissions: fields.texts("permissions")?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(role)
}
