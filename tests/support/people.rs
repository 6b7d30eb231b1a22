//! What an application and a person know of themselves.

use serde_json::Value;
use willcall::token::id::AccountId;

use super::ORIGIN;
use super::answer::Answer;
use super::world::World;

/// An application, as its developer knows it.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
    pub secret_id: String,
    pub redirect_uri: String,
}

/// A person with an account.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub email: String,
}

impl Person {
    pub fn account(&self) -> AccountId {
        AccountId::parse(&self.id).unwrap()
    }
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
}

impl Tokens {
    pub fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: text("scope"),
        }
    }
}

impl Client {
    /// Posts to one of the OAuth endpoints, proving who it is in the body.
    pub fn send(&self, world: &World, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.send_at(world, ORIGIN, path, pairs)
    }

    pub fn send_at(
        &self,
        world: &World,
        origin: &str,
        path: &str,
        pairs: &[(&str, &str)],
    ) -> Answer {
        let mut all = vec![("client_id", self.id.as_str())];
        if let Some(secret) = &self.secret {
            all.push(("client_secret", secret));
        }
        all.extend(pairs.iter().copied().filter(|(_, value)| !value.is_empty()));
        world.post(&format!("{origin}{path}")).form(&all).send()
    }

    pub fn token(&self, world: &World, pairs: &[(&str, &str)]) -> Answer {
        self.send(world, "/api/oauth/token", pairs)
    }

    /// Redeems a code; what is in `extra` takes the place of what is usual, empty: it is left out.
    pub fn try_to_redeem(&self, world: &World, code: &str, extra: &[(&str, &str)]) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri.as_str()),
        ];
        let kept = usual
            .iter()
            .filter(|(name, _)| extra.iter().all(|(other, _)| other != name));
        let pairs: Vec<(&str, &str)> = kept.chain(extra).copied().collect();
        self.token(world, &pairs)
    }

    #[track_caller]
    pub fn redeem(&self, world: &World, code: &str) -> Tokens {
        Tokens::of(&self.try_to_redeem(world, code, &[]).ok())
    }

    pub fn try_to_refresh(&self, world: &World, token: &str, scope: &str) -> Answer {
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("scope", scope),
        ];
        self.token(world, &pairs)
    }

    #[track_caller]
    pub fn refresh(&self, world: &World, token: &str) -> Tokens {
        Tokens::of(&self.try_to_refresh(world, token, "").ok())
    }

    pub fn try_as_service(&self, world: &World, scope: &str) -> Answer {
        self.token(
            world,
            &[("grant_type", "client_credentials"), ("scope", scope)],
        )
    }

    #[track_caller]
    pub fn as_service(&self, world: &World, scope: &str) -> Tokens {
        Tokens::of(&self.try_as_service(world, scope).ok())
    }

    #[track_caller]
    pub fn introspect(&self, world: &World, token: &str) -> Value {
        self.send(world, "/api/oauth/introspect", &[("token", token)])
            .ok()
    }

    #[track_caller]
    pub fn is_active(&self, world: &World, token: &str) -> bool {
        let found = self.introspect(world, token);
        if found["active"] == false {
            assert_eq!(found.to_string(), "{\"active\":false}");
        }
        found["active"] == true
    }

    #[track_caller]
    pub fn revoke(&self, world: &World, token: &str) {
        self.send(world, "/api/oauth/revoke", &[("token", token)])
            .ok();
    }
}

impl World {
    /// Asks who a token is.
    pub fn whoami(&self, token: &str) -> Answer {
        self.get("/api/users/current").bearer(token).send()
    }
}
