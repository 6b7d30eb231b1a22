//! What can happen in a history, in words a person can follow.

use std::fmt;

use super::scopes::Scopes;

/// The people of the model.
pub const PEOPLE: [&str; 2] = ["Robin", "Casey"];
/// Its applications: the first confidential, the second public.
pub const APPLICATIONS: [&str; 2] = ["Badge Buddy", "Pocket Buddy"];

/// One thing that happens. A grant has the name its authorization gave it, so that a history from which
/// something else was taken away still means the same.
#[derive(Clone, PartialEq, Eq)]
pub enum Operation {
    /// A person authorizes an application; `grant` names what its code may start.
    Authorize {
        grant: u8,
        person: usize,
        client: usize,
        scope: Scopes,
    },
    /// A code is presented.
    Redeem {
        grant: u8,
        by: By,
        verifier: Verifier,
        scope: Option<Scopes>,
    },
    /// A refresh token is presented: the grant's latest, or one from `back` generations before.
    Refresh {
        grant: u8,
        back: u64,
        by: By,
        scope: Option<Scopes>,
    },
    /// A client revokes a token.
    Revoke { token: Token, by: By },
    /// Somebody asks whether a token is active.
    Introspect { token: Token, by: Asker },
    /// A token is used at `/api/users/current`; which one, as in [`Token::Access`].
    Call { grant: u8, back: usize },
    /// A person presses **Revoke access** on `/account`.
    RevokeAccess { person: usize, client: usize },
    /// The operator looks at a person's grants and ends one.
    EndGrant { grant: u8 },
    /// The operator or organiser changes something.
    Change(Change),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// What the world does to the server.
    World(World),
}

/// Who sends a request about a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The client it was issued to.
    Itself,
    /// The other client.
    Other,
    /// Somebody with that client's id and a wrong secret.
    Impostor,
}

/// Who asks about a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// The client it was issued to.
    Itself,
    /// The other client.
    Other,
    /// A client approved for `token:introspect`.
    Watcher,
}

/// What is sent as `code_verifier`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verifier {
    Right,
    Wrong,
    Missing,
}

/// A token that was issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Token {
    /// The grant's latest refresh token, or one from `back` generations before.
    Refresh { grant: u8, back: u64 },
    /// The grant's latest access token, or the one issued `back` before it.
    Access { grant: u8, back: usize },
}

/// What an operator, an organiser or the person's own record changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    SuspendApplication {
        client: usize,
        suspended: bool,
    },
    SuspendIntegration {
        client: usize,
        suspended: bool,
    },
    Approve {
        client: usize,
        scopes: Scopes,
    },
    DeleteIntegration {
        client: usize,
    },
    CreateIntegration {
        client: usize,
        scopes: Scopes,
    },
    /// Whether the person holds the permission that `pii:email` needs.
    OwnPermission {
        person: usize,
        held: bool,
    },
    /// Whether the person has the role.
    Role {
        person: usize,
        held: bool,
    },
    /// Whether the role contains the permission that `user:roles` needs.
    RoleContents {
        full: bool,
    },
    Account {
        person: usize,
        enabled: bool,
    },
    RetryWindow(u64),
    IdleDays(Option<u64>),
}

/// What can befall a deployment without anybody meaning it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum World {
    /// KV stays as it is, for 60 seconds at most.
    ReplicasStandStill,
    ReplicasCatchUp,
    /// What follows is answered where nothing has been read yet.
    AnotherIsolate,
    /// What follows is answered where KV is so many changes behind, if that is no more than 60 seconds.
    Elsewhere {
        behind: usize,
    },
    /// Whether every object's first answer is lost, so that the front asks twice.
    AnswersAreLost(bool),
    /// Which objects do not answer.
    Outage(Option<Down>),
}

/// A kind of object that does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Down {
    Platform,
    Event,
    Account,
}

impl Operation {
    /// Whether it is a page or a call that needs every object.
    pub fn needs_all_objects(&self) -> bool {
        matches!(
            self,
            Self::Authorize { .. } | Self::RevokeAccess { .. } | Self::EndGrant { .. }
        )
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (grant, back, kind, unit) = match self {
            Self::Refresh { grant, back } => (grant, *back, "refresh", "generations"),
            Self::Access { grant, back } => (grant, *back as u64, "access", "tokens"),
        };
        match back {
            0 => write!(f, "the latest {kind} token of grant {grant}"),
            _ => write!(
                f,
                "the {kind} token of grant {grant} {back} {unit} before its latest"
            ),
        }
    }
}

fn asking(scope: Option<Scopes>) -> String {
    scope.map_or_else(String::new, |scope| format!(", asking for {scope:?}"))
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itself => "its client",
            Self::Other => "the other client",
            Self::Impostor => "somebody with a wrong secret",
        })
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorize {
                grant,
                person,
                client,
                scope,
            } => write!(
                f,
                "{} authorizes {} for {scope:?}: the code of grant {grant}",
                PEOPLE[*person], APPLICATIONS[*client]
            ),
            Self::Redeem {
                grant,
                by,
                verifier,
                scope,
            } => write!(
                f,
                "the code of grant {grant} is redeemed by {by}, {verifier:?} verifier{}",
                asking(*scope)
            ),
            Self::Refresh {
                grant,
                back,
                by,
                scope,
            } => write!(
                f,
                "{} is presented by {by}{}",
                Token::Refresh {
                    grant: *grant,
                    back: *back
                },
                asking(*scope)
            ),
            Self::Revoke { token, by } => write!(f, "{token} is revoked by {by}"),
            Self::Introspect { token, by } => write!(f, "{token} is looked up by {by:?}"),
            Self::Call { grant, back } => {
                write!(
                    f,
                    "{} is used",
                    Token::Access {
                        grant: *grant,
                        back: *back
                    }
                )
            }
            Self::RevokeAccess { person, client } => write!(
                f,
                "{} revokes the access of {}",
                PEOPLE[*person], APPLICATIONS[*client]
            ),
            Self::EndGrant { grant } => write!(f, "the operator ends grant {grant}"),
            Self::Change(change) => write!(f, "changed: {change:?}"),
            Self::Wait(ms) => write!(f, "{}.{:03} s pass", ms / 1000, ms % 1000),
            Self::World(what) => write!(f, "the world: {what:?}"),
        }
    }
}

/// One line, also where everything else is printed over many.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "«{self}»")
    }
}
