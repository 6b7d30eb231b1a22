//! The directory as edge code reads it: a small cache over KV over the objects.
//!
//! A replica may be behind, so it may grant and never refuse: whoever is about to refuse asks again
//! with [`Source::Authority`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::join;
use serde::de::DeserializeOwned;

use super::ports::{Fault, Ports};
use crate::account::command::Alive;
use crate::directory::Status;
use crate::directory::application::Application;
use crate::directory::event::EventRecord;
use crate::directory::event_command as event;
use crate::directory::event_object::{EventObject, event_key, integration_key};
use crate::directory::integration::Integration;
use crate::directory::platform_command as platform;
use crate::directory::platform_object::{HostRecord, PlatformObject, application_key, host_key};
use crate::ledger::outbox::Namespace;
use crate::protocol::client::ClientId;
use crate::protocol::time::UnixTime;
use crate::token::id::{EventId, OwnerId};

/// How long this isolate believes what it read, in seconds. With the 60 of KV's own cache, and a few for
/// the object to tell KV, it stays within the 90 that the contract allows.
pub const FRESH_FOR: u64 = 25;
/// Longer than this a cache is not let grow; it starts anew.
const MOST: usize = 4096;
/// The name of the deployment's one object.
pub const PLATFORM: &str = "platform";

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The cache, KV, and only then the object.
    Replica,
    /// The object itself.
    Authority,
}

struct Cached<T> {
    read_at: UnixTime,
    version: u64,
    record: Rc<T>,
}

struct Shelf<T>(RefCell<BTreeMap<String, Cached<T>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Shelf<T> {
    fn get(&self, key: &str, now: UnixTime) -> Option<Rc<T>> {
        let shelf = self.0.borrow();
        let cached = shelf.get(key)?;
        // A clock stepped back makes a record look new for longer; then it is read again.
        let fresh = now >= cached.read_at && now.since(cached.read_at) < FRESH_FOR;
        fresh.then(|| Rc::clone(&cached.record))
    }

    /// Keeps a record, unless a newer one is here: then that one is the answer.
    fn keep(&self, key: &str, version: u64, record: T, now: UnixTime) -> Rc<T> {
        let mut shelf = self.0.borrow_mut();
        if shelf.len() >= MOST {
            shelf.clear();
        }
        if let Some(known) = shelf.get_mut(key)
            && known.version > version
        {
            known.read_at = now;
            return Rc::clone(&known.record);
        }
        let record = Rc::new(record);
        shelf.insert(
            key.to_owned(),
            Cached {
                read_at: now,
                version,
                record: Rc::clone(&record),
            },
        );
        record
    }
}

impl<T: DeserializeOwned> Shelf<T> {
    /// The record as it is known here, or else as KV has it. A store that does not answer is like one that has
    /// nothing: the authority is asked.
    async fn find(
        &self,
        ports: &impl Ports,
        key: &str,
        version: impl FnOnce(&T) -> u64,
        now: UnixTime,
    ) -> Option<Rc<T>> {
        if let Some(known) = self.get(key, now) {
            return Some(known);
        }
        let found = ports.read(Namespace::Directory, key).await.ok()?;
        let record = serde_json::from_str(&found?).ok()?;
        Some(self.keep(key, version(&record), record, now))
    }
}

/// What this isolate has read lately.
#[derive(Default)]
pub struct ReplicaCache {
    hosts: Shelf<HostRecord>,
    events: Shelf<EventRecord>,
    applications: Shelf<Application>,
    integrations: Shelf<Integration>,
    /// Accounts behind live tokens, by grant and generation or by personal access token.
    alive: Shelf<Alive>,
    /// Services' tokens without a grant: whether they were alive.
    lone: Shelf<bool>,
}

impl ReplicaCache {
    /// The account behind a token, if its object said so within the last [`FRESH_FOR`] seconds.
    pub fn alive(&self, key: &str, now: UnixTime) -> Option<Rc<Alive>> {
        self.alive.get(key, now)
    }

    /// Keeps what an account's object said of a token.
    pub fn remember_alive(&self, key: &str, alive: Alive, now: UnixTime) -> Rc<Alive> {
        self.alive.keep(key, alive.profile.version, alive, now)
    }

    /// Whether a service's token without a grant was alive, if that was looked up lately.
    pub fn lone(&self, key: &str, now: UnixTime) -> Option<bool> {
        self.lone.get(key, now).map(|alive| *alive)
    }

    /// Keeps whether a service's token without a grant is alive, and says what is known now. Once dead, it stays so.
    pub fn keep_lone(&self, key: &str, alive: bool, now: UnixTime) -> bool {
        *self.lone.keep(key, u64::from(!alive), alive, now)
    }

    /// Forgets what an account's object said of its tokens, after something of it was ended here.
    pub fn forget_account(&self, event_id: &EventId, owner: &OwnerId) {
        let prefix = format!("{event_id}/{owner}/");
        self.alive
            .0
            .borrow_mut()
            .retain(|key, _| !key.starts_with(&prefix));
    }

    /// Forgets everything, after a change made through this isolate.
    pub fn forget(&self) {
        self.hosts.0.borrow_mut().clear();
        self.events.0.borrow_mut().clear();
        self.applications.0.borrow_mut().clear();
        self.integrations.0.borrow_mut().clear();
        self.alive.0.borrow_mut().clear();
        self.lone.0.borrow_mut().clear();
    }
}

/// A client at an event.
#[derive(Clone, Debug)]
pub struct Client {
    /// The event, as it was read together with the client.
    pub event: Rc<EventRecord>,
    /// The application.
    pub application: Rc<Application>,
    /// What this event's organiser approved for it.
    pub integration: Option<Rc<Integration>>,
}

impl Client {
    /// The integration, if it may be used now.
    #[must_use]
    pub fn usable(&self) -> Option<&Rc<Integration>> {
        self.integration.as_ref().filter(|integration| {
            integration.status == Status::Active && self.application.status == Status::Active
        })
    }
}

/// The event of a host.
///
/// # Errors
/// [`Fault`] if an object that must be asked does not answer.
pub async fn event_of_host(
    ports: &impl Ports,
    host: &str,
    now: UnixTime,
) -> Result<Option<Rc<EventRecord>>, Fault> {
    let cache = ports.replicas();
    let known = cache
        .hosts
        .find(ports, &host_key(host), |record| record.version, now)
        .await;
    if let Some(id) = known.and_then(|record| record.event_id.clone())
        && let Some(event) = event(ports, &id, Source::Replica, now).await?
        && event.host == host
    {
        return Ok(Some(event));
    }
    // Unknown, or known as deleted: the object decides.
    let reply = ports
        .ask::<PlatformObject>(
            PLATFORM,
            &platform::Command::FindHost {
                host: host.to_owned(),
            },
        )
        .await?;
    let platform::Reply::Host { event_id: Some(id) } = reply else {
        return Ok(None);
    };
    event(ports, &id, Source::Authority, now).await
}

async fn event(
    ports: &impl Ports,
    id: &EventId,
    source: Source,
    now: UnixTime,
) -> Result<Option<Rc<EventRecord>>, Fault> {
    let cache = ports.replicas();
    if source == Source::Replica {
        let known = cache
            .events
            .find(ports, &event_key(id), |record| record.version, now)
            .await;
        if let Some(record) = known.filter(|record| !record.deleted) {
            return Ok(Some(record));
        }
    }
    Ok(ask_event(ports, id, None, now)
        .await?
        .map(|(event, _)| event))
}

async fn ask_event(
    ports: &impl Ports,
    id: &EventId,
    client_id: Option<&ClientId>,
    now: UnixTime,
) -> Result<Option<(Rc<EventRecord>, Option<Rc<Integration>>)>, Fault> {
    let cache = ports.replicas();
    let command = event::Command::Directory {
        client_id: client_id.cloned(),
    };
    let event::Reply::Directory { event, integration } =
        ports.ask::<EventObject>(id.as_str(), &command).await?
    else {
        return Err(Fault::Broken(
            "the event's object gave another answer than was asked for",
        ));
    };
    let Some(event) = event else { return Ok(None) };
    let integration = integration.map(|integration| {
        let key = integration_key(id, &integration.client_id);
        cache
            .integrations
            .keep(&key, integration.version, *integration, now)
    });
    Ok(Some((
        cache
            .events
            .keep(&event_key(id), event.version, *event, now),
        integration,
    )))
}

/// Reads a client at an event; `None` if there is no such application.
///
/// # Errors
/// [`Fault`] if an object that must be asked does not answer.
pub async fn client(
    ports: &impl Ports,
    event: &Rc<EventRecord>,
    client_id: &ClientId,
    source: Source,
    now: UnixTime,
) -> Result<Option<Client>, Fault> {
    let cache = ports.replicas();
    if source == Source::Replica {
        let (application, integration) = join(
            cache.applications.find(
                ports,
                &application_key(client_id),
                |record| record.version,
                now,
            ),
            cache.integrations.find(
                ports,
                &integration_key(&event.id, client_id),
                |record| record.version,
                now,
            ),
        )
        .await;
        let application = application.filter(|application| !application.deleted);
        return Ok(application.map(|application| Client {
            event: Rc::clone(event),
            application,
            integration: integration.filter(|integration| !integration.deleted),
        }));
    }
    let command = platform::Command::GetApplication {
        client_id: client_id.clone(),
    };
    let platform::Reply::Application(application) =
        ports.ask::<PlatformObject>(PLATFORM, &command).await?
    else {
        return Ok(None);
    };
    let application = cache.applications.keep(
        &application_key(client_id),
        application.version,
        *application,
        now,
    );
    let found = ask_event(ports, &event.id, Some(client_id), now).await?;
    Ok(found.map(|(event, integration)| Client {
        event,
        application,
        integration,
    }))
}

/// A client at an event with what the event's object says of it now; the application as it was known.
///
/// # Errors
/// [`Fault`] if the object does not answer.
pub async fn approved_now(
    ports: &impl Ports,
    client: &Client,
    now: UnixTime,
) -> Result<Option<Client>, Fault> {
    let id = &client.application.client_id;
    let found = ask_event(ports, &client.event.id, Some(id), now).await?;
    Ok(found.map(|(event, integration)| Client {
        event,
        application: Rc::clone(&client.application),
        integration,
    }))
}

/// The event's record from its object.
///
/// # Errors
/// [`Fault`] if it does not answer.
pub async fn event_now(
    ports: &impl Ports,
    id: &EventId,
    now: UnixTime,
) -> Result<Option<Rc<EventRecord>>, Fault> {
    event(ports, id, Source::Authority, now).await
}
