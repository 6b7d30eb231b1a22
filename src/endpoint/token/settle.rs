//! The last step of every grant that begins or goes on: the account's object decides, and the tokens are
//! made by its word.

use super::{BAD_REFRESH_TOKEN, Known, Request, Success, invalid_scope};
use crate::account::command::{Begin, Command, Refusal, Reply as AccountReply};
use crate::directory::catalogue::Mode;
use crate::directory::integration::Integration;
use crate::endpoint::client_auth::{self, Stop};
use crate::grant::state::RefreshRefusal;
use crate::protocol::scope::Scope;
use crate::store::directory::Source;
use crate::store::ports::{Fault, Ports};
use crate::token::access_token::{AccessToken, LIFETIME, Subject};
use crate::token::id::GrantId;
use crate::token::random_id;
use crate::token::refresh_token::{RefreshToken, replica_hash};

/// What an account's object settled on.
pub(super) struct Settled {
    /// The refresh token that would have been made; its generation is the object's to say.
    next: RefreshToken,
    /// That token, signed with the version of the secret that signs now.
    sealed: String,
    /// The integration's incarnation it was settled under.
    incarnation: String,
    scope: Scope,
    generation: u64,
    kid: String,
}

impl<P: Ports> Request<'_, P> {
    /// Asks the account's object, first with the records at hand, and with the authority's if those may
    /// be why it would refuse or drop something: a replica may be behind.
    pub(super) async fn settle(
        &self,
        known: &Known,
        mode: Mode,
        refusal: &str,
        next: impl Fn(&Integration) -> RefreshToken,
        command: impl Fn(&Known, Begin) -> Command,
    ) -> Result<Settled, Stop> {
        let attempt = random_id("", self.site.ports);
        let mut known = known.clone();
        let (mut sealed, mut reply) = self
            .ask_object(&known, mode, false, &attempt, &next, &command)
            .await?;
        let doubtful = matches!(
            reply,
            AccountReply::AskAuthority
                | AccountReply::Refused(
                    Refusal::CodeEnded
                        | Refusal::Refresh(RefreshRefusal::Dead)
                        | Refusal::NoAccount
                )
        );
        if doubtful {
            let now = self
                .client
                .integration(self.site, Source::Authority)
                .await?;
            let Some((event, integration)) = now else {
                return Err(client_auth::not_approved());
            };
            let another = integration.incarnation != known.integration.incarnation;
            known = Known { event, integration };
            if another || reply == AccountReply::AskAuthority {
                (sealed, reply) = self
                    .ask_object(&known, mode, true, &attempt, &next, &command)
                    .await?;
            }
        }
        let next = next(&known.integration);
        match reply {
            AccountReply::Issued {
                scope,
                generation,
                kid,
            } => Ok(Settled {
                next,
                sealed,
                incarnation: known.integration.incarnation.clone(),
                scope,
                generation,
                kid,
            }),
            AccountReply::ScopeRefused => Err(invalid_scope(
                "scope asks for more than was granted, or for nothing that is still allowed.",
            )),
            AccountReply::Refused(why) => {
                self.audit(why, &next);
                Err(self.refuse(refusal, &why))
            }
            _ => Err(
                Fault::Broken("the account's object gave another answer than was asked for").into(),
            ),
        }
    }

    async fn ask_object(
        &self,
        known: &Known,
        mode: Mode,
        authoritative: bool,
        attempt: &str,
        next: &impl Fn(&Integration) -> RefreshToken,
        command: &impl Fn(&Known, Begin) -> Command,
    ) -> Result<(String, AccountReply), Fault> {
        let site = self.site;
        let next = next(&known.integration);
        let kid = site.ring.current_kid();
        let sealed = next
            .seal(site.ring, &site.event.id, kid)
            .ok_or(Fault::Broken("a refresh token could not be signed"))?;
        let begin = Begin {
            attempt: attempt.to_owned(),
            kid: kid.to_owned(),
            token_hash: replica_hash(site.ring, &site.event.id, &sealed),
            incarnation: known.integration.incarnation.clone(),
            rules: known
                .event
                .rules_for_scope(&known.integration, mode, authoritative),
        };
        let reply = site.account(&next.owner, &command(known, begin)).await?;
        Ok((sealed, reply))
    }

    /// What shows that a code or a token was stolen goes into the event's audit log.
    fn audit(&self, why: Refusal, token: &RefreshToken) {
        let kind = match why {
            Refusal::CodeReplayed => "grant.code_replayed",
            Refusal::Refresh(RefreshRefusal::Reused) => "grant.refresh_token_reused",
            _ => return,
        };
        let client_id = self.client.id().as_str();
        let subject = token.grant_id.as_str();
        self.site
            .audit_later(kind, client_id, subject, token.owner.account());
    }

    pub(super) fn success(&self, subject: Subject, settled: Settled) -> Result<Success, Stop> {
        let site = self.site;
        let as_sealed =
            settled.generation == settled.next.generation && settled.kid == site.ring.current_kid();
        // A retry answers with the generation that the rotation made, under the key it was made with.
        let token = RefreshToken {
            generation: settled.generation,
            ..settled.next
        };
        let sealed = if as_sealed {
            Some(settled.sealed)
        } else {
            token.seal(site.ring, &site.event.id, &settled.kid)
        };
        let Some(refresh_token) = sealed else {
            return Err(self.refuse(
                BAD_REFRESH_TOKEN,
                &"the key it was signed with has been dropped",
            ));
        };
        let access_token = self.access_token(
            subject,
            &settled.scope,
            settled.incarnation,
            Some((token.grant_id, settled.generation)),
        )?;
        Ok(Success {
            access_token,
            token_type: "Bearer",
            expires_in: LIFETIME,
            scope: settled.scope.to_string(),
            refresh_token: Some(refresh_token),
        })
    }

    pub(super) fn access_token(
        &self,
        subject: Subject,
        scope: &Scope,
        incarnation: String,
        grant: Option<(GrantId, u64)>,
    ) -> Result<String, Stop> {
        let site = self.site;
        let (grant_id, generation) = grant.unzip();
        let token = AccessToken {
            iss: site.issuer.as_str().to_owned(),
            sub: subject,
            aud: site.issuer.as_str().to_owned(),
            client_id: self.client.id().clone(),
            iat: site.now,
            exp: site.now.plus(LIFETIME),
            jti: random_id("", site.ports),
            scope: scope.clone(),
            incarnation,
            grant_id,
            generation,
        };
        token
            .seal(site.ring, &site.event.id)
            .ok_or_else(|| Fault::Broken("an access token could not be signed").into())
    }
}
