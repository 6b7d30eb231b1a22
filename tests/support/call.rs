//! A request being put together.

use serde_json::Value;
use willcall::protocol::encoding::form_pairs;
use willcall::server;
use willcall::web::inbound::Head;

use super::answer::Answer;
use super::world::World;

/// A request being put together.
pub struct Call<'w> {
    world: &'w World,
    pub head: Head,
    body: Vec<u8>,
}

impl<'w> Call<'w> {
    pub fn new(world: &'w World, method: &str, url: &str) -> Self {
        Self {
            world,
            head: Head::new(method, url).unwrap(),
            body: Vec::new(),
        }
    }

    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let text = form_pairs(pairs.iter().copied());
        self.raw("application/x-www-form-urlencoded", text.as_bytes())
    }

    pub fn json(self, value: &Value) -> Self {
        self.raw("application/json", value.to_string().as_bytes())
    }

    pub fn raw(mut self, content_type: &str, body: &[u8]) -> Self {
        self.head.content_type = Some(content_type.to_owned());
        body.clone_into(&mut self.body);
        self
    }

    pub fn authorization(mut self, value: &str) -> Self {
        self.head.authorization = Some(value.to_owned());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.authorization(&format!("Bearer {token}"))
    }

    /// HTTP Basic; both halves as they stand.
    pub fn basic(self, user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let text = format!("{user}:{password}");
        let text = base64::engine::general_purpose::STANDARD.encode(text);
        self.authorization(&format!("Basic {text}"))
    }

    pub fn address(mut self, address: &str) -> Self {
        self.head.address = Some(address.to_owned());
        self
    }

    pub fn origin(mut self, origin: &str) -> Self {
        self.head.origin = Some(origin.to_owned());
        self
    }

    pub fn accept(mut self, media_type: &str) -> Self {
        self.head.accept = Some(media_type.to_owned());
        self
    }

    pub fn tls(mut self, version: &str) -> Self {
        self.head.tls = Some(version.to_owned());
        self
    }

    pub fn send(self) -> Answer {
        let world = self.world;
        world.memory.set_body(&self.body);
        let ring = world.ring();
        Answer(world.run_to_its_end(server::handle(
            world,
            ring.as_ref(),
            &self.head,
            world.now(),
        )))
    }
}
