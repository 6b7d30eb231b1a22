//! The authority for one account: dispatch of its commands.

use serde::{Deserialize, Serialize};

use super::command::{Command, Overview, Reply};
use super::grants::{self, Asked};
use super::profile::{PASSWORD, PROFILE, Profile};
use super::sessions;
use super::tokens::{self, Wanted};
use crate::grant::state::{EndReason, IdleLimit};
use crate::ledger::outbox::{self, Effect, Now, Object, ObjectKind};
use crate::ledger::{Corrupt, Ledger, load, store};
use crate::token::id::{EventId, OwnerId, SessionId};

/// Left behind by an erased account, for its tombstones and so that a late push does not bring it back: ids that
/// name nobody.
#[derive(Serialize, Deserialize)]
struct Erased {
    event_id: EventId,
    id: OwnerId,
}

const ERASED: &str = "erased";

/// One account of one event, or one service client of it.
#[derive(Debug)]
pub struct AccountObject;

impl Object for AccountObject {
    const KIND: ObjectKind = ObjectKind::Account;
    type Command = Command;
    type Reply = Reply;

    fn patience(command: &Command) -> u32 {
        match command {
            // Hashing takes a while, and where many try one account they wait for each other.
            Command::SignIn { .. } => outbox::PATIENCE,
            _ => outbox::SHORT_PATIENCE,
        }
    }

    fn handle<L: Ledger>(ledger: &mut L, command: Command, now: Now) -> Result<Reply, Corrupt> {
        match command {
            Command::Push { profile, password } => push(ledger, &profile, password, now),
            Command::Erase { event_id, id } => erase(ledger, event_id, id),
            Command::SignIn {
                password,
                session_id,
                browser,
            } => sessions::sign_in(ledger, password.expose(), &session_id, browser, now),
            Command::Visit { session_id, client } => {
                sessions::visit(ledger, &session_id, client.as_ref(), now)
            }
            Command::EndSession { session_id, target } => {
                sessions::end(ledger, &session_id, &target, now)
            }
            Command::Overview { session_id } => overview(ledger, &session_id, now),
            Command::RevokeApplication {
                session_id,
                client_id,
                attempt,
            } => match sessions::person(ledger, &session_id, now)? {
                None => Ok(Reply::Nothing),
                Some(_) => grants::clearing::revoke_client(ledger, &client_id, attempt, now),
            },
            Command::Redeem { code, asked, begin } => {
                grants::begin::redeem(ledger, &code, asked.as_ref(), &begin, now)
            }
            Command::BeginService {
                grant_id,
                client_id,
                scope,
                begin,
            } => grants::begin::begin_service(ledger, &grant_id, &client_id, &scope, &begin, now),
            Command::Refresh {
                grant_id,
                client_id,
                presented,
                asked,
                window,
                idle_days,
                idle_ended_before,
                begin,
            } => {
                let asked = Asked {
                    grant_id: &grant_id,
                    client_id: &client_id,
                    presented,
                    scope: asked.as_ref(),
                    window,
                    idle: IdleLimit {
                        days: idle_days,
                        ended_before: idle_ended_before,
                    },
                };
                grants::refresh(ledger, &asked, &begin, now)
            }
            Command::Inspect {
                grant_id,
                generation,
                client_id,
                incarnation,
            } => grants::inspect(ledger, &grant_id, generation, &client_id, &incarnation),
            Command::WhoseGrant { grant_id } => grants::whose(ledger, &grant_id),
            Command::InspectLone { jti } => {
                let served = load::<Profile>(ledger, PROFILE)?.is_some();
                Ok(if served && !grants::is_lone_revoked(ledger, &jti) {
                    Reply::Done
                } else {
                    Reply::Nothing
                })
            }
            Command::RevokeGrant {
                grant_id,
                client_id,
            } => grants::end(
                ledger,
                &grant_id,
                Some(&client_id),
                EndReason::RevokedByClient,
                now,
            ),
            Command::RevokeLone { jti, expires_at } => match load::<Profile>(ledger, PROFILE)? {
                None => Ok(Reply::Nothing),
                Some(_) => {
                    grants::revoke_lone(ledger, &jti, expires_at);
                    Ok(Reply::Done)
                }
            },
            Command::Grants { after, limit } => {
                let (items, next) =
                    grants::listing::list(ledger, after.as_deref(), limit.clamp(1, 1000))?;
                Ok(Reply::Grants { items, next })
            }
            Command::FindGrant { grant_id } => {
                let items = grants::listing::find(ledger, &grant_id)?
                    .into_iter()
                    .collect();
                Ok(Reply::Grants { items, next: None })
            }
            Command::EndGrant { grant_id } => {
                grants::end(ledger, &grant_id, None, EndReason::RevokedByOrganiser, now)
            }
            Command::CreateToken {
                session_id,
                token_id,
                name,
                scope,
                expires_at,
                attempt,
            } => {
                let wanted = Wanted {
                    token_id,
                    name,
                    scope,
                    expires_at,
                    attempt,
                };
                tokens::create(ledger, &session_id, wanted, now)
            }
            Command::RevokeToken {
                session_id,
                token_id,
            } => tokens::revoke(ledger, &session_id, &token_id, now),
            Command::UseToken { token_id } => tokens::look_up(ledger, &token_id, now),
        }
    }

    fn effect<L: Ledger>(ledger: &L, target: &str, now: Now) -> Result<Option<Effect>, Corrupt> {
        let ids = match load::<Profile>(ledger, PROFILE)? {
            Some(profile) => Some((profile.event_id, profile.id)),
            None => load::<Erased>(ledger, ERASED)?.map(|erased| (erased.event_id, erased.id)),
        };
        match ids {
            Some((event_id, id)) => grants::replica::effect(ledger, target, &event_id, &id, now),
            None => Ok(None),
        }
    }

    fn is_urgent(target: &str) -> bool {
        grants::replica::is_relied_on(target)
    }

    fn wakes(key: &str) -> bool {
        grants::clearing::wakes(key)
    }

    fn sweep<L: Ledger>(ledger: &mut L, now: Now) -> Result<(), Corrupt> {
        grants::clearing::sweep(ledger, now)
    }

    fn wake_after<L: Ledger>(ledger: &L, now: Now) -> Option<u64> {
        grants::clearing::wake_after(ledger, now)
    }
}

fn push(
    ledger: &mut impl Ledger,
    profile: &Profile,
    password: Option<String>,
    now: Now,
) -> Result<Reply, Corrupt> {
    let before: Option<Profile> = load(ledger, PROFILE)?;
    // An id is never used again: what was erased stays erased, however late a push comes.
    if before.is_none() && ledger.get(ERASED).is_some() {
        return Ok(Reply::Nothing);
    }
    if before
        .as_ref()
        .is_some_and(|before| before.version > profile.version)
    {
        return Ok(Reply::Done);
    }
    if before.as_ref() != Some(profile) {
        store(ledger, PROFILE, profile)?;
    }
    if let Some(password) = password {
        ledger.put(PASSWORD, &password);
    }
    if before.is_some_and(|before| before.epoch != profile.epoch) {
        grants::clearing::begin_clearing(ledger, now);
    }
    Ok(Reply::Done)
}

/// Removes every row but what others must be told, and leaves ids that name nobody.
fn erase(ledger: &mut impl Ledger, event_id: EventId, id: OwnerId) -> Result<Reply, Corrupt> {
    // Gone through before anything is changed: a scan goes through all changes of its transaction too.
    let mut keys: Vec<String> = Vec::new();
    loop {
        let rows = ledger.scan("", keys.last().map(String::as_str), false, 500);
        if rows.is_empty() {
            break;
        }
        keys.extend(rows.into_iter().map(|(key, _)| key));
    }
    grants::replica::note_all(ledger);
    for key in keys.iter().filter(|key| !outbox::is_note(key)) {
        ledger.delete(key);
    }
    // Also where it has never heard of the account: its first push may be on its way still.
    store(ledger, ERASED, &Erased { event_id, id })?;
    Ok(Reply::Done)
}

fn overview(ledger: &impl Ledger, session_id: &SessionId, now: Now) -> Result<Reply, Corrupt> {
    let Some((profile, _)) = sessions::person(ledger, session_id, now)? else {
        return Ok(Reply::Nothing);
    };
    Ok(Reply::Overview(Box::new(Overview {
        grants: grants::listing::gathered(ledger)?,
        sessions: sessions::list(ledger, &profile, now)?,
        tokens: tokens::list(ledger, &profile, now)?,
        profile,
    })))
}
