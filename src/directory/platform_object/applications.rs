//! The rows of applications.

use serde::{Deserialize, Serialize};

use super::{APPLICATION, next_version};
use crate::directory::application::{Application, ApplicationPatch, SecretRow};
use crate::directory::platform_command::Reply;
use crate::directory::{Problem, Status, row_of};
use crate::ledger::outbox::{self, Now};
use crate::ledger::{Corrupt, Ledger, load, store};
use crate::protocol::client::{ClientId, ClientType};

const LAST_CLIENT_ID: &str = "last_client_id";
const LATEST_REGISTRATIONS: &str = "latest_registrations";
/// How many registrations are remembered for the front's own retries, which come within seconds.
const MOST_REGISTRATIONS: usize = 20;
/// The first `client_id` is the one after this.
const BEFORE_FIRST_CLIENT_ID: u64 = 1000;

/// Which application an attempt to register one made.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Registration {
    attempt: String,
    client_id: ClientId,
}

pub(super) fn row_key(client_id: &ClientId) -> String {
    format!("{APPLICATION}{}", row_of(client_id))
}

/// Registers an application; an attempt that comes again gets what it made.
pub(super) fn register(
    ledger: &mut impl Ledger,
    patch: ApplicationPatch,
    client_type: ClientType,
    secret: Option<(String, String)>,
    attempt: String,
    now: Now,
) -> Result<Reply, Corrupt> {
    let mut latest: Vec<Registration> = load(ledger, LATEST_REGISTRATIONS)?.unwrap_or_default();
    let before = latest.iter().find(|one| one.attempt == attempt);
    if let Some(Registration { client_id, .. }) = before
        && let Some(application) = find(ledger, client_id)?
    {
        // Told again, too: what became of the first telling is not known.
        outbox::note(ledger, &row_key(client_id));
        return Ok(Reply::Application(Box::new(application)));
    }
    let reply = create(ledger, patch, client_type, secret, now)?;
    if let Reply::Application(application) = &reply {
        let client_id = application.client_id.clone();
        latest.insert(0, Registration { attempt, client_id });
        latest.truncate(MOST_REGISTRATIONS);
        store(ledger, LATEST_REGISTRATIONS, &latest)?;
    }
    Ok(reply)
}

pub(super) fn find(
    ledger: &impl Ledger,
    client_id: &ClientId,
) -> Result<Option<Application>, Corrupt> {
    Ok(
        load::<Application>(ledger, &row_key(client_id))?
            .filter(|application| !application.deleted),
    )
}

fn create(
    ledger: &mut impl Ledger,
    patch: ApplicationPatch,
    client_type: ClientType,
    secret: Option<(String, String)>,
    now: Now,
) -> Result<Reply, Corrupt> {
    let last: Option<u64> = load(ledger, LAST_CLIENT_ID)?;
    let number = last.unwrap_or(BEFORE_FIRST_CLIENT_ID).saturating_add(1);
    let mut application = Application {
        version: 0,
        client_id: ClientId::number(number),
        name: String::new(),
        description: String::new(),
        website: None,
        redirect_uris: Vec::new(),
        client_type,
        require_pkce: false,
        status: Status::Active,
        secrets: secret
            .into_iter()
            .map(|(id, hash)| SecretRow {
                id,
                hash,
                created_at: now.seconds(),
                last_used_at: None,
            })
            .collect(),
        created_at: now.seconds(),
        deleted: false,
    };
    if let Err(problem) = patch.apply(&mut application) {
        return Ok(Reply::Problem(problem));
    }
    ledger.put(LAST_CLIENT_ID, &number.to_string());
    keep(ledger, &mut application)?;
    Ok(Reply::Application(Box::new(application)))
}

fn keep(ledger: &mut impl Ledger, application: &mut Application) -> Result<(), Corrupt> {
    application.version = next_version(ledger)?;
    let key = row_key(&application.client_id);
    store(ledger, &key, application)?;
    outbox::note(ledger, &key);
    Ok(())
}

pub(super) fn change(
    ledger: &mut impl Ledger,
    client_id: &ClientId,
    change: impl FnOnce(&mut Application) -> Result<(), Problem>,
) -> Result<Reply, Corrupt> {
    let Some(mut application) = find(ledger, client_id)? else {
        return Ok(Reply::Problem(Problem::Missing));
    };
    if let Err(problem) = change(&mut application) {
        return Ok(Reply::Problem(problem));
    }
    keep(ledger, &mut application)?;
    Ok(Reply::Application(Box::new(application)))
}
