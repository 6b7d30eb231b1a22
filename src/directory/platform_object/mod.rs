//! The authority for hosts, events' settings and applications.

mod applications;

use serde::{Deserialize, Serialize};

use super::Problem;
use super::application::{Application, MOST_SECRETS, SecretRow};
use super::event::{EventLine, is_host};
use super::event_command;
use super::platform_command::{Command, Reply};
use crate::ledger::outbox::{self, Effect, Namespace, Now, Object, ObjectKind};
use crate::ledger::{Corrupt, Ledger, Page, count, load, page, page_of, store};
use crate::protocol::client::{ClientId, ClientType};
use crate::token::id::EventId;

const EVENT: &str = "event/";
const APPLICATION: &str = "application/";
/// The target of telling an event's object that it is deleted.
const CLOSE: &str = "close/";
const VERSION: &str = "version";
/// How many of those are told again at once.
const MOST_CLOSING: usize = 20;

/// The one object of a deployment.
#[derive(Debug)]
pub struct PlatformObject;

/// The row of an event, under its host.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct EventRow {
    #[serde(flatten)]
    line: EventLine,
    version: u64,
}

/// The KV record of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    /// Moves with every change.
    pub version: u64,
    /// The event; none once it is deleted.
    pub event_id: Option<EventId>,
}

/// The KV key of a host's record.
#[must_use]
pub fn host_key(host: &str) -> String {
    format!("host/{host}")
}

/// The KV key of an application's record.
#[must_use]
pub fn application_key(client_id: &ClientId) -> String {
    format!("application/{client_id}")
}

/// A number that only goes up, for the versions of everything here.
fn next_version(ledger: &mut impl Ledger) -> Result<u64, Corrupt> {
    let next = count(ledger, VERSION)?.saturating_add(1);
    ledger.put(VERSION, &next.to_string());
    Ok(next)
}

impl Object for PlatformObject {
    const KIND: ObjectKind = ObjectKind::Platform;
    type Command = Command;
    type Reply = Reply;

    fn patience(command: &Command) -> u32 {
        match command {
            // What everybody's requests ask for where KV is silent.
            Command::FindHost { .. }
            | Command::GetApplication { .. }
            | Command::FindApplications { .. } => outbox::SHORT_PATIENCE,
            _ => outbox::PATIENCE,
        }
    }

    fn handle<L: Ledger>(ledger: &mut L, command: Command, now: Now) -> Result<Reply, Corrupt> {
        match command {
            Command::FindHost { host } => {
                let row: Option<EventRow> = load(ledger, &format!("{EVENT}{host}"))?;
                Ok(Reply::Host {
                    event_id: row.map(|row| row.line.id),
                })
            }
            Command::ListEvents(request) => {
                let found: Page<(String, EventRow)> = page(ledger, EVENT, &request, false)?;
                let items = found.items.into_iter().map(|(_, row)| row.line).collect();
                Ok(Reply::Events(Page {
                    items,
                    next: found.next,
                }))
            }
            Command::GetEvent { host } => {
                Ok(match load::<EventRow>(ledger, &format!("{EVENT}{host}"))? {
                    None => Reply::Problem(Problem::Missing),
                    Some(row) => Reply::Event {
                        created: false,
                        event: row.line,
                    },
                })
            }
            Command::PutEvent {
                host,
                patch,
                fresh_id,
            } => {
                if !is_host(&host) {
                    return Ok(Reply::Problem(Problem::invalid(
                        "The host must be a lower-case host name without a port or trailing dot.",
                    )));
                }
                let key = format!("{EVENT}{host}");
                let before: Option<EventRow> = load(ledger, &key)?;
                let created = before.is_none();
                let (id, created_at) = match &before {
                    Some(row) => (row.line.id.clone(), row.line.created_at),
                    None => (fresh_id, now.seconds()),
                };
                let settings = match patch.apply(before.map(|row| row.line.settings), now.seconds())
                {
                    Ok(settings) => settings,
                    Err(problem) => return Ok(Reply::Problem(problem)),
                };
                let event = EventLine {
                    host: host.clone(),
                    id,
                    settings,
                    created_at,
                };
                let version = next_version(ledger)?;
                store(
                    ledger,
                    &key,
                    &EventRow {
                        line: event.clone(),
                        version,
                    },
                )?;
                outbox::note(ledger, &format!("tell/{host}"));
                outbox::note(ledger, &format!("host/{host}"));
                Ok(Reply::Event { created, event })
            }
            Command::DeleteEvent { host, id } => {
                let key = format!("{EVENT}{host}");
                let row = load::<EventRow>(ledger, &key)?;
                let Some(row) = row.filter(|row| id.is_none_or(|id| id == row.line.id.as_str()))
                else {
                    // If it was deleted a moment ago, its object must hear of it before the caller believes that it is.
                    for note in outbox::pending(ledger, Some(CLOSE), false, MOST_CLOSING) {
                        if note.target.starts_with(CLOSE) {
                            outbox::note(ledger, &note.target);
                        }
                    }
                    return Ok(Reply::Problem(Problem::Missing));
                };
                ledger.delete(&key);
                next_version(ledger)?;
                outbox::note(ledger, &format!("{CLOSE}{}", row.line.id));
                outbox::note(ledger, &format!("host/{host}"));
                Ok(Reply::Done)
            }
            Command::ListApplications(request) => {
                // Deleted ones stay as rows, so that their ids are never used again.
                let found: Page<(String, Application)> =
                    page_of(ledger, APPLICATION, &request, false, |row: &Application| {
                        !row.deleted
                    })?;
                let items = found.items.into_iter().map(|(_, row)| row).collect();
                Ok(Reply::Applications(Page {
                    items,
                    next: found.next,
                }))
            }
            Command::FindApplications { client_ids } => {
                let mut items = Vec::new();
                for client_id in &client_ids {
                    items.extend(applications::find(ledger, client_id)?);
                }
                Ok(Reply::Applications(Page { items, next: None }))
            }
            Command::GetApplication { client_id } => {
                Ok(match applications::find(ledger, &client_id)? {
                    None => Reply::Problem(Problem::Missing),
                    Some(application) => Reply::Application(Box::new(application)),
                })
            }
            Command::CreateApplication {
                patch,
                client_type,
                secret,
                attempt,
            } => applications::register(ledger, patch, client_type, secret, attempt, now),
            Command::PatchApplication { client_id, patch } => {
                applications::change(ledger, &client_id, |application| patch.apply(application))
            }
            Command::DeleteApplication { client_id } => {
                let reply = applications::change(ledger, &client_id, |application| {
                    application.deleted = true;
                    application.secrets.clear();
                    application.redirect_uris.clear();
                    Ok(())
                })?;
                Ok(done(reply))
            }
            Command::AddSecret {
                client_id,
                id,
                hash,
            } => applications::change(ledger, &client_id, |application| {
                // The front's own retry of a call whose answer was lost.
                if application.secrets.iter().any(|secret| secret.id == id) {
                    return Ok(());
                }
                if application.client_type == ClientType::Public {
                    return Err(Problem::Conflict("A public client has no secret.".into()));
                }
                if application.secrets.len() >= MOST_SECRETS {
                    return Err(Problem::Conflict(
                        "There are already two secrets. First delete the one that is no longer used.".into(),
                    ));
                }
                application.secrets.push(SecretRow {
                    id: id.clone(),
                    hash: hash.clone(),
                    created_at: now.seconds(),
                    last_used_at: None,
                });
                Ok(())
            }),
            Command::DeleteSecret { client_id, id } => {
                let reply = applications::change(ledger, &client_id, |application| {
                    let before = application.secrets.len();
                    application.secrets.retain(|secret| secret.id != id);
                    if application.secrets.len() == before {
                        Err(Problem::Missing)
                    } else {
                        Ok(())
                    }
                })?;
                Ok(done(reply))
            }
            Command::SecretUsed { client_id, id } => {
                // Not a change that anybody has to be told of: the replica keeps its version.
                if let Some(mut application) = applications::find(ledger, &client_id)?
                    && let Some(secret) = application
                        .secrets
                        .iter_mut()
                        .find(|secret| secret.id == id)
                    && secret.last_used_at.is_none_or(|last| last < now.seconds())
                {
                    secret.last_used_at = Some(now.seconds());
                    store(ledger, &applications::row_key(&client_id), &application)?;
                }
                Ok(Reply::Done)
            }
        }
    }

    fn effect<L: Ledger>(ledger: &L, target: &str, _: Now) -> Result<Option<Effect>, Corrupt> {
        let write = |key: String, value: Result<String, serde_json::Error>| match value {
            Ok(value) => Ok(Some(Effect::Write {
                namespace: Namespace::Directory,
                key,
                value,
                ttl: None,
            })),
            Err(_) => Err(Corrupt(target.to_owned())),
        };
        let tell = |id: EventId, command: &event_command::Command| {
            serde_json::to_string(command)
                .map(|command| {
                    Some(Effect::Tell {
                        kind: ObjectKind::Event,
                        name: id.into(),
                        command,
                    })
                })
                .map_err(|_| Corrupt(target.to_owned()))
        };
        match target.split_once('/') {
            Some(("host", host)) => {
                let row: Option<EventRow> = load(ledger, &format!("{EVENT}{host}"))?;
                let record = HostRecord {
                    version: count(ledger, VERSION)?,
                    event_id: row.map(|row| row.line.id),
                };
                write(host_key(host), serde_json::to_string(&record))
            }
            Some(("tell", host)) => match load::<EventRow>(ledger, &format!("{EVENT}{host}"))? {
                None => Ok(None),
                Some(row) => tell(
                    row.line.id.clone(),
                    &event_command::Command::Configure {
                        id: row.line.id,
                        host: row.line.host,
                        settings: row.line.settings,
                        version: row.version,
                    },
                ),
            },
            Some(("close", id)) => {
                let id = EventId::parse(id).ok_or_else(|| Corrupt(target.to_owned()))?;
                tell(id.clone(), &event_command::Command::Close { id })
            }
            Some(("application", number)) => {
                let key = format!("{APPLICATION}{number}");
                match load::<Application>(ledger, &key)? {
                    None => Ok(None),
                    Some(application) => write(
                        application_key(&application.client_id),
                        serde_json::to_string(&application),
                    ),
                }
            }
            _ => Ok(None),
        }
    }
}

/// The answer where something was taken away: that it is done, without what is left.
fn done(reply: Reply) -> Reply {
    match reply {
        Reply::Application(_) => Reply::Done,
        other => other,
    }
}
