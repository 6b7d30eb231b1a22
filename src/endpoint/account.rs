//! A person's own page, and the event's front page (contract 3).

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::authorize::scope_lines;
use super::session::{self, SignedIn, form_token, is_ours};
use super::{Site, login, logout, personal_tokens};
use crate::account::command::{Command, GrantLine, Overview, Reply as AccountReply};
use crate::directory::Status;
use crate::directory::catalogue::Mode;
use crate::pages::{
    AccountPage, AuthorizedApplication, FrontPage, Notice, Paused, SessionLine, TokensSection,
};
use crate::protocol::client::ClientId;
use crate::protocol::params::Params;
use crate::protocol::scope::Scope;
use crate::store::directory::{self, Client, Source};
use crate::store::ports::{Fault, Ports};
use crate::token::id::SessionId;
use crate::token::random_id;
use crate::web::cookies::Cookie;
use crate::web::reply::{Forms, Reply};

const REVOKE: &str = "revoke application";
const END_SESSION: &str = "end session";

/// What a form of the page has just done. The page is reached by a redirect, and says it: an address can bring one of
/// these sentences there, with the name of an application that is approved and has no access, and no other words.
pub(super) enum Done {
    /// **Revoke access**, at this application.
    Access(ClientId),
    /// **End session**.
    Session,
    /// **Revoke** at a personal access token.
    Token,
}

impl Done {
    fn of(query: &str) -> Option<Self> {
        let params = Params::from_form(query.as_bytes());
        Some(match params.get("done")? {
            "access" => Self::Access(params.get("client_id").and_then(ClientId::parse)?),
            "session" => Self::Session,
            "token" => Self::Token,
            _ => return None,
        })
    }

    /// To the page, which says it.
    pub(super) fn reply(self) -> Reply {
        Reply::see_other(match self {
            Self::Access(client_id) => format!("/account?done=access&client_id={client_id}"),
            Self::Session => String::from("/account?done=session"),
            Self::Token => String::from("/account?done=token"),
        })
    }

    /// In words, on a page that lists these; none if the page shows that it is not so, or not any more.
    async fn notice<P: Ports>(
        self,
        site: &Site<'_, P>,
        listed: &[AuthorizedApplication],
    ) -> Result<Option<Notice>, Fault> {
        Ok(match self {
            Self::Access(client_id) => {
                if listed.iter().any(|one| one.client_id == client_id.as_str()) {
                    return Ok(None);
                }
                let source = Source::Replica;
                let client =
                    directory::client(site.ports, &site.event, &client_id, source, site.now)
                        .await?
                        .filter(|client| client.integration.is_some());
                client.map(|client| Notice::Access(client.application.name.clone()))
            }
            Self::Session => Some(Notice::Session),
            Self::Token => Some(Notice::Token),
        })
    }
}

/// `GET /`: what this host is.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn front<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    let person = session::signed_in(site, None).await?;
    let page = FrontPage {
        layout: site.layout(person.as_ref().map(SignedIn::person)),
        signed_in: person.is_some(),
    };
    Ok(Reply::page(200, page.html(), Forms::StayHere))
}

/// `GET /account`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn get<P: Ports>(site: &Site<'_, P>) -> Result<Reply, Fault> {
    match session::signed_in(site, None).await? {
        None => Ok(Reply::see_other(login::address("/account"))),
        Some(person) => {
            let done = Done::of(&site.head.query);
            show(site, &person, 200, done, None).await
        }
    }
}

/// The page, with what was just `done`; with the section of personal access tokens as it is, or as `tokens` has it.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub(super) async fn show<P: Ports>(
    site: &Site<'_, P>,
    person: &SignedIn,
    status: u16,
    done: Option<Done>,
    tokens: Option<personal_tokens::Shown>,
) -> Result<Reply, Fault> {
    let session_id = &person.cookie.session_id;
    let command = Command::Overview {
        session_id: session_id.clone(),
    };
    let AccountReply::Overview(overview) =
        site.account(&person.cookie.account_id, &command).await?
    else {
        return Ok(Reply::see_other(login::address("/account")));
    };
    let tokens: TokensSection =
        personal_tokens::section(site, session_id, &overview, tokens.unwrap_or_default()).await;
    let applications = applications(site, session_id, &overview).await?;
    let notice = match done {
        Some(done) => done.notice(site, &applications).await?,
        None => None,
    };
    let page = AccountPage {
        layout: site.layout(Some(person.person())),
        notice,
        applications,
        sessions: overview
            .sessions
            .iter()
            .map(|session| SessionLine {
                form_token: form_token(site, session_id, END_SESSION, session.id.as_str()),
                id: session.id.to_string(),
                browser: session.browser.clone(),
                signed_in: session.signed_in_at.for_people(),
                last_seen: session.last_seen_at.for_people(),
                current: session.id == *session_id,
            })
            .collect(),
        tokens,
        sign_out_token: logout::token(site, session_id),
    };
    Ok(Reply::page(status, page.html(), Forms::StayHere))
}

/// Each application once, with all that its live grants allow together, of what is still approved.
async fn applications<P: Ports>(
    site: &Site<'_, P>,
    session_id: &SessionId,
    overview: &Overview,
) -> Result<Vec<AuthorizedApplication>, Fault> {
    let mut by_client: BTreeMap<&ClientId, Vec<&GrantLine>> = BTreeMap::new();
    let limit = site.event.settings.idle_limit();
    let used = |grant: &&GrantLine| !limit.ends(grant.last_used_at, site.now);
    for grant in overview.grants.iter().filter(used) {
        by_client.entry(&grant.client_id).or_default().push(grant);
    }
    let looked_up = by_client
        .into_iter()
        .map(|(client_id, grants)| living(site, client_id, grants));
    let mut found = Vec::new();
    for one in try_join_all(looked_up).await? {
        let Some(Living {
            client,
            grants,
            paused,
            approved,
        }) = one
        else {
            continue;
        };
        let names = grants.iter().flat_map(|grant| grant.scope.names());
        let scope = Scope::of(names).retain(|name| approved.has(name));
        let first = grants
            .iter()
            .map(|grant| grant.created_at)
            .min()
            .unwrap_or_default();
        let last = grants
            .iter()
            .map(|grant| grant.last_used_at)
            .max()
            .unwrap_or_default();
        found.push(AuthorizedApplication {
            client_id: client.application.client_id.to_string(),
            name: client.application.name.clone(),
            description: client.application.description.clone(),
            website: client.application.website.clone(),
            scopes: scope_lines(&client.event.scopes, &scope),
            paused,
            first_authorized: first.for_people(),
            last_used: last.for_people(),
            form_token: form_token(
                site,
                session_id,
                REVOKE,
                client.application.client_id.as_str(),
            ),
        });
    }
    Ok(found)
}

/// A client of which there are live grants.
struct Living<'g> {
    client: Client,
    grants: Vec<&'g GrantLine>,
    paused: Option<Paused>,
    /// What the organiser approves on behalf of people now.
    approved: Scope,
}

/// The grants of a client whose integration is still the one they were made under. That it is paused, or may do less
/// than they say, is the authority's word: else what was just granted could be missing from the page.
async fn living<'g, P: Ports>(
    site: &Site<'_, P>,
    client_id: &ClientId,
    grants: Vec<&'g GrantLine>,
) -> Result<Option<Living<'g>>, Fault> {
    for source in [Source::Replica, Source::Authority] {
        let Some(client) =
            directory::client(site.ports, &site.event, client_id, source, site.now).await?
        else {
            continue;
        };
        let Some(integration) = &client.integration else {
            continue;
        };
        let grants: Vec<&GrantLine> = grants
            .iter()
            .copied()
            .filter(|grant| grant.incarnation == integration.incarnation)
            .collect();
        let paused = match (integration.status, client.application.status) {
            (Status::Suspended, _) => Some(Paused::AtThisEvent),
            (_, Status::Suspended) => Some(Paused::Everywhere),
            (Status::Active, Status::Active) => None,
        };
        let approved = client.event.approved(integration, Mode::Obo);
        let as_granted =
            paused.is_none() && grants.iter().all(|grant| grant.scope.is_within(&approved));
        if !grants.is_empty() && (as_granted || source == Source::Authority) {
            return Ok(Some(Living {
                client,
                grants,
                paused,
                approved,
            }));
        }
    }
    Ok(None)
}

/// Reads a form of the account page: who is signed in, if the form is theirs.
async fn own_form<P: Ports>(
    site: &Site<'_, P>,
    action: &str,
    subject: &str,
) -> Result<Result<SignedIn, Reply>, Fault> {
    let form = match session::short_form(site).await? {
        Ok((_, form)) => form,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let Some(person) = session::signed_in(site, None).await? else {
        return Ok(Err(session::not_signed_in(site)));
    };
    if is_ours(site, &form, &person.cookie.session_id, action, subject) {
        Ok(Ok(person))
    } else {
        Ok(Err(session::not_ours(site)))
    }
}

/// `POST /account/applications/{client_id}/revoke`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn revoke_application<P: Ports>(
    site: &Site<'_, P>,
    client_id: &str,
) -> Result<Reply, Fault> {
    let person = match own_form(site, REVOKE, client_id).await? {
        Ok(person) => person,
        Err(refusal) => return Ok(refusal),
    };
    let Some(client_id) = ClientId::parse(client_id) else {
        return Ok(session::not_ours(site));
    };
    let owner = &person.cookie.account_id;
    let command = Command::RevokeApplication {
        session_id: person.cookie.session_id.clone(),
        client_id: client_id.clone(),
        attempt: Some(random_id("", site.ports)),
    };
    let outcome = site.account(owner, &command).await?;
    site.ports.replicas().forget_account(&site.event.id, owner);
    // Written down where there was something: the form can be sent again and again.
    if outcome == AccountReply::Done {
        site.audit_later(
            "grant.revoked_by_person",
            owner.as_str(),
            client_id.as_str(),
            None,
        );
    }
    Ok(Done::Access(client_id).reply())
}

/// `POST /account/sessions/{id}/end`.
///
/// # Errors
/// [`Fault`] if an object does not answer.
pub async fn end_session<P: Ports>(site: &Site<'_, P>, id: &str) -> Result<Reply, Fault> {
    let person = match own_form(site, END_SESSION, id).await? {
        Ok(person) => person,
        Err(refusal) => return Ok(refusal),
    };
    let Some(target) = SessionId::parse(id) else {
        return Ok(session::not_ours(site));
    };
    let own = target == person.cookie.session_id;
    let command = Command::EndSession {
        session_id: person.cookie.session_id.clone(),
        target,
    };
    site.account(&person.cookie.account_id, &command).await?;
    Ok(if own {
        Reply::see_other(String::from("/account"))
            .with("set-cookie", Cookie::Session.remove(site.head))
    } else {
        Done::Session.reply()
    })
}
