//! The authority for one event: catalogue, roles, integrations, accounts by e-mail, audit, usage.

use serde::{Deserialize, Serialize};

use super::account_row::{AccountRow, email_key};
use super::catalogue::{self, ScopeDefinition};
use super::event::EventRecord;
use super::event_command::{Command, Reply};
use super::event_settings::EventSettings;
use super::integration::Integration;
use super::{Problem, audit, row_of, usage};
use crate::account::command as account;
use crate::account::profile::{AccountStatus, Profile};
use crate::ledger::outbox::{self, Effect, Namespace, Now, Object, ObjectKind};
use crate::ledger::{Corrupt, Ledger, Page, load, page, store};
use crate::protocol::client::ClientId;
use crate::token::id::{EventId, OwnerId};

mod accounts;
mod integrations;
mod settings;

use self::accounts::{create_account, delete_account, list_accounts, patch_account};
use self::integrations::{
    delete_integration, find_integration, find_integrations, get_integration, list_integrations,
    put_integration,
};
use self::settings::{close, configure, put_roles, put_scopes};

const EVENT: &str = "event";
const SCOPES: &str = "scopes";
const ROLES: &str = "roles";
const INTEGRATION: &str = "integration/";
const ACCOUNT: &str = "account/";
const EMAIL: &str = "email/";
const PASSWORD: &str = "pending_password/";
const CLOSING: &str = "closing";
/// Who changes things through the operator API, in the audit log.
const OPERATOR: &str = "operator";

/// One event.
#[derive(Debug)]
pub struct EventObject;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Core {
    id: EventId,
    host: String,
    settings: EventSettings,
    version: u64,
    revision: u64,
    #[serde(default)]
    deleted: bool,
}

/// The KV key of an event's record.
#[must_use]
pub fn event_key(id: &EventId) -> String {
    format!("event/{id}")
}

/// The KV key of an integration's record.
#[must_use]
pub fn integration_key(event_id: &EventId, client_id: &ClientId) -> String {
    format!("integration/{event_id}/{client_id}")
}

/// The name of an account's object.
#[must_use]
pub fn account_object(event_id: &EventId, owner: &OwnerId) -> String {
    format!("{event_id}/{owner}")
}

fn integration_row(client_id: &ClientId) -> String {
    format!("{INTEGRATION}{}", row_of(client_id))
}

impl Object for EventObject {
    const KIND: ObjectKind = ObjectKind::Event;
    type Command = Command;
    type Reply = Reply;

    fn patience(command: &Command) -> u32 {
        match command {
            Command::Directory { .. }
            | Command::GetAccount { .. }
            | Command::FindAccount { .. } => outbox::SHORT_PATIENCE,
            _ => outbox::PATIENCE,
        }
    }

    fn handle<L: Ledger>(ledger: &mut L, command: Command, now: Now) -> Result<Reply, Corrupt> {
        let core: Option<Core> = load(ledger, EVENT)?;
        match command {
            Command::Configure {
                id,
                host,
                settings,
                version,
            } => {
                return configure(ledger, core, id, host, settings, version, now);
            }
            Command::Close { id } => return close(ledger, core, &id),
            _ => {}
        }
        // An event that is not, or no longer, answers nothing and writes nothing.
        let Some(core) = core.filter(|core| !core.deleted) else {
            return Ok(match command {
                Command::Directory { .. } => Reply::Directory {
                    event: None,
                    integration: None,
                },
                _ => Reply::Problem(Problem::Missing),
            });
        };
        match command {
            Command::Configure { .. } | Command::Close { .. } => Ok(Reply::Done),
            Command::Directory { client_id } => {
                let integration = match client_id {
                    None => None,
                    Some(client_id) => find_integration(ledger, &client_id)?.map(Box::new),
                };
                Ok(Reply::Directory {
                    event: Some(Box::new(record(ledger, core)?)),
                    integration,
                })
            }
            Command::PutScopes(scopes) => put_scopes(ledger, core, &scopes, now),
            Command::PutRoles(roles) => put_roles(ledger, core, &roles, now),
            Command::ListIntegrations(request) => list_integrations(ledger, &request),
            Command::FindIntegrations { client_ids } => find_integrations(ledger, &client_ids),
            Command::GetIntegration { client_id } => get_integration(ledger, &client_id),
            Command::PutIntegration {
                client_id,
                patch,
                fresh_incarnation,
            } => put_integration(ledger, core, client_id, patch, fresh_incarnation, now),
            Command::DeleteIntegration {
                client_id,
                incarnation,
            } => delete_integration(ledger, core, &client_id, incarnation, now),
            Command::ListAccounts(request) => list_accounts(ledger, &request, |_| true),
            Command::ListActiveAccounts(request) => {
                list_accounts(ledger, &request, |row| row.status == AccountStatus::Active)
            }
            Command::FindAccount { email } => {
                let id = ledger.get(&format!("{EMAIL}{}", email_key(&email)));
                let row = match id {
                    None => None,
                    Some(id) => load::<AccountRow>(ledger, &format!("{ACCOUNT}{id}"))?,
                };
                Ok(row.map_or(Reply::Problem(Problem::Missing), |row| {
                    Reply::Account(Box::new(row))
                }))
            }
            Command::GetAccount { id } => {
                Ok(load::<AccountRow>(ledger, &format!("{ACCOUNT}{id}"))?
                    .map_or(Reply::Problem(Problem::Missing), |row| {
                        Reply::Account(Box::new(row))
                    }))
            }
            Command::CreateAccount { fresh_id, patch } => {
                create_account(ledger, fresh_id, patch, now)
            }
            Command::PatchAccount { id, patch } => patch_account(ledger, &id, patch, now),
            Command::DeleteAccount { id } => delete_account(ledger, &id, now),
            Command::ListAudit(request) => {
                let found: Page<(String, audit::Entry)> =
                    page(ledger, audit::PREFIX, &request, true)?;
                let items = found.items.into_iter().map(|(_, entry)| entry).collect();
                Ok(Reply::Audit(Page {
                    items,
                    next: found.next,
                }))
            }
            Command::Note {
                kind,
                actor,
                subject,
                account,
                client_id,
            } => {
                let account = account.iter().map(|id| ("account", id.as_str()));
                let client_id = client_id.iter().map(|id| ("client_id", id.as_str()));
                let mut detail = vec![("subject", subject.as_str())];
                detail.extend(account.chain(client_id));
                audit::write(ledger, &kind, &actor, &detail, now)?;
                Ok(Reply::Done)
            }
            Command::AddUsage(lines) => {
                usage::add(ledger, &lines)?;
                Ok(Reply::Done)
            }
            Command::ListUsage {
                client_id,
                from,
                to,
                page,
            } => Ok(Reply::Usage(usage::list(
                ledger,
                client_id.as_ref(),
                from,
                to,
                &page,
            )?)),
        }
    }

    fn effect<L: Ledger>(ledger: &L, target: &str, _: Now) -> Result<Option<Effect>, Corrupt> {
        let Some(core) = load::<Core>(ledger, EVENT)? else {
            return Ok(None);
        };
        let text = |value: Result<String, serde_json::Error>| {
            value.map_err(|_| Corrupt(target.to_owned()))
        };
        let owner_of = |id: &str| OwnerId::parse(id).ok_or_else(|| Corrupt(target.to_owned()));
        let tell =
            |owner: &OwnerId, command: &account::Command| -> Result<Option<Effect>, Corrupt> {
                Ok(Some(Effect::Tell {
                    kind: ObjectKind::Account,
                    name: account_object(&core.id, owner),
                    command: text(serde_json::to_string(command))?,
                }))
            };
        let erase = |id: &OwnerId| account::Command::Erase {
            event_id: core.id.clone(),
            id: id.clone(),
        };
        if target == EVENT {
            let key = event_key(&core.id);
            let record = record(ledger, core.clone())?;
            let value = text(serde_json::to_string(&record))?;
            return Ok(Some(Effect::Write {
                namespace: Namespace::Directory,
                key,
                value,
                ttl: None,
            }));
        }
        match target.split_once('/') {
            Some(("integration", _)) => match load::<Integration>(ledger, target)? {
                None => Ok(None),
                Some(row) => Ok(Some(Effect::Write {
                    namespace: Namespace::Directory,
                    key: integration_key(&core.id, &row.client_id),
                    value: text(serde_json::to_string(&row))?,
                    ttl: None,
                })),
            },
            Some(("account", id)) => match load::<AccountRow>(ledger, target)? {
                None => {
                    let id = owner_of(id)?;
                    tell(&id, &erase(&id))
                }
                Some(row) => {
                    let id = row.id.clone();
                    let profile = profile_of(&core.id, row);
                    let password = ledger.get(&format!("{PASSWORD}{id}"));
                    tell(&id, &account::Command::Push { profile, password })
                }
            },
            Some(("service", owner)) => match load::<ServiceRow>(ledger, target)? {
                None => {
                    let owner = owner_of(owner)?;
                    tell(&owner, &erase(&owner))
                }
                Some(row) => {
                    let owner = owner_of(owner)?;
                    let profile = Profile {
                        id: owner.clone(),
                        event_id: core.id.clone(),
                        version: row.version,
                        name: String::new(),
                        email: String::new(),
                        permissions: Vec::new(),
                        roles: Vec::new(),
                        status: AccountStatus::Active,
                        epoch: row.epoch,
                        session_epoch: 0,
                        service: true,
                    };
                    tell(
                        &owner,
                        &account::Command::Push {
                            profile,
                            password: None,
                        },
                    )
                }
            },
            _ => Ok(None),
        }
    }

    /// Nothing is kept here of a password that was handed on.
    fn told<L: Ledger>(ledger: &mut L, target: &str) {
        if let Some(id) = target.strip_prefix(ACCOUNT) {
            ledger.delete(&format!("{PASSWORD}{id}"));
        }
    }

    /// Erases a closed event's accounts, step by step.
    fn sweep<L: Ledger>(ledger: &mut L, _: Now) -> Result<(), Corrupt> {
        if ledger.get(CLOSING).is_none() {
            return Ok(());
        }
        let mut found = false;
        for prefix in [ACCOUNT, "service/"] {
            for (key, _) in ledger.scan(prefix, None, false, 100) {
                ledger.delete(&key);
                outbox::note(ledger, &key);
                found = true;
            }
        }
        for prefix in [
            EMAIL,
            PASSWORD,
            audit::PREFIX,
            usage::PREFIX,
            usage::LAST_USED,
        ] {
            for (key, _) in ledger.scan(prefix, None, false, 500) {
                ledger.delete(&key);
                found = true;
            }
        }
        if !found {
            ledger.delete(CLOSING);
        }
        Ok(())
    }

    fn wake_after<L: Ledger>(ledger: &L, _: Now) -> Option<u64> {
        ledger.get(CLOSING).map(|_| 1)
    }
}

/// The answer to taking away what is gone: missing. But if it went a moment ago, and the object that must hear of it has
/// not, it is told again, and done once that is: the caller must not believe it before.
fn gone(ledger: &mut impl Ledger, target: &str) -> Reply {
    if outbox::find(ledger, target).is_none() {
        return Reply::Problem(Problem::Missing);
    }
    outbox::note(ledger, target);
    Reply::Done
}

/// A service's row: while it is there, the service's object may act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ServiceRow {
    version: u64,
    /// Moves when its refresh tokens are switched on or off.
    epoch: u64,
}

fn profile_of(event_id: &EventId, row: AccountRow) -> Profile {
    Profile {
        id: row.id.into(),
        event_id: event_id.clone(),
        version: row.version,
        name: row.name,
        email: row.email,
        permissions: row.permissions,
        roles: row.roles,
        status: row.status,
        epoch: row.epoch,
        session_epoch: row.session_epoch,
        service: false,
    }
}

fn record(ledger: &impl Ledger, core: Core) -> Result<EventRecord, Corrupt> {
    let own: Vec<ScopeDefinition> = load(ledger, SCOPES)?.unwrap_or_default();
    Ok(EventRecord {
        version: core.revision,
        id: core.id,
        host: core.host,
        settings: core.settings,
        scopes: catalogue::merge(&own),
        roles: load(ledger, ROLES)?.unwrap_or_default(),
        deleted: core.deleted,
    })
}

/// Counts a change of the event up and notes its replica.
fn touch(ledger: &mut impl Ledger, mut core: Core) -> Result<u64, Corrupt> {
    core.revision = core.revision.saturating_add(1);
    store(ledger, EVENT, &core)?;
    outbox::note(ledger, EVENT);
    Ok(core.revision)
}
