//! What an account's object can be asked, and what it answers.

use serde::{Deserialize, Serialize};

use super::profile::Profile;
use crate::grant::entitlement::Rules;
use crate::grant::state::RefreshRefusal;
use crate::protocol::client::ClientId;
use crate::protocol::scope::Scope;
use crate::protocol::secret::Secret;
use crate::protocol::time::UnixTime;
use crate::token::authorization_code::AuthorizationCode;
use crate::token::id::{EventId, GrantId, OwnerId, SessionId};

/// A command to an account's object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// The event's object says who this account is now.
    Push {
        /// Its row.
        profile: Profile,
        /// A new password's hash.
        password: Option<String>,
    },
    /// The account is gone: forget everything about it but these ids.
    Erase {
        /// Its event.
        event_id: EventId,
        /// Its own.
        id: OwnerId,
    },
    /// Checks a password and, if it is right, begins a session.
    SignIn {
        /// What was typed.
        password: Secret<String>,
        /// The id the session will have.
        session_id: SessionId,
        /// The browser, in words.
        browser: String,
    },
    /// Who is this session, and what has the person granted this client?
    Visit {
        /// From the cookie.
        session_id: SessionId,
        /// The client that asks for authorization.
        client: Option<AskingClient>,
    },
    /// Ends a session of the person behind another (or itself).
    EndSession {
        /// From the cookie.
        session_id: SessionId,
        /// The one to end.
        target: SessionId,
    },
    /// All that the account page shows.
    Overview {
        /// From the cookie.
        session_id: SessionId,
    },
    /// The person takes back everything an application was granted.
    RevokeApplication {
        /// From the cookie.
        session_id: SessionId,
        /// Whose grants end.
        client_id: ClientId,
        /// The front's attempt: its own retry ends nothing that was granted since. A front of an earlier version says none.
        #[serde(default)]
        attempt: Option<String>,
    },
    /// Redeems an authorization code.
    Redeem {
        /// The code, verified.
        code: AuthorizationCode,
        /// The `scope` parameter.
        asked: Option<Scope>,
        /// How the grant begins.
        begin: Begin,
    },
    /// A service begins a grant of its own.
    BeginService {
        /// The id the grant will have.
        grant_id: GrantId,
        /// Who asks.
        client_id: ClientId,
        /// What it gets.
        scope: Scope,
        /// How the grant begins.
        begin: Begin,
    },
    /// Refreshes a grant.
    Refresh {
        /// The grant.
        grant_id: GrantId,
        /// Who asks.
        client_id: ClientId,
        /// The presented token's generation.
        presented: u64,
        /// The `scope` parameter.
        asked: Option<Scope>,
        /// The event's `retry_window`, in seconds.
        window: u64,
        /// The event's `refresh_idle_days`.
        idle_days: Option<u64>,
        /// See [`IdleLimit::ended_before`](crate::grant::state::IdleLimit::ended_before).
        #[serde(default)]
        idle_ended_before: UnixTime,
        /// How the next generation begins.
        begin: Begin,
    },
    /// Is a token of this grant and generation alive, and what may it do?
    Inspect {
        /// The grant.
        grant_id: GrantId,
        /// The token's generation.
        generation: u64,
        /// Who it was issued to.
        client_id: ClientId,
        /// The integration's incarnation now.
        incarnation: String,
    },
    /// Which client is a grant's? For those who may see every token of the event.
    WhoseGrant {
        /// The grant.
        grant_id: GrantId,
    },
    /// Is a service's token that belongs to no grant still good?
    InspectLone {
        /// Its `jti`.
        jti: String,
    },
    /// A client revokes one of its grants (RFC 7009).
    RevokeGrant {
        /// The grant.
        grant_id: GrantId,
        /// Who asks.
        client_id: ClientId,
    },
    /// A client revokes a service's token that belongs to no grant.
    RevokeLone {
        /// Its `jti`.
        jti: String,
        /// When it would have ended by itself.
        expires_at: UnixTime,
    },
    /// The grants that live, for the operator API.
    Grants {
        /// Where the last page ended.
        after: Option<String>,
        /// At most so many.
        limit: usize,
    },
    /// One grant, if it lives, for the operator API; answered like [`Command::Grants`].
    FindGrant {
        /// The grant.
        grant_id: GrantId,
    },
    /// The operator ends one grant.
    EndGrant {
        /// The grant.
        grant_id: GrantId,
    },
    /// The person makes a personal access token.
    CreateToken {
        /// From the cookie.
        session_id: SessionId,
        /// The id it will have.
        token_id: String,
        /// Its name.
        name: String,
        /// What it may do.
        scope: Scope,
        /// When it stops being good.
        expires_at: Option<UnixTime>,
        /// What the form carries once each time it is shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attempt: Option<String>,
    },
    /// The person revokes a personal access token.
    RevokeToken {
        /// From the cookie.
        session_id: SessionId,
        /// Which.
        token_id: String,
    },
    /// A personal access token is used.
    UseToken {
        /// Which.
        token_id: String,
    },
}

/// The client that asks a person for authorization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingClient {
    /// Which.
    pub client_id: ClientId,
    /// Its integration's incarnation now.
    pub incarnation: String,
    /// The event's `refresh_idle_days`: a grant not used for longer is remembered no more.
    pub idle_days: Option<u64>,
    /// See [`IdleLimit::ended_before`](crate::grant::state::IdleLimit::ended_before).
    #[serde(default)]
    pub idle_ended_before: UnixTime,
    /// What it asks for, if it matters whether the person granted that before.
    pub scope: Option<Scope>,
}

/// How a grant or a generation begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Begin {
    /// The front's attempt: its own retry gets the first decision.
    pub attempt: String,
    /// The version of the deployment's secret that signs.
    pub kid: String,
    /// The keyed hash of the refresh token it will have.
    pub token_hash: String,
    /// The integration's incarnation now.
    pub incarnation: String,
    /// What the event's records allow.
    pub rules: Rules,
}

/// What an account's object answers.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It is done.
    Done,
    /// There is no such thing here, or no longer.
    Nothing,
    /// The password is wrong, or there is no such account.
    WrongPassword,
    /// A session has begun.
    SignedIn,
    /// The session lives.
    Visit(Box<Visit>),
    /// All for the account page.
    Overview(Box<Overview>),
    /// A grant of this scope and generation.
    Issued {
        /// What it allows.
        scope: Scope,
        /// Its generation.
        generation: u64,
        /// The version of the secret its refresh token is signed with.
        kid: String,
    },
    /// `invalid_grant`.
    Refused(Refusal),
    /// `invalid_scope`.
    ScopeRefused,
    /// There are as many of these as an account may have.
    TooMany,
    /// Come again with rules from the event's object.
    AskAuthority,
    /// The grant's client.
    GrantOf {
        /// Whom it was granted to.
        client_id: ClientId,
    },
    /// A personal access token is made.
    TokenMade {
        /// The ids of those it took the place of.
        replaced: Vec<String>,
    },
    /// The same form made a personal access token before, which may be in use.
    MadeBefore,
    /// The token is alive.
    Alive(Box<Alive>),
    /// A page of grants.
    Grants {
        /// The grants.
        items: Vec<GrantLine>,
        /// Where the next page begins.
        next: Option<String>,
    },
}

/// Why a redemption or a refresh is `invalid_grant`, for the log and the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No such account, or it is disabled.
    NoAccount,
    /// The code was made before something ended it.
    CodeEnded,
    /// The code had been redeemed: what it produced has ended now.
    CodeReplayed,
    /// The code had been redeemed, and what it produced had ended before.
    CodeSpent,
    /// Nothing of the scope is allowed any more.
    NothingLeft,
    /// No such grant.
    NoGrant,
    /// A refresh was refused.
    Refresh(RefreshRefusal),
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The person.
    pub profile: Profile,
    /// When the person gave the password.
    pub signed_in_at: UnixTime,
    /// Whether one live grant to the client asked about covers the scope asked about.
    pub covered: bool,
    /// The person's revocation count for that client.
    pub revocations: u64,
}

/// All for the account page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The person.
    pub profile: Profile,
    /// The grants that live.
    pub grants: Vec<GrantLine>,
    /// The sessions that live.
    pub sessions: Vec<SessionLine>,
    /// The personal access tokens that live.
    pub tokens: Vec<TokenLine>,
}

/// One grant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GrantLine {
    /// Its id.
    pub id: GrantId,
    /// Who it was granted to.
    pub client_id: ClientId,
    /// The incarnation it was granted under.
    pub incarnation: String,
    /// What it allows.
    pub scope: Scope,
    /// When it began.
    pub created_at: UnixTime,
    /// When it was last redeemed or refreshed.
    pub last_used_at: UnixTime,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionLine {
    /// Its id.
    pub id: SessionId,
    /// The browser, in words.
    pub browser: String,
    /// When it began.
    pub signed_in_at: UnixTime,
    /// When it was last seen, to the hour.
    pub last_seen_at: UnixTime,
}

/// One personal access token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do at most.
    pub scope: Scope,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it stops being good.
    pub expires_at: Option<UnixTime>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<UnixTime>,
}

/// A live token's account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alive {
    /// Whose it is.
    pub profile: Profile,
    /// What its grant (or it itself) allows now.
    pub scope: Scope,
    /// When it was made.
    pub created_at: UnixTime,
    /// When its grant was last redeemed or refreshed, or it itself last used.
    pub last_used_at: UnixTime,
    /// When it stops being good, if it is a personal access token that does.
    pub expires_at: Option<UnixTime>,
}
