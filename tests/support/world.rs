//! The deployment, and how requests run in it.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use willcall::directory::event_object::EventObject;
use willcall::directory::platform_object::PlatformObject;
use willcall::directory::{event_command, platform_command};
use willcall::ledger::outbox::{Namespace, Now, Object, ObjectKind};
use willcall::protocol::time::UnixTime;
use willcall::store::directory::{PLATFORM, ReplicaCache};
use willcall::store::memory::Memory;
use willcall::store::ports::{Counted, Fault, Ports};
use willcall::token::id::EventId;
use willcall::token::key::{BadSecrets, KeyRing};
use willcall::token::{Entropy, random_id};

use super::call::Call;
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
    waits: Cell<u32>,
    under_way: RefCell<Vec<Waker>>,
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
            waits: Cell::new(0),
            under_way: RefCell::default(),
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

    /// How often the last request waited for objects or for KV; for several at a time it waited once.
    pub fn waits(&self) -> u32 {
        self.waits.get()
    }

    /// An answer comes when all that can be asked at the same time has been asked.
    async fn takes_time(&self) {
        let mut asked = false;
        poll_fn(|context| {
            if std::mem::replace(&mut asked, true) {
                return Poll::Ready(());
            }
            self.under_way.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
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

    pub fn event(&self, id: &EventId, command: &event_command::Command) -> event_command::Reply {
        self.run::<EventObject>(id.as_str(), command)
    }

    pub fn run<O: Object>(&self, name: &str, command: &O::Command) -> O::Reply {
        let command = serde_json::to_string(command).unwrap();
        serde_json::from_str(&self.memory.run(O::KIND, name, &command).unwrap()).unwrap()
    }

    pub fn ring(&self) -> Ref<'_, Result<KeyRing, BadSecrets>> {
        self.ring.borrow()
    }

    /// What comes of a request. Answers come to it when it can ask for nothing more without them.
    pub fn run_to_its_end<T>(&self, request: impl Future<Output = T>) -> T {
        let mut waits = 0;
        let woken = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&woken));
        let mut request = pin!(request);
        loop {
            woken.0.store(false, Ordering::Relaxed);
            let mut context = Context::from_waker(&waker);
            if let Poll::Ready(outcome) = request.as_mut().poll(&mut context) {
                self.waits.set(waits);
                return outcome;
            }
            if !woken.0.load(Ordering::Relaxed) {
                waits += 1;
                self.under_way.take().into_iter().for_each(Waker::wake);
            }
        }
    }

    /// A request to a path of the event most tests are about, or to a whole URL.
    pub fn call(&self, method: &str, url: &str) -> Call<'_> {
        let url = if url.starts_with('/') {
            format!("{ORIGIN}{url}")
        } else {
            url.to_owned()
        };
        Call::new(self, method, &url)
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

/// That a request can go on.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        self.memory.fill(buffer);
    }
}

impl Ports for World {
    async fn ask<O: Object>(&self, name: &str, command: &O::Command) -> Result<O::Reply, Fault> {
        self.takes_time().await;
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
        self.takes_time().await;
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

    fn count(&self, event_id: &EventId, client_id: &str, what: Counted) {
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
