//! The deployment, and requests to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use willcall::directory::event_object::EventObject;
use willcall::directory::platform_object::PlatformObject;
use willcall::directory::{event_command, platform_command};
use willcall::ledger::outbox::{Namespace, Now, Object, ObjectKind};
use willcall::protocol::encoding::form_pairs;
use willcall::protocol::time::UnixTime;
use willcall::server;
use willcall::store::directory::{PLATFORM, ReplicaCache};
use willcall::store::memory::Memory;
use willcall::store::ports::{Counted, Fault, Ports};
use willcall::token::key::{BadSecrets, KeyRing};
use willcall::token::{Entropy, random_id};
use willcall::web::inbound::Head;

use super::answer::Answer;
use super::{BEGIN, ORIGIN, SECRET};

/// What happens in the middle of a request.
type Meanwhile = Box<dyn FnOnce(&World)>;

/// A deployment: [`Memory`], its secrets and its clock. Requests see the world through this, so that
/// a test can hold KV still, lose answers, or take objects away.
pub struct World {
    pub memory: Memory,
    ring: RefCell<Result<KeyRing, BadSecrets>>,
    now_ms: Cell<u64>,
    frozen: RefCell<Option<BTreeMap<String, String>>>,
    down: Cell<Option<ObjectKind>>,
    broken: Cell<Option<ObjectKind>>,
    asked: RefCell<Vec<ObjectKind>>,
    meanwhile: RefCell<Option<(ObjectKind, Meanwhile)>>,
    answers_lost: Cell<bool>,
    kv_fails: Cell<bool>,
}

impl World {
    pub fn empty() -> Self {
        let world = Self {
            memory: Memory::default(),
            ring: RefCell::new(KeyRing::new(Some(SECRET), None)),
            now_ms: Cell::new(0),
            frozen: RefCell::new(None),
            down: Cell::new(None),
            broken: Cell::new(None),
            asked: RefCell::default(),
            meanwhile: RefCell::default(),
            answers_lost: Cell::new(false),
            kv_fails: Cell::new(false),
        };
        world.set_now_ms(BEGIN * 1000);
        world
    }

    pub fn now(&self) -> UnixTime {
        UnixTime(self.now_ms.get() / 1000)
    }

    pub fn set_now_ms(&self, now: u64) {
        self.now_ms.set(now);
        self.memory.set_now(Now::at(now));
    }

    pub fn wait(&self, seconds: u64) {
        self.wait_ms(seconds * 1000);
    }

    pub fn wait_ms(&self, milliseconds: u64) {
        self.set_now_ms(self.now_ms.get() + milliseconds);
    }

    /// Sets the deployment's secrets, as a deployment of them does: with isolates that know nothing yet.
    pub fn set_secrets(&self, current: Option<&str>, previous: Option<&str>) {
        drop(self.ring.replace(KeyRing::new(current, previous)));
        self.another_isolate();
    }

    /// What comes next is answered by an isolate that has read nothing yet.
    pub fn another_isolate(&self) {
        self.memory.replicas().forget();
    }

    /// What KV holds now, by its keys.
    pub fn replicas_now(&self) -> BTreeMap<String, String> {
        let stored = self.memory.everything_stored();
        let replicas = stored.lines().filter_map(|line| {
            ["(Directory, \"", "(RefreshTokens, \""]
                .iter()
                .any(|mark| line.starts_with(mark))
                .then(|| line.split_once("\") "))?
        });
        replicas
            .map(|(key, value)| (format!("{key}\")"), value.to_owned()))
            .collect()
    }

    /// KV stays as it is now until [`World::thaw`], whatever the objects write.
    pub fn freeze(&self) {
        self.freeze_at(self.replicas_now());
    }

    /// KV is as it once was until [`World::thaw`].
    pub fn freeze_at(&self, replicas: BTreeMap<String, String>) {
        self.frozen.replace(Some(replicas));
    }

    /// KV holds nothing at all until [`World::thaw`].
    pub fn freeze_empty(&self) {
        self.frozen.replace(Some(BTreeMap::new()));
    }

    pub fn thaw(&self) {
        self.frozen.replace(None);
    }

    /// Objects of this kind do not answer.
    pub fn take_down(&self, kind: Option<ObjectKind>) {
        self.down.set(kind);
    }

    /// Objects of this kind find a record that they cannot read.
    pub fn break_down(&self, kind: Option<ObjectKind>) {
        self.broken.set(kind);
    }

    /// The kinds of objects that requests asked since this was called last, in order.
    pub fn take_asked(&self) -> Vec<ObjectKind> {
        self.asked.take()
    }

    /// This happens while the next request is about to ask an object of this kind.
    pub fn meanwhile(&self, kind: ObjectKind, happens: impl FnOnce(&Self) + 'static) {
        self.meanwhile.replace(Some((kind, Box::new(happens))));
    }

    /// Rings every object's alarm until nothing more comes of it.
    pub fn ring_alarms(&self) {
        loop {
            let before = self.memory.everything_stored();
            self.memory.ring_alarms().unwrap();
            if self.memory.everything_stored() == before {
                break;
            }
        }
    }

    /// KV answers no reads.
    pub fn fail_reads(&self, fail: bool) {
        self.kv_fails.set(fail);
    }

    /// From now on the first answer of every object is lost, and the front asks a second time.
    pub fn lose_answers(&self) {
        self.answers_lost.set(true);
    }

    /// No answer is lost any more.
    pub fn keep_answers(&self) {
        self.answers_lost.set(false);
    }

    pub fn id(&self, prefix: &str) -> String {
        random_id(prefix, &self.memory)
    }

    pub fn platform(&self, command: &platform_command::Command) -> platform_command::Reply {
        self.run::<PlatformObject>(PLATFORM, command)
    }

    pub fn event(&self, id: &str, command: &event_command::Command) -> event_command::Reply {
        self.run::<EventObject>(id, command)
    }

    pub fn run<O: Object>(&self, name: &str, command: &O::Command) -> O::Reply {
        let command = serde_json::to_string(command).unwrap();
        serde_json::from_str(&self.memory.run(O::KIND, name, &command).unwrap()).unwrap()
    }

    /// A request to a path of the event most tests are about, or to a whole URL.
    pub fn call(&self, method: &str, url: &str) -> Call<'_> {
        let url = if url.starts_with('/') {
            format!("{ORIGIN}{url}")
        } else {
            url.to_owned()
        };
        Call {
            world: self,
            head: Head::new(method, &url).unwrap(),
            body: Vec::new(),
        }
    }

    pub fn get(&self, url: &str) -> Call<'_> {
        self.call("GET", url)
    }

    pub fn post(&self, url: &str) -> Call<'_> {
        self.call("POST", url)
    }

    /// Everything written to the log.
    pub fn log(&self) -> String {
        self.memory.log.borrow().join("\n")
    }
}

/// A request being put together.
pub struct Call<'w> {
    world: &'w World,
    pub head: Head,
    body: Vec<u8>,
}

impl Call<'_> {
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
        let ring = world.ring.borrow();
        let now = world.now();
        Answer(pollster::block_on(server::handle(
            world,
            ring.as_ref(),
            &self.head,
            now,
        )))
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        self.memory.fill(buffer);
    }
}

impl Ports for World {
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault> {
        let happens = self
            .meanwhile
            .borrow_mut()
            .take_if(|(kind, _)| *kind == O::KIND);
        if let Some((_, happens)) = happens {
            happens(self);
        }
        self.asked.borrow_mut().push(O::KIND);
        if self.down.get() == Some(O::KIND) {
            return Err(Fault::Unavailable("an object taken away"));
        }
        if self.broken.get() == Some(O::KIND) {
            return Err(Fault::Broken("a record that cannot be read"));
        }
        if self.answers_lost.get() {
            self.memory.ask::<O>(name, command).await?;
        }
        self.memory.ask::<O>(name, command).await
    }

    async fn read(&self, namespace: Namespace, key: &str) -> Result<Option<String>, Fault> {
        if self.kv_fails.get() {
            return Err(Fault::Unavailable("KV, taken away"));
        }
        let frozen = self.frozen.borrow().as_ref().map(|frozen| {
            let key = format!("({namespace:?}, {key:?})");
            frozen.get(&key).cloned()
        });
        match frozen {
            Some(value) => Ok(value),
            None => self.memory.read(namespace, key).await,
        }
    }

    fn tell_later(&self, kind: ObjectKind, name: String, command: String) {
        self.memory.tell_later(kind, name, command);
    }

    async fn body(&self, most: usize) -> Result<Option<Vec<u8>>, Fault> {
        self.memory.body(most).await
    }

    fn replicas(&self) -> &ReplicaCache {
        self.memory.replicas()
    }

    fn count(&self, event_id: &str, client_id: &str, what: Counted) {
        self.memory.count(event_id, client_id, what);
    }

    fn once(&self, what: &str, now: UnixTime) -> bool {
        self.memory.once(what, now)
    }

    fn log(&self, line: &str) {
        self.memory.log(line);
    }

    fn operator_token(&self) -> Option<&str> {
        self.memory.operator_token()
    }
}

/// Text as every server hands it over in a URL (WHATWG URL): spaces, quotes and what is not ASCII are escaped.
pub fn in_url(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        0x21..=0x7e if !b"\"<>#`".contains(&byte) => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(escaped).collect()
}
