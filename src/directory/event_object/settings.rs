//! The event as a whole: that it is, its settings, its catalogue and its roles.

use super::{CLOSING, Core, INTEGRATION, OPERATOR, ROLES, SCOPES, touch};
use crate::directory::catalogue::{self, Mode, Role, ScopeDefinition};
use crate::directory::event_command::Reply;
use crate::directory::event_settings::EventSettings;
use crate::directory::integration::Integration;
use crate::directory::{Problem, audit};
use crate::ledger::outbox::{self, Now};
use crate::ledger::{Corrupt, Ledger, load, load_all, store};
use crate::token::id::EventId;

pub(super) fn configure(
    ledger: &mut impl Ledger,
    before: Option<Core>,
    id: EventId,
    host: String,
    settings: EventSettings,
    version: u64,
    now: Now,
) -> Result<Reply, Corrupt> {
    if before
        .as_ref()
        .is_some_and(|core| core.deleted || core.version > version)
    {
        return Ok(Reply::Done);
    }
    let changed = before
        .as_ref()
        .is_none_or(|core| core.settings != settings || core.host != host);
    let revision = before.as_ref().map_or(0, |core| core.revision);
    if changed {
        let kind = if before.is_none() {
            "event.created"
        } else {
            "event.changed"
        };
        let changes = before
            .as_ref()
            .map(|core| settings.changes(&core.settings))
            .unwrap_or_default();
        let fields: Vec<&str> = changes.iter().map(|(field, _)| *field).collect();
        let fields = fields.join(" ");
        let mut detail = vec![("host", host.as_str())];
        if !changes.is_empty() {
            detail.push(("changed", fields.as_str()));
        }
        detail.extend(
            changes
                .iter()
                .map(|(field, value)| (*field, value.as_str())),
        );
        audit::write(ledger, kind, OPERATOR, &detail, now)?;
    }
    touch(
        ledger,
        Core {
            id,
            host,
            settings,
            version,
            revision,
            deleted: false,
        },
    )?;
    Ok(Reply::Done)
}

pub(super) fn close(
    ledger: &mut impl Ledger,
    core: Option<Core>,
    id: &EventId,
) -> Result<Reply, Corrupt> {
    let Some(mut core) = core.filter(|core| core.id == *id && !core.deleted) else {
        return Ok(Reply::Done);
    };
    core.deleted = true;
    touch(ledger, core)?;
    for (key, mut integration) in all_integrations(ledger)? {
        integration.deleted = true;
        integration.version = integration.version.saturating_add(1);
        let key = format!("{INTEGRATION}{key}");
        store(ledger, &key, &integration)?;
        outbox::note(ledger, &key);
    }
    ledger.put(CLOSING, "");
    Ok(Reply::Done)
}

/// All approvals, those that were taken back too: as many as there are applications at most.
fn all_integrations(ledger: &impl Ledger) -> Result<Vec<(String, Integration)>, Corrupt> {
    load_all(ledger, INTEGRATION, None, false, usize::MAX)
}

/// The entry of a list that was replaced, if it is another now.
fn replaced(
    ledger: &mut impl Ledger,
    kind: &str,
    count: usize,
    differences: &[(&str, String)],
    now: Now,
) -> Result<(), Corrupt> {
    if differences.iter().all(|(_, names)| names.is_empty()) {
        return Ok(());
    }
    let count = count.to_string();
    let mut detail = vec![("count", count.as_str())];
    detail.extend(
        differences
            .iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(what, names)| (*what, names.as_str())),
    );
    audit::write(ledger, kind, OPERATOR, &detail, now)
}

pub(super) fn put_scopes(
    ledger: &mut impl Ledger,
    core: Core,
    scopes: &[ScopeDefinition],
    now: Now,
) -> Result<Reply, Corrupt> {
    if let Err(problem) = catalogue::check(scopes) {
        return Ok(Reply::Problem(problem));
    }
    let merged = catalogue::merge(scopes);
    for (_, integration) in all_integrations(ledger)? {
        if integration.deleted {
            continue;
        }
        for (approved, mode) in [
            (&integration.obo_scopes, Mode::Obo),
            (&integration.service_scopes, Mode::Service),
        ] {
            for name in approved {
                let stays = merged
                    .iter()
                    .any(|scope| scope.name == *name && scope.modes.contains(&mode));
                if !stays {
                    return Ok(Reply::Problem(Problem::Conflict(format!(
                        "Scope {name} is still approved for application {}. Remove it from that integration first.",
                        integration.client_id
                    ))));
                }
            }
        }
    }
    let before: Vec<ScopeDefinition> = load(ledger, SCOPES)?.unwrap_or_default();
    store(ledger, SCOPES, &scopes)?;
    let differences = audit::differences(&catalogue::merge(&before), &merged, |scope| &scope.name);
    replaced(ledger, "scopes.replaced", scopes.len(), &differences, now)?;
    touch(ledger, core)?;
    Ok(Reply::Done)
}

pub(super) fn put_roles(
    ledger: &mut impl Ledger,
    core: Core,
    roles: &[Role],
    now: Now,
) -> Result<Reply, Corrupt> {
    if let Err(problem) = catalogue::check_roles(roles) {
        return Ok(Reply::Problem(problem));
    }
    let before: Vec<Role> = load(ledger, ROLES)?.unwrap_or_default();
    store(ledger, ROLES, &roles)?;
    let differences = audit::differences(&before, roles, |role| &role.name);
    replaced(ledger, "roles.replaced", roles.len(), &differences, now)?;
    touch(ledger, core)?;
    Ok(Reply::Done)
}
